"""Integration: what became of all branches, conflict by conflict."""

from dataclasses import dataclass
from typing import Any

from gitswarm.findings import Finding
from gitswarm.repo.objects import Oid, TaskId

UNPARSABLE = "unparsable"
"""The category of a finding about a file that does not parse."""


@dataclass(frozen=True, slots=True)
class HunkOutcome:
    """One conflicting hunk and who resolved it."""

    n: int
    """Its number in the file, from 1."""
    by: str | None
    """`replay`, `rule:NAME`, `model`, `human`, or None: still open."""
    confidence: float | None
    reason: str

    def to_json(self) -> dict[str, Any]:
        return {"n": self.n, "by": self.by, "confidence": self.confidence, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class MergeConflict:
    """One path on which two tasks disagreed."""

    path: str
    kind: str
    between: tuple[TaskId, TaskId]
    hunks: tuple[HunkOutcome, ...]
    """One for a conflict that has none, such as modify/delete: the decision about it."""

    @property
    def is_open(self) -> bool:
        return any(hunk.by is None for hunk in self.hunks)

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "kind": self.kind,
            "between": list(self.between),
            "hunks": [hunk.to_json() for hunk in self.hunks],
        }


@dataclass(frozen=True, slots=True)
class OpenMerge:
    """A merge with an open conflict, which waits for a person."""

    task: TaskId
    """Whose tip is to be merged."""
    ours: Oid
    inside: tuple[TaskId, ...]
    """The tasks whose work `ours` holds, in the order in which it came."""
    theirs: Oid
    is_fan_in: bool = False
    """Tasks wait for it that could not begin."""


@dataclass(frozen=True, slots=True)
class Integration:
    """The merged branch, before and after it is published under its name."""

    base: Oid
    commit: Oid
    """The tip of the merged branch; the base where nothing was merged."""
    tree: Oid
    merged: tuple[TaskId, ...]
    """Tips in the order they were merged."""
    set_aside: tuple[TaskId, ...]
    """Tips left out because a conflict with them is open."""
    conflicts: tuple[MergeConflict, ...]
    open_merges: tuple[OpenMerge, ...] = ()
    """Of fan-ins first, then those of the tips that were set aside, in the state after all others
    were merged."""
    findings: tuple[Finding, ...] = ()
    """What is wrong with the merged tree though no conflict is left in it."""
    was_unreached: bool = False
    """Whether the model could not be asked about some of what is open."""
    warnings: tuple[str, ...] = ()
    """What git and the user's merge drivers complained of, with the path or the task."""

    @property
    def changed(self) -> bool:
        return self.commit != self.base

    @property
    def needs_person(self) -> bool:
        return bool(self.set_aside or self.unparsable) or any(
            conflict.is_open for conflict in self.conflicts
        )

    @property
    def unparsable(self) -> tuple[Finding, ...]:
        """The files that do not parse any more since they were merged."""
        return tuple(one for one in self.findings if one.category == UNPARSABLE)
