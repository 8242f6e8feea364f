"""Ways: how a conflict without hunks may be settled, each with its consequence in words.

Nothing in a way is new text: it says which of the versions that met stay, and under which names.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gitswarm.merge.conflicts import Conflict, Kind, Side, Stage
from gitswarm.repo.objects import EXECUTABLE_MODE, Oid, RepoPath, show
from gitswarm.repo.repository import Change, Repository


@dataclass(frozen=True, slots=True)
class Way:
    consequence: str
    """What will be there and what will not, in words."""
    changes: Mapping[RepoPath, Change]
    """What becomes of the tree as git left it."""
    kept: Mapping[RepoPath, tuple[str, Oid]]
    """The files, links and submodules of the conflict that there will be: mode and object."""

    @property
    def result(self) -> bytes:
        """What identifies a way among those of a conflict, whichever side is ours."""
        return b"".join(
            f"{mode} {oid} ".encode() + path + b"\n"
            for path, (mode, oid) in sorted(self.kept.items())
        )


def ways(
    repository: Repository, tree: Oid, conflict: Conflict, labels: Sequence[str]
) -> tuple[Way, ...]:
    """Every way that is offered, of which one is right in most such conflicts; none where a person
    has to look. `tree` is what git left; `labels` name ours and theirs, for a file that has to be
    put beside another."""
    find = _WAYS.get(conflict.kind)
    if find is None or any(
        _HAS_MARKERS.search(repository.blob(stage.oid))
        for stage in conflict.stages.by_side().values()
        if conflict.kind == "rename/rename"
    ):
        return ()
    own = {conflict.path, *(stage.path for stage in conflict.stages.by_side().values())}
    return tuple(
        way
        for way in find(conflict, labels)
        if all(path in own or _is_free(repository, tree, path) for path in way.kept)
    )


def unanswerable(conflicts: Sequence[Conflict], ways: Mapping[RepoPath, Sequence[Way]]) -> str:
    """Why nothing of a merge is asked: it waits for a person anyway. Empty where all can be."""
    for one in conflicts:
        if one.text is not None:
            continue
        if meets_others(one, conflicts):
            return f"not asked: several conflicts meet in {show(one.path)}, for a person to decide"
        if not ways[one.path]:
            return (
                f"not asked: the same merge has a {one.kind} conflict, which a person has to decide"
            )
    return ""


def meets_others(one: Conflict, conflicts: Sequence[Conflict]) -> bool:
    """Whether another of the conflicts is about the same file, or a folder that holds it."""
    return any(other is not one and _meet(one, other) for other in conflicts)


def _meet(one: Conflict, other: Conflict) -> bool:
    """Whether two conflicts are about one file, or one about a folder that holds the other's."""
    return any(
        path == another or another.startswith(path + b"/") or path.startswith(another + b"/")
        for path in one.paths
        for another in other.paths
    )


_HAS_MARKERS = re.compile(rb"^<{7,} ", re.M)
"""git merges the text of a file with two new names too, and says nothing when that fails."""


def _is_free(repository: Repository, tree: Oid, path: RepoPath) -> bool:
    """Whether nothing is at a path, and no file where it needs a folder."""
    parts = path.split(b"/")
    above = (RepoPath(b"/".join(parts[:length])) for length in range(1, len(parts)))
    return repository.entry(tree, path) is None and not any(
        repository.blob_at(tree, folder) for folder in above
    )


_Labels = Sequence[str]


def _kept_or_deleted(conflict: Conflict, _labels: _Labels) -> Iterator[Way]:
    stages = conflict.stages
    side, other, stage = (
        ("ours", "theirs", stages.ours) if stages.ours else ("theirs", "ours", stages.theirs)
    )
    if stage is None:
        return
    name = _quoted(stage.path)
    yield _way(conflict, f"{name} stays, as {side} has it", {stage.path: stage})
    yield _way(conflict, f"{name} is deleted, as {other} did", {})


def _either_name(conflict: Conflict, _labels: _Labels) -> Iterator[Way]:
    """One file, to which each side gave another name."""
    ours, theirs = conflict.stages.ours, conflict.stages.theirs
    if conflict.stages.base is None or ours is None or theirs is None:
        return
    one, other = _quoted(ours.path), _quoted(theirs.path)
    both = "with what both sides changed in it"
    yield _way(conflict, f"it is called {one}, {both}; no {other}", {ours.path: ours})
    yield _way(conflict, f"it is called {other}, {both}; no {one}", {theirs.path: theirs})
    yield _way(
        conflict,
        f"there are two copies, {one} and {other}",
        {ours.path: ours, theirs.path: theirs},
    )


def _file_or_folder(conflict: Conflict, labels: _Labels) -> Iterator[Way]:
    side: Side = "ours" if conflict.stages.ours else "theirs"
    stage = conflict.stages.by_side().get(side)
    if stage is None:
        return
    name, aside = conflict.path, _beside(conflict.path, labels[side == "theirs"])
    yield _way(
        conflict,
        f"both stay: the folder {_quoted(name)}, and the file of {side} as {_quoted(aside)}",
        {aside: stage},
    )
    yield _way(conflict, f"the folder {_quoted(name)} stays; the file of {side} is deleted", {})
    yield _way(
        conflict,
        f"the file of {side} is {_quoted(name)}; the folder and all that is in it is deleted",
        {name: stage},
    )


def _either_place(conflict: Conflict, _labels: _Labels) -> Iterator[Way]:
    """A file that one side put into a folder which the other one renamed."""
    message = conflict.messages[0]
    stage = conflict.stages.ours or conflict.stages.theirs
    if message.type != "CONFLICT (directory rename suggested)" or stage is None:
        return
    new, old = message.paths[:2]
    yield _way(conflict, f"it moves along, to {_quoted(new)}", {new: stage})
    yield _way(conflict, f"it stays where it was put, {_quoted(old)}", {old: stage})


def _either_mode(conflict: Conflict, labels: _Labels) -> Iterator[Way]:
    """Executable or not; or two things of different types under one name."""
    ours, theirs = conflict.stages.ours, conflict.stages.theirs
    if ours is None or theirs is None:
        return
    name = conflict.path
    if ours.path == theirs.path:
        if ours.oid == theirs.oid:
            for stage in (ours, theirs):
                executable = stage.mode == EXECUTABLE_MODE
                words = f"{_quoted(name)} is {'' if executable else 'not '}executable"
                yield _way(conflict, words, {name: stage})
        return
    yield from _either_side(conflict, labels)
    sides = ((ours, labels[0]), (theirs, labels[1]))
    kept = {(name if s.path == name else _beside(name, label)): s for s, label in sides}
    shown = " and ".join(map(_quoted, sorted(kept)))
    yield _way(conflict, f"both stay, as {shown}", kept)


def _either_side(conflict: Conflict, _labels: _Labels) -> Iterator[Way]:
    for side in ("ours", "theirs"):
        stage = conflict.stages.by_side().get(side)
        if stage is None:
            return
        merged_mode = conflict.stages.mode if conflict.kind == "binary" else None
        kept = Stage(merged_mode or stage.mode, stage.oid, stage.path)
        words = f"{_quoted(conflict.path)} is as {side} has it; the other version goes"
        yield _way(conflict, words, {conflict.path: kept})


def _way(conflict: Conflict, consequence: str, kept: Mapping[RepoPath, Stage]) -> Way:
    """Of all places of a conflict, only what is kept stays."""
    entries = {path: (stage.mode, stage.oid) for path, stage in kept.items()}
    gone = {
        stage.path: None
        for side, stage in conflict.stages.by_side().items()
        if side != "base" and stage.path not in entries
    }
    return Way(consequence, {**gone, **entries}, entries)


def _beside(path: RepoPath, label: str) -> RepoPath:
    return RepoPath(path + b"~" + label.encode())


def _quoted(path: RepoPath) -> str:
    return f"`{show(path)}`"


_WAYS: Mapping[Kind, Callable[[Conflict, _Labels], Iterator[Way]]] = {
    "binary": _either_side,
    "file/directory": _file_or_folder,
    "location": _either_place,
    "mode": _either_mode,
    "modify/delete": _kept_or_deleted,
    "rename/delete": _kept_or_deleted,
    "rename/rename": _either_name,
    "submodule": _either_side,
    "symlink": _either_side,
}
"""Not here: `rename/add`, which has no hunks only where the renamed file is in conflict itself, and
text that nobody can split into hunks."""
