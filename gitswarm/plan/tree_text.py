"""The tree of tracked files as text that fits into so many bytes: folders are open where there is
room, folded elsewhere. The same files give the same text."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate

from gitswarm.plan.path_text import spell
from gitswarm.repo.objects import SUBMODULE_MODE, SYMLINK_MODE, Oid, RepoPath, TreeEntry

ALIKE = 12
"""So many files of one suffix are named in an open folder, when there is no room for all."""
KINDS = 3
"""So many suffixes are named of a folded folder."""
SIZE_BYTES = 8
"""Room set aside for the size of a file."""

MORE_BYTES = 50
"""Room set aside for the line that tells of the others."""

SizesOf = Callable[[Sequence[TreeEntry]], Mapping[Oid, int]]


@dataclass(eq=False)
class _Folder:
    path: bytes
    files: list[TreeEntry] = field(default_factory=list)
    folders: "list[_Folder]" = field(default_factory=list)
    suffixes: Counter[str] = field(default_factory=Counter)
    """Of all files in it and below."""

    def unwrapped(self) -> "_Folder":
        """The first folder below that holds more than one other folder."""
        folder = self
        while not folder.files and len(folder.folders) == 1:
            folder = folder.folders[0]
        return folder

    def named(self, alike: int | None) -> tuple[list[TreeEntry], Counter[str]]:
        """The files to be named, at most `alike` of a suffix, and how many others there are."""
        if alike is None:
            return self.files, Counter()
        seen: Counter[str] = Counter()
        named = []
        for entry in self.files:
            suffix = _suffix(entry.path)
            seen[suffix] += 1
            if seen[suffix] <= alike:
                named.append(entry)
        return named, Counter({suffix: n - alike for suffix, n in seen.items() if n > alike})


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which folders are open, and how many files of a suffix they name."""

    opened: frozenset[_Folder]
    alike: int | None
    complete: bool

    @classmethod
    def fit(cls, root: _Folder, most_bytes: int, alike: int | None) -> "_Layout":
        """Open the root, then as many folders as fit: the upper before the deeper, the small before
        the large."""
        layout = cls(frozenset(), alike, complete=False)
        opened, complete = {root}, True
        room = most_bytes - layout.cost(root, 0)
        waiting = [(1, layout.cost(f, 1), f.path, f) for f in _children(root)]
        heapq.heapify(waiting)
        while waiting:
            depth, cost, _, folder = heapq.heappop(waiting)
            if cost > room:
                complete = False
                continue
            room -= cost
            opened.add(folder)
            for child in _children(folder):
                below = (depth + 1, layout.cost(child, depth + 1), child.path, child)
                heapq.heappush(waiting, below)
        return cls(frozenset(opened), alike, complete and room >= 0)

    def cost(self, folder: _Folder, depth: int) -> int:
        """Bytes that it takes to show what is in a folder, its own folders folded."""
        lines = [*self.file_lines(folder, {}), *(_folded(f, folder) for f in _children(folder))]
        return sum(2 * depth + len(line.encode()) + SIZE_BYTES for line in lines)

    def file_lines(self, folder: _Folder, sizes: Mapping[Oid, int]) -> Iterator[str]:
        return (line for line, _ in self.counted_files(folder, sizes))

    def counted_files(self, folder: _Folder, sizes: Mapping[Oid, int]) -> Iterator[tuple[str, int]]:
        """Lines, each with how many files it stands for."""
        named, others = folder.named(self.alike)
        for entry in named:
            yield _name(entry.path, folder) + _remark(entry, sizes), 1
        for suffix, count in sorted(others.items()):
            yield f"... and {count:,} more {suffix}", count


def draw_tree(entries: Sequence[TreeEntry], *, most_bytes: int, sizes_of: SizesOf) -> str:
    """One line for each file or folded folder, at most so many bytes of them. Where the names in
    the root alone are more, some of them stand for all, with the number of the others.

    `sizes_of` is asked once, for the files that are named.
    """
    root = _build(entries)
    layout = _Layout.fit(root, most_bytes, alike=None)
    if not layout.complete:
        layout = _Layout.fit(root, most_bytes, alike=ALIKE)
    sizes = sizes_of(
        [
            entry
            for folder in layout.opened
            for entry in folder.named(layout.alike)[0]
            if entry.kind == "blob" and entry.mode != SYMLINK_MODE
        ]
    )
    text = "\n".join(_lines(root, layout, sizes))
    if len(text.encode()) <= most_bytes:
        return text
    return "\n".join(_top_lines(root, layout, sizes, most_bytes))


def _top_lines(
    root: _Folder, layout: _Layout, sizes: Mapping[Oid, int], most_bytes: int
) -> list[str]:
    """Of the root alone: files and folders share the room, and what one of them leaves the other
    has."""
    files = [*layout.counted_files(root, sizes)]
    folders = [(_folded(one, root), one.suffixes.total()) for one in _children(root)]
    needed = sum(len(line.encode()) + 1 for line, _ in folders)
    shown = _fitting(files, max(most_bytes // 2, most_bytes - needed), "files")
    room = most_bytes - sum(len(line.encode()) + 1 for line in shown)
    return [*shown, *_fitting(folders, room, "files in other folders")]


def _fitting(counted: Sequence[tuple[str, int]], most_bytes: int, what: str) -> list[str]:
    """The first lines that fit, and how many files the others stand for."""
    sizes = accumulate(len(line.encode()) + 1 for line, _ in counted)
    count = sum(size <= most_bytes - MORE_BYTES for size in sizes)
    more = sum(files for _, files in counted[count:])
    return [line for line, _ in counted[:count]] + ([f"... and {more:,} more {what}"] * bool(more))


def _lines(root: _Folder, layout: _Layout, sizes: Mapping[Oid, int]) -> Iterator[str]:
    yield from layout.file_lines(root, sizes)
    waiting = [(child, root, 0) for child in reversed(_children(root))]
    while waiting:
        folder, parent, depth = waiting.pop()
        indent = "  " * depth
        if folder not in layout.opened:
            yield indent + _folded(folder, parent)
            continue
        yield indent + _name(RepoPath(folder.path), parent) + "/"
        yield from (f"{indent}  {line}" for line in layout.file_lines(folder, sizes))
        waiting += [(child, folder, depth + 1) for child in reversed(_children(folder))]


def _build(entries: Sequence[TreeEntry]) -> _Folder:
    root = _Folder(b"")
    folders = {b"": root}

    def folder_of(path: bytes) -> _Folder:
        missing = []
        while path not in folders:
            missing.append(path)
            path = path.rpartition(b"/")[0]
        folder = folders[path]
        for below in reversed(missing):
            folders[below] = _Folder(below)
            folder.folders.append(folders[below])
            folder = folders[below]
        return folder

    for entry in entries:
        folder = folder_of(entry.path.rpartition(b"/")[0])
        folder.files.append(entry)
        folder.suffixes[_suffix(entry.path)] += 1
    for path in sorted(folders, key=lambda path: path.count(b"/"), reverse=True):
        if path:
            folders[path.rpartition(b"/")[0]].suffixes.update(folders[path].suffixes)
    return root


def _children(folder: _Folder) -> list[_Folder]:
    return [child.unwrapped() for child in folder.folders]


def _name(path: RepoPath, folder: _Folder) -> str:
    """A path as it reads inside a folder."""
    return spell(RepoPath(path[len(folder.path) :].lstrip(b"/")))


def _folded(folder: _Folder, parent: _Folder) -> str:
    kinds = sorted(folder.suffixes.items(), key=lambda kind: (-kind[1], kind[0]))
    listed = ", ".join(f"{count:,} {suffix}" for suffix, count in kinds[:KINDS])
    rest = ", ..." if len(kinds) > KINDS else ""
    return f"{_name(RepoPath(folder.path), parent)}/  (folded: {listed}{rest})"


def _suffix(path: RepoPath) -> str:
    name = path.rpartition(b"/")[2]
    stem, dot, suffix = name.rpartition(b".")
    return _spelled_suffix(suffix) if dot and stem and suffix else "without suffix"


@lru_cache(maxsize=1_000)
def _spelled_suffix(suffix: bytes) -> str:
    return f".{spell(RepoPath(suffix))}"


def _remark(entry: TreeEntry, sizes: Mapping[Oid, int]) -> str:
    if entry.mode == SYMLINK_MODE:
        return "  (symbolic link)"
    if entry.mode == SUBMODULE_MODE:
        return "  (submodule)"
    return f"  {_size(sizes[entry.oid])}" if entry.oid in sizes else ""


def _size(size: int) -> str:
    for unit, factor in (("M", 1_000_000), ("k", 1_000)):
        if size >= factor:
            number = size / factor
            return f"{number:.1f}{unit}" if number < 10 else f"{number:.0f}{unit}"
    return str(size)
