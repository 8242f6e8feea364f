"""The lines of a file most like those that a model meant, to show it what is really there."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from heapq import nlargest

_AROUND = 2
_MOST = 30
_WIDTH = 200
_COMPARED = 500
_WORD = re.compile(r"\w+|\S")


def nearest(texts: Sequence[str], wanted: Sequence[str]) -> str:
    """A sentence with the lines below it, each behind its number in the file. At least one line
    is wanted."""
    if not texts:
        return "The file is empty."
    start = _best_start(texts, wanted)
    first = max(0, (0 if start is None else start) - _AROUND)
    last = min(len(texts), first + min(len(wanted) + 2 * _AROUND, _MOST))
    shown = (f"{number:>6}  {texts[number - 1][:_WIDTH]}" for number in range(first + 1, last + 1))
    opening = "The nearest lines of the file are" if start is not None else "The file begins"
    return "\n".join([f"{opening}:", *shown])


def _best_start(texts: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Where most lines of `wanted` are in their place but for white space; else where a line is
    that resembles the longest one."""
    places: dict[str, list[int]] = defaultdict(list)
    for index, text in enumerate(texts):
        places[text.strip()].append(index)
    votes: Counter[int] = Counter()
    for offset, text in enumerate(wanted):
        if text.strip():
            votes.update(index - offset for index in places.get(text.strip(), ())[:_MOST])
    if votes:
        most = max(votes.values())
        return max(0, min(start for start, count in votes.items() if count == most))
    longest = max(range(len(wanted)), key=lambda offset: len(wanted[offset].strip()))
    line = wanted[longest].strip()[:_WIDTH]
    alike = _most_alike(places, line)
    close = get_close_matches(line, [text[:_WIDTH] for text in alike], n=1, cutoff=0.5)
    if not close:
        return None
    text = next(text for text in alike if text[:_WIDTH] == close[0])
    return max(0, places[text][0] - longest)


def _most_alike(texts: Iterable[str], line: str) -> list[str]:
    """The lines that have most words of the line; to compare all of a long file takes minutes."""
    words = set(_WORD.findall(line))
    return nlargest(_COMPARED, texts, key=lambda text: len(words & set(_WORD.findall(text))))
