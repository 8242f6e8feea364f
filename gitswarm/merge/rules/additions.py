"""additions: both sides added something of their own at the same place."""

import re

from gitswarm.merge.rules.imports import is_import
from gitswarm.merge.rules.place import Place, Ruling, lines_of

_PROGRAMS = {
    *("c", "cc", "cpp", "cs", "go", "h", "hpp", "java", "js", "jsx", "kt", "mjs", "php"),
    *("py", "pyi", "rb", "rs", "scala", "sh", "swift", "ts", "tsx"),
}
"""Suffixes of program text."""


def additions(place: Place) -> Ruling | None:
    """Ours, then theirs, where the base has nothing there and both added items of a list, or whole
    definitions and statements of a program. Which comes first is a guess.

    Declines where they have a line in common, or name the same thing.
    """
    if place.base.strip() or not place.ours.strip() or not place.theirs.strip():
        return None
    ours, theirs = _Block(place.ours), _Block(place.theirs)
    if ours.depth != theirs.depth or not ours.is_whole or not theirs.is_whole:
        return None
    if ours.subjects & theirs.subjects:
        return None
    if not ours.told & theirs.told and ours.is_items and theirs.is_items:
        return Ruling(_joined(ours, theirs), "each side added items of its own to a list")
    if place.suffix not in _PROGRAMS or _have_in_common(ours, theirs):
        return None
    if any(map(is_import, (*ours.lines, *theirs.lines))):
        return None
    return Ruling(_joined(ours, theirs), "each side added code of its own")


class _Block:
    """What one side added: its lines without the blank ones above and below."""

    def __init__(self, text: str) -> None:
        lines = lines_of(text)
        self.above = next(number for number, line in enumerate(lines) if line.strip())
        self.below = next(number for number, line in enumerate(reversed(lines)) if line.strip())
        self.lines = lines[self.above : len(lines) - self.below]
        self.told = {line.strip() for line in self.lines if line.strip()}

    @property
    def depth(self) -> int:
        return min(_depth(line) for line in self.lines if line.strip())

    @property
    def is_whole(self) -> bool:
        """Whether it starts at its outermost level and closes every bracket that it opens."""
        if _depth(self.lines[0]) != self.depth:
            return False
        opened: list[str] = []
        for sign in re.findall(r"[()\[\]{}]", _UNCOUNTED.sub("", "".join(self.lines))):
            if sign in "([{":
                opened.append(sign)
            elif not opened or f"{opened.pop()}{sign}" not in ("()", "[]", "{}"):
                return False
        return not opened

    @property
    def is_items(self) -> bool:
        return all(line.endswith(",") for line in self.told)

    @property
    def subjects(self) -> set[str]:
        """What its outermost lines define, assign or call."""
        outermost = (line for line in self.lines if line.strip() and _depth(line) == self.depth)
        found = (_SUBJECT.match(line) for line in outermost)
        return {match[1].strip() for match in found if match} - _SAID_OFTEN


_UNCOUNTED = re.compile(r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|//.*|\#.*""")
"""Strings and comments, whose brackets do not count."""

_SUBJECT = re.compile(r"\s*([^=:(]*\w[^=:(]*?)\s*(?::=|=(?!=)|:|\()")
_SAID_OFTEN = {"describe", "it", "test"}
"""Calls that stand in a row without being about the same thing."""


def _have_in_common(ours: _Block, theirs: _Block) -> bool:
    """A line that says something; `}`, `else` and the like are in any program."""
    return any(re.search(r"\w\w", line) for line in ours.told & theirs.told)


def _joined(ours: _Block, theirs: _Block) -> str:
    """One after the other, as far apart as either stands from what is around it."""
    above, below = max(ours.above, theirs.above), max(ours.below, theirs.below)
    between = max(above, below)
    return "".join(
        ("\n" * above, *ours.lines, "\n" * between, *theirs.lines, "\n" * below),
    )


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
