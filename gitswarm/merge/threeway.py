"""merge: two commits in, a tree or its conflicts out; no checkout and no index is touched.

Renames, modes, drivers and attributes are git's business. Its answer is read from what
`git merge-tree` prints for programs: stages, message types and exit codes, never sentences.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from gitswarm.errors import MergeError
from gitswarm.merge.conflicts import (
    Conflict,
    ConflictedText,
    Kind,
    Message,
    Side,
    Stage,
    Stages,
    UnclearMarkersError,
    marker_runs,
)
from gitswarm.merge.ways import Way
from gitswarm.repo.attributes import MARKER_SIZE, Attributes
from gitswarm.repo.objects import (
    SUBMODULE_MODE,
    SYMLINK_MODE,
    Oid,
    RepoPath,
    show,
)
from gitswarm.repo.repository import Change, Repository, scratch_objects

Pair = tuple[Oid, Oid]


@dataclass(frozen=True, slots=True)
class Merged:
    tree: Oid


@dataclass(frozen=True, slots=True)
class Conflicted:
    tree: Oid
    """What git could do, with markers where it could not: never to be committed as it is."""
    conflicts: tuple[Conflict, ...]
    """In the order of their paths."""
    warnings: str
    """What git and the user's merge drivers wrote to their error output."""


def merge(
    repository: Repository, ours: Oid, theirs: Oid, attributes: Attributes
) -> Merged | Conflicted:
    """Merge two commits on the base that git computes; the same commits give the same answer.

    Raises `MergeError` when git cannot merge them at all.
    """
    merged = _merge_tree(ours, theirs, attributes)
    if isinstance(merged, Merged):
        return merged
    files = _load_files(repository, merged, attributes)
    if clashing := [run for file in files.values() if file.clashes for run in file.runs]:
        # A file holds lines that look like its own markers: once more, with longer ones. Those in
        # a base that was itself merged grow along, so nothing gets in the way again.
        with attributes.with_marker_size(max(MARKER_SIZE, *clashing) + 1) as longer:
            merged = _merge_tree(ours, theirs, longer)
            if isinstance(merged, Merged):
                return merged
            files = _load_files(repository, merged, longer)
    texts = {place: file.read() for place, file in files.items()}
    conflicts = (
        replace(conflict, text=texts[conflict.place]) if _has_text(conflict) else conflict
        for conflict in merged.conflicts
    )
    return replace(merged, conflicts=tuple(conflicts))


def merge_on(
    repository: Repository, base: Oid, ours: Oid, theirs: Oid, attributes: Attributes
) -> Merged | Conflicted:
    """The same on the tree of a base that git would not compute, as `git cherry-pick` merges.

    git 2.39 takes none: each side becomes a commit on the base that nothing will ever lead to.
    """

    def on_base(side: Oid) -> Oid:
        return repository.plain_commit(repository.tree(side), [base])

    return merge(repository, on_base(ours), on_base(theirs), attributes)


def merge_disjoint(repository: Repository, base: Oid, ours: Oid, theirs: Oid) -> Merged:
    """What `merge` comes to, without a process, where `base` is the base of two commits that touch
    nothing in common and remove nothing: no path, no folder where the other has a file."""
    tree = repository.edit_tree(repository.tree(ours), repository.changes(base, theirs))
    return Merged(tree)


def write_resolved(
    repository: Repository,
    conflicted: Conflicted,
    texts: Mapping[RepoPath, ConflictedText],
    ways: Mapping[RepoPath, Way] = MappingProxyType({}),
) -> Oid:
    """The tree with every conflict answered: by its resolved text, or the way that was chosen.

    Raises `MergeError` for a conflict that is still open.
    """
    changes: dict[RepoPath, Change] = {}
    for conflict in conflicted.conflicts:
        if conflict.text is None and conflict.path in ways:
            changes |= ways[conflict.path].changes
            continue
        text = texts.get(conflict.path) if conflict.text else None
        mode = conflict.stages.mode
        if text is None or text.hunks or mode is None:
            raise MergeError(f"{show(conflict.path)} is still in conflict ({conflict.kind})")
        changes[conflict.place] = mode, repository.write_blob(text.write())
    return repository.edit_tree(conflicted.tree, changes)


def conflicting_paths(
    repository: Repository, pairs: Sequence[Pair], attributes: Attributes
) -> dict[Pair, tuple[RepoPath, ...] | None]:
    """For each pair of commits the paths that git could not merge, or None where it could.

    One process merges them all, and what it writes does not stay in the repository. An empty
    tuple is a conflict about no file: where a directory went.
    """
    with TemporaryDirectory(prefix="gitswarm-forecast-") as scratch:
        env = scratch_objects(Path(scratch), repository.common_dir)
        asked = "".join(f"{ours} {theirs}\n" for ours, theirs in pairs).encode()
        output = attributes.git(*_FORECAST, "--stdin", input=asked, ok=range(256), env=env)
        if output.status == _USAGE:  # git 2.38 merges one pair at a time
            return {pair: _forecast(pair, attributes, env) for pair in pairs}
    records = iter(output.stdout.split(b"\0"))
    found: dict[Pair, tuple[RepoPath, ...] | None] = {}
    for pair in pairs:
        clean = next(records, b"")
        if not clean:
            raise _refusal(pair, output.stderr)
        next(records)
        paths = tuple(RepoPath(path) for path in iter(lambda: next(records), b""))
        found[pair] = None if clean == b"1" else paths
    return found


# Running git


_MERGE = ("-c", "merge.conflictStyle=diff3", "merge-tree", "--write-tree", "-z")
_FORECAST = ("-c", "core.fsync=none", *_MERGE, "--name-only", "--no-messages")
_USAGE = 129
"""git's exit code for an option it does not know."""


_Versions = Mapping[RepoPath, Mapping[int, Stage]]
"""Stages by path and by the index's numbers: 1 base, 2 ours, 3 theirs."""


def _merge_tree(ours: Oid, theirs: Oid, attributes: Attributes) -> Merged | Conflicted:
    """The conflicts are still without their texts."""
    output = attributes.git(*_MERGE, ours, theirs, ok=range(256))
    fields = iter(output.stdout.split(b"\0"))
    tree = Oid(next(fields).decode().strip())
    if output.status > 1 or not tree:
        raise _refusal((ours, theirs), output.stderr)
    if output.status == 0:
        return Merged(tree)
    versions: dict[RepoPath, dict[int, Stage]] = {}
    for line in iter(lambda: next(fields), b""):
        facts, _, name = line.partition(b"\t")
        mode, oid, number = facts.decode().split(" ")
        path = RepoPath(name)
        versions.setdefault(path, {})[int(number)] = Stage(mode, Oid(oid), path)
    messages = [message for message in _messages(fields) if message.type.startswith("CONFLICT")]
    if unexplained := versions.keys() - {path for message in messages for path in message.paths}:
        raise MergeError(f"git does not say what is in conflict in {show(min(unexplained))}")
    warnings = output.stderr.decode("utf-8", "replace").strip()
    return Conflicted(tree, _conflicts(versions, messages), warnings)


def _messages(fields: Iterator[bytes]) -> Iterator[Message]:
    """Records of a count, that many paths, a type and a sentence. What follows them is advice."""
    while (count := next(fields, b"")).isdigit():
        paths = tuple(RepoPath(next(fields)) for _ in range(int(count)))
        kind, text = next(fields), next(fields)
        yield Message(kind.decode(), paths, text.decode("utf-8", "replace").strip())


def _forecast(
    pair: Pair, attributes: Attributes, env: Mapping[str, str]
) -> tuple[RepoPath, ...] | None:
    output = attributes.git(*_FORECAST, *pair, ok=range(256), env=env)
    tree, *paths = output.stdout.split(b"\0")[:-1] or [b""]
    if output.status > 1 or not tree:
        raise _refusal(pair, output.stderr)
    return tuple(map(RepoPath, paths)) if output.status else None


def _refusal(pair: Pair, said: bytes) -> MergeError:
    ours, theirs = pair
    why = said.decode("utf-8", "replace").strip() or "it said nothing"
    return MergeError(f"git cannot merge {ours[:12]} and {theirs[:12]}: {why}")


# From messages and stages to conflicts


_KINDS: Mapping[str, Kind] = {
    "CONFLICT (binary)": "binary",
    "CONFLICT (directory rename suggested)": "location",
    "CONFLICT (distinct modes)": "mode",
    "CONFLICT (file in way of directory rename)": "location",
    "CONFLICT (file/directory)": "file/directory",
    "CONFLICT (modify/delete)": "modify/delete",
    "CONFLICT (rename involved in collision)": "rename/add",
    "CONFLICT (rename/delete)": "rename/delete",
    "CONFLICT (rename/rename)": "rename/rename",
    "CONFLICT(directory rename collision)": "location",
    "CONFLICT(directory rename unclear split)": "location",
}
"""The message types (git's `merge-ort.c`) that say which kind it is; else the stages do."""

_COVERS: Sequence[tuple[Kind, Kind]] = (
    ("binary", "content"),
    ("binary", "add/add"),
    ("rename/add", "add/add"),
    ("rename/rename", "add/add"),
    ("rename/delete", "modify/delete"),
    ("file/directory", "modify/delete"),
)
"""Of two things that git says about one path, the first holds the second."""


def _conflicts(versions: _Versions, messages: Sequence[Message]) -> tuple[Conflict, ...]:
    aside = _moved_aside(messages)
    collisions = Counter(m.paths[0] for m in messages if _KINDS.get(m.type) == "rename/add")
    found: dict[RepoPath, dict[Kind, Conflict]] = defaultdict(dict)
    for message in messages:
        stages = _stages(versions, message)
        kind = _KINDS.get(message.type) or _kind_of_stages(stages)
        if collisions[message.paths[0]] > 1 and kind == "rename/add":
            kind = "rename/rename"
        path = aside.get(message.paths[0], message.paths[0])
        known = found[path].get(kind)
        said = (*known.messages, message) if known else (message,)
        found[path][kind] = Conflict(path, kind, stages, None, said)
        if kind == "add/add" and stages.mode is None:
            found[path]["mode"] = Conflict(path, "mode", stages, None, (message,))
    for kinds in found.values():
        for whole, part in _COVERS:
            if whole in kinds and part in kinds:
                said = (*kinds[whole].messages, *kinds.pop(part).messages)
                kinds[whole] = replace(kinds[whole], messages=said)
    return tuple(conflict for path in sorted(found) for conflict in found[path].values())


def _moved_aside(messages: Iterable[Message]) -> dict[RepoPath, RepoPath]:
    """Files that had to give way to `NAME~COMMIT`, and the names they have for people."""
    names: dict[RepoPath, RepoPath] = {}
    for message in messages:
        if message.type == "CONFLICT (file/directory)":
            names[message.paths[0]] = message.paths[1]
        elif message.type == "CONFLICT (distinct modes)":
            names.update((aside, message.paths[0]) for aside in message.paths[1:])
    return names


def _stages(versions: _Versions, message: Message) -> Stages:
    """The versions that a message is about, which may be at different paths."""

    def stage(number: int, paths: Sequence[RepoPath]) -> Stage | None:
        found = (versions.get(path, {}).get(number) for path in paths)
        return next(filter(None, found), None)

    if message.type == "CONFLICT (rename/rename)":
        old, ours, theirs = message.paths
        return Stages(stage(1, [old]), stage(2, [ours]), stage(3, [theirs]))
    return Stages(*(stage(number, message.paths) for number in (1, 2, 3)))


def _kind_of_stages(stages: Stages) -> Kind:
    modes = {stage.mode for stage in stages.by_side().values()}
    if SUBMODULE_MODE in modes:
        return "submodule"
    if SYMLINK_MODE in modes:
        return "symlink"
    if stages.base:
        return "content"
    same = stages.ours and stages.theirs and stages.ours.oid == stages.theirs.oid
    return "mode" if same else "add/add"


# Files with hunks


@dataclass(frozen=True, slots=True)
class _File:
    """A file with markers, and the sides it was made of."""

    merged: bytes
    marker_size: int
    sides: Mapping[Side, bytes]

    @property
    def runs(self) -> set[int]:
        return set().union(*map(marker_runs, self.sides.values()))

    @property
    def clashes(self) -> bool:
        """Whether a line of a side could be taken for a marker."""
        return self.marker_size in self.runs

    def read(self) -> ConflictedText | None:
        """None where the hunks cannot be told from text, or a merge driver left none."""
        if self.clashes:
            return None
        unterminated = {side for side, data in self.sides.items() if not data.endswith(b"\n")}
        try:
            text = ConflictedText.parse(
                self.merged, self.marker_size, unterminated=frozenset(unterminated)
            )
        except UnclearMarkersError:
            return None
        return text if text.hunks else None


def _has_text(conflict: Conflict) -> bool:
    return conflict.kind in ("content", "add/add")


def _load_files(
    repository: Repository, merged: Conflicted, attributes: Attributes
) -> dict[RepoPath, _File]:
    """The files whose conflict is one of lines, by their place in the tree."""
    conflicts = {c.place: c for c in merged.conflicts if _has_text(c)}
    if not conflicts:
        return {}
    asked = b"".join(merged.tree.encode() + b":" + place + b"\0" for place in conflicts)
    named = repository.git("cat-file", "--batch-check=%(objectname)", "-z", input=asked)
    written = [Oid(line.decode()) for line in named.stdout.splitlines()]
    versions = {place: conflict.stages.by_side() for place, conflict in conflicts.items()}
    staged = [stage.oid for sides in versions.values() for stage in sides.values()]
    blobs = repository.blobs([*written, *staged])
    sizes = attributes.marker_sizes(conflicts)
    return {
        place: _File(
            merged=blobs[oid],
            marker_size=sizes[place],
            sides={side: blobs[stage.oid] for side, stage in versions[place].items()},
        )
        for place, oid in zip(conflicts, written, strict=True)
    }
