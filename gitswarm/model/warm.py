"""WarmPrefix: one call writes a prefix to the prompt cache before many read it.

A cache entry is readable once the response that wrote it has begun. Calls that start together
would each pay for writing it; here the first one goes ahead and the others wait until its message
has started. See "Prompt caching" in the documentation of the Messages API.
"""

import asyncio
from dataclasses import dataclass

from gitswarm.model import CallProgress, Model, OnProgress, Prefix, Reply, Request
from gitswarm.model.limits import Clock, SystemClock
from gitswarm.model.prices import Prices

LIFETIME = 270.0
"""Seconds after its last use for which an entry is relied on; the API keeps it for 300."""

LONGEST_WAIT = 10.0
"""Seconds that others wait for the first message to start."""

CHARACTERS_PER_TOKEN = 4
"""Of prose; code has fewer, and some models count up to a third more tokens than others."""


@dataclass
class _Entry:
    """What is known of one prefix at one model."""

    warm_until: float = float("-inf")
    warming: asyncio.Future[None] | None = None
    """While a call is under way whose message will write it; done when that has started."""


class WarmPrefix:
    """A model that holds calls back while the prefix they share is being written."""

    def __init__(self, model: Model, prices: Prices, *, clock: Clock | None = None) -> None:
        self._model = model
        self._prices = prices
        self._clock = clock or SystemClock()
        self._entries: dict[tuple[str, Prefix], _Entry] = {}

    async def ask(self, request: Request, on_progress: OnProgress | None = None) -> Reply:
        if not self._is_cached(request):
            return await self._model.ask(request, on_progress)
        entry = self._entries.setdefault((request.model, request.prefix), _Entry())
        while entry.warming is not None and not self._is_warm(entry):
            if on_progress is not None:
                on_progress(CallProgress("waiting"))
            if not await self._started(entry.warming):
                return await self._ask(entry, request, on_progress)
        if self._is_warm(entry):
            return await self._ask(entry, request, on_progress)
        entry.warming = asyncio.get_running_loop().create_future()
        try:
            return await self._ask(entry, request, on_progress)
        finally:
            _end_warming(entry)

    async def _ask(self, entry: _Entry, request: Request, on_progress: OnProgress | None) -> Reply:
        def watch(progress: CallProgress) -> None:
            if progress.state == "streaming":
                entry.warm_until = self._clock.monotonic() + LIFETIME
                _end_warming(entry)
            if on_progress is not None:
                on_progress(progress)

        return await self._model.ask(request, watch)

    async def _started(self, warming: asyncio.Future[None]) -> bool:
        """Wait for the message that writes the entry, or for the end of its call; False when that
        takes longer than `LONGEST_WAIT`."""
        too_long = asyncio.ensure_future(self._clock.sleep(LONGEST_WAIT))
        try:
            await asyncio.wait({warming, too_long}, return_when=asyncio.FIRST_COMPLETED)
            return warming.done()
        finally:
            too_long.cancel()

    def _is_warm(self, entry: _Entry) -> bool:
        return self._clock.monotonic() < entry.warm_until

    def _is_cached(self, request: Request) -> bool:
        """Whether the prefix is long enough for the API to cache it at all."""
        price = self._prices.of(request.model)
        minimum = price.cache_minimum if price else None
        return approximate_tokens(request.prefix) >= (minimum or 0)


def approximate_tokens(prefix: Prefix) -> int:
    """The length of a prefix, near enough to tell a long one from a short one."""
    tools = sum(len(tool.description) + len(str(tool.schema)) for tool in prefix.tools)
    return (len(prefix.system) + tools) // CHARACTERS_PER_TOKEN


def _end_warming(entry: _Entry) -> None:
    if entry.warming is not None and not entry.warming.done():
        entry.warming.set_result(None)
    entry.warming = None
