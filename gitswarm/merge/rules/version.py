"""version: both sides raised the same version numbers; the higher ones stay."""

import re
from dataclasses import dataclass

from gitswarm.merge.rules.place import Place, Ruling, lines_of, without


def version(place: Place) -> Ruling | None:
    """The higher of two version numbers wherever the sides, and the base if it has text, are equal
    but for these. Declines where a side went below the base: somebody meant that."""
    ours, theirs = _Versioned.read(place.ours), _Versioned.read(place.theirs)
    base = _Versioned.read(place.base) if place.base.strip() else None
    if ours.skeleton != theirs.skeleton or (base and base.skeleton != ours.skeleton):
        return None
    before = base.versions if base else (None,) * len(ours.versions)
    chosen = []
    for old, one, other in zip(before, ours.versions, theirs.versions, strict=True):
        winner = _choose(old, one, other)
        if winner is None:
            return None
        chosen.append(winner)
    text = ours.write(chosen)
    raised = [
        f"{winner} over {one if winner == other else other}"
        for winner, one, other in zip(chosen, ours.versions, theirs.versions, strict=True)
        if one != other
    ]
    if not raised:
        return None
    reason = "the higher version: " + ", ".join(dict.fromkeys(raised))
    lost = (without(lines_of(side), lines_of(text)) for side in (place.ours, place.theirs))
    return Ruling(text, reason, "".join(lost))


@dataclass(frozen=True, slots=True)
class _Versioned:
    """A text with its version numbers taken out."""

    skeleton: tuple[str, ...]
    """The text before, between and after them."""
    versions: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> "_Versioned":
        skeleton, versions = [""], list[str]()
        for line in lines_of(text):
            at = 0
            named = _NAMED.search(line) is not None
            for found in _VERSION.finditer(line):
                if named or found["numbers"].count(".") > 1:
                    skeleton[-1] += line[at : found.start()]
                    skeleton.append("")
                    versions.append(found[0])
                    at = found.end()
            skeleton[-1] += line[at:]
        return cls(tuple(skeleton), tuple(versions))

    def write(self, versions: list[str]) -> str:
        pairs = zip(self.skeleton, [*versions, ""], strict=True)
        return "".join(f"{text}{number}" for text, number in pairs)


def _choose(base: str | None, ours: str, theirs: str) -> str | None:
    """None where it cannot be said which is meant."""
    if ours == theirs or theirs == base:
        return ours
    if ours == base:
        return theirs
    one, other = _rank(ours), _rank(theirs)
    if one == other or (base is not None and min(one, other) < _rank(base)):
        return None
    return ours if one > other else theirs


_Rank = tuple[tuple[int, ...], int, int]


def _rank(version: str) -> _Rank:
    """Its place in the order of PEP 440 and of semver.org: numbers, then stage, then its number."""
    found = _VERSION.fullmatch(version)
    assert found is not None
    numbers = [int(number) for number in found["numbers"].split(".")]
    while numbers[-1] == 0 and len(numbers) > 1:
        numbers.pop()
    return tuple(numbers), _STAGES[found["stage"] or ""], int(found["round"] or 0)


_STAGES = {"dev": 0, "a": 1, "alpha": 1, "b": 2, "beta": 2, "c": 3, "rc": 3, "pre": 3, "": 4}
_STAGES["post"] = 5

_VERSION = re.compile(
    r"(?<![\w.])v?(?P<numbers>\d+(?:\.\d+)+)"
    rf"(?:[-._]?(?P<stage>{'|'.join(filter(None, _STAGES))})[-.]?(?P<round>\d*))?(?![\w+]|[-.]\w)"
)
"""One with anything else at its end, such as a build, has no place in an order and is text."""

_NAMED = re.compile(r"version|release|[=~><!]=|(?<![<>=!])[~^]\d|@v?\d", re.I)
"""What tells a version of two numbers from a decimal."""
