"""DiffHunk: lines of a unified diff, and where its context places them in a file.

The line number of a hunk only tells apart places that fit equally well: models count badly.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from gitswarm.swarm.elision import edited_elisions
from gitswarm.swarm.line_search import find_lines, shown_places
from gitswarm.swarm.nearest import nearest
from gitswarm.swarm.refused import MOST_PROBLEMS, EditsRefused
from gitswarm.swarm.textfile import BLANKS, Line, TextFile

Sign = Literal[" ", "+", "-"]


@dataclass(frozen=True, slots=True)
class DiffHunk:
    start: int | None
    """The line of the file where it begins by its header, from 1; None where that names none."""
    lines: tuple[tuple[Sign, str], ...]
    closes: bool | None
    """What `\\ No newline at end of file` says of the new file's last line: False that it has no
    end, True that it gets one; None where nothing is said."""
    line: int
    """Where its header stands in the reply."""

    @property
    def source(self) -> list[str]:
        return [text for sign, text in self.lines if sign != "+"]

    def trimmed(self, most: int) -> tuple["DiffHunk", int]:
        """Without up to that many lines of context at either end, and how many went in front."""
        signs = [sign for sign, _ in self.lines]
        front = min(most, _leading_context(signs))
        back = min(most, _leading_context(signs[::-1]))
        return replace(self, lines=self.lines[front : len(self.lines) - back]), front


def _leading_context(signs: Sequence[Sign]) -> int:
    return next((index for index, sign in enumerate(signs) if sign != " "), len(signs))


_FUZZ = 2
"""How many lines of context at either end of a hunk may differ, as in patch(1)."""


def apply_hunks(
    hunks: Sequence[DiffHunk], file: TextFile, path: str
) -> tuple[TextFile, tuple[str, ...]]:
    """The file with all hunks applied, each to the file as it was, and remarks on those that did
    not fit to the letter or were not where they said. Raises EditsRefused with a problem for every
    hunk that fits nowhere or in several places, and where two change the same line."""
    problems: list[str] = []
    remarks: list[str] = []
    placed: list[_Placed] = []
    texts = file.texts
    for hunk in hunks:
        try:
            place = _place(hunk, texts)
        except _UnfitError as unfit:
            problems.append(f"Line {hunk.line}: in {path} {unfit}")
            if len(problems) == MOST_PROBLEMS:
                break
            continue
        placed.append(place)
        if place.remark:
            line = place.start + 1 - place.skipped
            remarks.append(f"{path}: a hunk applied at line {line}{place.remark}.")
    if not problems:
        try:
            changed = _applied(placed, file)
        except _UnfitError as unfit:
            problems.append(f"In {path} {unfit}")
        else:
            problems += _elided(placed, file, changed, path)
            if not problems:
                return changed, tuple(remarks)
    raise EditsRefused(*problems)


class _UnfitError(Exception):
    """Why hunks cannot be applied; its words go on from "in PATH"."""


@dataclass(frozen=True, slots=True)
class _Placed:
    hunk: DiffHunk
    start: int
    """The index of the file's line where it begins."""
    skipped: int = 0
    """How many lines of context at its front were ignored."""
    remark: str = ""


def _elided(
    placed: Sequence[_Placed], file: TextFile, changed: TextFile, path: str
) -> Iterator[str]:
    for place in placed:
        hunk = place.hunk
        removed = [text for sign, text in hunk.lines if sign == "-"]
        added = [text for sign, text in hunk.lines if sign == "+"]
        for elision in edited_elisions(removed, added, before=file.texts, after=changed.texts):
            yield (
                f'Line {hunk.line}: in {path} this hunk adds "{elision.text}", which stands for'
                " text that is left out; add all lines that belong there, and remove only those"
                " that go."
            )


def _place(hunk: DiffHunk, texts: list[str]) -> _Placed:
    if not hunk.source:
        if not texts:
            return _Placed(hunk, 0)
        raise _UnfitError("this hunk only adds lines; give some lines around them as context.")
    for fuzz, loosely in ((0, False), (0, True), *((most + 1, True) for most in range(_FUZZ))):
        trimmed, front = hunk.trimmed(fuzz)
        starts = _matches(trimmed.source, texts, loosely=loosely)
        expected = None if hunk.start is None else hunk.start - 1 + front
        if not fuzz and expected in starts:
            starts = [expected]
        if len(starts) > 1:
            raise _UnfitError(f"this hunk fits {shown_places(starts)}; give more lines around it.")
        if starts:
            moved = "" if expected in (None, starts[0]) else f" instead of {hunk.start}"
            return _Placed(trimmed, starts[0], front, moved + _told(fuzz, loosely=loosely))
    raise _UnfitError(f"this hunk fits nowhere. {nearest(texts, hunk.source)}")


def _told(fuzz: int, *, loosely: bool) -> str:
    if fuzz:
        return f", up to {fuzz} lines of context at its ends ignored"
    return ", trailing blanks ignored" if loosely else ""


def _matches(source: list[str], texts: list[str], *, loosely: bool) -> list[int]:
    if loosely:
        source, texts = ([text.rstrip(BLANKS) for text in lines] for lines in (source, texts))
        if not any(source):
            return []
    return find_lines(texts, source)


def _applied(placed: Sequence[_Placed], file: TextFile) -> TextFile:
    """Line by line, so that hunks may share lines of context."""
    context: set[int] = set()
    removed: set[int] = set()
    added: dict[int, list[Line]] = defaultdict(list)
    closed = file.closed
    for place in placed:
        at = place.start
        gaps: set[int] = set()
        for sign, text in place.hunk.lines:
            if sign == "+":
                if at in added and at not in gaps:
                    raise _UnfitError(f"two hunks add lines before line {at + 1}; join them.")
                gaps.add(at)
                added[at].append(Line(text, ""))
                continue
            if at in removed or (sign == "-" and at in context):
                raise _UnfitError(f"two hunks meet at line {at + 1}; join them.")
            (removed if sign == "-" else context).add(at)
            at += 1
        if at == len(file.lines) and place.hunk.closes is not None:
            closed = place.hunk.closes
    lines: list[Line] = []
    for at, line in enumerate(file.lines):
        lines += added.get(at, ())
        if at not in removed:
            lines.append(line)
    lines += added.get(len(file.lines), ())
    return replace(file, lines=tuple(lines), closed=closed)
