"""Overviews of runs and tasks, as `git swarm list`, `status` and `show` give them."""

from dataclasses import dataclass, field
from datetime import datetime

from gitswarm.model import Usage
from gitswarm.repo.objects import BranchName, Oid, RunId, TaskId


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in a list of runs."""

    run: RunId
    goal: str
    state: str
    """`running`, `finished`, `interrupted`, ..."""
    tasks_ended: int
    tasks: int
    cost_usd: float | None
    """None where something was paid whose price is not known."""
    started_at: datetime | None
    """With its time zone."""


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task in the status of its run."""

    task: TaskId
    role: str
    state: str
    """Its outcome, or what it does meanwhile: `waiting`, `running`, ..."""
    depends_on: tuple[TaskId, ...] = ()
    seconds: float = 0.0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class RunStatus:
    """Where a run stands."""

    line: RunLine
    base: Oid
    tasks: tuple[TaskLine, ...]
    merged_branch: BranchName | None = None
    verify: str = ""
    """What the check came to; empty where none has run."""
    stopped: str = ""
    """Why the run ended before its end."""


@dataclass(frozen=True, slots=True)
class CommitLine:
    oid: Oid
    subject: str


@dataclass(frozen=True, slots=True)
class TaskView:
    """All that is known of one task."""

    run: RunId
    task: TaskId
    role: str
    title: str
    prompt: str
    outcome: str
    """Empty while it has not ended."""
    depends_on: tuple[TaskId, ...] = ()
    owns: tuple[str, ...] = ()
    branch: BranchName | None = None
    base: Oid | None = None
    """Where it started: the run's base or its fan-in."""
    commits: tuple[CommitLine, ...] = ()
    """Its own, oldest first."""
    note: str = ""
    error: str = ""
    remarks: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = 0.0
    seconds: float = 0.0
    kept_worktree: str = ""
