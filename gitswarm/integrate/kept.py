"""What the ledger keeps of merges: resolutions, fan-ins and the merges that a person made.

A ledger may have come from elsewhere, so all of it is validated when it is read.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gitswarm.integrate.values import HunkOutcome, MergeConflict
from gitswarm.merge.conflicts import Conflict, Hunk
from gitswarm.merge.resolutions import Resolution
from gitswarm.repo.objects import OID, TASK_ID, Oid, RepoPath, TaskId, show

OidText = Annotated[str, Field(pattern=rf"^{OID.pattern}$")]
TaskText = Annotated[str, Field(pattern=rf"^{TASK_ID.pattern}$")]
Confidence = Annotated[float, Field(ge=0, le=1)]


def hunk_key(hunk: Hunk) -> str | None:
    """What identifies a hunk wherever it turns up: its base and both sides, in either order; None
    where the base is not known."""
    if hunk.base is None:
        return None
    digest = sha256()
    for side in (hunk.base, *sorted((hunk.ours, hunk.theirs))):
        digest.update(len(side).to_bytes(8, "big") + side)
    return digest.hexdigest()[:40]


def conflict_key(conflict: Conflict) -> str:
    """The same of a conflict without hunks: its kind, path, base and both sides."""
    base, ours, theirs = (
        f"{stage.mode} {stage.oid} {show(_plain(stage.path, conflict))}" if stage else ""
        for stage in (conflict.stages.base, conflict.stages.ours, conflict.stages.theirs)
    )
    facts = (conflict.kind, show(conflict.path), base, *sorted((ours, theirs)))
    return sha256("\0".join(facts).encode()).hexdigest()[:40]


def _plain(path: RepoPath, conflict: Conflict) -> RepoPath:
    """A path without the commit that git adds to what has to give way."""
    return conflict.path if path.startswith(conflict.path + b"~") else path


@dataclass(frozen=True, slots=True)
class FanIn:
    """The merge of some tips, from which tasks start."""

    tips: frozenset[Oid]
    commit: Oid
    conflicts: tuple[MergeConflict, ...]
    """Those on the way, all of them resolved."""


@dataclass(frozen=True, slots=True)
class HandMerge:
    """A merge that a person made where the engine had left a conflict open."""

    task: TaskId
    ours_tree: Oid
    """What the tip was merged into, whatever commit holds it."""
    theirs: Oid
    commit: Oid
    conflicts: tuple[MergeConflict, ...]
    is_fan_in: bool
    number: int
    """They are counted from 1, in the order in which they were made."""


# -- resolutions


def resolution_file(key: str) -> str:
    return f"resolutions/{key}.json"


def resolution_to_json(resolution: Resolution) -> dict[str, Any]:
    text = resolution.text or b""
    try:
        form = {"text": text.decode()}
    except UnicodeDecodeError:
        form = {"base64": b64encode(text).decode()}
    return {
        "path": show(resolution.path),
        "by": resolution.by,
        **form,
        "confidence": resolution.confidence,
        "reason": resolution.reason,
        "dropped": resolution.dropped,
    }


class _Form(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class _ResolutionForm(_Form):
    path: str
    by: Annotated[str, Field(pattern=r"^(replay|model|human|rule:[\w-]+)$")] | None
    text: str = ""
    base64: str = ""
    confidence: Confidence | None = None
    reason: str = ""
    dropped: str = ""


def read_resolution(value: Any) -> Resolution:
    """Raises `ValueError`, as everything here that reads. It is of no hunk yet: number 0."""
    form = _ResolutionForm.model_validate(value)
    text = b64decode(form.base64, validate=True) if form.base64 else form.text.encode()
    return Resolution(
        RepoPath(form.path.encode()),
        0,
        form.by,
        None if form.by is None else text,
        form.confidence,
        form.reason,
        form.dropped,
    )


# -- merges


def fan_in_file(tips: Iterable[Oid]) -> str:
    return f"fan-ins/{sha256(' '.join(sorted(tips)).encode()).hexdigest()[:40]}.json"


def fan_in_to_json(fan_in: FanIn) -> dict[str, Any]:
    return {
        "tips": sorted(fan_in.tips),
        "commit": fan_in.commit,
        "conflicts": [one.to_json() for one in fan_in.conflicts],
    }


def hand_merge_file(merge: HandMerge) -> str:
    return f"merges/{merge.number:04}.json"


def hand_merge_to_json(merge: HandMerge) -> dict[str, Any]:
    return {
        "task": merge.task,
        "ours_tree": merge.ours_tree,
        "theirs": merge.theirs,
        "commit": merge.commit,
        "conflicts": [one.to_json() for one in merge.conflicts],
        "is_fan_in": merge.is_fan_in,
        "number": merge.number,
    }


class _HunkForm(_Form):
    n: Annotated[int, Field(ge=1)]
    by: str | None
    confidence: Confidence | None
    reason: str


class _ConflictForm(_Form):
    path: str
    kind: str
    between: Annotated[list[TaskText], Field(min_length=2, max_length=2)]
    hunks: Annotated[list[_HunkForm], Field(min_length=1)]

    def value(self) -> MergeConflict:
        first, second = self.between
        return MergeConflict(
            self.path,
            self.kind,
            (TaskId(first), TaskId(second)),
            tuple(HunkOutcome(one.n, one.by, one.confidence, one.reason) for one in self.hunks),
        )


class _FanInForm(_Form):
    tips: list[OidText]
    commit: OidText
    conflicts: list[_ConflictForm]


class _HandMergeForm(_Form):
    task: TaskText
    ours_tree: OidText
    theirs: OidText
    commit: OidText
    conflicts: list[_ConflictForm]
    is_fan_in: bool
    number: Annotated[int, Field(ge=1)]


def read_fan_in(value: Any) -> FanIn:
    form = _FanInForm.model_validate(value)
    return FanIn(
        frozenset(map(Oid, form.tips)),
        Oid(form.commit),
        tuple(one.value() for one in form.conflicts),
    )


def read_hand_merge(value: Any) -> HandMerge:
    form = _HandMergeForm.model_validate(value)
    return HandMerge(
        TaskId(form.task),
        Oid(form.ours_tree),
        Oid(form.theirs),
        Oid(form.commit),
        tuple(one.value() for one in form.conflicts),
        form.is_fan_in,
        form.number,
    )
