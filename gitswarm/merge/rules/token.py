"""token: the edits of both sides, merged word by word."""

import re
from collections.abc import Sequence

from gitswarm.merge.rules.place import Place, Ruling, tokens_of
from gitswarm.merge.rules.sequences import Edit, MergedSequence, merge_sequences

_RECORDS = {"txt", "in", "toml", "ini", "cfg"}
"""Files of one fact a line, by suffix."""

WORDS_LENGTH = 3_000
"""What is longer is not offered beside the sides: it takes long to make, and to read."""


def token(place: Place) -> Ruling | None:
    """Both sides' edits to the base, where no two touch each other. Only where the sides share an
    edit, so that they were about the same thing, or in a file of records: elsewhere each side's
    words may be right only beside its own."""
    base = tokens_of(place.base)
    merged = _merged(place, base)
    if merged is None:
        return None
    text = "".join(merged.items)
    if any(_says_something(edit, base) for edit in merged.shared):
        return Ruling(text, "the sides share an edit; their other edits do not touch")
    if place.suffix in _RECORDS:
        return Ruling(text, "the edits of the sides do not touch")
    return None


def words(place: Place) -> Ruling | None:
    """The same wherever no two edits touch each other: about half of these are right, too few to
    be a rule, and enough to be worth a choice where they are short."""
    if max(map(len, (place.base, place.ours, place.theirs))) > WORDS_LENGTH:
        return None
    merged = _merged(place, tokens_of(place.base))
    return Ruling("".join(merged.items), "both edits, word by word") if merged else None


def _merged(place: Place, base: Sequence[str]) -> MergedSequence | None:
    if not place.base.strip():
        return None
    return merge_sequences(base, tokens_of(place.ours), tokens_of(place.theirs))


def _says_something(edit: Edit, base: Sequence[str]) -> bool:
    return re.search(r"\w", "".join((*base[edit.start : edit.end], *edit.new))) is not None
