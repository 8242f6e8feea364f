"""keys: JSON, YAML and TOML merged as data, key by key, and written in the sides' own lines."""

from collections.abc import Iterator
from contextlib import suppress

from gitswarm.merge.rules.data import (
    DisagreementError,
    UnreadableDataError,
    can_load,
    load,
    merge,
    same,
)
from gitswarm.merge.rules.entries import merge_entries, with_comma
from gitswarm.merge.rules.place import Place, Ruling, lines_of, tokens_of
from gitswarm.merge.rules.sequences import merge_sequences

LONGEST = 1_000_000
MOST_HUNKS = 50
"""A file with more open hunks, or of more characters for all hunks together, is not read: each
hunk takes several readings."""


def keys(place: Place) -> Ruling | None:
    """Both sides' changes to different keys. What is written is made of the sides' lines or words,
    and has to read as exactly the data that the merge of their data gives.

    Declines where a side does not parse, where both changed the value of one key, or where no such
    text is found.
    """
    if not can_load(place.suffix) or place.hunks > MOST_HUNKS:
        return None
    try:
        return _merge_data(place)
    except (UnreadableDataError, DisagreementError, RecursionError):
        return None


def _merge_data(place: Place) -> Ruling | None:
    before, after = _around(place)
    if (len(before) + len(after)) * place.hunks > LONGEST:
        return None

    def read(text: str) -> object:
        return load(place.suffix, f"{before}{text}{after}")

    wanted = merge(read(place.base), read(place.ours), read(place.theirs))
    for text in _candidates(place):
        with suppress(UnreadableDataError):
            if same(read(text), wanted):
                return Ruling(text, "as data, the sides changed different keys")
    return None


def _around(place: Place) -> tuple[str, str]:
    """The file before and after a hunk; the other open hunks are as ours has them."""
    number = place.hunk.number
    others = {hunk.number: hunk.ours for hunk in place.text.hunks if hunk.number != number}
    before, after = place.text.splice(others).around(number)
    return before.decode("utf-8", "replace"), after.decode("utf-8", "replace")


def _candidates(place: Place) -> Iterator[str]:
    base, ours, theirs = place.base, place.ours, place.theirs
    lines = merge_entries(place.suffix, *(tuple(lines_of(side)) for side in (base, ours, theirs)))
    if lines is not None:
        yield "".join(lines)
        if place.suffix == "json":
            yield "".join(with_comma(lines))
    words = merge_sequences(tokens_of(base), tokens_of(ours), tokens_of(theirs))
    if words is not None:
        yield "".join(words.items)
