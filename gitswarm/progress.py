"""What a watcher is told while a run is under way: inert values, in the order they happen.

Whoever shows them (a terminal, a log, a test) is handed to the actors as one function, `Watch`;
it is called on the event loop and must not block.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gitswarm.repo.objects import RunId, TaskId


@dataclass(frozen=True, slots=True)
class RunStarted:
    run: RunId
    goal: str
    base: str


@dataclass(frozen=True, slots=True)
class StageStarted:
    """One of `planning`, `working`, `integrating`, `verifying`; of a review, `reviewing`."""

    stage: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TaskStarted:
    task: TaskId
    role: str
    title: str


@dataclass(frozen=True, slots=True)
class TaskProgressed:
    task: TaskId
    state: str
    """What it does now, in a word or two: `waiting`, `writing`, `reading`, `repairing`, ..."""
    output_tokens: int
    """Of all its replies so far; an estimate while one is under way."""
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class TaskEnded:
    task: TaskId
    outcome: str
    seconds: float
    output_tokens: int
    cost_usd: float | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class ConflictForecast:
    """Two finished branches will not merge by themselves."""

    first: TaskId
    second: TaskId
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resolving:
    """The model is asked about the conflicting hunks of one file."""

    path: str
    hunks: int


@dataclass(frozen=True, slots=True)
class BranchMerged:
    task: TaskId
    hunks: int
    """How many conflicting hunks were resolved on the way."""


@dataclass(frozen=True, slots=True)
class BranchSetAside:
    """A branch that keeps an open conflict; the others are merged without it."""

    task: TaskId
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the user should know though the run goes on."""

    message: str


Event = (
    RunStarted
    | StageStarted
    | TaskStarted
    | TaskProgressed
    | TaskEnded
    | ConflictForecast
    | Resolving
    | BranchMerged
    | BranchSetAside
    | Warned
)

Watch = Callable[[Event], None]
