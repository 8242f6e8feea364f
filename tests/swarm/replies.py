"""Replies written by hand, and the files they are applied to."""

from collections.abc import Iterable, Mapping

import pytest

from gitswarm.model.reply import read_reply
from gitswarm.plan.roles import Writes
from gitswarm.repo.objects import (
    FILE_MODE,
    SUBMODULE_MODE,
    TREE_MODE,
    Oid,
    RepoPath,
    TreeEntry,
)
from gitswarm.swarm.edits import Change, Edits, EditsRefused, apply_edits, read_edits


def fence(info: str, body: str = "", marker: str = "````") -> str:
    return f"{marker}{info}\n{body}{marker}\n"


class FilesInMemory:
    """A tree that is a dictionary. It knows its folders, as a commit does."""

    def __init__(
        self,
        files: Mapping[str, str | bytes],
        *,
        modes: Mapping[str, str] | None = None,
        filtered: Iterable[str] = (),
    ) -> None:
        self._data = {
            RepoPath(path.encode()): data.encode() if isinstance(data, str) else data
            for path, data in files.items()
        }
        self._modes = {path.encode(): mode for path, mode in (modes or {}).items()}
        self._filtered = {path.encode() for path in filtered}

    def entry(self, path: RepoPath) -> TreeEntry | None:
        oid = Oid("0" * 40)
        if path in self._data:
            mode = self._modes.get(path, FILE_MODE)
            kind = "commit" if mode == SUBMODULE_MODE else "blob"
            return TreeEntry(mode, kind, oid, path)
        if any(known.startswith(path + b"/") for known in self._data):
            return TreeEntry(TREE_MODE, "tree", oid, path)
        return None

    def read(self, entry: TreeEntry) -> bytes:
        return self._data[entry.path]

    def is_filtered(self, path: RepoPath) -> bool:
        return path in self._filtered


Tree = Mapping[str, str | bytes] | FilesInMemory
NO_FILES = FilesInMemory({})


def edits_of(text: str, *, writing: bool = True) -> Edits:
    return read_edits(read_reply(text), writing=writing)


def changes(text: str, files: Tree = NO_FILES) -> tuple[Change, ...]:
    """What a reply of a builder makes of the files."""
    tree = files if isinstance(files, FilesInMemory) else FilesInMemory(files)
    return apply_edits(edits_of(text), tree, writes=Writes.CODE)


def written(text: str, files: Tree = NO_FILES) -> dict[str, str]:
    """The new text of every file that a reply writes."""
    return {change.path.decode(): change.data.decode() for change in changes(text, files)}


def problems(text: str, files: Tree = NO_FILES) -> tuple[str, ...]:
    """What the model is told of a reply that must not be applied."""
    with pytest.raises(EditsRefused) as refused:
        changes(text, files)
    return refused.value.problems


def only_problem(text: str, files: Tree = NO_FILES) -> str:
    (problem,) = problems(text, files)
    return problem
