"""superseded: one side is an earlier state of the other, which went on from there."""

from collections.abc import Iterable
from typing import Literal

from gitswarm.merge.rules.place import Place, Ruling, lines_of, without

MOST_LINES = 10
"""A longer text that comes back is more often work that was undone and is wanted again."""

MOST_VERSIONS = 30
"""Of the file that are looked at on each side."""


def superseded(place: Place) -> Ruling | None:
    """The later side, where the other one's text, with the lines around it, stood in an earlier
    version of the file on the later side's own commits: stacked or squashed work.

    A text that only leaves out some of another's lines tells nothing: it may stand anywhere.
    """
    later = [
        (name, later, earlier)
        for name, later, earlier in _pairs(place)
        if _is_short(earlier)
        and _adds(later, earlier)
        and _adds(earlier, place.base)
        and _stood(place, earlier, name)
    ]
    if len(later) != 1:
        return None
    name, text, earlier = later[0]
    other = "theirs" if name == "ours" else "ours"
    reason = f"{other} is what {name} had before it went on"
    return Ruling(text, reason, without(lines_of(earlier), lines_of(text)))


_Name = Literal["ours", "theirs"]


def _pairs(place: Place) -> Iterable[tuple[_Name, str, str]]:
    yield "ours", place.ours, place.theirs
    yield "theirs", place.theirs, place.ours


def _is_short(text: str) -> bool:
    return bool(text.strip()) and text.count("\n") <= MOST_LINES


def _adds(later: str, earlier: str) -> bool:
    """Whether the later text has a line that the earlier one has not."""
    return bool({*lines_of(later)} - {*lines_of(earlier)})


def _stood(place: Place, text: str, name: _Name) -> bool:
    """Whether a text stood where the hunk is, in what one side had before."""
    above = place.before[place.before.rfind("\n", 0, -1) + 1 :]
    below = place.after[: place.after.find("\n") + 1]
    wanted = f"\n{above}{text}{below}".encode()
    return any(wanted in b"\n" + version.replace(b"\r\n", b"\n") for version in place.past(name))
