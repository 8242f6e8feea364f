"""token: the edits of both sides, merged word by word."""

import re
from collections.abc import Sequence

from gitswarm.merge.rules.place import Place, Ruling, tokens_of
from gitswarm.merge.rules.sequences import Edit, merge_sequences

_RECORDS = {"txt", "in", "toml", "ini", "cfg"}
"""Files of one fact a line, by suffix."""


def token(place: Place) -> Ruling | None:
    """Both sides' edits to the base, where no two touch each other. Only where the sides share an
    edit, so that they were about the same thing, or in a file of records: elsewhere each side's
    words may be right only beside its own."""
    if not place.base.strip():
        return None
    base = tokens_of(place.base)
    merged = merge_sequences(base, tokens_of(place.ours), tokens_of(place.theirs))
    if merged is None:
        return None
    text = "".join(merged.items)
    if any(_says_something(edit, base) for edit in merged.shared):
        return Ruling(text, "the sides share an edit; their other edits do not touch")
    if place.suffix in _RECORDS:
        return Ruling(text, "the edits of the sides do not touch")
    return None


def _says_something(edit: Edit, base: Sequence[str]) -> bool:
    return re.search(r"\w", "".join((*base[edit.start : edit.end], *edit.new))) is not None
