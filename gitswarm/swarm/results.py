"""Result: what a task came to."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gitswarm.model import Usage
from gitswarm.repo.objects import BranchName, Oid, TaskId


class Outcome(StrEnum):
    DONE = "done"
    """Its tree changed."""
    NOTED = "noted"
    """A role that writes nothing has reported, or a writing one said why nothing is to change."""
    EMPTY = "empty"
    """A writing role changed nothing and did not say why, or another one reported nothing."""
    FAILED = "failed"
    TIMEOUT = "timeout"
    SKIPPED = "skipped"
    """Something it depends on did not end well; it was never started."""
    CANCELLED = "cancelled"

    @property
    def has_commit(self) -> bool:
        return self in (Outcome.DONE, Outcome.NOTED, Outcome.EMPTY)

    @property
    def needs_person(self) -> bool:
        return self not in (Outcome.DONE, Outcome.NOTED)


@dataclass(frozen=True, slots=True)
class Result:
    task: TaskId
    role: str
    outcome: Outcome
    branch: BranchName | None = None
    base: Oid | None = None
    """Where the task started: the run's base or its fan-in."""
    commits: tuple[Oid, ...] = ()
    """Its own commits, oldest first; the last one is the tip of its branch."""
    note: str = ""
    error: str = ""
    remarks: tuple[str, ...] = ()
    """What a reader of the branch should know: writes outside `owns`, a fuzzy patch."""
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = 0.0
    seconds: float = 0.0
    kept_worktree: str = ""
    """The folder, where something in it needs a person."""

    @property
    def commit(self) -> Oid | None:
        return self.commits[-1] if self.commits else None

    def to_json(self) -> dict[str, Any]:
        """The task as `git swarm --json` shows it."""
        return {
            "id": self.task,
            "role": self.role,
            "branch": self.branch,
            "commits": list(self.commits),
            "outcome": self.outcome.value,
            "error": self.error or None,
            "seconds": round(self.seconds, 3),
            "usage": usage_to_json(self.usage),
            "cost_usd": None if self.cost_usd is None else round(self.cost_usd, 6),
        }

    def to_record(self) -> dict[str, Any]:
        """The task as the ledger keeps it: also what a reader of the report is not shown."""
        return {
            **self.to_json(),
            "base": self.base,
            "note": self.note,
            "remarks": list(self.remarks),
            "kept_worktree": self.kept_worktree,
        }


def usage_to_json(usage: Usage) -> dict[str, int]:
    return {
        "input": usage.input,
        "output": usage.output,
        "cache_write": usage.cache_write,
        "cache_read": usage.cache_read,
    }
