"""SparsePatterns: which of its commit's files a sparse worktree has.

They are those of some folders, without what is below. Then git keeps each other folder as one entry
of the index, and the cost of a worktree does not grow with the repository: see the section
"Internals - cone pattern set" in git-sparse-checkout(1), and its sparse index.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from gitswarm.repo.objects import RepoPath

HEED_PATTERNS = (
    *("-c", "core.sparseCheckout=true"),
    *("-c", "core.sparseCheckoutCone=true"),
    *("-c", "index.sparse=true"),
    *("-c", "index.version=4"),
)
"""Makes a git command heed them. A path by itself makes git warn, and keep every path in the
index."""

EXPAND_INDEX = ("-c", "index.sparse=false")

_TOP = ("/*", "!/*/")
_EVERYTHING = "/*\n"


@dataclass(frozen=True, slots=True)
class SparsePatterns:
    """The lines of `info/sparse-checkout` in a worktree's own git directory."""

    file: Path

    @property
    def exist(self) -> bool:
        return self.file.exists()

    def begin(self) -> None:
        """The files of the top folder."""
        self.file.parent.mkdir(exist_ok=True)
        self._write(_TOP)

    def end(self) -> None:
        self.file.unlink()

    def open_everything(self) -> None:
        self.file.write_text(_EVERYTHING)

    def take_folders(self, folders: Iterable[bytes]) -> bool:
        """Whether those are folders that can be opened: no path by itself was before."""
        by_folder = all(line.endswith(("/", "/*")) for line in self._lines())
        return by_folder and not any(b"\n" in folder for folder in folders)

    def closed(self, folders: Iterable[bytes]) -> set[bytes]:
        """The uppermost of those folders that are not open."""
        there = self._lines()
        closed = {folder for folder in folders if _of_folder(folder)[0] not in there}
        return {one for one in closed if not closed & {*folders_above(RepoPath(one))}}

    def open_folders(self, folders: Iterable[bytes]) -> None:
        """Git takes a folder only after the one it is in, and only once."""
        there = self._lines()
        patterns = chain.from_iterable(map(_of_folder, sorted(folders)))
        self._write(pattern for pattern in patterns if pattern not in there)

    def open_paths(self, paths: Iterable[RepoPath]) -> None:
        self._write(map(_of_path, sorted(paths)))

    def _lines(self) -> set[str]:
        return set(self.file.read_text("utf-8", "surrogateescape").split("\n")) - {""}

    def _write(self, patterns: Iterable[str]) -> None:
        with self.file.open("a", encoding="utf-8", errors="surrogateescape") as file:
            file.writelines(f"{pattern}\n" for pattern in patterns)


def folders_above(path: RepoPath) -> Iterator[bytes]:
    names = path.split(b"/")
    return (b"/".join(names[:depth]) for depth in range(1, len(names)))


def _of_folder(folder: bytes) -> tuple[str, str]:
    """The patterns of a folder's files: all that is in it, but for what is below."""
    escaped = re.sub(rb"[\\*?\[]", rb"\\\g<0>", folder).decode("utf-8", "surrogateescape")
    return f"/{escaped}/", f"!/{escaped}/*/"


def _of_path(path: RepoPath) -> str:
    """The pattern that matches a path, and hardly another: none can hold a newline, or end
    in a carriage return."""
    escaped = re.sub(rb"[\\*?\[ ]", rb"\\\g<0>", path).replace(b"\n", b"?").replace(b"\r", b"?")
    return "/" + escaped.decode("utf-8", "surrogateescape")
