"""The tests' own Messages API, and models that ask it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from gitswarm.model import Prefix, Purpose, Request, Turn
from gitswarm.model.claude import ClaudeModel
from gitswarm.model.limits import Limiter
from gitswarm.model.prices import Prices
from gitswarm.repo.objects import RunId
from tests.messages_api import MessagesApi
from tests.model.clock import SkippingClock

MODEL = "claude-sonnet-5-5"


def ask(
    *turns: str | Turn,
    system: str = "You are a test.",
    purpose: Purpose = "task",
    **rest: object,
) -> Request:
    """A request with these turns; texts are turns of the user."""
    values: dict[str, object] = {"model": MODEL, "prefix": Prefix(system), **rest}
    spoken = tuple(Turn.user(turn) if isinstance(turn, str) else turn for turn in turns)
    return Request(turns=spoken, purpose=purpose, run=RunId("jwt-auth-7f3a"), **values)  # type: ignore[arg-type]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessagesApi]:
    """A server that answers `ok` until the test sets `respond`; the environment points at it."""
    with MessagesApi().serving() as api:
        for name, value in api.environment().items():
            monkeypatch.setenv(name, value)
        yield api


@pytest.fixture
def clock() -> SkippingClock:
    return SkippingClock()


@pytest.fixture
async def model(clock: SkippingClock) -> AsyncIterator[ClaudeModel]:
    """A model without a budget, whose waits are skipped."""
    limiter = Limiter(8, clock=clock, jitter=lambda: 0.0)
    async with ClaudeModel(limiter=limiter, prices=Prices.load()) as model:
        yield model
