"""GoalWords: which names in a code base speak of what a goal is about."""

import re

_WORD = re.compile("[A-Za-z][a-z]{2,}|[A-Z]{2,}|[0-9]{3,}")
_ENDING = re.compile("(?:ations?|ings?|ions?|ies|ed|es|ers?|s|e|y)$")
_SHORTEST_STEM = 4
_HUMP = re.compile("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "add all allow also and any are both but can change code create each every existing file"
        " files for from give goal have how implement improve into its let make module more must"
        " new not one only other our out remove replace set should show some support task tests"
        " than that the their them then there they this through to update use used user using want"
        " what when where which while who will with within without work write you your",
    )
)
"""Words that tell nothing of what a goal is about."""


class GoalWords:
    """The telling words of a goal, by their stems."""

    def __init__(self, goal: str) -> None:
        words = {word.lower() for word in _WORD.findall(_HUMP.sub(" ", goal))}
        stems = sorted(_stem(word) for word in words - _COMMON)
        apart, humped = "|".join(stems), "|".join(stem.capitalize() for stem in stems)
        pattern = f"(?<![A-Za-z])(?i:{apart})|(?<=[a-z0-9])(?:{humped})"
        self._stems = re.compile(pattern.encode()) if stems else None

    def count(self, name: bytes) -> int:
        """How many of them a path or an identifier has among its words."""
        if self._stems is None:
            return 0
        found: list[bytes] = self._stems.findall(name)
        return len({stem.lower() for stem in found}) if found else 0


def _stem(word: str) -> str:
    stem = _ENDING.sub("", word)
    return stem if len(stem) >= _SHORTEST_STEM else word
