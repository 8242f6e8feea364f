"""A type for each kind of name that git knows, and the values read from its objects."""

import hashlib
import re
from dataclasses import dataclass
from typing import NewType

Oid = NewType("Oid", str)
"""The full hexadecimal name of an object: 40 digits, or 64 in a SHA-256 repository."""

RefName = NewType("RefName", str)
"""A full ref name, such as `refs/swarm/jwt-auth-7f3a`."""

BranchName = NewType("BranchName", str)
"""A branch without `refs/heads/`, such as `swarm/jwt-auth-7f3a/builder`."""

RepoPath = NewType("RepoPath", bytes)
"""A path in a tree as git stores it: bytes, parts joined by `/`, no leading slash."""

RunId = NewType("RunId", str)
"""A slug of the goal and four hex digits, such as `jwt-auth-7f3a`."""

TaskId = NewType("TaskId", str)
"""The name of a task within its plan; matches `[a-z0-9][a-z0-9-]{0,39}` and is not `merged`."""

RUN_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,39})-[0-9a-f]{4}")
OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
TASK_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

TREE_MODE = "040000"
FILE_MODE = "100644"
EXECUTABLE_MODE = "100755"
SYMLINK_MODE = "120000"
SUBMODULE_MODE = "160000"


def empty_tree(like: Oid) -> Oid:
    """The tree without entries, which git knows in every repository, by the kind of name that it
    has where `like` is a name."""
    return Oid(hashlib.new("sha1" if len(like) == 40 else "sha256", b"tree 0\0").hexdigest())


def show(path: RepoPath) -> str:
    """The path as text for people and JSON; bytes that are not UTF-8 appear as `\\xNN`."""
    return path.decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One line of `git ls-tree`."""

    mode: str
    """Six octal digits, as git writes them."""
    kind: str
    """`blob`, `tree` or `commit` (a submodule)."""
    oid: Oid
    path: RepoPath


@dataclass(frozen=True, slots=True)
class FileEdit:
    """What one commit made of a regular file; None where there is none."""

    subject: str
    before: Oid | None
    after: Oid | None


@dataclass(frozen=True, slots=True)
class Commit:
    oid: Oid
    tree: Oid
    parents: tuple[Oid, ...]
    message: str

    @property
    def subject(self) -> str:
        return self.message.partition("\n")[0]
