"""Three-way merge of sequences of tokens or lines, as diff3(1) does it with lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

LONGEST = 2_000
"""Sequences with more items are not compared: the time grows with the square."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Items `start` up to `end` of the base replaced by others."""

    start: int
    end: int
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergedSequence:
    items: tuple[str, ...]
    shared: tuple[Edit, ...]
    """What both sides did alike."""


def edits(base: Sequence[str], side: Sequence[str]) -> list[Edit]:
    """What turns the base into a side, in order."""
    matcher = SequenceMatcher(None, base, side, autojunk=False)
    return [
        Edit(start, end, tuple(side[new_start:new_end]))
        for tag, start, end, new_start, new_end in matcher.get_opcodes()
        if tag != "equal"
    ]


def merge_sequences(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]
) -> MergedSequence | None:
    """None where both sides changed the same place, or places that touch, in different ways."""
    if max(map(len, (base, ours, theirs))) > LONGEST:
        return None
    by_ours, by_theirs = edits(base, ours), edits(base, theirs)
    shared = tuple(edit for edit in by_ours if edit in by_theirs)
    merged: list[str] = []
    at, last_end = 0, -1
    for edit in sorted({*by_ours, *by_theirs}, key=lambda edit: (edit.start, edit.end)):
        if edit.start <= last_end:
            return None
        merged += (*base[at : edit.start], *edit.new)
        at = last_end = edit.end
    return MergedSequence((*merged, *base[at:]), shared)


def in_order(ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """What either has, once: as ours has it, what only theirs has before what it precedes there."""
    merged = [*ours]
    at = len(merged)
    for item in reversed(theirs):
        if item in merged:
            at = merged.index(item)
        else:
            merged.insert(at, item)
    return merged
