"""The ways that are offered for a conflict without hunks, and what each makes of the tree."""

import os
from collections.abc import Mapping

import pytest

from gitswarm.merge.conflicts import Conflict
from gitswarm.merge.threeway import Conflicted, merge, write_resolved
from gitswarm.merge.ways import Way, unanswerable, ways
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.objects import (
    EXECUTABLE_MODE,
    FILE_MODE,
    SUBMODULE_MODE,
    SYMLINK_MODE,
    Oid,
    RepoPath,
)
from tests.conftest import Content, RepositoryBuilder

Files = Mapping[str, Content]
Modes = Mapping[str, Mapping[str, str]]

TEXT = "".join(f"line {number}\n" for number in range(1, 31))
EDITED = TEXT.replace("line 3\n", "edited\n")
OTHER = TEXT.replace("line", "row")
LINK = {"l": SYMLINK_MODE}


def conflicted(
    repo: RepositoryBuilder, base: Files, ours: Files, theirs: Files, modes: Modes
) -> Conflicted:
    start = repo.commit({"other": "1", **base}, modes=modes.get("base"))
    one = repo.commit(ours, on=start, modes=modes.get("ours"))
    two = repo.commit(theirs, on=start, modes=modes.get("theirs"))
    with Attributes.of(repo.repository, start) as attributes:
        merged = merge(repo.repository, one, two, attributes)
    assert isinstance(merged, Conflicted)
    return merged


def offered(repo: RepositoryBuilder, merged: Conflicted, conflict: Conflict) -> tuple[Way, ...]:
    return ways(repo.repository, merged.tree, conflict, ("left", "right"))


def outcomes(repo: RepositoryBuilder, merged: Conflicted) -> dict[str, dict[str, str]]:
    """By consequence the files that there are then, but for `other`; a link as `-> TARGET`, and an
    executable with a `*` behind its name."""
    (conflict,) = merged.conflicts
    found: dict[str, dict[str, str]] = {}
    for way in offered(repo, merged, conflict):
        tree = write_resolved(repo.repository, merged, {}, {conflict.path: way})
        shown = found.setdefault(way.consequence, {})
        for entry in repo.repository.entries(tree):
            if entry.path == b"other":
                continue
            name = os.fsdecode(entry.path) + ("*" if entry.mode == EXECUTABLE_MODE else "")
            if entry.mode == SUBMODULE_MODE:
                shown[name] = entry.oid
            else:
                text = repo.repository.blob(entry.oid).decode("latin-1")
                shown[name] = f"-> {text}" if entry.mode == SYMLINK_MODE else text
    return found


CASES: dict[str, tuple[Files, Files, Files, Modes, dict[str, dict[str, str]]]] = {
    "modify/delete": (
        {"a": TEXT},
        {"a": EDITED},
        {"a": None},
        {},
        {"`a` stays, as ours has it": {"a": EDITED}, "`a` is deleted, as theirs did": {}},
    ),
    "delete/modify": (
        {"a": TEXT},
        {"a": None},
        {"a": EDITED},
        {"theirs": {"a": EXECUTABLE_MODE}},
        {"`a` stays, as theirs has it": {"a*": EDITED}, "`a` is deleted, as ours did": {}},
    ),
    "rename/delete": (
        {"a": TEXT},
        {"a": None, "b": EDITED},
        {"a": None},
        {},
        {"`b` stays, as ours has it": {"b": EDITED}, "`b` is deleted, as theirs did": {}},
    ),
    "rename/rename": (
        {"a": TEXT},
        {"a": None, "b": EDITED},
        {"a": None, "c": TEXT},
        {},
        {
            "it is called `b`, with what both sides changed in it; no `c`": {"b": EDITED},
            "it is called `c`, with what both sides changed in it; no `b`": {"c": EDITED},
            "there are two copies, `b` and `c`": {"b": EDITED, "c": EDITED},
        },
    ),
    "file/directory": (
        {},
        {"a/b": "1\n", "a/c": "2\n"},
        {"a": "file\n"},
        {},
        {
            "both stay: the folder `a`, and the file of theirs as `a~right`": {
                "a/b": "1\n",
                "a/c": "2\n",
                "a~right": "file\n",
            },
            "the folder `a` stays; the file of theirs is deleted": {"a/b": "1\n", "a/c": "2\n"},
            "the file of theirs is `a`; the folder and all that is in it is deleted": {
                "a": "file\n"
            },
        },
    ),
    "file/directory, where the file was changed": (
        {"a": TEXT},
        {"a": EDITED},
        {"a": None, "a/b": "1\n"},
        {},
        {
            "both stay: the folder `a`, and the file of ours as `a~left`": {
                "a/b": "1\n",
                "a~left": EDITED,
            },
            "the folder `a` stays; the file of ours is deleted": {"a/b": "1\n"},
            "the file of ours is `a`; the folder and all that is in it is deleted": {"a": EDITED},
        },
    ),
    "location": (
        {"old/a": TEXT, "old/b": OTHER},
        {"old/a": None, "old/b": None, "new/a": TEXT, "new/b": OTHER},
        {"old/c": "added\n"},
        {},
        {
            "it moves along, to `new/c`": {"new/a": TEXT, "new/b": OTHER, "new/c": "added\n"},
            "it stays where it was put, `old/c`": {
                "new/a": TEXT,
                "new/b": OTHER,
                "old/c": "added\n",
            },
        },
    ),
    "location, where a file is in the way": (
        {"old/a": TEXT, "old/b": OTHER},
        {"old/a": None, "old/b": None, "new/a": TEXT, "new/b": OTHER, "old": "file\n"},
        {"old/c": "added\n"},
        {},
        {
            "it moves along, to `new/c`": {
                "new/a": TEXT,
                "new/b": OTHER,
                "new/c": "added\n",
                "old": "file\n",
            },
        },
    ),
    "mode": (
        {},
        {"a": "same\n"},
        {"a": "same\n"},
        {"ours": {"a": EXECUTABLE_MODE}},
        {"`a` is executable": {"a*": "same\n"}, "`a` is not executable": {"a": "same\n"}},
    ),
    "a file and a link": (
        {},
        {"l": "file\n"},
        {"l": "target"},
        {"theirs": LINK},
        {
            "`l` is as ours has it; the other version goes": {"l": "file\n"},
            "`l` is as theirs has it; the other version goes": {"l": "-> target"},
            "both stay, as `l` and `l~left`": {"l": "-> target", "l~left": "file\n"},
        },
    ),
    "symlink": (
        {"l": "x"},
        {"l": "y"},
        {"l": "z"},
        {"base": LINK, "ours": LINK, "theirs": LINK},
        {
            "`l` is as ours has it; the other version goes": {"l": "-> y"},
            "`l` is as theirs has it; the other version goes": {"l": "-> z"},
        },
    ),
    "binary": (
        {"a": b"\0base"},
        {"a": b"\0ours"},
        {"a": b"\0theirs"},
        {"theirs": {"a": EXECUTABLE_MODE}},
        {
            "`a` is as ours has it; the other version goes": {"a*": "\0ours"},
            "`a` is as theirs has it; the other version goes": {"a*": "\0theirs"},
        },
    ),
    "two names and two texts": (
        {"a": TEXT},
        {"a": None, "b": EDITED},
        {"a": None, "c": TEXT.replace("line 3\n", "other\n")},
        {},
        {},
    ),
    "renamed to where the other added": (
        {"a": TEXT},
        {"a": None, "c": EDITED},
        {"a": TEXT.replace("line 3\n", "other\n"), "c": "new\n"},
        {},
        {},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_way_says_what_it_makes_of_the_tree(repo: RepositoryBuilder, case: str) -> None:
    base, ours, theirs, modes, expected = CASES[case]

    assert outcomes(repo, conflicted(repo, base, ours, theirs, modes)) == expected


def test_of_two_commits_of_a_submodule_either_can_be_taken(repo: RepositoryBuilder) -> None:
    first = repo.commit({"f": "0"})
    one, two = (repo.commit({"f": str(number)}, on=first) for number in (1, 2))

    def at(commit: Oid, on: Oid) -> Oid:
        tree = repo.repository.tree(on)
        changed = repo.repository.edit_tree(tree, {RepoPath(b"sub"): (SUBMODULE_MODE, commit)})
        return repo.repository.commit_tree(changed, [on], "change")

    base = at(first, repo.commit({"other": "1"}))
    with Attributes.of(repo.repository, base) as attributes:
        merged = merge(repo.repository, at(one, base), at(two, base), attributes)
    assert isinstance(merged, Conflicted)

    assert outcomes(repo, merged) == {
        "`sub` is as ours has it; the other version goes": {"sub": one},
        "`sub` is as theirs has it; the other version goes": {"sub": two},
    }


def test_a_way_is_known_again_when_the_sides_change_places(repo: RepositoryBuilder) -> None:
    file, folder = {"a": "file\n"}, {"a/b": "1\n"}

    def results(ours: Files, theirs: Files, labels: tuple[str, str]) -> list[bytes]:
        merged = conflicted(repo, {}, ours, theirs, {})
        (conflict,) = merged.conflicts
        return [way.result for way in ways(repo.repository, merged.tree, conflict, labels)]

    there = results(file, folder, ("left", "right"))
    back = results(folder, file, ("right", "left"))

    assert there == back
    assert len({*there}) == 3
    assert FILE_MODE.encode() in there[0]


def test_several_conflicts_about_one_file_are_not_asked(repo: RepositoryBuilder) -> None:
    merged = conflicted(
        repo,
        {},
        {"a": "1\n", "b": "1\n"},
        {"a": "2\n", "b": "2\n"},
        {"ours": {"a": EXECUTABLE_MODE}},
    )
    found = {c.path: offered(repo, merged, c) for c in merged.conflicts if c.text is None}

    assert [(c.path, c.kind) for c in merged.conflicts] == [
        (b"a", "add/add"),
        (b"a", "mode"),
        (b"b", "add/add"),
    ]
    why = "not asked: several conflicts meet in a, for a person to decide"
    assert unanswerable(merged.conflicts, found) == why
    assert unanswerable(merged.conflicts[2:], found) == ""
