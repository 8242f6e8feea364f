"""Objects written without a process each, and the trees and commits spelled as git spells them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path

import git
from gitdb import IStream

from gitswarm.errors import GitError
from gitswarm.repo.objects import Oid, RepoPath, TreeEntry

Hash = Callable[[str, bytes], Oid]
"""Stores one object of a kind (`blob`, `tree`, `commit`) and returns its name."""


class ObjectStore:
    """The repository's loose objects, through GitPython's object database.

    That database knows SHA-1 only; `hash_object` (a `git hash-object -w`) stores for a repository
    with `extensions.objectFormat=sha256`.
    """

    def __init__(self, objects: Path, *, sha256: bool, hash_object: Hash) -> None:
        self._database = None if sha256 else git.GitDB(str(objects))
        self._hash_object = hash_object

    def write(self, kind: str, data: bytes) -> Oid:
        """Store one object. Raises `GitError`, on a full disk for one."""
        if self._database is None:
            return self._hash_object(kind, data)
        try:
            stored = self._database.store(IStream(kind.encode(), len(data), BytesIO(data)))
        except OSError as error:
            raise GitError(f"no object can be written: {error.strerror}") from error
        return Oid(stored.hexsha.decode())

    def write_tree(self, entries: Iterable[TreeEntry]) -> Oid:
        """Store one directory; each entry's path is a single name."""
        return self.write("tree", format_tree(entries))

    def write_commit(
        self, tree: Oid, parents: Sequence[Oid], message: str, *, author: str, committer: str
    ) -> Oid:
        """Store an unsigned commit. `author` and `committer` are as `git var GIT_AUTHOR_IDENT`."""
        lines = [
            f"tree {tree}",
            *(f"parent {parent}" for parent in parents),
            f"author {author}",
            f"committer {committer}",
            "",
            message,
        ]
        return self.write("commit", "\n".join(lines).encode("utf-8", "surrogateescape"))


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
        kind = {"040000": "tree", "160000": "commit"}.get(mode, "blob")
        at = end + 1 + digest_size
        oid = Oid(data[end + 1 : at].hex())
        yield TreeEntry(mode, kind, oid, RepoPath(data[space + 1 : end]))
