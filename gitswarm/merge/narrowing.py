"""narrowing: which commits of either side a hunk comes from.

What its commits say is the best word of what a side's part of a hunk is for, but a file may have
many. Shown are those that changed lines of the hunk. Where a long one was changed by several, they
are the two with which the conflict begins, found as git-imerge finds them: the first commit of ours
that conflicts with all of theirs, and the first of theirs that conflicts with that.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gitswarm.errors import MergeError
from gitswarm.merge.conflicts import Conflict, Hunk, Side, UnclearMarkersError
from gitswarm.merge.files import Versions, git_merge_text
from gitswarm.merge.question import SUBJECTS, Origin, Question
from gitswarm.merge.question import Side as About
from gitswarm.repo.objects import FileEdit, Oid
from gitswarm.repo.repository import Repository

LONG_HUNK = 20
"""Lines of its longest side, from which on a hunk is narrowed to the pair that began it."""

_SIDES: tuple[Side, Side] = ("ours", "theirs")

Places = Sequence[int]
"""Of commits, in the list of a side's."""

Lines = frozenset[bytes]
"""Without blanks around them; none of them is empty."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What one commit made of a file; no bytes where there is none."""

    subject: str
    before: bytes
    after: bytes


Edits = Sequence[Edit]
"""Those of one side since the common base, oldest first."""

MOST_EDITS = 50
"""Commits of one side that are looked at, newest first."""
MOST_BYTES = 20_000_000
"""Of all that commits made of a file. Where that is more, none of it is read, and they count as
touching every hunk."""


def edits_of(
    repository: Repository, base: Oid, tips: tuple[Oid, Oid], conflict: Conflict
) -> tuple[Edits, Edits]:
    """Those of ours and of theirs to a conflicted file, under the name that each has for it."""
    named = conflict.stages.by_side()
    ours, theirs = (
        repository.edits(
            base, tip, named[side].path if side in named else conflict.path, MOST_EDITS
        )
        for side, tip in zip(_SIDES, tips, strict=True)
    )
    oids = {oid for edit in (*ours, *theirs) for oid in (edit.before, edit.after) if oid}
    read = sum(repository.sizes(oids).values()) <= MOST_BYTES
    texts = repository.blobs(oids) if read else dict.fromkeys(oids, b"")
    return _edits(ours, texts), _edits(theirs, texts)


def _edits(found: Sequence[FileEdit], texts: Mapping[Oid, bytes]) -> Edits:
    def text(oid: Oid | None) -> bytes:
        return texts[oid] if oid else b""

    return [Edit(edit.subject, text(edit.before), text(edit.after)) for edit in found]


def narrowed(question: Question, ours: Edits, theirs: Edits) -> Question:
    """The question with the subjects on either side that an open hunk comes from, the newest where
    there are many, and with the hunk that each belongs to."""
    changed = [_changed(edit) for edit in ours], [_changed(edit) for edit in theirs]
    found = {}
    for hunk in question.text.hunks:
        origin = _touching(hunk, hunk.ours, changed[0]), _touching(hunk, hunk.theirs, changed[1])
        if _is_long(hunk) and all(origin) and max(map(len, origin)) > 1:
            origin = _first_meeting(hunk, ours, theirs, *origin) or origin
        found[hunk.number] = origin
    shown = [
        sorted({place for origin in found.values() for place in origin[side]})[-SUBJECTS:]
        for side in (0, 1)
    ]
    return replace(
        question,
        ours=with_subjects(question.ours, [ours[place] for place in shown[0]]),
        theirs=with_subjects(question.theirs, [theirs[place] for place in shown[1]]),
        origins={
            number: Origin(_numbers(by_ours, shown[0]), _numbers(by_theirs, shown[1]))
            for number, (by_ours, by_theirs) in found.items()
        },
    )


def with_subjects(side: About, edits: Edits) -> About:
    return replace(side, subjects=tuple(edit.subject for edit in edits))


def _numbers(places: Places, shown: Places) -> tuple[int, ...]:
    """Where they are among those that are shown, counted from 1."""
    return tuple(n for n, place in enumerate(shown, start=1) if place in places)


def _touching(hunk: Hunk, side: bytes, changed: Sequence[Lines]) -> Places:
    """The commits that added or removed a line which the side added or removed; all, where the
    lines do not tell."""
    own = _lines(hunk.base or b"") ^ _lines(side)
    return [n for n, lines in enumerate(changed) if own & lines] or range(len(changed))


def _first_meeting(
    hunk: Hunk, ours: Edits, theirs: Edits, our_places: Places, their_places: Places
) -> tuple[Places, Places] | None:
    """None where the files as they were do not show that conflict."""
    base = ours[0].before
    changed = _changed_by_either(hunk)

    def conflict(one: int, other: int) -> bool:
        hunks = _hunks(Versions(ours[one].after, base, theirs[other].after))
        return any(changed & _changed_by_either(met) for met in hunks)

    last = their_places[-1]
    at = bisect_left(our_places, True, key=lambda place: conflict(place, last))
    if at == len(our_places):
        return None
    one = our_places[at]
    at = bisect_left(their_places, True, key=lambda place: conflict(one, place))
    return [one], [their_places[at]]


def _hunks(versions: Versions) -> Sequence[Hunk]:
    try:
        return git_merge_text(versions).hunks
    except (MergeError, UnclearMarkersError):
        return ()


def _changed_by_either(hunk: Hunk) -> Lines:
    base = _lines(hunk.base or b"")
    return (base ^ _lines(hunk.ours)) | (base ^ _lines(hunk.theirs))


def _is_long(hunk: Hunk) -> bool:
    longest = max(text.count(b"\n") for text in (hunk.base or b"", hunk.ours, hunk.theirs))
    return longest >= LONG_HUNK


def _changed(edit: Edit) -> Lines:
    return _lines(edit.before) ^ _lines(edit.after)


def _lines(text: bytes) -> Lines:
    return frozenset(line.strip() for line in text.splitlines()) - {b""}
