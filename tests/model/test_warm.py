"""One call writes the shared prefix, the others read it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from gitswarm.errors import ModelError
from gitswarm.model import CallProgress, OnProgress, Prefix, Reply, Request, Tool, Usage
from gitswarm.model.prices import Prices
from gitswarm.model.warm import LIFETIME, LONGEST_WAIT, WarmPrefix
from tests.model.clock import TurnedClock, settle
from tests.model.conftest import ask

LONG = Prefix("word " * 2_000, (Tool("look", "Look.", {"type": "object"}),))


class Stage:
    """A model whose calls start and end when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Request, OnProgress, asyncio.Future[Reply]]] = []

    async def ask(self, request: Request, on_progress: OnProgress | None = None) -> Reply:
        assert on_progress is not None
        end: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.waiting.append((request, on_progress, end))
        return await end

    def start(self, index: int) -> None:
        self.waiting[index][1](CallProgress("streaming", 1))

    def end(self, index: int) -> None:
        self.waiting[index][2].set_result(Reply((), "end_turn", Usage(), "m", 0.0))


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def turned() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def begin(stage: Stage, turned: TurnedClock) -> Callable[..., asyncio.Task[Reply]]:
    warm = WarmPrefix(stage, Prices.load(), clock=turned)

    def begin(prefix: Prefix = LONG, model: str = "claude-sonnet-5-5") -> asyncio.Task[Reply]:
        request = replace(ask("hello"), prefix=prefix, model=model)
        return asyncio.create_task(warm.ask(request, lambda _: None))

    return begin


async def test_the_others_wait_until_the_first_message_has_started(stage, begin) -> None:
    tasks = [begin() for _ in range(5)]
    await settle()
    assert len(stage.waiting) == 1

    stage.start(0)
    await settle()

    assert len(stage.waiting) == 5
    for index in range(5):
        stage.end(index)
    await asyncio.gather(*tasks)


async def test_nobody_waits_for_a_prefix_that_is_warm(stage, begin, turned) -> None:
    first = begin()
    await settle()
    stage.start(0)
    stage.end(0)
    await first
    await turned.turn(LIFETIME - 1)

    tasks = [begin(), begin()]
    await settle()

    assert len(stage.waiting) == 3
    for index in (1, 2):
        stage.end(index)
    await asyncio.gather(*tasks)


async def test_a_prefix_that_has_cooled_down_is_warmed_again(stage, begin, turned) -> None:
    first = begin()
    await settle()
    stage.start(0)
    stage.end(0)
    await first
    await turned.turn(LIFETIME + 1)

    tasks = [begin(), begin()]
    await settle()

    assert len(stage.waiting) == 2
    stage.start(1)
    await settle()
    for index in (1, 2):
        stage.end(index)
    await asyncio.gather(*tasks)


async def test_all_go_ahead_when_the_first_message_takes_too_long(stage, begin, turned) -> None:
    tasks = [begin() for _ in range(4)]
    await turned.turn(LONGEST_WAIT - 1)
    assert len(stage.waiting) == 1

    await turned.turn(2)

    assert len(stage.waiting) == 4
    for index in range(4):
        stage.end(index)
    await asyncio.gather(*tasks)


async def test_when_the_first_call_fails_the_next_one_goes_ahead(stage, begin) -> None:
    tasks = [begin() for _ in range(3)]
    await settle()

    stage.waiting[0][2].set_exception(ModelError("no"))
    await settle()

    assert len(stage.waiting) == 2
    stage.start(1)
    await settle()
    assert len(stage.waiting) == 3
    for index in (1, 2):
        stage.end(index)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(result, ModelError) for result in results] == [True, False, False]


async def test_a_prefix_below_what_is_cached_is_not_waited_for(stage, begin) -> None:
    tasks = [begin(Prefix("short")) for _ in range(3)]
    await settle()

    assert len(stage.waiting) == 3
    for index in range(3):
        stage.end(index)
    await asyncio.gather(*tasks)


async def test_each_model_has_a_cache_of_its_own(stage, begin) -> None:
    tasks = [begin(model=model) for model in ("claude-sonnet-5-5", "claude-opus-5-5")]
    await settle()

    assert len(stage.waiting) == 2
    for index in range(2):
        stage.end(index)
    await asyncio.gather(*tasks)


async def test_who_is_held_back_waits_for_its_turn(stage: Stage, turned: TurnedClock) -> None:
    warm = WarmPrefix(stage, Prices.load(), clock=turned)
    seen: list[CallProgress] = []
    request = replace(ask("hello"), prefix=LONG)
    first = asyncio.create_task(warm.ask(request))
    second = asyncio.create_task(warm.ask(request, seen.append))
    await settle()
    assert seen == [CallProgress("waiting")]
    stage.start(0)
    await settle()
    for n, task in enumerate((first, second)):
        stage.end(n)
        await task
