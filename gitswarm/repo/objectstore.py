"""Objects written without a process each."""

from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from pathlib import Path

import git
from gitdb import IStream

from gitswarm.errors import GitError
from gitswarm.repo.objects import Oid, TreeEntry
from gitswarm.repo.trees import format_tree

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
