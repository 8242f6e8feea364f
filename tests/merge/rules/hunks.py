"""Hunks as the tests of rules write them."""

from collections.abc import Callable

from gitswarm.merge.conflicts import ConflictedText
from gitswarm.merge.rules.place import Past, Place, Ruling
from gitswarm.repo.objects import RepoPath

Rule = Callable[[Place], Ruling | None]


def nothing_before(_side: str) -> tuple[bytes, ...]:
    return ()


def conflicted(
    base: str, ours: str, theirs: str, *, before: str = "", after: str = ""
) -> ConflictedText:
    """A file with one hunk."""
    data = f"{before}<<<<<<<<< o\n{ours}||||||||| b\n{base}=========\n{theirs}>>>>>>>>> t\n{after}"
    return ConflictedText.parse(data.encode(), 9)


def ask(
    rule: Rule,
    path: str,
    base: str,
    ours: str,
    theirs: str,
    *,
    before: str = "",
    after: str = "",
    past: Past = nothing_before,
) -> Ruling | None:
    text = conflicted(base, ours, theirs, before=before, after=after)
    (place,) = Place.all_in(RepoPath(path.encode()), text, past)
    return rule(place)


def answer(
    rule: Rule,
    path: str,
    base: str,
    ours: str,
    theirs: str,
    *,
    before: str = "",
    after: str = "",
    past: Past = nothing_before,
) -> str | None:
    """What a rule puts in the place of a hunk; None where it declines."""
    ruling = ask(rule, path, base, ours, theirs, before=before, after=after, past=past)
    return ruling.text if ruling else None
