"""TextFile: the text of a file as lines, and how its bytes keep their habits when lines change."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

BLANKS = " \t"
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"


class Line(NamedTuple):
    text: str
    end: str
    """`\\n`, `\\r\\n`, `\\r`, or nothing: then it takes the file's where it needs one."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """Lines, each with its own end, so that what an edit leaves alone keeps its bytes.

    A line ends at `\\n` or `\\r\\n`; at `\\r` only in a text without a single `\\n`. Nothing else
    ends one, whatever Unicode says.
    """

    lines: tuple[Line, ...]
    end: str
    """What most of its lines end with; a new line does too."""
    closed: bool
    """Whether the last line has an end. An empty file counts as closed."""
    bom: bool

    @classmethod
    def read(cls, text: str) -> "TextFile":
        bom = text.startswith(BOM)
        lines = tuple(_split(text.removeprefix(BOM)))
        ends = Counter(line.end for line in lines if line.end)
        end = ends.most_common(1)[0][0] if ends else "\n"
        return cls(lines, end, closed=not lines or lines[-1].end != "", bom=bom)

    def write(self) -> str:
        parts = [BOM if self.bom else ""]
        for line in self.lines:
            parts += (line.text, line.end or self.end)
        if self.lines and not self.closed:
            parts.pop()
        return "".join(parts)

    @property
    def texts(self) -> list[str]:
        """The lines without their ends."""
        return [line.text for line in self.lines]

    def with_lines(self, lines: Iterable[Line]) -> "TextFile":
        return replace(self, lines=tuple(lines))

    def rewritten(self, text: str) -> "TextFile":
        """Another text in this file's place: with its line ends (a line's own, where it was there),
        final newline and byte order mark. An empty file has no habits to keep."""
        new = TextFile.read(text)
        if not self.lines:
            return replace(new, bom=new.bom or self.bom)
        texts = new.texts
        while texts and not texts[-1] and not self.closed:
            texts.pop()
        ends: dict[str, deque[str]] = defaultdict(deque)
        for line in self.lines:
            ends[line.text].append(line.end)
        return self.with_lines(
            Line(text, ends[text].popleft() if ends[text] else self.end) for text in texts
        )


def line_texts(text: str) -> list[str]:
    """The lines of a text without their ends."""
    return [line.text for line in _split(text)]


def _split(text: str) -> list[Line]:
    separator = "\r" if "\r" in text and "\n" not in text else "\n"
    *ended, rest = text.split(separator)
    lines = [
        Line(part[:-1], "\r\n")
        if separator == "\n" and part.endswith("\r")
        else Line(part, separator)
        for part in ended
    ]
    return [*lines, Line(rest, "")] if rest else lines
