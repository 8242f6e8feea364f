"""Excerpts: which sections of a long document to show when there is no room for all of it."""

import re
from dataclasses import dataclass

_HEADING = re.compile(r"#{1,4}\s+\S")
_UNDERLINE = re.compile(r"(=|-|~|\^|\"){3,}\s*")

_TELLING = re.compile(
    r"develop|contribut|hack|build|test|architect|structur|layout|design|convention|style|overview"
    r"|guideline|rule|usage|api|command|how|config",
    re.I,
)
"""Headings of what somebody who is about to change the code wants to know."""


@dataclass(frozen=True, slots=True)
class _Section:
    first: int
    """The number of its first line; that of the document is 1."""
    text: str

    @property
    def telling(self) -> bool:
        return bool(_TELLING.search(self.text.partition("\n")[0]))

    @property
    def end(self) -> int:
        """The number of the line after its last."""
        return self.first + self.text.count("\n")


def excerpt(text: str, *, path: str, most_bytes: int) -> str:
    """The document, or those of its sections that fit: the beginning, then the telling ones, then
    the others. What is left out is marked with its line numbers.

    Empty where not even the first line fits.
    """
    text = text if text.endswith("\n") or not text else text + "\n"
    if _bytes(text) <= most_bytes:
        return text
    beginning, *others = _sections(text)
    kept = [_beginning(beginning, most_bytes)]
    room = most_bytes - _bytes(kept[0].text)
    for section in sorted(others, key=lambda section: (not section.telling, section.first)):
        if _bytes(section.text) <= room:
            kept.append(section)
            room -= _bytes(section.text)
    while kept:
        shown = _joined(sorted(kept, key=lambda section: section.first), path, text.count("\n"))
        if _bytes(shown) <= most_bytes:
            return shown
        kept.pop()
    return ""


def _bytes(text: str) -> int:
    return len(text.encode())


def _lines(text: str) -> list[str]:
    """As git counts them: only a newline ends one."""
    return [line + "\n" for line in text.split("\n")[:-1]]


def _sections(text: str) -> list[_Section]:
    """Cut before each heading, Markdown's or one that is underlined, outside code blocks."""
    lines = _lines(text)
    starts = [0]
    in_code = False
    for n, line in enumerate(lines):
        if line.lstrip().startswith(("```", "~~~")):
            in_code = not in_code
        underlined = n + 1 < len(lines) and line.strip() and _UNDERLINE.fullmatch(lines[n + 1])
        if n > 0 and not in_code and (_HEADING.match(line) or underlined):
            starts.append(n)
    ends = [*starts[1:], len(lines)]
    return [
        _Section(start + 1, "".join(lines[start:end]))
        for start, end in zip(starts, ends, strict=True)
    ]


def _beginning(section: _Section, most_bytes: int) -> _Section:
    """As many of the section's lines as fit, beside the mark for what is left out."""
    room = most_bytes - _MARK_BYTES
    kept = []
    for line in _lines(section.text):
        room -= _bytes(line)
        if room < 0:
            break
        kept.append(line)
    return _Section(section.first, "".join(kept))


_MARK_BYTES = 200


def _joined(sections: list[_Section], path: str, lines: int) -> str:
    parts = []
    at = 1
    for section in [*sections, _Section(lines + 1, "")]:
        if section.first > at:
            parts.append(f"[lines {at}-{section.first - 1} of {path} are left out]\n")
        parts.append(section.text)
        at = section.end
    return "".join(parts)
