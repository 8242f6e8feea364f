"""Unmerged: the conflicts of a checkout in the middle of a merge.

A file is taken as it is on disk: what a person has settled in it by hand is text by then, and only
hunks that are still marked are answered. Which conflict an entry of the index belongs to is known
from making the merge again in memory; where that leads elsewhere, the index alone has to tell.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gitswarm.errors import GitError, MergeError, UsageError
from gitswarm.integrate.on_disk import changed_since, regular_file, smudged
from gitswarm.integrate.under_way import UnderWay
from gitswarm.merge.conflicts import (
    Conflict,
    Kind,
    Side,
    Stage,
    Stages,
    UnclearMarkersError,
)
from gitswarm.merge.files import Versions, with_bases
from gitswarm.merge.marked import read_marked
from gitswarm.merge.ways import Way, meets_others, ways
from gitswarm.repo.attributes import Attributes, marker_sizes_here
from gitswarm.repo.objects import SUBMODULE_MODE, SYMLINK_MODE, Oid, RepoPath, show
from gitswarm.repo.repository import Repository

_Index = Mapping[RepoPath, Mapping[int, Stage]]
"""Unmerged entries by path and by the index's numbers: 1 base, 2 ours, 3 theirs."""

_SIDES: Mapping[Side, int] = {"base": 1, "ours": 2, "theirs": 3}


@dataclass(frozen=True, slots=True)
class Unmerged:
    conflict: Conflict
    """Its text is that on disk, with the bases of its hunks where they can be told."""
    data: bytes = b""
    """What is on disk, of a file with text."""
    decoded: bytes | None = None
    """The same as git stores it, where a checkout has it in another encoding."""
    ways: tuple[Way, ...] = ()
    """What can be done about a conflict without text."""
    why: str = ""
    """Why nothing can be answered here."""
    shares_path: bool = False
    """Whether another conflict is about the same file, which must not be staged for this one."""

    @property
    def path(self) -> RepoPath:
        return self.conflict.path

    @property
    def shown(self) -> bytes:
        """What is on disk, in a form in which its lines can be told."""
        return self.data if self.decoded is None else self.decoded


def load_unmerged(
    under_way: UnderWay, attributes: Attributes, paths: Sequence[RepoPath]
) -> list[Unmerged]:
    """The conflicts, all or those of some files and folders. `attributes` are those of ours, of a
    repository to which anything may be written. Raises `UsageError` where there are none."""
    repository = under_way.repository
    if repository.work_tree is None:
        raise UsageError("there is no checkout here whose conflicts could be resolved")
    index = _load_index(repository)
    made_again = under_way.made_again(attributes.repository, attributes)
    found = _conflicts(index, made_again.conflicts if made_again else ())
    chosen = [one for one in found if not paths or any(_is_in(one, path) for path in paths)]
    if not chosen:
        raise UsageError("nothing is in conflict here", hint="git status")
    tree = made_again.tree if made_again else attributes.repository.tree(under_way.ours)
    sizes = _marker_sizes(repository, attributes, chosen)
    loaded = []
    for conflict in chosen:
        if conflict.kind in ("content", "add/add"):
            unmerged = _with_text(repository, conflict, sizes[conflict.place])
        else:
            unmerged = Unmerged(conflict)
        if not unmerged.why and unmerged.conflict.text is None:
            if meets_others(conflict, found):
                unmerged = replace(unmerged, why="several conflicts meet in it")
            else:
                unmerged = _with_ways(repository, attributes.repository, tree, unmerged)
        paths_in_conflict = [one.path for one in found]
        shares_path = paths_in_conflict.count(conflict.path) > 1
        loaded.append(replace(unmerged, shares_path=shares_path))
    return loaded


def _is_in(conflict: Conflict, place: RepoPath) -> bool:
    """Whether a conflict is about a file, or one in a folder; an empty path is the whole tree."""
    return not place or any(
        path == place or path.startswith(place + b"/") for path in conflict.paths
    )


# -- from the index to conflicts


def _load_index(repository: Repository) -> _Index:
    found: dict[RepoPath, dict[int, Stage]] = {}
    for record in repository.lines("ls-files", "-u", "-z", "--full-name", "--", ":(top)"):
        facts, _, name = record.partition(b"\t")
        mode, oid, number = facts.decode().split(" ")
        found.setdefault(RepoPath(name), {})[int(number)] = Stage(mode, Oid(oid), RepoPath(name))
    return found


def _conflicts(index: _Index, made_again: Iterable[Conflict]) -> list[Conflict]:
    """The conflicts of a merge that are in the index as git left them, and what else is in it."""
    known = [found for one in made_again if (found := _as_in(index, one))]
    covered = {stage.path for one in known for stage in one.stages.by_side().values()}
    others = [_from_index(path, index[path]) for path in index.keys() - covered]
    return sorted((*known, *others), key=lambda one: one.path)


def _as_in(index: _Index, conflict: Conflict) -> Conflict | None:
    """The same with the names that its versions have in the index; None where one is not there."""
    placed: dict[Side, Stage] = {}
    for side, stage in conflict.stages.by_side().items():
        found = _placed(index, stage, _SIDES[side])
        if found is None:
            return None
        placed[side] = found
    return replace(conflict, stages=Stages(**placed)) if placed else None


def _placed(index: _Index, stage: Stage, number: int) -> Stage | None:
    """A version in the index: under its name, or beside it. What has to give way is called after a
    commit here, and after a branch there."""
    there = index.get(stage.path, {}).get(number)
    if there == stage:
        return there
    aside = re.fullmatch(rb"(.+~)[0-9a-f]{40,64}(?:_\d+)?", stage.path, re.S)
    for path, stages in index.items() if aside else ():
        there = stages.get(number)
        if aside and path.startswith(aside[1]) and there == replace(stage, path=path):
            return there
    return None


def _from_index(path: RepoPath, stages: Mapping[int, Stage]) -> Conflict:
    versions = Stages(*(stages.get(number) for number in _SIDES.values()))
    return Conflict(path, _kind(versions), versions, None)


def _kind(stages: Stages) -> Kind:
    modes = {stage.mode for stage in stages.by_side().values()}
    if stages.ours is None or stages.theirs is None:
        return _kind_without_side(stages)
    if SUBMODULE_MODE in modes:
        return "submodule"
    if SYMLINK_MODE in modes:
        return "symlink"
    if stages.mode is None and stages.ours.oid == stages.theirs.oid:
        return "mode"
    return "content" if stages.base else "add/add"


def _kind_without_side(stages: Stages) -> Kind:
    if stages.base is None:
        return "rename/add"
    return "modify/delete" if stages.ours or stages.theirs else "rename/rename"


# -- files with text


def _marker_sizes(
    repository: Repository, attributes: Attributes, conflicts: Iterable[Conflict]
) -> dict[RepoPath, tuple[int, ...]]:
    """How long markers may be in each file: as ours has its attributes; and as the checkout has
    them, for the user may have changed them there."""
    places = [one.place for one in conflicts]
    first = attributes.marker_sizes(places)
    second = marker_sizes_here(repository, places)
    return {path: tuple(dict.fromkeys((first[path], second[path]))) for path in places}


def _with_text(repository: Repository, conflict: Conflict, sizes: Sequence[int]) -> Unmerged:
    """With what is on disk; without text where that is a binary file."""
    conflict = replace(conflict, text=None)
    place = conflict.place
    try:
        data = regular_file(repository, place).read_bytes()
        decoded = _decoded(repository, place, data)
    except (OSError, MergeError, GitError) as error:
        return Unmerged(conflict, why=f"it cannot be read: {error}")
    load = smudged if decoded is None else _stored
    ours, base, theirs = (
        load(repository, place, stage.oid) if stage else b""
        for stage in (conflict.stages.ours, conflict.stages.base, conflict.stages.theirs)
    )
    versions = Versions(ours, base, theirs)
    unmerged = Unmerged(conflict, data, decoded)
    shown = unmerged.shown
    try:
        read = [read_marked(shown, size, versions) for size in sizes]
    except UnclearMarkersError as error:
        put_right = f"put them right, or git checkout -m -- {show(place)}"
        return replace(unmerged, why=f"{error}: {put_right}")
    text = next((one for one in read if one.hunks), None)
    if text is not None:
        return replace(unmerged, conflict=replace(conflict, text=with_bases(text, versions)))
    if shown == ours and b"\0" in b"".join((ours, base, theirs)):
        return Unmerged(replace(conflict, kind="binary"))
    state = "it is as ours has it: a merge driver left no marker" if shown == ours else _NO_MARKER
    return replace(unmerged, why=f"{state}; git add it once it is as you want it")


_NO_MARKER = "no marker is left in it"


def _stored(repository: Repository, _path: RepoPath, oid: Oid) -> bytes:
    return repository.blob(oid)


def _decoded(repository: Repository, path: RepoPath, data: bytes) -> bytes | None:
    """A file of the checkout as git stores it, where its attributes name another encoding, see
    `working-tree-encoding` in gitattributes(5): its markers are in that one, too."""
    asked = ("check-attr", "-z", "working-tree-encoding", "--")
    encoding = repository.lines(*asked, path)[2]
    if encoding in (b"", b"set", b"unset", b"unspecified"):
        return None
    stored = repository.git("hash-object", "-w", "--stdin", b"--path=" + path, input=data)
    return repository.blob(Oid(stored.stdout.decode().strip()))


# -- conflicts without text


def _with_ways(
    repository: Repository,
    scratch: Repository,
    tree: Oid,
    unmerged: Unmerged,
) -> Unmerged:
    conflict = unmerged.conflict
    offered = ways(scratch, tree, conflict, (_label(conflict, "ours"), _label(conflict, "theirs")))
    if not offered:
        return replace(unmerged, why=_FOR_PERSON.get(conflict.kind, "git add or git rm it"))
    if changed := changed_since(repository, conflict):
        return replace(unmerged, why=f"{show(changed)} was changed here: git add or git rm it")
    return replace(unmerged, ways=offered)


_FOR_PERSON: Mapping[Kind, str] = {
    "rename/add": "two files that met under one name: git add what is to be there",
    "rename/rename": "one file under two names: git add what is to be there, and git rm the rest",
}


def _label(conflict: Conflict, side: Side) -> str:
    """What a side is called in the name of a file that had to give way."""
    stage = conflict.stages.by_side().get(side)
    name = stage.path.removeprefix(conflict.path + b"~") if stage else b""
    return os.fsdecode(name) if stage and name != stage.path else side
