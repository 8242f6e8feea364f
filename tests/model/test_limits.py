import asyncio
import random
from collections.abc import Callable, Coroutine
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitswarm.errors import BudgetError, UnreachableError
from gitswarm.model.limits import Budget, Limiter, asked_wait, exhausted_for
from gitswarm.model.prices import Price, Rates
from tests.model.clock import EPOCH, SkippingClock, TurnedClock, settle

PRICE = Price((Rates(input=2, output=10, cache_write_5m=2.5, cache_write_1h=4, cache_read=0.2),))


class Service:
    """Takes so many calls at once, each for a second, and refuses the others."""

    def __init__(self, clock: TurnedClock, limiter: Limiter, capacity: int) -> None:
        self.clock, self.limiter, self.capacity = clock, limiter, capacity
        self.open = self.most_open = self.refused = self.answered = 0
        self.headers = {"retry-after": "1"}

    async def call(self) -> None:
        while True:
            async with self.limiter.slot() as slot:
                await asyncio.sleep(0)
                if self.open >= self.capacity:
                    self.refused += 1
                    slot.refused(self.headers)
                    continue
                self.open += 1
                self.most_open = max(self.most_open, self.open)
                slot.accepted({})
                try:
                    await self.clock.sleep(1)
                finally:
                    self.open -= 1
                self.answered += 1
                return


def limiter(clock: TurnedClock | SkippingClock, jobs: int = 4, **rest: Any) -> Limiter:
    return Limiter(jobs, clock=clock, jitter=lambda: 0.0, **rest)


async def finished(clock: TurnedClock, *work: Coroutine[Any, Any, Any]) -> float:
    """Turn the clock until all work is done; returns the seconds it took."""
    began = clock.now
    tasks = asyncio.gather(*work)
    for _ in range(10_000):
        await clock.turn(0.05)
        if tasks.done():
            break
    await tasks
    return clock.now - began


async def test_no_more_calls_than_jobs_are_under_way_and_the_first_come_goes_first() -> None:
    clock = TurnedClock()
    gate = limiter(clock, jobs=2)
    order: list[int] = []
    open_calls = 0

    async def call(n: int) -> None:
        nonlocal open_calls
        async with gate.slot() as slot:
            order.append(n)
            slot.accepted({})
            open_calls += 1
            assert open_calls <= 2
            await clock.sleep(1)
            open_calls -= 1

    seconds = await finished(clock, *(call(n) for n in range(7)))

    assert order == list(range(7))
    assert seconds == pytest.approx(4, abs=0.1)


async def test_one_burst_finds_out_how_many_calls_the_account_takes() -> None:
    clock = TurnedClock()
    gate = limiter(clock, jobs=200)
    service = Service(clock, gate, capacity=20)

    seconds = await finished(clock, *(service.call() for _ in range(200)))

    assert service.answered == 200
    assert service.refused <= 20
    assert gate.width == 20
    assert seconds == pytest.approx(10, rel=0.02)


async def test_a_moment_in_which_everything_is_refused_leaves_no_trace() -> None:
    clock = TurnedClock()
    gate = limiter(clock, jobs=5)
    service = Service(clock, gate, capacity=0)
    calls = asyncio.gather(*(service.call() for _ in range(5)))
    await settle()
    assert (service.refused, gate.width) == (5, 1)

    service.capacity = 5
    await clock.turn(1.5)

    assert (service.most_open, gate.width) == (5, 5)
    await clock.turn(1)
    await calls


async def test_after_a_calm_time_one_call_more_is_tried() -> None:
    clock = TurnedClock()
    gate = limiter(clock, jobs=5)
    service = Service(clock, gate, capacity=3)
    await finished(clock, *(service.call() for _ in range(5)))
    assert gate.width == 3

    service.capacity = 5
    await clock.turn(10)
    await finished(clock, *(service.call() for _ in range(5)))
    assert gate.width == 4
    await clock.turn(10)
    await finished(clock, *(service.call() for _ in range(5)))
    assert gate.width == 5
    assert service.refused == 2


async def test_short_holds_in_a_row_are_waited_for_no_longer_than_one_long_one() -> None:
    clock = SkippingClock()
    told: list[str] = []
    gate = limiter(clock, patience=100, on_pause=lambda until: told.append(f"{until:%H:%M:%S}"))

    async def refused() -> None:
        async with gate.slot() as slot:
            slot.refused({"retry-after": "40"})

    for _ in range(3):
        await refused()
    with pytest.raises(UnreachableError) as raised:
        await refused()
    assert raised.value.message == "the model service accepts no calls before 2026-11-18 11:08 UTC"
    assert clock.slept == [40, 40]
    assert told == ["11:07:20", "11:08:00", "11:08:40"]

    clock.now += 40
    async with gate.slot() as slot:
        slot.accepted({})
    for _ in range(2):
        await refused()
    assert clock.slept == [40, 40, 40]


async def test_retry_after_holds_everybody_back() -> None:
    clock = TurnedClock()
    gate = limiter(clock, jobs=4)
    async with gate.slot() as slot:
        slot.refused({"retry-after": "7"})
    began: list[float] = []

    async def call() -> None:
        async with gate.slot() as slot:
            slot.accepted({})
            began.append(clock.now)

    await finished(clock, *(call() for _ in range(3)))
    assert began == [7.0, 7.0, 7.0]


@pytest.mark.parametrize("headers", [{}, {"retry-after": "0"}, {"retry-after-ms": "-1"}])
async def test_without_a_wait_asked_for_the_hold_doubles_up_to_eight_seconds(
    headers: dict[str, str],
) -> None:
    clock = SkippingClock()
    gate = Limiter(4, clock=clock, jitter=lambda: 1.0)
    held: list[float] = []
    for _ in range(6):
        async with gate.slot() as slot:
            slot.refused(headers)
        before = clock.now
        async with gate.slot():
            held.append(round(clock.now - before, 3))
    assert held == [0.55, 1.1, 2.2, 4.4, 8.8, 8.8]


async def test_a_burst_of_refusals_is_one_reason_to_wait() -> None:
    clock = SkippingClock()
    gate = limiter(clock, jobs=16)

    async def call() -> None:
        async with gate.slot() as slot:
            await asyncio.sleep(0)
            slot.refused({})

    await asyncio.gather(*(call() for _ in range(16)))
    async with gate.slot():
        assert clock.now == pytest.approx(0.5 * 0.75)


async def test_an_answer_ends_the_doubling() -> None:
    clock = SkippingClock()
    gate = limiter(clock)
    for _ in range(4):
        async with gate.slot() as slot:
            slot.refused({})
    async with gate.slot() as slot:
        slot.accepted({})
    async with gate.slot() as slot:
        slot.refused({})
    before = clock.now
    async with gate.slot():
        assert clock.now - before == pytest.approx(0.375)


async def test_a_hold_that_is_too_long_is_an_error_that_says_until_when() -> None:
    gate = limiter(SkippingClock(), patience=600)
    async with gate.slot() as slot:
        slot.refused({"retry-after": "3600"})
    with pytest.raises(UnreachableError) as raised:
        async with gate.slot():
            pass
    assert raised.value.message == "the model service accepts no calls before 2026-11-18 12:06 UTC"


async def test_those_who_wait_in_line_are_told_of_a_hold_that_is_too_long() -> None:
    clock = TurnedClock()
    gate = limiter(clock, jobs=1, patience=600)

    async def refused() -> None:
        async with gate.slot() as slot:
            await clock.sleep(1)
            slot.refused({"retry-after": "3600"})

    async def call() -> None:
        async with gate.slot():
            pass

    first = asyncio.ensure_future(refused())
    others = [asyncio.ensure_future(call()) for _ in range(5)]
    await clock.turn(2)
    await first
    assert all(other.done() for other in others)
    outcomes = await asyncio.gather(*others, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [UnreachableError] * 5


async def test_a_limit_of_which_nothing_is_left_holds_everybody_until_it_is_reset() -> None:
    clock = SkippingClock()
    gate = limiter(clock)
    async with gate.slot() as slot:
        slot.accepted(
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-11-18T11:06:52Z",
                "anthropic-ratelimit-tokens-remaining": "8000",
                "anthropic-ratelimit-tokens-reset": "2026-11-18T11:07:40Z",
            }
        )
    async with gate.slot():
        assert clock.now == pytest.approx(12)


async def test_the_wait_of_one_call_for_itself_doubles_with_jitter() -> None:
    clock = SkippingClock()
    low, high = limiter(clock), Limiter(4, clock=clock, jitter=lambda: 1.0)
    for failures in (1, 2, 3, 4, 5, 6, 60):
        await low.back_off(failures)
        await high.back_off(failures)
    assert clock.slept[0::2] == [0.375, 0.75, 1.5, 3.0, 6.0, 6.0, 6.0]
    assert clock.slept[1::2] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


async def test_a_turn_that_is_given_to_one_just_cancelled_goes_to_the_next() -> None:
    clock = TurnedClock()
    gate = limiter(clock, jobs=1)
    got_in: list[str] = []

    async def call(name: str) -> None:
        async with gate.slot():
            got_in.append(name)

    async with gate.slot():
        second, third = (asyncio.ensure_future(call(name)) for name in ("second", "third"))
        await settle()
    second.cancel()
    await settle()
    assert got_in == ["third"]
    assert third.done()


async def test_one_cancelled_while_held_back_leaves_the_turn_to_the_next() -> None:
    clock = TurnedClock()
    gate = limiter(clock, jobs=1)
    got_in: list[str] = []

    async def call(name: str) -> None:
        async with gate.slot():
            got_in.append(name)

    async with gate.slot() as slot:
        second, third = (asyncio.ensure_future(call(name)) for name in ("second", "third"))
        await settle()
        slot.refused({"retry-after": "5"})
    await clock.turn(1)
    second.cancel()
    await clock.turn(10)
    assert got_in == ["third"]
    assert third.done()


@settings(max_examples=40, deadline=None)
@given(
    jobs=st.integers(1, 4),
    capacity=st.integers(1, 5),
    cancelled=st.lists(st.tuples(st.integers(0, 11), st.floats(0, 4)), max_size=8),
)
def test_whoever_is_cancelled_takes_nobody_elses_turn(
    jobs: int, capacity: int, cancelled: list[tuple[int, float]]
) -> None:
    async def scenario() -> None:
        clock = TurnedClock()
        service = Service(clock, limiter(clock, jobs=jobs), capacity)
        tasks = [asyncio.ensure_future(service.call()) for _ in range(12)]
        for n, moment in sorted(cancelled, key=lambda pair: pair[1]):
            await clock.turn(max(0.0, moment - clock.now))
            tasks[n].cancel()
        await clock.turn(200)
        assert all(task.done() for task in tasks)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert service.answered == sum(not task.cancelled() for task in tasks)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": formatdate(EPOCH + 90, usegmt=True)}, 90.0),
        ({"retry-after": formatdate(EPOCH - 90, usegmt=True)}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "1e300"}, 366 * 86_400.0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_the_wait_that_is_asked_for(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers, EPOCH) == seconds


@pytest.mark.parametrize(
    ("limits", "seconds"),
    [
        ({"tokens": ("0", "2026-11-18T11:06:45Z")}, 5.0),
        ({"tokens": ("0", "2026-11-18T11:06:45Z"), "requests": ("0", "2026-11-18T11:07:00Z")}, 20),
        ({"input-tokens": ("0", "2026-11-18T12:06:45Z")}, 60.0),
        ({"output-tokens": ("0", "2026-11-18T11:06:00+00:00")}, 0.0),
        ({"tokens": ("1", "2026-11-18T11:06:45Z")}, None),
        ({"tokens": ("0", "tomorrow")}, None),
        ({"tokens": ("0", "0001-01-01T00:00:00")}, None),
        ({"tokens": ("none", "2026-11-18T11:06:45Z")}, None),
    ],
)
def test_how_long_a_limit_is_exhausted(
    limits: dict[str, tuple[str, str]], seconds: float | None
) -> None:
    headers = {
        f"anthropic-ratelimit-{limit}-{name}": value
        for limit, pair in limits.items()
        for name, value in zip(("remaining", "reset"), pair, strict=True)
    }
    assert exhausted_for(headers, EPOCH) == seconds


async def spend(
    budget: Budget,
    cost: Callable[[int], float],
    work: Callable[[], Coroutine[Any, Any, None]],
    *,
    prompt: int = 10_000,
    max_tokens: int = 16_000,
) -> int:
    """One call; `cost` gives what it costs from its `max_tokens`, which are returned."""
    async with budget.reserve("m", PRICE, prompt=prompt, max_tokens=max_tokens) as reservation:
        await work()
        reservation.cost_usd = cost(reservation.max_tokens)
    return reservation.max_tokens


async def nothing() -> None:
    pass


async def test_fifty_calls_at_once_never_spend_more_than_the_budget() -> None:
    chance = random.Random(7)
    clock = TurnedClock()
    budget = Budget(1.0)

    async def call() -> int:
        def cost(max_tokens: int) -> float:
            return PRICE.worst_case(10_000, max_tokens) * chance.choice([0.05, 0.5, 1.0])

        return await spend(budget, cost, lambda: clock.sleep(chance.uniform(0.1, 3)))

    calls = [asyncio.ensure_future(call()) for _ in range(50)]
    while not all(one.done() for one in calls):
        await clock.turn(0.1)
        assert budget.spent_usd <= 1.0
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, BudgetError)]
    lowered = [one for one in outcomes if isinstance(one, int) and one < 16_000]

    assert 0 < len(refused) < 45
    assert all(one >= 1_024 for one in lowered)
    assert len(refused) + len([one for one in outcomes if isinstance(one, int)]) == 50
    assert budget.spent_usd > 0.95


async def test_a_call_waits_for_what_others_may_return() -> None:
    clock = TurnedClock()
    budget = Budget(0.30)
    first = asyncio.ensure_future(spend(budget, lambda _: 0.01, lambda: clock.sleep(5)))
    second = asyncio.ensure_future(spend(budget, lambda _: 0.01, nothing))
    await clock.turn(4)
    assert not second.done()
    await clock.turn(2)
    assert (await first, await second) == (16_000, 16_000)
    assert budget.spent_usd == pytest.approx(0.02)


async def test_the_last_call_gets_as_many_tokens_as_the_budget_pays_for() -> None:
    budget = Budget(0.125)
    assert await spend(budget, lambda tokens: PRICE.worst_case(10_000, tokens), nothing) == 10_000
    assert budget.spent_usd == pytest.approx(0.125)


async def test_a_budget_too_small_for_a_reply_is_used_up() -> None:
    budget = Budget(0.10, spent_usd=0.07)
    with pytest.raises(BudgetError) as raised:
        await spend(budget, lambda _: 0.0, nothing)
    assert raised.value.exit_code == 1
    assert raised.value.message == (
        "$0.0300 of the budget of $0.10 is left, which does not cover"
        " a call to m that can cost $0.1850"
    )
    assert await spend(budget, lambda _: 0.0, nothing, prompt=1_000, max_tokens=200) == 200


async def test_a_model_of_unknown_price_is_refused_under_a_budget_and_named() -> None:
    with pytest.raises(BudgetError) as raised:
        async with Budget(5).reserve("house-model", None, prompt=1, max_tokens=1):
            pass
    assert raised.value.message == (
        "the price of house-model is not known, so no budget can be kept with it"
    )


async def test_without_a_limit_spending_is_added_up() -> None:
    budget = Budget()
    async with budget.reserve("house-model", None, prompt=1, max_tokens=16_000) as reservation:
        assert reservation.max_tokens == 16_000
    await spend(budget, lambda _: 3.5, nothing)
    assert budget.spent_usd == 3.5


async def test_a_call_that_is_cancelled_returns_what_it_reserved() -> None:
    clock = TurnedClock()
    budget = Budget(0.20)
    first = asyncio.ensure_future(spend(budget, lambda _: 0.0, lambda: clock.sleep(5)))
    waiting = asyncio.ensure_future(spend(budget, lambda _: 0.0, nothing))
    second = asyncio.ensure_future(spend(budget, lambda _: 0.0, nothing))
    await settle()
    waiting.cancel()
    first.cancel()
    assert await second == 16_000
    assert budget.spent_usd == 0.0
