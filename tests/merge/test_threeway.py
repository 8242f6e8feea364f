"""Merges in memory, on real histories."""

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from gitswarm.errors import MergeError
from gitswarm.merge.conflicts import Conflict, Hunk, Stage, Stages
from gitswarm.merge.threeway import Conflicted, Merged, conflicting_paths, merge, write_resolved
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.objects import (
    EXECUTABLE_MODE,
    FILE_MODE,
    SUBMODULE_MODE,
    SYMLINK_MODE,
    Oid,
    RepoPath,
)
from gitswarm.repo.repository import Repository
from tests.conftest import Content, RepositoryBuilder

TEN = "".join(f"line {n}\n" for n in range(10))
OTHER = TEN.replace("line", "other")
BY_OURS = TEN.replace("line 5", "ours")
BY_THEIRS = TEN.replace("line 5", "theirs")
HUNK = Hunk(1, b"line 5\n", b"ours\n", b"theirs\n")


def p(path: str) -> RepoPath:
    return RepoPath(os.fsencode(path))


Modes = Mapping[str, Mapping[str, str]]
NO_MODES: Modes = {}


@dataclass
class Histories:
    """A base and two branches from it, and what their merge comes to."""

    repo: RepositoryBuilder

    def merge(
        self,
        base: Mapping[str, Content],
        ours: Mapping[str, Content],
        theirs: Mapping[str, Content],
        modes: Modes = NO_MODES,
    ) -> Merged | Conflicted:
        start = self.repo.commit(base, modes=modes.get("base"))
        return self.merge_commits(
            start,
            self.repo.commit(ours, on=start, modes=modes.get("ours")),
            self.repo.commit(theirs, on=start, modes=modes.get("theirs")),
        )

    def merge_commits(self, base: Oid, ours: Oid, theirs: Oid) -> Merged | Conflicted:
        with Attributes.of(self.repo.repository, base) as attributes:
            return merge(self.repo.repository, ours, theirs, attributes)

    def conflicts(
        self,
        base: Mapping[str, Content],
        ours: Mapping[str, Content],
        theirs: Mapping[str, Content],
        modes: Modes = NO_MODES,
    ) -> tuple[Conflict, ...]:
        merged = self.merge(base, ours, theirs, modes)
        assert isinstance(merged, Conflicted)
        return merged.conflicts


@pytest.fixture
def histories(repo: RepositoryBuilder) -> Histories:
    return Histories(repo)


def hunks(conflict: Conflict) -> tuple[Hunk, ...] | None:
    return conflict.text.hunks if conflict.text else None


def places(stages: Stages) -> list[str | None]:
    """Where git put base, ours and theirs; the name of the commit behind a `~` is cut off."""
    versions = (stages.base, stages.ours, stages.theirs)
    return [re.sub("~.*", "~", os.fsdecode(stage.path)) if stage else None for stage in versions]


# Clean merges


def test_edits_to_different_lines_of_one_file_both_survive(histories: Histories) -> None:
    merged = histories.merge(
        {"app.py": TEN},
        {"app.py": TEN.replace("line 1", "ours")},
        {"app.py": TEN.replace("line 8", "theirs")},
    )

    assert isinstance(merged, Merged)
    assert histories.repo.files(merged.tree) == {
        "app.py": TEN.replace("line 1", "ours").replace("line 8", "theirs")
    }


def test_a_rename_carries_the_other_sides_edit_along(histories: Histories) -> None:
    merged = histories.merge({"old": TEN}, {"old": None, "new": TEN}, {"old": BY_THEIRS})

    assert isinstance(merged, Merged)
    assert histories.repo.files(merged.tree) == {"new": BY_THEIRS}


# Kinds


def test_a_content_conflict_is_its_stages_and_its_hunks(histories: Histories) -> None:
    repo = histories.repo
    base = repo.commit({"dir/a.py": TEN})
    ours = repo.commit({"dir/a.py": BY_OURS}, on=base)
    theirs = repo.commit({"dir/a.py": BY_THEIRS}, on=base)

    merged = histories.merge_commits(base, ours, theirs)

    assert isinstance(merged, Conflicted)
    (conflict,) = merged.conflicts

    def stage(text: str) -> Stage:
        return Stage(FILE_MODE, repo.repository.write_blob(text.encode()), p("dir/a.py"))

    assert (conflict.path, conflict.kind) == (b"dir/a.py", "content")
    assert conflict.stages == Stages(stage(TEN), stage(BY_OURS), stage(BY_THEIRS))
    assert hunks(conflict) == (HUNK,)
    assert [message.type for message in conflict.messages] == ["CONFLICT (contents)"]
    assert conflict.text is not None
    assert conflict.text.marker_size == 23
    assert conflict.text.write() == repo.data(merged.tree, "dir/a.py")


LINK = {"a": SYMLINK_MODE}


@pytest.mark.parametrize(
    ("kind", "path", "base", "ours", "theirs", "modes", "at"),
    [
        pytest.param(
            "add/add", "a", {}, {"a": "1\n"}, {"a": "2\n"}, {}, (None, "a", "a"), id="add-add"
        ),
        pytest.param(
            "modify/delete",
            "a",
            {"a": TEN},
            {"a": BY_OURS},
            {"a": None},
            {},
            ("a", "a", None),
            id="modified and deleted",
        ),
        pytest.param(
            "modify/delete",
            "a",
            {"a": TEN},
            {"a": None},
            {"a": TEN},
            {"theirs": {"a": EXECUTABLE_MODE}},
            ("a", None, "a"),
            id="made executable and deleted",
        ),
        pytest.param(
            "rename/delete",
            "b",
            {"a": TEN},
            {"a": None, "b": TEN},
            {"a": None},
            {},
            ("b", "b", None),
            id="renamed and deleted",
        ),
        pytest.param(
            "rename/delete",
            "b",
            {"a": TEN},
            {"a": None},
            {"a": None, "b": TEN + "more\n"},
            {},
            ("b", None, "b"),
            id="renamed, modified and deleted",
        ),
        pytest.param(
            "rename/rename",
            "a",
            {"a": TEN},
            {"a": None, "b": BY_OURS},
            {"a": None, "c": BY_THEIRS},
            {},
            ("a", "b", "c"),
            id="one file to two names",
        ),
        pytest.param(
            "rename/rename",
            "c",
            {"a": TEN, "b": OTHER},
            {"a": None, "c": BY_OURS, "b": OTHER.replace("other 5", "ours")},
            {"b": None, "c": OTHER.replace("other 5", "theirs"), "a": BY_THEIRS},
            {},
            (None, "c", "c"),
            id="two files to one name",
        ),
        pytest.param(
            "rename/add",
            "c",
            {"a": TEN},
            {"a": None, "c": BY_OURS},
            {"a": BY_THEIRS, "c": "new\n"},
            {},
            (None, "c", "c"),
            id="renamed to where the other added",
        ),
        pytest.param(
            "file/directory",
            "a",
            {},
            {"a": "file\n"},
            {"a/b": "inside\n"},
            {},
            (None, "a~", None),
            id="a file and a directory",
        ),
        pytest.param(
            "location",
            "new/c",
            {"old/a": TEN, "old/b": OTHER},
            {"old/a": None, "old/b": None, "new/a": TEN, "new/b": OTHER},
            {"old/c": "added\n"},
            {},
            (None, None, "new/c"),
            id="added to a directory that was renamed",
        ),
        pytest.param(
            "location",
            "old",
            {"old/a": TEN, "old/b": OTHER},
            {"old/a": None, "old/b": None, "new/a": TEN, "newer/b": OTHER},
            {"old/c": "added\n"},
            {},
            (None, None, None),
            id="added to a directory that was split",
        ),
        pytest.param(
            "mode",
            "a",
            {},
            {"a": "same\n"},
            {"a": "same\n"},
            {"ours": {"a": EXECUTABLE_MODE}},
            (None, "a", "a"),
            id="executable on one side",
        ),
        pytest.param(
            "mode",
            "a",
            {"a": TEN},
            {"a": BY_OURS},
            {"a": "target"},
            {"theirs": LINK},
            ("a~", "a~", "a"),
            id="a file and a symbolic link",
        ),
        pytest.param(
            "symlink",
            "a",
            {"a": "x"},
            {"a": "y"},
            {"a": "z"},
            {"base": LINK, "ours": LINK, "theirs": LINK},
            ("a", "a", "a"),
            id="two targets of a link",
        ),
        pytest.param(
            "symlink",
            "a",
            {},
            {"a": "y"},
            {"a": "z"},
            {"ours": LINK, "theirs": LINK},
            (None, "a", "a"),
            id="two new links",
        ),
        pytest.param(
            "binary",
            "a",
            {"a": b"\0base"},
            {"a": b"\0ours"},
            {"a": b"\0theirs"},
            {},
            ("a", "a", "a"),
            id="binary",
        ),
        pytest.param(
            "binary",
            "a.svg",
            {"a.svg": TEN, ".gitattributes": "*.svg -merge\n"},
            {"a.svg": BY_OURS},
            {"a.svg": BY_THEIRS},
            {},
            ("a.svg", "a.svg", "a.svg"),
            id="binary by attribute",
        ),
    ],
)
def test_every_kind_of_conflict_is_told_with_its_versions(
    histories: Histories,
    kind: str,
    path: str,
    base: dict[str, Content],
    ours: dict[str, Content],
    theirs: dict[str, Content],
    modes: dict[str, dict[str, str]],
    at: tuple[str | None, str | None, str | None],
) -> None:
    (conflict,) = histories.conflicts({"other": "1", **base}, ours, theirs, modes)

    assert (os.fsdecode(conflict.path), conflict.kind) == (path, kind)
    assert places(conflict.stages) == list(at)
    assert (conflict.text is not None) == (kind == "add/add")


@pytest.mark.parametrize(("ours", "theirs"), [(1, 2), (1, None), (1, "file\n")])
def test_a_submodule_is_never_merged_by_guess(
    histories: Histories, tmp_path: Path, ours: int, theirs: int | str | None
) -> None:
    """Two of its commits; one and its removal; one and a file."""
    repo = histories.repo
    (tmp_path / "other").mkdir()
    other = RepositoryBuilder(tmp_path / "other")
    first = other.commit({"f": "0"})
    commits = [first, *(other.commit({"f": str(n)}, on=first) for n in (1, 2))]

    def with_submodule(commit: Oid | None, on: Oid) -> Oid:
        change = (SUBMODULE_MODE, commit) if commit else None
        tree = repo.repository.edit_tree(repo.repository.tree(on), {p("sub"): change})
        return repo.repository.commit_tree(tree, [on], "change")

    start = repo.commit({"other": "1"})
    base = start if isinstance(theirs, str) else with_submodule(commits[0], start)
    branches = [
        repo.commit({"sub": side}, on=base)
        if isinstance(side, str)
        else with_submodule(None if side is None else commits[side], base)
        for side in (ours, theirs)
    ]

    merged = histories.merge_commits(base, *branches)

    assert isinstance(merged, Conflicted)
    kinds = {2: "submodule", None: "modify/delete", "file\n": "mode"}
    assert [(c.path, c.kind, c.text) for c in merged.conflicts] == [(b"sub", kinds[theirs], None)]


def test_one_path_can_be_in_several_conflicts(histories: Histories) -> None:
    found = histories.conflicts(
        {"old/a": TEN, "old/b": OTHER},
        {"old/a": None, "old/b": None, "new/a": TEN, "new/b": OTHER, "new/c": "1\n"},
        {"old/c": "2\n"},
        {"ours": {"new/c": EXECUTABLE_MODE}},
    )

    assert [(conflict.path, conflict.kind, hunks(conflict)) for conflict in found] == [
        (b"new/c", "location", None),
        (b"new/c", "add/add", (Hunk(1, b"", b"1\n", b"2\n"),)),
        (b"new/c", "mode", None),
    ]


def test_a_content_conflict_is_at_the_new_name_of_a_renamed_file(histories: Histories) -> None:
    (conflict,) = histories.conflicts({"a": TEN}, {"a": None, "b": BY_OURS}, {"a": BY_THEIRS})

    assert (conflict.path, conflict.kind, hunks(conflict)) == (b"b", "content", (HUNK,))
    assert places(conflict.stages) == ["b", "b", "b"]


def test_paths_that_are_not_utf8_or_hold_blanks_and_line_ends(histories: Histories) -> None:
    names = [os.fsdecode(name) for name in (b" a\tb\nc ", b"\xff\xfe", b":(top)x", b'"q"')]

    found = histories.conflicts(
        dict.fromkeys(names, TEN), dict.fromkeys(names, BY_OURS), dict.fromkeys(names, BY_THEIRS)
    )

    assert {conflict.path: hunks(conflict) for conflict in found} == {
        os.fsencode(name): (HUNK,) for name in names
    }


# Bytes


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        pytest.param(b"a\nb", b"a\nc", b"a\nd", (b"b", b"c", b"d"), id="no final line end"),
        pytest.param(b"a\nb\n", b"a\nc", b"a\nd\n", (b"b\n", b"c", b"d\n"), id="ours took it off"),
        pytest.param(
            b"a\r\nb\r\n", b"a\r\nc\r\n", b"a\r\nd", (b"b\r\n", b"c\r\n", b"d"), id="CRLF"
        ),
        pytest.param(
            b"\xe9\nb\n",
            b"\xe9\nc\xe8\n",
            b"\xe9\nd\xe8\n",
            (b"b\n", b"c\xe8\n", b"d\xe8\n"),
            id="Latin-1",
        ),
    ],
)
def test_hunks_hold_the_bytes_of_their_sides(
    histories: Histories, base: bytes, ours: bytes, theirs: bytes, expected: tuple[bytes, ...]
) -> None:
    (conflict,) = histories.conflicts({"a": base}, {"a": ours}, {"a": theirs})

    assert hunks(conflict) == (Hunk(1, *expected),)


def test_nul_bytes_far_down_a_file_do_not_keep_git_from_merging_it(histories: Histories) -> None:
    """git looks for them in the first 8,000 bytes only."""
    top = b"text\n" * 2000

    (conflict,) = histories.conflicts(
        {"a": top + b"b\0\n"}, {"a": top + b"c\0\n"}, {"a": top + b"d\0\n"}
    )

    assert (conflict.kind, hunks(conflict)) == ("content", (Hunk(1, b"b\0\n", b"c\0\n", b"d\0\n"),))


# Markers


def test_text_that_looks_like_a_marker_gets_longer_markers(histories: Histories) -> None:
    heading = f"Title\n{'=' * 23}\n"

    (plain, long) = histories.conflicts(
        {"a.rst": TEN, "b.rst": "1\n"},
        {"a.rst": BY_OURS.replace("ours\n", "ours\n" + heading), "b.rst": "2\n"},
        {"a.rst": BY_THEIRS, "b.rst": "3\n"},
    )

    assert hunks(plain) == (Hunk(1, b"line 5\n", b"ours\n" + heading.encode(), b"theirs\n"),)
    assert hunks(long) == (Hunk(1, b"1\n", b"2\n", b"3\n"),)


def test_the_projects_own_marker_length_is_followed_unless_the_text_holds_it(
    histories: Histories,
) -> None:
    attributes = "*.md conflict-marker-size=9\n*.rst conflict-marker-size=9\n"
    base = {"d/a.md": TEN, "d/b.rst": TEN, "d/.gitattributes": attributes}
    ours = {"d/a.md": BY_OURS, "d/b.rst": BY_OURS.replace("ours", "=" * 9)}
    theirs = {"d/a.md": BY_THEIRS, "d/b.rst": BY_THEIRS}

    (kept,) = histories.conflicts(base, {"d/a.md": BY_OURS}, {"d/a.md": BY_THEIRS})
    assert kept.text is not None
    assert (kept.text.marker_size, kept.text.hunks) == (9, (HUNK,))

    (_, changed) = histories.conflicts(base, ours, theirs)
    assert hunks(changed) == (Hunk(1, b"line 5\n", b"=========\n", b"theirs\n"),)


def test_where_markers_cannot_be_told_from_text_the_conflict_has_no_hunks(
    histories: Histories,
) -> None:
    """`info/attributes` goes before everything that we can say."""
    info = histories.repo.path / ".git" / "info" / "attributes"
    info.parent.mkdir(exist_ok=True)
    info.write_text("a conflict-marker-size=5\n")

    (conflict,) = histories.conflicts(
        {"a": TEN}, {"a": BY_OURS.replace("ours", "=====")}, {"a": BY_THEIRS}
    )

    assert (conflict.kind, conflict.text) == ("content", None)


def test_a_base_that_was_merged_itself_holds_longer_markers(histories: Histories) -> None:
    """
    base ── x ─┬─ (x) ── X
         ╲     ╳
          ─ y ─┴─ (y) ── Y
    """
    repo = histories.repo

    def version(line: str) -> dict[str, Content]:
        return {"a": TEN.replace("line 5", line)}

    def cross(text: str, *parents: Oid) -> Oid:
        tree = repo.repository.tree(repo.commit(version(text), on=parents[0]))
        return repo.repository.commit_tree(tree, parents, "cross")

    base = repo.commit({"a": TEN})
    x, y = repo.commit(version("x"), on=base), repo.commit(version("y"), on=base)
    ours = repo.commit(version("X"), on=cross("x", x, y))
    theirs = repo.commit(version("Y"), on=cross("y", y, x))

    merged = histories.merge_commits(base, ours, theirs)

    assert isinstance(merged, Conflicted)
    (conflict,) = merged.conflicts
    assert conflict.text is not None
    (hunk,) = conflict.text.hunks
    assert (hunk.ours, hunk.theirs) == (b"X\n", b"Y\n")
    assert hunk.base is not None
    assert hunk.base.startswith(b"<" * 25)
    assert conflict.text.write() == repo.data(merged.tree, "a")


# Attributes and drivers


UNION = {"a.txt": TEN, ".gitattributes": "*.txt merge=union\n"}
BOTH = TEN.replace("line 5", "ours\ntheirs")


def test_attributes_are_those_of_the_base_wherever_the_user_stands(histories: Histories) -> None:
    repo = histories.repo
    repo.checkout(repo.commit({".gitattributes": "*.txt -merge\n", "a.txt": "x"}))
    base = repo.commit(UNION)
    ours = repo.commit({"a.txt": BY_OURS, ".gitattributes": "*.txt -merge\n"}, on=base)
    theirs = repo.commit({"a.txt": BY_THEIRS}, on=base)

    merged = histories.merge_commits(base, ours, theirs)

    assert isinstance(merged, Merged)
    assert repo.text(merged.tree, "a.txt") == BOTH


def test_an_agent_cannot_choose_how_its_work_is_merged(histories: Histories) -> None:
    histories.repo.git("config", "merge.evil.driver", "touch evil; echo evil > %A")

    (conflict,) = histories.conflicts(
        {"a.txt": TEN, "sub/b": "1"},
        {"a.txt": BY_OURS, ".gitattributes": "*.txt merge=evil\n"},
        {"a.txt": BY_THEIRS, "sub/.gitattributes": "* merge=evil\n"},
    )

    assert (conflict.kind, hunks(conflict)) == ("content", (HUNK,))


@pytest.mark.parametrize("place", ["setting", "default", "XDG", "info"])
def test_the_users_own_attributes_files_keep_working(
    histories: Histories, sealed: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    files = {
        "setting": sealed / "my attributes",
        "default": sealed / ".config" / "git" / "attributes",
        "XDG": sealed / "settings" / "git" / "attributes",
        "info": histories.repo.path / ".git" / "info" / "attributes",
    }
    files[place].parent.mkdir(parents=True, exist_ok=True)
    files[place].write_bytes(b"\xef\xbb\xbf*.txt merge=union\n")
    if place == "setting":
        histories.repo.git("config", "--global", "core.attributesFile", "~/my attributes")
    if place == "XDG":
        monkeypatch.setenv("XDG_CONFIG_HOME", str(sealed / "settings"))

    merged = histories.merge({"a.txt": TEN}, {"a.txt": BY_OURS}, {"a.txt": BY_THEIRS})

    assert isinstance(merged, Merged)
    assert histories.repo.text(merged.tree, "a.txt") == BOTH


def test_a_bare_repository_merges_alike(histories: Histories, tmp_path: Path) -> None:
    repo = histories.repo
    base = repo.commit(UNION | {"b": TEN})
    ours = repo.commit({"a.txt": BY_OURS, "b": BY_OURS}, on=base)
    theirs = repo.commit({"a.txt": BY_THEIRS, "b": BY_THEIRS}, on=base)
    repo.git("update-ref", "refs/heads/ours", ours)
    repo.git("update-ref", "refs/heads/theirs", theirs)
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    bare = Repository.discover(tmp_path / "bare.git")
    assert bare.work_tree is None

    with Attributes.of(bare, base) as attributes:
        there = merge(bare, ours, theirs, attributes)

    assert there == histories.merge_commits(base, ours, theirs)


def test_the_users_merge_drivers_run_and_their_files_stay_out_of_the_checkout(
    histories: Histories,
) -> None:
    repo = histories.repo
    repo.checkout(repo.commit({"file": "1"}))
    repo.git("config", "merge.mine.driver", "echo %P >%A; pwd >>%A; touch left-behind")
    before = sorted(repo.path.iterdir())

    merged = histories.merge(
        {"d/a.lock": TEN, ".gitattributes": "*.lock merge=mine\n"},
        {"d/a.lock": BY_OURS},
        {"d/a.lock": BY_THEIRS},
    )

    assert isinstance(merged, Merged)
    path, folder = repo.text(merged.tree, "d/a.lock").splitlines()
    assert path == "d/a.lock"
    assert not Path(folder).exists()
    assert sorted(repo.path.iterdir()) == before


@pytest.mark.parametrize(
    "driver", ["echo it broke >&2; exit 1", "echo it broke >&2; printf '<<<<<<< 7\\n' >%A; exit 1"]
)
def test_a_driver_that_fails_leaves_the_file_open_and_is_said(
    histories: Histories, driver: str
) -> None:
    histories.repo.git("config", "merge.mine.driver", driver)

    merged = histories.merge(
        {"a.lock": TEN, ".gitattributes": "*.lock merge=mine\n"},
        {"a.lock": BY_OURS},
        {"a.lock": BY_THEIRS},
    )

    assert isinstance(merged, Conflicted)
    assert [(c.path, c.kind, c.text) for c in merged.conflicts] == [(b"a.lock", "content", None)]
    assert merged.warnings == "it broke"


def test_the_users_conflict_style_does_not_take_the_base_away(histories: Histories) -> None:
    histories.repo.git("config", "merge.conflictStyle", "zdiff3")

    (conflict,) = histories.conflicts({"a": TEN}, {"a": BY_OURS}, {"a": BY_THEIRS})

    assert hunks(conflict) == (HUNK,)


# Writing what was resolved


def test_resolved_texts_go_to_the_new_name_with_the_changed_mode(histories: Histories) -> None:
    merged = histories.merge(
        {"d/a": TEN, "b": TEN, "c": "1\n"},
        {"d/a": None, "d/new": BY_OURS, "b": BY_OURS, "c": "2\n"},
        {"d/a": BY_THEIRS, "b": BY_THEIRS},
        {"theirs": {"d/a": EXECUTABLE_MODE}},
    )
    assert isinstance(merged, Conflicted)
    texts = {c.path: c.text.splice({1: b"both\n"}) for c in merged.conflicts if c.text}

    tree = write_resolved(histories.repo.repository, merged, texts)

    both = TEN.replace("line 5", "both")
    assert histories.repo.files(tree) == {"b": both, "c": "2\n", "d/new": both}
    modes = {entry.path: entry.mode for entry in histories.repo.repository.entries(tree)}
    assert modes == {b"b": FILE_MODE, b"c": FILE_MODE, b"d/new": EXECUTABLE_MODE}


def test_an_open_conflict_is_never_written(histories: Histories) -> None:
    repository = histories.repo.repository
    merged = histories.merge(
        {"a": TEN, "b": TEN}, {"a": BY_OURS, "b": BY_OURS}, {"a": BY_THEIRS, "b": BY_THEIRS}
    )
    assert isinstance(merged, Conflicted)
    a, b = (conflict.text for conflict in merged.conflicts)
    assert a is not None
    assert b is not None

    with pytest.raises(MergeError, match=r"^b is still in conflict \(content\)$"):
        write_resolved(repository, merged, {p("a"): a.splice({1: b""})})
    with pytest.raises(MergeError, match=r"^a is still in conflict \(content\)$"):
        write_resolved(repository, merged, {p("a"): a, p("b"): b.splice({1: b""})})


def test_a_resolved_text_does_not_decide_the_mode_as_well(histories: Histories) -> None:
    merged = histories.merge(
        {"x": "1"}, {"a": "1\n"}, {"a": "2\n"}, {"ours": {"a": EXECUTABLE_MODE}}
    )
    assert isinstance(merged, Conflicted)
    text = merged.conflicts[0].text
    assert text is not None

    with pytest.raises(MergeError, match="still in conflict"):
        write_resolved(histories.repo.repository, merged, {p("a"): text.splice({1: b"1\n2\n"})})


# What cannot be merged


def test_unrelated_histories_are_refused_in_gits_words(histories: Histories) -> None:
    one, two = histories.repo.commit({"a": "1"}), histories.repo.commit({"b": "2"})

    with pytest.raises(MergeError, match=f"cannot merge {one[:12]} and {two[:12]}: .*unrelated"):
        histories.merge_commits(one, one, two)


def test_a_commit_that_does_not_exist_is_refused(histories: Histories) -> None:
    one = histories.repo.commit({"a": "1"})

    with pytest.raises(MergeError, match="cannot merge"):
        histories.merge_commits(one, one, Oid("1" * 40))


# Forecast


@pytest.fixture
def git_2_38(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The git of the machine without what came after 2.38: `merge-tree --stdin`."""
    real = shutil.which("git")
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "git"
    script.write_text(
        f'#!/bin/sh\nfor word; do [ "$word" != --stdin ] || [ "$merge" != yes ] || exit 129\n'
        f'[ "$word" != merge-tree ] || merge=yes; done\nexec {real} "$@"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(params=["current git", "git 2.38"])
def any_git(request: pytest.FixtureRequest) -> None:
    if request.param == "git 2.38":
        request.getfixturevalue("git_2_38")


@pytest.mark.usefixtures("any_git")
def test_a_forecast_names_the_conflicting_paths_of_each_pair(histories: Histories) -> None:
    repo = histories.repo
    base = repo.commit({"a": TEN, "b": TEN, "d/1": TEN + "1\n", "d/2": OTHER})
    one = repo.commit({"a": BY_OURS, "b": BY_OURS}, on=base)
    two = repo.commit({"a": BY_THEIRS, "b": BY_THEIRS}, on=base)
    three = repo.commit({"a": BY_OURS}, on=base)
    split = repo.commit({"d/1": None, "d/2": None, "e/1": TEN + "1\n", "f/2": OTHER}, on=base)
    adds = repo.commit({"d/3": "new\n"}, on=base)
    pairs = [(one, two), (one, three), (two, three), (split, adds)]
    objects = repo.git("count-objects")

    with Attributes.of(repo.repository, base) as attributes:
        found = conflicting_paths(repo.repository, pairs, attributes)

    assert found == {
        (one, two): (b"a", b"b"),
        (one, three): None,
        (two, three): (b"a",),
        (split, adds): (),
    }
    assert repo.git("count-objects") == objects


@pytest.mark.usefixtures("any_git")
def test_a_forecast_of_what_cannot_be_merged_says_which(histories: Histories) -> None:
    repo = histories.repo
    one, two = repo.commit({"a": "1"}), repo.commit({"b": "2"})
    three = repo.commit({"a": "2"}, on=one)

    with (
        Attributes.of(repo.repository, one) as attributes,
        pytest.raises(MergeError, match=f"cannot merge {one[:12]} and {two[:12]}: .*unrelated"),
    ):
        conflicting_paths(repo.repository, [(one, three), (one, two)], attributes)


def test_a_forecast_of_nothing_is_empty(histories: Histories) -> None:
    base = histories.repo.commit({"a": "1"})

    with Attributes.of(histories.repo.repository, base) as attributes:
        assert conflicting_paths(histories.repo.repository, [], attributes) == {}


# Attributes by themselves


def test_the_scratch_tree_holds_the_commits_attributes_and_nothing_else(
    repo: RepositoryBuilder,
) -> None:
    base = repo.commit(
        {
            ".gitattributes": "* text\n",
            "d/e/.gitattributes": "* -text\n",
            "d/my.gitattributes": "no",
            "f/.gitattributes": "../.gitattributes",
            "x": "1",
        },
        modes={"f/.gitattributes": SYMLINK_MODE},
    )

    with Attributes.of(repo.repository, base) as attributes:
        tree = attributes.folder / "tree"
        found = {
            str(file.relative_to(tree)): file.read_text()
            for file in tree.rglob("*")
            if file.is_file()
        }

    assert found == {".gitattributes": "* text\n", "d/e/.gitattributes": "* -text\n"}
    assert not attributes.folder.exists()


def test_marker_sizes_are_read_as_git_reads_them(repo: RepositoryBuilder) -> None:
    values = {"a": "=40", "b": "=0", "c": "", "d": "=x", "e": "=12x", "f": "=-3"}
    lines = [f"{name} conflict-marker-size{value}\n" for name, value in values.items()]
    base = repo.commit({".gitattributes": "".join([*lines, "g -conflict-marker-size\n"])})

    with Attributes.of(repo.repository, base) as attributes:
        sizes = attributes.marker_sizes([p(name) for name in "abcdefgh"])
        with attributes.with_marker_size(31) as longer:
            all_longer = longer.marker_sizes([p("a"), p("h"), p("deep/down")])

    assert sizes == {b"a": 40, b"b": 7, b"c": 7, b"d": 7, b"e": 12, b"f": 7, b"g": 7, b"h": 23}
    assert all_longer == {b"a": 31, b"h": 31, b"deep/down": 31}
