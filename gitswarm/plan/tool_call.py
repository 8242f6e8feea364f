"""Call: what the tools of models have in common: arguments, an answer, the way to its rest."""

import json
from abc import abstractmethod
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from gitswarm.plan.pathspecs import pathspec
from gitswarm.plan.tracked import TrackedFiles

LINES = 1_000
CHARACTERS = 40_000
"""What one answer shows of files or diffs, whichever comes first."""
LINE_CHARACTERS = 2_000
FILE_BYTES = 8_000_000
"""A larger file is not opened."""
CHECKED_BYTES = 20_000_000
"""Of so many bytes of files, in one answer, it is looked whether they hold a secret."""


class UnanswerableError(Exception):
    """A call that cannot be answered; the message tells the model why."""


class Call(BaseModel):
    """The arguments of a tool, and what it answers."""

    model_config = ConfigDict(extra="forbid")

    name: ClassVar[str]
    does: ClassVar[str]

    @abstractmethod
    def answer(self, files: TrackedFiles) -> str:
        """What the model is told. Raises `UnanswerableError`."""

    def next(self, **changed: Any) -> str:
        """The call that shows the rest, as a model is told of it."""
        arguments = self.model_dump(exclude_defaults=True) | changed
        return f"for the rest: {self.name} {json.dumps(arguments, ensure_ascii=False)}"


def glob_of(text: str | None, argument: str) -> str | None:
    """The pathspec that an argument gives. Raises `UnanswerableError` for one that is none."""
    if text is None:
        return None
    try:
        return pathspec(text)
    except ValueError as error:
        raise UnanswerableError(f"{argument} {error}.") from None


def no_file(glob: str) -> str:
    anywhere = "" if "/" in glob else f"; `**/{glob}` looks in all folders"
    return f"No file matches the glob {glob}{anywhere}."


def numbered(lines: list[str], first: int | None) -> list[str]:
    """The lines that one answer has room for, each cut, behind its number unless `first` is
    None."""
    shown = []
    room = CHARACTERS
    for offset, line in enumerate(lines[:LINES]):
        text = cut(line.removesuffix("\r"), LINE_CHARACTERS)
        text = text if first is None else f"{first + offset}\t{text}"
        room -= len(text) + 1
        if room < 0:
            break
        shown.append(text)
    return shown


def cut(line: str, most: int) -> str:
    if len(line) <= most:
        return line
    return f"{line[:most]} [cut: {len(line) - most:,} more characters in this line]"


def counted(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")
