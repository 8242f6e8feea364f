"""The lines of a file most like those that a model meant, to show it what is really there."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from difflib import get_close_matches

_AROUND = 2
_MOST = 30
_WIDTH = 200


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
    cut = {text[:_WIDTH]: index - longest for text, indices in places.items() for index in indices}
    close = get_close_matches(wanted[longest].strip()[:_WIDTH], cut, n=1, cutoff=0.5)
    return max(0, cut[close[0]]) if close else None
