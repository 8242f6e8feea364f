"""Trees: a directory's bytes read and written as git does, and the difference of two of them."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from gitswarm.repo.objects import TREE_MODE, Oid, RepoPath, TreeEntry


def format_tree(entries: Iterable[TreeEntry]) -> bytes:
    """A tree object's bytes: git sorts a directory as if its name ended in `/`."""

    def key(entry: TreeEntry) -> bytes:
        return entry.path + b"/" if entry.kind == "tree" else entry.path

    return b"".join(
        entry.mode.lstrip("0").encode() + b" " + entry.path + b"\0" + bytes.fromhex(entry.oid)
        for entry in sorted(entries, key=key)
    )


def parse_tree(data: bytes, *, digest_size: int) -> Iterator[TreeEntry]:
    """The entries of a tree object's bytes; a digest has 20 bytes, or 32 with SHA-256."""
    for raw in _raw_entries(data, digest_size):
        yield _entry(raw)


_RawEntry = tuple[bytes, bytes, bytes]
"""Mode, name and digest as the tree object has them."""


def _raw_entries(data: bytes, digest_size: int) -> list[_RawEntry]:
    return _ENTRIES[digest_size].findall(data)


_ENTRIES = {size: re.compile(rb"([0-7]+) ([^\0]+)\0(.{%d})" % size, re.DOTALL) for size in (20, 32)}


def _entry(raw: _RawEntry) -> TreeEntry:
    mode = raw[0].decode().zfill(6)
    kind = {TREE_MODE: "tree", "160000": "commit"}.get(mode, "blob")
    return TreeEntry(mode, kind, Oid(raw[2].hex()), RepoPath(raw[1]))


ReadTrees = Callable[[Sequence[Oid]], Sequence[bytes]]
"""The bytes of some tree objects."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A file, symbolic link or submodule that differs between two trees."""

    status: str
    """`A`, `D`, `M` or `T`, see "Raw output format" in git-diff-tree(1)."""
    path: RepoPath
    old: TreeEntry | None
    new: TreeEntry | None
    """What each tree has there, named by the last part of its path alone."""


def differences(read: ReadTrees, old: Oid | None, new: Oid | None) -> Iterator[Difference]:
    """What `git diff-tree -r --no-renames` tells of two trees, a level at a time; None is the empty
    one.

    Directories that are the same are not read: the cost depends on what differs.
    """
    pairs = [(b"", old, new)]
    while pairs:
        asked = list(dict.fromkeys(oid for _, *oids in pairs for oid in oids if oid))
        trees = dict(zip(asked, read(asked), strict=True))
        below: list[tuple[bytes, Oid | None, Oid | None]] = []
        for folder, *oids in pairs:
            was, now = (
                frozenset(_raw_entries(trees[oid], len(oid) // 2)) if oid else frozenset()
                for oid in oids
            )
            before = {raw[1]: _entry(raw) for raw in was - now}
            after = {raw[1]: _entry(raw) for raw in now - was}
            for name in before.keys() | after.keys():
                one, other = before.get(name), after.get(name)
                path = folder + name
                if any(entry and entry.kind == "tree" for entry in (one, other)):
                    below.append((path + b"/", _tree(one), _tree(other)))
                yield from _difference(RepoPath(path), _file(one), _file(other))
        pairs = below


def _difference(
    path: RepoPath, one: TreeEntry | None, other: TreeEntry | None
) -> Iterator[Difference]:
    if one and other:
        same_type = one.mode[:2] == other.mode[:2]
        yield Difference("M" if same_type else "T", path, one, other)
    elif one or other:
        yield Difference("D" if one else "A", path, one, other)


def _tree(entry: TreeEntry | None) -> Oid | None:
    return entry.oid if entry and entry.kind == "tree" else None


def _file(entry: TreeEntry | None) -> TreeEntry | None:
    return entry if entry and entry.kind != "tree" else None
