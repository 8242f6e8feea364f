"""Place: a hunk where it stands, as rules read it; Ruling: what a rule makes of it."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from gitswarm.merge.conflicts import ConflictedText, Hunk
from gitswarm.repo.objects import RepoPath

Past = Callable[[Literal["ours", "theirs"]], Iterable[bytes]]
"""Earlier versions of the file on the commits that only this side has."""


@dataclass(frozen=True, slots=True)
class Place:
    """One open hunk, with plain newlines and every line ended."""

    path: RepoPath
    base: str
    """Empty where both sides added."""
    ours: str
    theirs: str
    before: str
    """The text between the hunk and its open neighbour, or the start of the file."""
    after: str
    hunk: Hunk
    """Itself, byte for byte."""
    text: ConflictedText
    """The whole file; what is settled is text in it."""
    hunks: int
    """How many are open in it."""
    past: Past

    @classmethod
    def all_in(cls, path: RepoPath, text: ConflictedText, past: Past) -> "tuple[Place, ...]":
        """The open hunks of a file, but for those that rules cannot read: without a known base,
        not UTF-8, or with carriage returns within lines."""
        hunks = [*text.surrounded()]
        places = []
        for hunk, before, after in hunks:
            if hunk.base is None:
                continue
            try:
                base, ours, theirs = map(_plain, (hunk.base, hunk.ours, hunk.theirs))
                above, below = _plain(before), _plain(after)
            except ValueError:
                continue
            places.append(cls(path, base, ours, theirs, above, below, hunk, text, len(hunks), past))
        return tuple(places)

    @property
    def suffix(self) -> str:
        """The last part of the file's name, in lower case; empty where it has one part only."""
        _, dot, suffix = self.path.rpartition(b"/")[2].rpartition(b".")
        return suffix.decode("ascii", "replace").lower() if dot else ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is to replace a hunk, in plain newlines."""

    text: str
    reason: str
    dropped: str = ""
    """The lines that a side added and that are not in `text`, each on a line of its own."""


def lines_of(text: str) -> list[str]:
    """Lines with their ends; only `\\n` ends one."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def without(lines: Iterable[str], kept: Iterable[str]) -> str:
    """What of the lines is not, or not as often, among those that are kept; as `dropped` has it."""
    count = Counter(line.strip() for line in lines)
    return "".join(f"{line}\n" for line in count - Counter(line.strip() for line in kept))


def _plain(data: bytes) -> str:
    text = data.decode().replace("\r\n", "\n")
    if "\r" in text or "\0" in text:
        raise ValueError("no text of lines")
    return text + "\n" if text and not text.endswith("\n") else text


def tokens_of(text: str) -> list[str]:
    """Words, runs of blanks, line ends and single signs; joined again they are the text."""
    return re.findall(r"\w+|[^\S\n]+|\n|[^\w\s]", text)
