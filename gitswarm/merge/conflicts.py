"""Conflicts as values: what git could not merge, and a conflicted file split into hunks.

`ConflictedText` is the grammar of conflict markers (see "How conflicts are presented" in
git-merge(1)) for markers of one known length. Runs of any other length are text: a base that was
itself merged carries longer ones, and documents are full of shorter ones.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from gitswarm.repo.objects import SUBMODULE_MODE, Oid, RepoPath

Kind = Literal[
    "content",
    "add/add",
    "modify/delete",
    "rename/delete",
    "rename/rename",
    "rename/add",
    "file/directory",
    "location",
    "mode",
    "symlink",
    "submodule",
    "binary",
]

Side = Literal["base", "ours", "theirs"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One version of a conflicted file, as the index would hold it."""

    mode: str
    oid: Oid
    path: RepoPath
    """Where git put it: not the conflict's path where it was renamed or had to give way."""

    @property
    def is_blob(self) -> bool:
        """A file or a symbolic link, and not the commit of a submodule."""
        return self.mode != SUBMODULE_MODE


@dataclass(frozen=True, slots=True)
class Stages:
    """The versions that met; None where that side has none."""

    base: Stage | None = None
    ours: Stage | None = None
    theirs: Stage | None = None

    @property
    def mode(self) -> str | None:
        """The mode that three sides come to; None where they disagree, or the file is gone."""
        base, ours, theirs = (
            stage.mode if stage else None for stage in (self.base, self.ours, self.theirs)
        )
        if ours == theirs or theirs == base:
            return ours
        return theirs if ours == base else None

    def by_side(self) -> dict[Side, Stage]:
        sides: dict[Side, Stage | None] = {
            "base": self.base,
            "ours": self.ours,
            "theirs": self.theirs,
        }
        return {side: stage for side, stage in sides.items() if stage}


@dataclass(frozen=True, slots=True)
class Message:
    """What git said about some paths; `type` is stable over versions, `text` is for people."""

    type: str
    paths: tuple[RepoPath, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """A place where both sides changed the same lines. Each side's bytes are exactly its file's;
    only at the end of a file may the last line lack its line end."""

    number: int
    """Counted from 1 in the file, and the same however many others are resolved."""
    base: bytes | None
    """None where the markers do not show it."""
    ours: bytes
    theirs: bytes


@dataclass(frozen=True, slots=True)
class _Framed:
    """A hunk and the four marker lines around its sides; the second is empty without a base."""

    hunk: Hunk
    opening: bytes
    base: bytes
    middle: bytes
    closing: bytes

    def write(self) -> Iterator[bytes]:
        yield self.opening
        yield self._whole(self.hunk.ours)
        yield self.base
        yield self._whole(self.hunk.base or b"") if self.base else b""
        yield self.middle
        yield self._whole(self.hunk.theirs)
        yield self.closing

    def _whole(self, side: bytes) -> bytes:
        """A marker needs a line of its own, so git ends a last line that has no end."""
        return side + line_end(self.opening) if side and not side.endswith(b"\n") else side


class UnclearMarkersError(ValueError):
    """Marker lines that do not form hunks: which text is whose cannot be known."""


@dataclass(frozen=True, slots=True)
class ConflictedText:
    """A file with conflict markers of one length: text and hunks in order."""

    parts: tuple[bytes | _Framed, ...]
    marker_size: int

    @classmethod
    def parse(
        cls, data: bytes, marker_size: int, *, unterminated: frozenset[Side] = frozenset()
    ) -> "ConflictedText":
        """Split `data` at its marker lines; takes time in proportion to its length.

        `unterminated` names the sides whose file has no final line end: git adds one in a hunk at
        the end of the file, and here it is taken off again.
        Raises `UnclearMarkersError` when markers are missing or out of order.
        """
        parts: list[bytes | _Framed] = []
        markers = _marker_lines(data, marker_size)
        at, number = 0, 0
        for char, start, end in markers:
            if char != b"<":
                continue  # outside of hunks the other three are text
            number += 1
            framed, after = _read_hunk(data, number, (start, end), markers)
            if after == len(data):
                framed = _unterminate(framed, unterminated)
            if at < start:
                parts.append(data[at:start])
            parts.append(framed)
            at = after
        if at < len(data):
            parts.append(data[at:])
        return cls(tuple(parts), marker_size)

    def write(self) -> bytes:
        """The file's bytes: exactly what was parsed, for what was not spliced."""
        pieces: list[bytes] = []
        for part in self.parts:
            pieces.extend([part] if isinstance(part, bytes) else part.write())
        return b"".join(pieces)

    @property
    def hunks(self) -> tuple[Hunk, ...]:
        """The hunks that are still open."""
        return tuple(part.hunk for part in self.parts if isinstance(part, _Framed))

    def hunk(self, number: int) -> Hunk:
        """The open hunk of this number; `KeyError` when there is none."""
        for hunk in self.hunks:
            if hunk.number == number:
                return hunk
        raise KeyError(number)

    @property
    def line_end(self) -> bytes:
        """The line end that git chose for its markers: that of the file, where it has one."""
        openings = (part.opening for part in self.parts if isinstance(part, _Framed))
        return line_end(next(openings, b"\n"))

    def splice(self, replacements: Mapping[int, bytes]) -> "ConflictedText":
        """This text with some hunks replaced, by number, and every other byte as it was.

        A replacement is whole lines; raises `ValueError` when it would run into the next one, and
        `KeyError` for a number that is not open.
        """
        if unknown := replacements.keys() - {hunk.number for hunk in self.hunks}:
            raise KeyError(*sorted(unknown))
        parts: list[bytes | _Framed] = []
        text: list[bytes] = []
        for part in self.parts:
            if isinstance(part, bytes):
                text.append(part)
            elif part.hunk.number not in replacements:
                parts.extend(filter(None, (b"".join(text), part)))
                text = []
            else:
                number, new = part.hunk.number, replacements[part.hunk.number]
                if new and not new.endswith(b"\n") and not self.ends_with(number):
                    raise ValueError(f"the text for hunk {number} has no end of its last line")
                text.append(new)
        parts.extend(filter(None, [b"".join(text)]))
        return ConflictedText(tuple(parts), self.marker_size)

    def marked(self, number: int) -> bytes:
        """An open hunk as it stands in the file, with its markers."""
        for part in self.parts:
            if isinstance(part, _Framed) and part.hunk.number == number:
                return b"".join(part.write())
        raise KeyError(number)

    def without_hunks(self, numbers: Iterable[int]) -> "ConflictedText":
        """The same bytes, of which some hunks are text; the others keep their numbers."""
        gone = {*numbers}
        parts: list[bytes | _Framed] = []
        text: list[bytes] = []
        for part in self.parts:
            if isinstance(part, bytes):
                text.append(part)
            elif part.hunk.number in gone:
                text.extend(part.write())
            else:
                parts.extend(filter(None, (b"".join(text), part)))
                text = []
        parts.extend(filter(None, [b"".join(text)]))
        return ConflictedText(tuple(parts), self.marker_size)

    def with_bases(self, bases: Mapping[int, bytes]) -> "ConflictedText":
        """The same with what is known of the bases of hunks whose markers do not show them; it is
        written as before."""
        return ConflictedText(
            tuple(
                replace(part, hunk=replace(part.hunk, base=bases[part.hunk.number]))
                if isinstance(part, _Framed) and not part.base and part.hunk.number in bases
                else part
                for part in self.parts
            ),
            self.marker_size,
        )

    def take(self, side: Literal["ours", "theirs"]) -> bytes:
        """The file with one side at every open hunk: to look at, never a resolution."""
        return self.splice({hunk.number: getattr(hunk, side) for hunk in self.hunks}).write()

    def resized(self, size: int) -> "ConflictedText":
        """The same with markers of another length."""

        def marker(line: bytes) -> bytes:
            return line[:1] * size + line[self.marker_size :] if line else line

        parts = (
            part
            if isinstance(part, bytes)
            else replace(
                part,
                opening=marker(part.opening),
                base=marker(part.base),
                middle=marker(part.middle),
                closing=marker(part.closing),
            )
            for part in self.parts
        )
        return ConflictedText(tuple(parts), size)

    def read_back(self, resolved: bytes) -> dict[int, bytes]:
        """What stands in place of each open hunk in a file that this text became. Empty where that
        cannot be told: the text between the hunks was changed, or stands there more than once."""
        first, last = self.parts[0], self.parts[-1]
        at = len(first) if isinstance(first, bytes) else 0
        end = len(resolved) - (len(last) if isinstance(last, bytes) else 0)
        if at > end or b"".join(p for p in (first, last) if isinstance(p, bytes)) != (
            resolved[:at] + resolved[end:]
        ):
            return {}
        found: dict[int, bytes] = {}
        hunks = [part.hunk.number for part in self.parts if isinstance(part, _Framed)]
        between = [part for part in self.parts[1:-1] if isinstance(part, bytes)]
        if len(between) != len(hunks) - 1:
            return {}
        for number, text in zip(hunks, between, strict=False):
            place = resolved.find(text, at, end)
            if place < 0 or resolved.find(text, place + 1, end) >= 0:
                return {}
            found[number] = resolved[at:place]
            at = place + len(text)
        found[hunks[-1]] = resolved[at:end]
        whole = (not text or text.endswith(b"\n") or self.ends_with(n) for n, text in found.items())
        return found if all(whole) else {}

    def around(self, number: int) -> tuple[bytes, bytes]:
        """The text between a hunk and its open neighbours, or the ends of the file."""
        for hunk, before, after in self.surrounded():
            if hunk.number == number:
                return before, after
        raise KeyError(number)

    def surrounded(self) -> Iterator[tuple[Hunk, bytes, bytes]]:
        """Every open hunk with the text around it, as `around` has it."""

        def text_at(index: int) -> bytes:
            part = self.parts[index] if 0 <= index < len(self.parts) else b""
            return part if isinstance(part, bytes) else b""

        for index, part in enumerate(self.parts):
            if isinstance(part, _Framed):
                yield part.hunk, text_at(index - 1), text_at(index + 1)

    def ends_with(self, number: int) -> bool:
        """Whether nothing follows this hunk."""
        last = self.parts[-1] if self.parts else b""
        return isinstance(last, _Framed) and last.hunk.number == number


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing about a path that git could not decide. A path may be in several."""

    path: RepoPath
    """As people know it; `stages` say where git put what."""
    kind: Kind
    stages: Stages
    text: ConflictedText | None
    """The hunks to resolve; without them only a person, or a choice among whole versions, can."""
    messages: tuple[Message, ...] = ()

    @property
    def paths(self) -> frozenset[RepoPath]:
        """Every path that one of its versions has, and its own."""
        return frozenset((self.path, *(stage.path for stage in self.stages.by_side().values())))

    @property
    def place(self) -> RepoPath:
        """Where the conflicted tree has it: `path`, or `path~COMMIT` where it had to give way."""
        ours = self.stages.ours or self.stages.theirs
        return ours.path if ours else self.path


def line_end(line: bytes) -> bytes:
    """How a line ends: CRLF, LF, or not at all."""
    if line.endswith(b"\r\n"):
        return b"\r\n"
    return b"\n" if line.endswith(b"\n") else b""


def marker_runs(data: bytes) -> set[int]:
    """The lengths of the runs of one marker character that start a line."""
    return {len(run[1]) for run in _RUN.finditer(b"\n" + data)}


_RUN = re.compile(rb"\n(<+|\|+|=+|>+)")

_MarkerLine = tuple[bytes, int, int]
"""The marker's character, where its line starts, and where the next line does."""


def _marker_lines(data: bytes, size: int) -> Iterator[_MarkerLine]:
    """The lines that are a run of exactly `size`, alone or with a label after a blank."""
    run = rb"(([<|=>])\2{%d})(?!\2)" % (size - 1)
    # A line end in front of every line, and first in the pattern, lets the search skip ahead.
    found = re.finditer(rb"\n" + run + rb"(?: [^\n]*)?\r?(?=\n|\Z)", b"\n" + data)
    return ((match[2], match.start(), min(match.end(), len(data))) for match in found)


def _read_hunk(
    data: bytes, number: int, opening: tuple[int, int], markers: Iterator[_MarkerLine]
) -> tuple[_Framed, int]:
    """The hunk that starts at a `<` line, and where the text goes on."""
    lines = {b"<": opening}
    for char, start, end in markers:
        if char in lines or char == b"<" or (char == b"|" and b"=" in lines):
            break
        if char == b">" and b"=" not in lines:
            break
        lines[char] = start, end
        if char == b">":
            middle, base = lines[b"="], lines.get(b"|")
            hunk = Hunk(
                number,
                base=data[base[1] : middle[0]] if base else None,
                ours=data[opening[1] : (base or middle)[0]],
                theirs=data[middle[1] : start],
            )
            framed = _Framed(
                hunk,
                opening=data[slice(*opening)],
                base=data[slice(*base)] if base else b"",
                middle=data[slice(*middle)],
                closing=data[start:end],
            )
            return framed, end
    raise UnclearMarkersError(f"the markers of hunk {number} are not in order")


def _unterminate(framed: _Framed, sides: frozenset[Side]) -> _Framed:
    added = line_end(framed.opening)

    def exact(side: Side, text: bytes) -> bytes:
        return text.removesuffix(added) if side in sides else text

    hunk = framed.hunk
    base = None if hunk.base is None else exact("base", hunk.base)
    ours, theirs = exact("ours", hunk.ours), exact("theirs", hunk.theirs)
    return replace(framed, hunk=Hunk(hunk.number, base, ours, theirs))
