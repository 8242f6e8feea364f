"""Trees: a directory's bytes read and written as git does, and the difference of two of them."""

from collections.abc import Callable, Iterable, Iterator
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
    at = 0
    while at < len(data):
        space = data.index(b" ", at)
        end = data.index(b"\0", space)
        mode = data[at:space].decode().zfill(6)
        kind = {TREE_MODE: "tree", "160000": "commit"}.get(mode, "blob")
        at = end + 1 + digest_size
        oid = Oid(data[end + 1 : at].hex())
        yield TreeEntry(mode, kind, oid, RepoPath(data[space + 1 : end]))


ReadTree = Callable[[Oid], Iterable[TreeEntry]]
"""The entries of one directory, by the name of its tree object."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A file, symbolic link or submodule that differs between two trees."""

    status: str
    """`A`, `D`, `M` or `T`, see "Raw output format" in git-diff-tree(1)."""
    path: RepoPath
    old: TreeEntry | None
    new: TreeEntry | None
    """What each tree has there, named by the last part of its path alone."""


def differences(
    read: ReadTree, old: Oid | None, new: Oid | None, folder: bytes = b""
) -> Iterator[Difference]:
    """What `git diff-tree -r --no-renames` tells of two trees; None is the empty one.

    Directories that are the same are not read: the cost depends on what differs.
    """
    was, now = (
        {entry.path: entry for entry in (read(tree) if tree else ())} for tree in (old, new)
    )
    for name in sorted(was.keys() | now.keys()):
        one, other = was.get(name), now.get(name)
        if one and other and (one.mode, one.oid) == (other.mode, other.oid):
            continue
        path = folder + name
        old_tree, new_tree = (e.oid if e and e.kind == "tree" else None for e in (one, other))
        if old_tree or new_tree:
            yield from differences(read, old_tree, new_tree, path + b"/")
        one, other = (e if e and e.kind != "tree" else None for e in (one, other))
        if one and other:
            status = "M" if one.mode[:2] == other.mode[:2] else "T"
            yield Difference(status, RepoPath(path), one, other)
        elif one or other:
            yield Difference("D" if one else "A", RepoPath(path), one, other)
