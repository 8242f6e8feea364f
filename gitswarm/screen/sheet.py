"""Sheet: what a page is written on; it lays out lines, paragraphs and tables for its width.

Everything that reaches it is cleaned, and nothing is read as markup.
"""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import zip_longest
from typing import Literal, NoReturn, TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console as RichConsole
from rich.text import Text

from gitswarm.screen.text import clean

Piece = str | tuple[str, str]
"""Words, or words and their style."""

Row = Sequence[Text]

GAP = 2
"""Blanks between two columns."""

_NARROWEST = 20
_FACT_NAME = 8
_LEAST_YIELDED = 16
_LEAST_CUT = 4


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The few signs that are drawn beside words, never instead of them."""

    well: str
    attention: str
    failed: str
    idle: str
    ellipsis: str
    spinner: str
    """One frame each character."""


UNICODE = Glyphs("✓", "!", "✗", "-", "…", "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
ASCII = Glyphs("+", "!", "x", "-", "...", "|/-\\")


@dataclass(frozen=True, slots=True)
class Column:
    title: str = ""
    right: bool = False
    yields: Literal["", "wrap", "cut"] = ""
    """How it gives way where room is short: its text goes on below, or is cut."""
    least: int = 0
    """Its width in cells at least, so that rows written one at a time are in line."""
    spare: int = 0
    """Left out where there is no room, the highest first; 0 stays."""


def styled(*pieces: Piece) -> Text:
    """The pieces as one text, cleaned."""
    text = Text()
    for piece in pieces:
        words, style = (piece, "") if isinstance(piece, str) else piece
        text.append(clean(words), style)
    return text


class _Stream(RichConsole):
    def on_broken_pipe(self) -> NoReturn:
        """Let whoever runs the command decide what it means that nobody reads on."""
        raise


class Sheet:
    def __init__(self, stream: TextIO) -> None:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        self.rich = _Stream(file=stream, markup=False, highlight=False, emoji=False, soft_wrap=True)
        self.glyphs = UNICODE if _draws_unicode(stream) else ASCII

    @property
    def width(self) -> int:
        return max(self.rich.width, _NARROWEST)

    def line(self, *pieces: Piece) -> None:
        """One line, however long: to be copied from, or read by programs."""
        self.rich.print(styled(*pieces))

    def print(self, lines: Iterable[Text]) -> None:
        """Lines as they are, made by `styled` or `aligned`."""
        for line in lines:
            self.rich.print(line)

    def ask(self, *pieces: Piece) -> None:
        """A question: what is typed goes on in the same line."""
        self.rich.print(styled(*pieces), end="")

    def blank(self) -> None:
        self.rich.print()

    def paragraph(self, *pieces: Piece, indent: int = 0, hang: int = 0) -> None:
        """Wrapped and indented, all lines but the first by `hang` more. A word that is longer than
        a line, such as a path, stays whole, to be copied."""
        text, room = styled(*pieces), self.width - indent
        lines = _between_words(text, room)
        if hang and len(lines) > 1:
            rest = text[len(lines[0]) :]
            rest = rest[len(rest) - len(rest.plain.lstrip()) :]
            lines[1:] = [Text(" " * hang) + line for line in _between_words(rest, room - hang)]
        self.print(Text(" " * indent) + line if line else line for line in lines)

    def fact(self, name: str, *pieces: Piece) -> None:
        """Something of a short name: all facts of a page begin in the same column."""
        self.paragraph((f"{name:{_FACT_NAME}}", "bold"), *pieces, hang=_FACT_NAME)

    def table(self, columns: Sequence[Column], rows: Sequence[Row], *, indent: int = 0) -> None:
        """Rows under their titles. A column whose cells are all empty is left out."""
        used = [i for i in range(len(columns)) if any(row[i].plain for row in rows)]
        columns = [columns[i] for i in used]
        titles = [Text(column.title, "dim") for column in columns]
        heading = [titles] if any(title.plain for title in titles) else []
        rows = [*heading, *([row[i] for i in used] for row in rows)]
        self.print(self.aligned(columns, rows, indent=indent))

    def fits(self, columns: Sequence[Column], rows: Sequence[Row], *, indent: int = 0) -> bool:
        """Whether the table can be read at this width: nothing but what yields is narrowed."""
        tight = _tight(columns, _natural(columns, rows))
        return _total(tight) <= self.width - indent

    def aligned(
        self, columns: Sequence[Column], rows: Sequence[Row], *, indent: int = 0
    ) -> list[Text]:
        """The lines of a table, none wider than the sheet, no blanks at their ends."""
        widths = _fit(columns, _natural(columns, rows), self.width - indent)
        lines: list[Text] = []
        for row in rows:
            cells = [self._cell(columns[i], row[i], width) for i, width in widths.items()]
            for parts in zip_longest(*cells, fillvalue=Text()):
                line = Text(" " * indent)
                for (i, width), part in zip(widths.items(), parts, strict=True):
                    blanks = " " * (width - cell_len(part.plain))
                    line.append_text(Text(blanks) + part if columns[i].right else part + blanks)
                    line.append(" " * GAP)
                line.rstrip()
                lines.append(line)
        return lines

    def cut(self, text: Text) -> Text:
        """The text in one line of the sheet."""
        return self._cut(text, self.width)

    def _cell(self, column: Column, text: Text, width: int) -> list[Text]:
        if column.yields == "wrap":
            return self._wrap(text, width)
        return [self._cut(line, width) for line in text.split("\n", allow_blank=True)]

    def _wrap(self, text: Text, width: int) -> list[Text]:
        lines = list(text.wrap(self.rich, max(width, 1), overflow="fold", no_wrap=False))
        for line in lines:
            line.rstrip()
        return lines or [Text()]

    def _cut(self, text: Text, width: int) -> Text:
        if cell_len(text.plain) <= width:
            return text
        ellipsis = self.glyphs.ellipsis[:width]
        kept = set_cell_size(text.plain, width - len(ellipsis)).rstrip()
        return text[: len(kept)] + ellipsis


def _between_words(text: Text, width: int) -> list[Text]:
    """The lines of a paragraph, wider only where one word is."""
    lines: list[Text] = []
    for line in text.split("\n", allow_blank=True):
        begins = [0]
        for word in re.finditer(r"\S+", line.plain):
            so_far = line.plain[begins[-1] : word.start()]
            if so_far.strip() and cell_len(so_far + word.group()) > width:
                begins.append(word.start())
        lines += line.divide(begins[1:])
    for line in lines:
        line.rstrip()
    return lines


def _natural(columns: Sequence[Column], rows: Sequence[Row]) -> dict[int, int]:
    """The width that each column would have if there were no end of room."""
    return {
        i: max(
            [column.least, *(cell_len(line) for row in rows for line in row[i].plain.split("\n"))]
        )
        for i, column in enumerate(columns)
    }


def _tight(columns: Sequence[Column], natural: dict[int, int]) -> dict[int, int]:
    """The widths when what yields has yielded."""
    return {
        i: min(width, max(_LEAST_YIELDED, columns[i].least)) if columns[i].yields else width
        for i, width in natural.items()
    }


def _fit(columns: Sequence[Column], natural: dict[int, int], room: int) -> dict[int, int]:
    """The width of each column that stays: spare ones go first, then those that yield are narrowed,
    then all."""
    widths, tight = dict(natural), _tight(columns, natural)
    for i in sorted(natural, key=lambda i: -columns[i].spare):
        if columns[i].spare and _total(tight) > room:
            del widths[i], tight[i]
    _narrow(widths, [i for i in widths if columns[i].yields], _LEAST_YIELDED, room)
    _narrow(widths, list(widths), _LEAST_CUT, room)
    return widths


def _narrow(widths: dict[int, int], candidates: Sequence[int], least: int, room: int) -> None:
    """Take from the widest candidate until everything fits or none is wider than `least`."""
    while candidates and _total(widths) > room:
        widest = max(candidates, key=lambda i: widths[i])
        if widths[widest] <= least:
            return
        widths[widest] -= 1


def _total(widths: dict[int, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)


def _draws_unicode(stream: TextIO) -> bool:
    """Whether the signs can be written, and the locale does not ask for plain ASCII. Python speaks
    UTF-8 in the C locale too, the user's terminal perhaps not."""
    if (os.environ.get("LC_ALL") or os.environ.get("LANG")) in ("C", "POSIX"):
        return False
    signs = "".join((UNICODE.well, UNICODE.failed, UNICODE.ellipsis, UNICODE.spinner))
    try:
        signs.encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
