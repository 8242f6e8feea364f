"""A merge made by a person: a worktree in the state in which `git merge` leaves it, and what became
of it, see "HOW TO RESOLVE CONFLICTS" in git-merge(1)."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gitswarm.integrate.values import HunkOutcome, MergeConflict, OpenMerge
from gitswarm.merge.conflicts import Conflict, ConflictedText, marker_runs
from gitswarm.merge.resolutions import Resolution
from gitswarm.merge.threeway import Conflicted
from gitswarm.repo.attributes import GIT_MARKER_SIZE
from gitswarm.repo.objects import Oid, RepoPath, show
from gitswarm.repo.repository import Repository
from gitswarm.repo.worktree import Worktree


@dataclass(frozen=True, slots=True)
class OpenState:
    """What is known of an open merge."""

    merge: OpenMerge
    conflicted: Conflicted
    answered: Sequence[Sequence[Resolution]]
    """For each conflict its hunks, open ones too."""
    conflicts: tuple[MergeConflict, ...]
    message: str
    """Of the commit, once a person has resolved what is open."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a person made of it."""

    commit: Oid
    theirs_too: tuple[Oid, ...]
    """Commits of the person's own that it replaces."""
    conflicts: tuple[MergeConflict, ...]
    resolutions: tuple[tuple[ConflictedText, Resolution], ...]
    """Those of single hunks, each with the text it is of."""


@dataclass(frozen=True, slots=True)
class StillOpen:
    why: str


def merge_folder(folder: Path, merge: OpenMerge) -> Path:
    """Where a person merges: beside the worktrees of the run's tasks."""
    return folder / f"{merge.task}.merge"


def open_merge(repository: Repository, path: Path, state: OpenState) -> None:
    """Make the worktree: both versions in the index, markers in the files, `MERGE_HEAD` and
    `MERGE_MSG`. What was resolved already is filled in."""
    merge = state.merge
    worktree = Worktree.add(repository, path, branch=None, commit=merge.ours)
    quiet = ("-c", "rerere.enabled=false", "-c", "merge.stat=false")
    how = ("--quiet", "--no-ff", "--no-commit", "--no-verify-signatures", "-m", state.message)
    _git(worktree, *quiet, "merge", *how, merge.theirs, ok=(0, 1))
    for conflict, answers in zip(state.conflicted.conflicts, state.answered, strict=True):
        texts = {one.hunk: one.text or b"" for one in answers if one.by is not None}
        if conflict.text is None or not texts:
            continue
        rest = conflict.text.splice(texts)
        file = path / os.fsdecode(conflict.place)
        file.write_bytes(_with_short_markers(rest).write())
        if not rest.hunks:
            _git(worktree, "add", "--", b":(literal)" + conflict.place)


def _with_short_markers(text: ConflictedText) -> ConflictedText:
    """With markers as people know them, where no line of the text could be taken for one."""
    kept = b"".join(part for part in text.parts if isinstance(part, bytes))
    sides = (side for hunk in text.hunks for side in (hunk.base or b"", hunk.ours, hunk.theirs))
    runs = set[int]().union(*map(marker_runs, (kept, *sides)))
    return text if GIT_MARKER_SIZE in runs else text.resized(GIT_MARKER_SIZE)


def take_merge(repository: Repository, path: Path, state: OpenState) -> Resolved | StillOpen | None:
    """The merge as a person left it, committed or not; None where the worktree or the merge in it
    is gone."""
    try:
        worktree = Worktree.at(repository, path)
    except OSError:
        return None
    merge = state.merge
    head = Oid(_git(worktree, "rev-parse", "HEAD").decode().strip())
    under_way = (worktree.git_dir / "MERGE_HEAD").exists()
    if not under_way and head == merge.ours:
        return None
    if under_way:
        if left := _unresolved(worktree, state):
            return StillOpen(f"{', '.join(left)} in {path} is still in conflict")
        _git(worktree, "add", "--update")
        tree = Oid(_git(worktree, "write-tree").decode().strip())
    elif all(repository.is_ancestor(side, head) for side in (merge.ours, merge.theirs)):
        tree = repository.tree(head)
    else:
        return StillOpen(f"what is committed in {path} does not merge {merge.task}")
    if marked := _with_markers_left(repository, tree, state):
        return StillOpen(f"conflict markers are left in {', '.join(marked)} in {path}")
    commit = _commit(repository, tree, head, state, under_way=under_way)
    conflicts, resolutions = _read_back(repository, tree, state)
    (worktree.git_dir / "HEAD").write_text(f"{commit}\n")
    own = () if head in (merge.ours, commit) else (head,)
    return Resolved(commit, own, conflicts, resolutions)


def _unresolved(worktree: Worktree, state: OpenState) -> list[str]:
    """The unmerged paths that nobody has resolved. A file with hunks is resolved when it is there
    and has no markers, added or not; anything else has to be added or removed."""
    stages = _git(worktree, "ls-files", "--unmerged", "-z").split(b"\0")[:-1]
    unmerged = dict.fromkeys(RepoPath(line.partition(b"\t")[2]) for line in stages)
    texts = {one.place: one for one in state.conflicted.conflicts if one.text is not None}
    left = []
    for path in unmerged:
        file = worktree.path / os.fsdecode(path)
        conflict = texts.get(path)
        if conflict is None or not file.is_file() or _has_markers(file.read_bytes(), conflict):
            left.append(show(path))
        else:
            _git(worktree, "add", "--", b":(literal)" + path)
    return left


def _with_markers_left(repository: Repository, tree: Oid, state: OpenState) -> list[str]:
    left = []
    for conflict in state.conflicted.conflicts:
        entry = repository.entry(tree, conflict.place) if conflict.text else None
        if entry and entry.kind == "blob" and _has_markers(repository.blob(entry.oid), conflict):
            left.append(show(conflict.place))
    return left


_MARKER = re.compile(rb"^(?:<{7,}|>{7,})(?: [^\n]*)?$", re.M)


def _has_markers(data: bytes, conflict: Conflict) -> bool:
    """Whether a marker line is in a file that none of its versions has."""
    assert conflict.text is not None
    versions = b"\n".join(conflict.text.take(side) for side in ("ours", "theirs"))
    allowed = {match[0] for match in _MARKER.finditer(versions)}
    return any(match[0] not in allowed for match in _MARKER.finditer(data))


def _commit(
    repository: Repository, tree: Oid, head: Oid, state: OpenState, *, under_way: bool
) -> Oid:
    """The merge commit: the person's own where it says whose hunks were resolved."""
    parents = [state.merge.ours, state.merge.theirs]
    message = state.message
    if not under_way:
        made = repository.commit(head)
        trailers = message.rpartition("\n\n")[2]
        if made.parents == tuple(parents) and trailers.strip() in made.message:
            return head
        if made.parents == tuple(parents):
            message = f"{made.message.rstrip()}\n\n{trailers}"
    return repository.commit_tree(tree, parents, message)


def _read_back(
    repository: Repository, tree: Oid, state: OpenState
) -> tuple[tuple[MergeConflict, ...], tuple[tuple[ConflictedText, Resolution], ...]]:
    """The conflicts as they were resolved, and the answers to single hunks that can be told."""
    told: list[MergeConflict] = []
    resolutions: list[tuple[ConflictedText, Resolution]] = []
    for conflict, answers, before in zip(
        state.conflicted.conflicts, state.answered, state.conflicts, strict=True
    ):
        texts: Mapping[int, bytes] = {}
        entry = repository.entry(tree, conflict.place)
        if conflict.text and entry and entry.kind == "blob":
            texts = conflict.text.read_back(repository.blob(entry.oid))
        known = {one.hunk: one.text for one in answers if one.by is not None}
        hunks = []
        for hunk in before.hunks:
            text = texts.get(hunk.n)
            if hunk.n in known and text in (None, known[hunk.n]):
                hunks.append(hunk)
                continue
            hunks.append(HunkOutcome(hunk.n, "human", None, "resolved by hand"))
            if text is not None and conflict.text:
                answer = Resolution(conflict.path, hunk.n, "human", text, None, "resolved by hand")
                resolutions.append((conflict.text, answer))
        told.append(replace(before, hunks=tuple(hunks)))
    return tuple(told), tuple(resolutions)


def _git(worktree: Worktree, *args: str | bytes, ok: Sequence[int] = (0,)) -> bytes:
    run = worktree.repository.git
    return run(*args, ok=ok, git_dir=worktree.git_dir, work_tree=worktree.path).stdout
