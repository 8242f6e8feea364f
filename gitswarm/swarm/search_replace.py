"""SEARCH/REPLACE pairs: read from the body of an `edit` fence, applied to a file's lines."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from gitswarm.swarm.elision import edited_elisions
from gitswarm.swarm.line_search import find_lines, shown_places
from gitswarm.swarm.nearest import nearest
from gitswarm.swarm.refused import MOST_PROBLEMS, EditsRefused
from gitswarm.swarm.textfile import BLANKS, Line, TextFile, line_texts


@dataclass(frozen=True, slots=True)
class Pair:
    """Lines to find, and lines to put there."""

    search: tuple[str, ...]
    replace: tuple[str, ...]
    line: int
    """Where its SEARCH marker stands in the reply."""


_RUN = re.compile("<{7,}|={7,}|>{7,}")
_MARKER = re.compile(r"(<{7,}) SEARCH|(={7,})|(>{7,}) REPLACE")


def opens_pair(line: str) -> bool:
    """Whether the line is a SEARCH marker, of whatever length."""
    found = _MARKER.fullmatch(line.rstrip(BLANKS))
    return found is not None and found[1] is not None


def read_pairs(body: str, line: int) -> tuple[Pair, ...]:
    """The pairs of an `edit` fence whose body begins at this line of the reply.

    Raises EditsRefused unless the body is nothing but pairs, with markers of one length that is 7
    or more and longer than any such run at the start of a line of the text.
    """
    texts = line_texts(body)
    opening = next((text for text in texts if opens_pair(text)), None)
    if opening is None:
        raise EditsRefused(
            f'Line {line - 1}: the edit has no pair; write "<<<<<<< SEARCH", the lines as they'
            ' are, "=======", the lines as they should be, ">>>>>>> REPLACE", each marker on'
            " a line of its own."
        )
    length = len(opening) - len(opening.lstrip("<"))
    return tuple(_Pairs(texts, line, length))


class _Pairs:
    """A walk over the lines of a body."""

    def __init__(self, texts: Sequence[str], line: int, length: int) -> None:
        self._texts = texts
        self._line = line
        self._open = "<" * length + " SEARCH"
        self._divide = "=" * length
        self._close = ">" * length + " REPLACE"
        self._length = length
        self._at = 0

    def __iter__(self) -> Iterator[Pair]:
        while self._at < len(self._texts):
            text = self._texts[self._at]
            if text.rstrip(BLANKS) == self._open:
                yield self._pair()
            elif text.strip():
                raise self._refused(
                    self._at,
                    f'"{text[:80]}" stands outside of a pair; an edit holds nothing but pairs, each'
                    f' opened by "{self._open}", all markers of one length.',
                )
            else:
                self._at += 1

    def _pair(self) -> Pair:
        opened = self._at
        self._at += 1
        search = self._until(self._divide, opened)
        replace = self._until(self._close, opened)
        return Pair(search, replace, self._line + opened)

    def _until(self, marker: str, opened: int) -> tuple[str, ...]:
        start = self._at
        for index in range(start, len(self._texts)):
            text = self._texts[index]
            if text.rstrip(BLANKS) == marker:
                self._at = index + 1
                return tuple(self._texts[start:index])
            run = _RUN.match(text)
            if run is not None and len(run[0]) >= self._length:
                raise self._refused(
                    index,
                    f'"{text[:80]}" is not the "{marker}" that the pair of line'
                    f" {self._line + opened} needs next. If it belongs to the text, the markers"
                    f" are too short: make all of them {self._longer()} characters long.",
                )
        raise self._refused(opened, f'the pair that begins here has no line "{marker}".')

    def _longer(self) -> int:
        runs = (_RUN.match(text) for text in self._texts)
        return max(len(run[0]) for run in runs if run is not None) + 1

    def _refused(self, index: int, sentence: str) -> EditsRefused:
        return EditsRefused(f"Line {self._line + index}: {sentence}")


def apply_pairs(
    pairs: Iterable[Pair], file: TextFile, path: str
) -> tuple[TextFile, tuple[str, ...]]:
    """The file with each pair applied to what the one before it left, and remarks on those that
    did not match to the letter. Raises EditsRefused with a problem for every pair that matches
    nothing, or more than one place."""
    problems: list[str] = []
    remarks: list[str] = []
    for pair in pairs:
        try:
            place = _find(pair, file.texts)
            changed = file.with_lines(_spliced(pair, place, file))
            _require_whole(pair, file, changed)
            file = changed
        except _UnfitError as unfit:
            problems.append(f"Line {pair.line}: in {path} {unfit}")
            if len(problems) == MOST_PROBLEMS:
                break
            continue
        if place.remark:
            remarks.append(f"{path}: a SEARCH matched at line {place.start + 1} {place.remark}")
    if problems:
        raise EditsRefused(*problems)
    return file, tuple(remarks)


class _UnfitError(Exception):
    """Why a pair cannot be applied; its words go on from "in PATH"."""


@dataclass(frozen=True, slots=True)
class _Shift:
    """How the file's lines are indented against those of SEARCH, all by the same blanks."""

    blanks: str = ""
    deeper: bool = True

    @classmethod
    def between(cls, search: Sequence[str], found: Sequence[str]) -> "_Shift | None":
        """None unless the lines are the same but for it, and for trailing blanks."""
        shift: _Shift | None = None
        for wanted, line in zip(search, found, strict=True):
            wanted, line = wanted.rstrip(BLANKS), line.rstrip(BLANKS)
            if bool(wanted) != bool(line):
                return None
            if not wanted:
                continue
            if shift is None:
                deeper = len(line) >= len(wanted)
                blanks = (line if deeper else wanted)[: abs(len(line) - len(wanted))]
                shift = cls(blanks, deeper)
            if shift.blanks.strip(BLANKS) or shift.move(wanted) != line:
                return None
        return shift or cls()

    def move(self, line: str) -> str | None:
        """The line indented as the file's are; None where it has too little to take away."""
        if not line.strip(BLANKS):
            return line
        if self.deeper:
            return self.blanks + line
        return line.removeprefix(self.blanks) if line.startswith(self.blanks) else None


@dataclass(frozen=True, slots=True)
class _Place:
    start: int
    shift: _Shift = _Shift()
    remark: str = ""


def _find(pair: Pair, texts: list[str]) -> _Place:
    search = list(pair.search)
    if not search:
        if not texts:
            return _Place(0)
        raise _UnfitError(
            "SEARCH is empty, which matches everywhere; put the lines there next to which the new"
            " ones belong."
        )
    count = len(search)
    exact = find_lines(texts, search)
    if exact:
        return _Place(_only(exact))
    bare = find_lines([text.strip(BLANKS) for text in texts], [s.strip(BLANKS) for s in search])
    shifts = {
        at: shift
        for at in bare
        if (shift := _Shift.between(search, texts[at : at + count])) is not None
    }
    if not shifts:
        raise _UnfitError(f"SEARCH matches nothing. {nearest(texts, search)}")
    start = _only(list(shifts))
    shift = shifts[start]
    if not shift.blanks:
        return _Place(start, shift, "but for trailing blanks.")
    more = "more" if shift.deeper else "less"
    return _Place(start, shift, f"but for its indentation, {len(shift.blanks)} {more} in the file.")


def _require_whole(pair: Pair, file: TextFile, changed: TextFile) -> None:
    elisions = edited_elisions(pair.search, pair.replace, before=file.texts, after=changed.texts)
    if elisions:
        raise _UnfitError(
            f'REPLACE has "{elisions[0].text}", which stands for text that is left out; write all'
            " lines that belong there, or leave those that stay out of both SEARCH and REPLACE."
        )


def _only(starts: Sequence[int]) -> int:
    if len(starts) > 1:
        raise _UnfitError(
            f"SEARCH matches {shown_places(starts)}; add lines before or after until it matches"
            " one."
        )
    return starts[0]


def _spliced(pair: Pair, place: _Place, file: TextFile) -> list[Line]:
    """The file's lines with REPLACE for SEARCH; lines that are in both stay the file's own."""
    found = file.lines[place.start : place.start + len(pair.search)]
    new: list[Line] = []
    matcher = SequenceMatcher(None, pair.search, pair.replace)
    for tag, a_start, a_stop, b_start, b_stop in matcher.get_opcodes():
        if tag == "equal":
            new += found[a_start:a_stop]
            continue
        for text in pair.replace[b_start:b_stop]:
            moved = place.shift.move(text)
            if moved is None:
                raise _UnfitError(
                    f"SEARCH matches at line {place.start + 1} only with"
                    f" {len(place.shift.blanks)} blanks less of indentation, and REPLACE has a line"
                    f' with less than that to take away: "{text[:80]}"; indent both as the file.'
                )
            new.append(Line(moved, ""))
    stop = place.start + len(pair.search)
    return [*file.lines[: place.start], *new, *file.lines[stop:]]
