"""Budget and the one limiter: money reserved before it is spent, calls held back when told.

Both belong to one event loop and take no lock: between two `await`s nothing else runs.
"""

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from gitswarm.errors import BudgetError, UnreachableError
from gitswarm.model.prices import Price

Headers = Mapping[str, str]
"""Response headers; looked up in lower case, so a plain dict must have lower-case names."""

FIRST_WAIT = 0.5
LONGEST_WAIT = 8.0
"""Seconds that are waited after a first failure, doubling with each further one up to the longest,
where the service does not say itself how long to wait."""

FIRST_WIDTH = 16
"""Calls that are sent at once before any was answered. Each that is accepted makes room for one
more, so a roomy account is filled within a few round trips, and a narrow one is found out by a
burst that is not much larger than what it takes."""

CALM = 10.0
"""Seconds without a refusal after which one call more than before is tried."""

LONG_PAUSE = 10.0
"""Seconds of waiting for the service of which people are told."""

LONGEST_ASKED = 366 * 86_400.0
"""Seconds; a `retry-after` beyond all sense is read as this."""

WINDOW = 60.0
"""The rate limits of the API are counted per minute, so an exhausted one is waited for no longer
than that, whatever its reset header says."""

SHORTEST_REPLY = 1_024
"""A budget that cannot pay for this many tokens of output is used up: what would come is cut off
before it says anything."""


class Clock(Protocol):
    """Time as the limiter sees it; tests hand in one that they turn themselves."""

    def monotonic(self) -> float: ...

    def time(self) -> float:
        """Seconds since the epoch, to compare with the dates in headers."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Limiter:
    """Decides when a call may be sent; one for all calls of the process.

    At most `width` calls are under way. It starts at `FIRST_WIDTH`, or at fewer `jobs`. A refusal
    (429, 529) brings it down to the calls that are still under way, for that is what the account
    carries; every call that is accepted brings it up by one, until it reaches the `ceiling`:
    `jobs`, or the width at which the service last refused one call while it answered others,
    raised again after `CALM` seconds. So an account that takes 20 calls at once is found out by
    one burst, and a moment in which everything is refused leaves no trace.

    A refusal also holds back everybody, for as long as the service says, or else (or where that is
    next to nothing) for a time that doubles from one hold to the next. A hold that is longer than
    `patience` seconds, or follows others in which nothing was accepted for as long, is not waited
    for: `slot` raises `UnreachableError` that says until when.
    """

    def __init__(
        self,
        jobs: int,
        *,
        patience: float = 600.0,
        clock: Clock | None = None,
        jitter: Callable[[], float] = random.random,
        on_pause: Callable[[datetime], None] = lambda _: None,
    ) -> None:
        """`jitter` returns a number from 0 to 1: how much of what may be added to a wait is.
        `on_pause` is told until when everybody waits, where that is long enough to wonder."""
        self.width = min(jobs, FIRST_WIDTH)
        self.clock = clock or SystemClock()
        self._jobs = self._ceiling = jobs
        self._patience = patience
        self._jitter = jitter
        self._on_pause = on_pause
        self._running: set[Slot] = set()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._held_until = self._calm_since = -math.inf
        self._out_since = math.inf
        """When a call was refused, since when none was accepted."""
        self._holds = 0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator["Slot"]:
        """The right to send one call, for as long as the block lasts. Tell it what came of the
        call. Raises `UnreachableError`."""
        slot = await self._enter()
        try:
            yield slot
        finally:
            self._leave(slot)

    async def back_off(self, failures: int) -> None:
        """Wait after the `failures`th failure of one call that says nothing of the others."""
        await self.clock.sleep(self._backed_off(failures))

    async def _enter(self) -> "Slot":
        while True:
            await self._sit_out()
            if len(self._running) < self.width:
                break
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if not turn.cancelled():  # it was given its turn and cannot take it
                    self._wake()
                raise
        slot = Slot(self, self.clock.monotonic())
        self._running.add(slot)
        return slot

    async def _sit_out(self) -> None:
        """Wait until nobody is held back."""
        while (left := self._held_until - self.clock.monotonic()) > 0:
            if max(left, self._held_until - self._out_since) > self._patience:
                self._wake()
                until = self._time_of(self._held_until)
                raise UnreachableError(
                    f"the model service accepts no calls before {until:%Y-%m-%d %H:%M} UTC",
                    hint="try again after that",
                )
            try:
                await self.clock.sleep(left + min(0.1 * left, 1.0) * self._jitter())
            except asyncio.CancelledError:
                self._wake()
                raise

    def _wake(self) -> None:
        """Give the first in line its turn, if there is room. One who cannot take it wakes the next,
        so that no room is lost."""
        while self._waiting and len(self._running) < self.width:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def _leave(self, slot: "Slot") -> None:
        self._running.discard(slot)
        self._wake()

    def _accepted(self, headers: Headers) -> None:
        now = self.clock.monotonic()
        self._holds, self._out_since = 0, math.inf
        if now - self._calm_since >= CALM and self._ceiling < self._jobs:
            self._ceiling += 1
            self._calm_since = now
        self.width = min(self.width + 1, self._ceiling)
        reset = exhausted_for(headers, self.clock.time())
        if reset is not None:
            self._hold(reset)
        self._wake()

    def _refused(self, slot: "Slot", headers: Headers) -> None:
        others = self._running - {slot}
        self.width = max(1, min(self.width, len(others)))
        if any(other.is_accepted for other in others):
            self._ceiling = self.width
        if slot.entered_at > self._calm_since:  # the rest of a burst says the same again
            self._holds += 1
        self._calm_since = self.clock.monotonic()
        self._out_since = min(self._out_since, self._calm_since)
        now = self.clock.time()
        wait = asked_wait(headers, now)
        if wait is None:
            wait = exhausted_for(headers, now)
        if wait is None or wait < FIRST_WAIT:
            wait = max(wait or 0.0, self._backed_off(self._holds))
        self._hold(wait)

    def _hold(self, seconds: float) -> None:
        now = self.clock.monotonic()
        held_until, self._held_until = self._held_until, max(self._held_until, now + seconds)
        if self._held_until - max(held_until, now) >= LONG_PAUSE:
            self._on_pause(self._time_of(self._held_until))

    def _time_of(self, monotonic: float) -> datetime:
        left = monotonic - self.clock.monotonic()
        return datetime.fromtimestamp(self.clock.time() + left, UTC)

    def _backed_off(self, failures: int) -> float:
        doubled = min(FIRST_WAIT * 2.0 ** max(0, failures - 1), LONGEST_WAIT)
        return doubled * (0.75 + 0.25 * self._jitter())


class Slot:
    """The right to send one call; through it the call tells what the service answered."""

    def __init__(self, limiter: Limiter, entered_at: float) -> None:
        self._limiter = limiter
        self.entered_at = entered_at
        self.is_accepted = False

    def accepted(self, headers: Headers) -> None:
        """The service has begun to answer."""
        self.is_accepted = True
        self._limiter._accepted(headers)

    def refused(self, headers: Headers) -> None:
        """The service is busy, or says when to come back."""
        self._limiter._refused(self, headers)


def asked_wait(headers: Headers, now: float) -> float | None:
    """The seconds that `retry-after-ms` or `retry-after` (seconds, or an HTTP date) ask for; None
    without such a header. `now` is in seconds since the epoch."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None:
        return _bounded(seconds)
    try:
        return _bounded(parsedate_to_datetime(text or "").timestamp() - now)
    except (ValueError, OverflowError):
        return None


def exhausted_for(headers: Headers, now: float) -> float | None:
    """The seconds until a limit is reset of which nothing remains, at most `WINDOW`; None while
    something remains of all of them. `now` is in seconds since the epoch."""
    waits: list[float] = []
    for limit in ("requests", "tokens", "input-tokens", "output-tokens"):
        remaining = _number(headers.get(f"anthropic-ratelimit-{limit}-remaining"))
        if remaining is None or remaining > 0:
            continue
        reset = headers.get(f"anthropic-ratelimit-{limit}-reset", "")
        try:
            left = datetime.fromisoformat(reset).timestamp() - now
        except (ValueError, OverflowError):
            continue
        waits.append(min(_bounded(left), WINDOW))
    return max(waits, default=None)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_ASKED)


@dataclass(slots=True, eq=False)
class Reservation:
    """Money set aside for one call while it is under way."""

    max_tokens: int
    """What the call may ask for at most."""
    worst_case_usd: float = 0.0
    cost_usd: float = 0.0
    """What the call turned out to cost: set it before the reservation ends."""


class Budget:
    """Money for many calls at once, never promised twice.

    A call reserves its worst case and returns what it did not need. One whose worst case does not
    fit waits while others may still return something; then it gets a smaller `max_tokens`, if that
    is enough for a reply at all. Without a limit nothing waits and spending is only added up.

    What is spent can pass the limit only where a prompt was longer than its estimate.
    """

    def __init__(self, limit_usd: float | None = None, *, spent_usd: float = 0.0) -> None:
        """`spent_usd` was spent before, by a run that is now resumed."""
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self._open: set[Reservation] = set()
        self._waiting: list[asyncio.Future[None]] = []

    @asynccontextmanager
    async def reserve(
        self, model: str, price: Price | None, *, prompt: int, max_tokens: int
    ) -> AsyncIterator[Reservation]:
        """Set aside what a call with a prompt of so many tokens can cost, for as long as the block
        lasts. Raises `BudgetError` when that is not to be had or cannot be known."""
        reservation = Reservation(max_tokens)
        if self.limit_usd is not None:
            reservation = await self._reservation(self.limit_usd, model, price, prompt, max_tokens)
        self._open.add(reservation)
        try:
            yield reservation
        finally:
            self._open.discard(reservation)
            self.spent_usd += reservation.cost_usd
            waiting, self._waiting = self._waiting, []
            for turn in waiting:
                if not turn.done():
                    turn.set_result(None)

    async def _reservation(
        self, limit: float, model: str, price: Price | None, prompt: int, max_tokens: int
    ) -> Reservation:
        if price is None:
            raise BudgetError(
                f"the price of {model} is not known, so no budget can be kept with it",
                hint='choose another with "git config swarm.model MODEL", or set no budget',
            )
        worst = price.worst_case(prompt, max_tokens)
        while worst > (left := self._left(limit)):
            if not self._open:
                break
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
        else:
            return Reservation(max_tokens, worst)
        affordable = price.output_for(left, prompt)
        if affordable < min(max_tokens, SHORTEST_REPLY):
            raise BudgetError(
                f"${max(left, 0):.4f} of the budget of {_exactly(limit)} is left, which does not"
                f" cover a call to {model} that can cost ${worst:.4f}",
                hint='set a higher one with --budget or "git config swarm.budget USD"',
            )
        return Reservation(affordable, left)

    def _left(self, limit: float) -> float:
        return limit - self.spent_usd - sum(one.worst_case_usd for one in self._open)


def _exactly(usd: float) -> str:
    return f"${usd:.2f}" if round(usd, 2) == usd else f"${usd:.4f}"
