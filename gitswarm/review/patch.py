"""A patch as git prints it, read into hunks with the numbers of their lines.

Bytes in, text out: what is not UTF-8 keeps its bytes as surrogate escapes. The lengths in a hunk's
header decide where it ends, so that no line of a file is ever taken for one of the patch.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gitswarm.repo.objects import Oid, RepoPath

PIECE_LINES = 400
"""A longer hunk, such as a whole new file, is cut into pieces of so many lines."""

PATCH_OPTIONS = (
    *("-r", "-p", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--find-renames", "--irreversible-delete"),
)
"""For git-diff-tree(1): the same patch whatever the user has configured, and no contents of files
that went."""

_HEADER = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_COMMIT = re.compile(rb"[0-9a-f]{40,64}")
_SIDES = {b" ": (1, 1), b"-": (1, 0), b"+": (0, 1)}


@dataclass(frozen=True, slots=True)
class Hunk:
    """Neighbouring lines of a file's change."""

    first: int
    """The number of its first line in the new version, from 1."""
    lines: tuple[str, ...]
    """Each after its mark: a blank, `-` or `+`."""

    @property
    def last(self) -> int:
        """The number of its last line in the new version; of the line before it, where the new
        version has nothing of it."""
        return self.first + sum(line[0] != "-" for line in self.lines) - 1

    @property
    def changed(self) -> int:
        """How many lines are added or removed."""
        return sum(line[0] != " " for line in self.lines)

    @property
    def numbered(self) -> Iterator[tuple[int | None, str]]:
        """Each line with its number in the new version; None for those that went."""
        number = self.first
        for line in self.lines:
            if line[0] == "-":
                yield None, line
            else:
                yield number, line
                number += 1

    @property
    def added(self) -> Iterator[tuple[int, str]]:
        """Numbers and texts of the added lines."""
        for number, line in self.numbered:
            if number is not None and line[0] == "+":
                yield number, line[1:]

    def pieces(self) -> Iterator["Hunk"]:
        first = self.first
        for start in range(0, len(self.lines), PIECE_LINES):
            piece = Hunk(first, self.lines[start : start + PIECE_LINES])
            yield piece
            first = piece.last + 1


def read_patch(patch: bytes) -> Iterator[tuple[RepoPath, Hunk]]:
    """Every hunk of a patch with the path of its new version, in order. What has no hunks (a pure
    rename, a mode, a binary file, a file that went) does not appear."""
    return ((path, hunk) for _, path, hunk in read_log(patch))


def read_log(patches: bytes) -> Iterator[tuple[Oid, RepoPath, Hunk]]:
    """Every hunk of several patches, as `git diff-tree --stdin` prints them after the name of their
    commit; of a patch alone, that name is empty."""
    lines = patches.split(b"\n")
    commit, path = Oid(""), RepoPath(b"")
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith(b"+++ "):
            path = _path(line[4:])
        elif _COMMIT.fullmatch(line):
            commit = Oid(line.decode())
        elif header := _HEADER.match(line):
            old, new = (1 if count is None else int(count) for count in header.group(1, 3))
            begin = at
            while old > 0 or new > 0:
                from_old, from_new = _SIDES.get(lines[at][:1], (0, 0))
                old, new, at = old - from_old, new - from_new, at + 1
            marked = (line for line in lines[begin:at] if line[:1] in _SIDES)
            texts = tuple(line.decode("utf-8", "surrogateescape") for line in marked)
            first = int(header[2]) + (header[3] == b"0")
            yield commit, path, Hunk(first, texts)


def _path(name: bytes) -> RepoPath:
    """Without its prefix, and without the quotes that git puts around unusual names."""
    name = name.removesuffix(b"\t")
    if name.startswith(b'"'):
        name = ast.literal_eval("b" + name.decode("ascii"))
    return RepoPath(name.removeprefix(b"b/"))
