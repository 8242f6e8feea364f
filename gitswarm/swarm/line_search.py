"""Where some lines stand among others, in time that grows with the text and not with its square."""

from collections.abc import Sequence

MOST_PLACES = 1_000
"""More are not looked for: one too many is as bad."""


def find_lines(texts: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """The indices at which all of `wanted` follows, in order; at least one line is wanted."""
    text = "\n".join(("", *texts, ""))
    sought = "\n".join(("", *wanted, ""))
    found: list[int] = []
    index = counted_to = 0
    at = text.find(sought)
    while at >= 0 and len(found) < MOST_PLACES:
        index += text.count("\n", counted_to, at)
        counted_to = at
        found.append(index)
        at = text.find(sought, at + 1)
    return found


def shown_places(starts: Sequence[int]) -> str:
    """`3 places (at lines 1, 5, 9)`."""
    lines = ", ".join(str(start + 1) for start in starts[:10])
    more = ", ..." if len(starts) > 10 else ""
    at_least = "at least " if len(starts) == MOST_PLACES else ""
    return f"{at_least}{len(starts)} places (at lines {lines}{more})"
