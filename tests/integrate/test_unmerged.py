"""The conflicts of a checkout, against those of the same merge in memory."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gitswarm.errors import MergeError
from gitswarm.integrate.under_way import UnderWay
from gitswarm.integrate.unmerged import Unmerged, load_unmerged
from gitswarm.integrate.write_back import carry_out, write_text
from gitswarm.merge.threeway import merge, write_resolved
from gitswarm.merge.ways import Way, ways
from gitswarm.repo.attributes import GIT_MARKER_SIZE, Attributes
from gitswarm.repo.objects import (
    EXECUTABLE_MODE,
    FILE_MODE,
    SUBMODULE_MODE,
    SYMLINK_MODE,
    Oid,
    RepoPath,
)
from tests.conftest import Content, RepositoryBuilder

TEXT = "".join(f"line {n}\n" for n in range(30))
CHANGED = TEXT.replace("line 5\n", "changed\n")
LATER = TEXT.replace("line 25\n", "later\n")


@dataclass
class Checkout:
    repo: RepositoryBuilder
    tip: Oid

    @property
    def path(self) -> Path:
        return self.repo.path

    def git(self, *args: str) -> str:
        done = subprocess.run(["git", *args], cwd=self.path, capture_output=True, check=True)
        return os.fsdecode(done.stdout)

    @contextmanager
    def loaded(self, *paths: str) -> Iterator[list[Unmerged]]:
        repository = self.repo.repository
        under_way = UnderWay.load(repository)
        with (
            repository.with_scratch_objects() as scratch,
            Attributes.of(scratch, under_way.ours, marker_size=GIT_MARKER_SIZE) as attributes,
        ):
            chosen = [RepoPath(os.fsencode(path)) for path in paths]
            yield load_unmerged(under_way, attributes, chosen)

    def carry_out(self, unmerged: Unmerged, way: Way) -> None:
        carry_out(self.repo.repository, unmerged, way, self.path.parent / "saved")

    def in_memory(self, way: int) -> Oid:
        """The tree of the same merge made in memory, with this way of its only conflict."""
        repository = self.repo.repository
        head = repository.commit_oid("HEAD")
        with Attributes.of(repository, head) as attributes:
            outcome = merge(repository, head, self.tip, attributes)
            (conflict,) = outcome.conflicts  # type: ignore[union-attr]
            found = ways(repository, outcome.tree, conflict, ("HEAD", "topic"))
            chosen = {conflict.path: found[way]}
            return write_resolved(repository, outcome, {}, chosen)  # type: ignore[arg-type]


Files = dict[str, Content]


def merging(
    repo: RepositoryBuilder,
    base: Files,
    ours: Files,
    theirs: Files,
    *,
    modes: tuple[dict[str, str], dict[str, str], dict[str, str]] = ({}, {}, {}),
) -> Checkout:
    """A checkout in which `git merge topic` found a conflict."""
    root = repo.commit({"other": "there\n", **base}, modes=modes[0])
    mine = repo.commit(ours, on=root, modes=modes[1])
    tip = repo.commit(theirs, on=root, modes=modes[2])
    repo.checkout(mine)
    repo.git("branch", "topic", tip)
    done = subprocess.run(["git", "merge", "topic"], cwd=repo.path, capture_output=True)
    assert done.returncode == 1, done
    return Checkout(repo, tip)


LINK = {"link": SYMLINK_MODE}

CONFLICTS: dict[str, tuple[Files, Files, Files, int]] = {
    "modify/delete": ({"a": TEXT}, {"a": CHANGED}, {"a": None}, 2),
    "delete/modify": ({"a": TEXT}, {"a": None}, {"a": CHANGED}, 2),
    "rename/delete": ({"a": TEXT}, {"a": None, "b": TEXT}, {"a": None}, 2),
    "rename/rename": (
        {"a": TEXT},
        {"a": None, "b": CHANGED},
        {"a": None, "d/c": LATER},
        3,
    ),
    "binary": ({"a": "1\0"}, {"a": "2\0"}, {"a": "3\0"}, 2),
    "file/directory": ({"x": "1\n"}, {"a": "file\n"}, {"a/b": "folder\n", "a/c": "2\n"}, 3),
    "directory/file": ({"x": "1\n"}, {"a/b": "folder\n"}, {"a": "file\n"}, 3),
    "location": (
        {"old/a": TEXT, "old/b": TEXT[::-1]},
        {"old/a": None, "old/b": None, "new/a": TEXT, "new/b": TEXT[::-1]},
        {"old/c": "new file\n"},
        2,
    ),
}


@pytest.mark.parametrize(
    ("name", "way"), [(name, way) for name, one in CONFLICTS.items() for way in range(one[3])]
)
def test_a_way_leads_to_the_tree_that_it_leads_to_in_memory(
    repo: RepositoryBuilder, name: str, way: int
) -> None:
    base, ours, theirs, _ = CONFLICTS[name]
    checkout = merging(repo, base, ours, theirs)
    kinds = {"delete/modify": "modify/delete", "directory/file": "file/directory"}

    with checkout.loaded() as (unmerged,):
        assert (unmerged.conflict.kind, unmerged.why) == (kinds.get(name, name), "")
        checkout.carry_out(unmerged, unmerged.ways[way])

    assert checkout.git("write-tree").strip() == checkout.in_memory(way)
    assert checkout.git("diff-files", "--name-status") == ""
    assert checkout.git("ls-files", "--others") == ""


@pytest.mark.parametrize(
    ("path", "kind", "contents", "modes"),
    [
        ("link", "symlink", ("x", "y", "z"), (LINK, LINK, LINK)),
        (
            "run",
            "mode",
            (None, TEXT, TEXT),
            ({}, {"run": FILE_MODE}, {"run": EXECUTABLE_MODE}),
        ),
        ("mixed", "mode", (TEXT, TEXT + "x\n", "elsewhere"), ({}, {}, {"mixed": SYMLINK_MODE})),
    ],
)
def test_links_and_modes_too(
    repo: RepositoryBuilder,
    path: str,
    kind: str,
    contents: tuple[Content, Content, Content],
    modes: tuple[dict[str, str], dict[str, str], dict[str, str]],
) -> None:
    base, ours, theirs = contents
    known: Files = {path: base} if base is not None else {}
    checkout = merging(repo, known, {path: ours}, {path: theirs}, modes=modes)

    with checkout.loaded(path) as (unmerged,):
        assert (unmerged.conflict.kind, unmerged.why) == (kind, "")
        checkout.carry_out(unmerged, unmerged.ways[1])

    assert checkout.git("write-tree").strip() == checkout.in_memory(1)
    assert checkout.git("diff-files", "--name-status") == ""


def test_a_submodule_is_chosen_in_the_index_and_its_checkout_is_left_alone(
    repo: RepositoryBuilder,
) -> None:
    base, ours, theirs = (repo.commit({"x": str(n)}) for n in range(3))
    repository = repo.repository

    def tree(root: Oid, commit: Oid) -> Oid:
        changes = {RepoPath(b"sub"): (SUBMODULE_MODE, commit)}
        return repository.edit_tree(repository.tree(root), changes)

    first = repository.commit_tree(tree(base, base), [], "base")
    mine = repository.commit_tree(tree(base, ours), [first], "ours")
    tip = repository.commit_tree(tree(base, theirs), [first], "theirs")
    repo.checkout(mine)
    subprocess.run(["git", "merge", tip], cwd=repo.path, capture_output=True)
    checkout = Checkout(repo, tip)

    with checkout.loaded() as (unmerged,):
        assert (unmerged.conflict.kind, unmerged.why) == ("submodule", "")
        assert UnderWay.load(repository).versions(unmerged.conflict) == (b"", b"")
        checkout.carry_out(unmerged, unmerged.ways[1])

    assert checkout.git("ls-files", "-s", "sub") == f"160000 {theirs} 0\tsub\n"
    assert (repo.path / "sub").is_dir()


def test_what_was_changed_on_disk_since_is_for_a_person(repo: RepositoryBuilder) -> None:
    checkout = merging(repo, {"a": TEXT}, {"a": CHANGED}, {"a": None})
    with checkout.loaded() as (before,):
        (repo.path / "a").write_text("my own\n")
        with pytest.raises(MergeError, match="a was changed meanwhile"):
            checkout.carry_out(before, before.ways[1])
    with checkout.loaded() as (after,):
        assert (after.ways, after.why) == ((), "a was changed here: git add or git rm it")
    assert (repo.path / "a").read_text() == "my own\n"
    assert len(checkout.git("ls-files", "-u").splitlines()) == 2


def test_nothing_is_deleted_behind_a_link(repo: RepositoryBuilder, tmp_path: Path) -> None:
    checkout = merging(repo, {"d/a": TEXT}, {"d/a": CHANGED}, {"d/a": None})
    (repo.path / "d").rename(tmp_path / "elsewhere")
    (repo.path / "d").symlink_to(tmp_path / "elsewhere")

    with checkout.loaded() as (unmerged,):
        assert (unmerged.ways, unmerged.why) == ((), "d/a was changed here: git add or git rm it")
    assert (tmp_path / "elsewhere" / "a").read_text() == CHANGED


@pytest.mark.parametrize("own", ["a/untracked", "a/b"])
def test_a_folder_that_holds_anything_of_the_users_is_not_deleted(
    repo: RepositoryBuilder, own: str
) -> None:
    checkout = merging(repo, {}, {"a/b": "folder\n"}, {"a": "file\n"})
    (repo.path / own).write_text("my own\n")
    before = checkout.git("status", "--porcelain")

    with checkout.loaded() as (unmerged,), pytest.raises(MergeError, match="holds what is in no"):
        checkout.carry_out(unmerged, unmerged.ways[2])

    assert (repo.path / own).read_text() == "my own\n"
    assert checkout.git("status", "--porcelain") == before


def test_what_is_deleted_is_copied_aside(repo: RepositoryBuilder, tmp_path: Path) -> None:
    checkout = merging(repo, {}, {"a/b": "folder\n", "a/c/d": "d\n"}, {"a": "file\n"})

    with checkout.loaded() as (unmerged,):
        checkout.carry_out(unmerged, unmerged.ways[2])

    assert (repo.path / "a").read_text() == "file\n"
    saved = tmp_path / "saved"
    assert {
        str(one.relative_to(saved)): one.read_text() for one in saved.rglob("*") if one.is_file()
    } == {
        "a/b": "folder\n",
        "a/c/d": "d\n",
        "a~topic": "file\n",
    }


@pytest.mark.parametrize("operation", ["cherry-pick", "revert", "rebase"])
def test_other_merges_are_made_again_on_their_own_base(
    repo: RepositoryBuilder, operation: str
) -> None:
    """`o` is the commit before; picking or rebasing the last one brings its rename, reverting
    takes it back."""
    renamed = {"old/a": None, "old/b": None, "new/a": TEXT, "new/b": TEXT[::-1]}
    root = repo.commit({"old/a": TEXT, "old/b": TEXT[::-1]})
    move = repo.commit(renamed, on=root, message="Move")
    if operation == "revert":
        head = repo.commit({"new/c": "new\n"}, on=move)
    else:
        head = repo.commit({"old/c": "new\n"}, on=root)
    repo.checkout(move if operation == "rebase" else head)
    what = {"rebase": head}.get(operation, move)
    if operation == "rebase":
        repo.checkout(head)
        what = move
    subprocess.run(["git", operation, what], cwd=repo.path, capture_output=True)

    with Checkout(repo, move).loaded() as (unmerged,):
        assert UnderWay.load(repo.repository).operation == operation
        assert unmerged.conflict.kind == "location"
        place = "old/c" if operation == "revert" else "new/c"
        assert [*unmerged.ways[0].kept] == [place.encode()]


def test_what_a_stash_left_is_read_from_the_index(repo: RepositoryBuilder) -> None:
    base = repo.commit({"a": TEXT, "b": "1\0", "c": TEXT})
    repo.checkout(base)
    (repo.path / "a").write_text(CHANGED)
    (repo.path / "b").write_bytes(b"2\0")
    (repo.path / "c").write_text(CHANGED)
    repo.git("stash")
    later = repo.commit({"a": None, "b": "3\0", "c": TEXT.replace("5", "6")}, on=base)
    repo.checkout(later)
    subprocess.run(["git", "stash", "apply"], cwd=repo.path, capture_output=True)

    with Checkout(repo, later).loaded() as files:
        assert [(one.conflict.kind, len(one.ways), one.why) for one in files] == [
            ("modify/delete", 2, ""),
            ("binary", 2, ""),
            ("content", 0, ""),
        ]


def test_markers_are_as_long_as_the_attributes_of_ours_say(repo: RepositoryBuilder) -> None:
    """Those of theirs are in the checkout by now, and so long that no run of 7 would count."""
    row = "======= a heading\n"
    checkout = merging(
        repo,
        {"a": TEXT + row, ".gitattributes": "a conflict-marker-size=9\n"},
        {"a": CHANGED + row},
        {
            "a": TEXT.replace("line 5\n", "theirs\n") + row,
            ".gitattributes": "a conflict-marker-size=12\n",
        },
    )

    with checkout.loaded() as (unmerged,):
        text = unmerged.conflict.text
        assert text
        assert (text.marker_size, [hunk.theirs for hunk in text.hunks]) == (9, [b"theirs\n"])
        assert text.hunks[0].base == b"line 5\n"


def test_a_base_is_known_where_the_sides_begin_or_end_alike(repo: RepositoryBuilder) -> None:
    checkout = merging(
        repo,
        {"a": "one\ntwo\nthree\n"},
        {"a": "same\nours\nthe end\n"},
        {"a": "same\ntheirs\nthe end\n"},
    )

    with checkout.loaded() as (unmerged,):
        assert unmerged.conflict.text
        (hunk,) = unmerged.conflict.text.hunks
        assert (hunk.base, hunk.ours, hunk.theirs) == (b"one\ntwo\nthree\n", b"ours\n", b"theirs\n")


def test_a_file_that_a_checkout_has_in_another_encoding_is_read_and_written_in_it(
    repo: RepositoryBuilder,
) -> None:
    attributes = "a working-tree-encoding=UTF-16LE text\n"
    ours, theirs = (TEXT.replace("line 5\n", f"{side} ä\n") for side in ("ours", "theirs"))
    checkout = merging(repo, {"a": TEXT, ".gitattributes": attributes}, {"a": ours}, {"a": theirs})
    assert "<<<<<<<" in (repo.path / "a").read_text("utf-16-le")

    with checkout.loaded() as (unmerged,):
        text = unmerged.conflict.text
        assert text
        merged = text.splice({1: "both ä\n".encode()})
        write_text(repo.repository, unmerged, merged.write(), repo.path.parent / "saved")

    expected = TEXT.replace("line 5\n", "both ä\n")
    assert (repo.path / "a").read_bytes() == expected.encode("utf-16-le")


EXAMPLE = "<<<<<<< HEAD\nmine\n=======\nyours\n>>>>>>> topic\n"


def test_a_conflict_that_a_document_shows_is_text(repo: RepositoryBuilder) -> None:
    ours, theirs = (TEXT.replace("line 5\n", f"{side}\n") for side in ("ours", "theirs"))
    checkout = merging(repo, {"a": EXAMPLE + TEXT}, {"a": EXAMPLE + ours}, {"a": EXAMPLE + theirs})

    with checkout.loaded() as (unmerged,):
        assert unmerged.conflict.text
        (hunk,) = unmerged.conflict.text.hunks
        assert (hunk.ours, hunk.theirs, hunk.base) == (b"ours\n", b"theirs\n", b"line 5\n")
        merged = unmerged.conflict.text.splice({hunk.number: b"both\n"}).write().decode()
    assert merged == EXAMPLE + TEXT.replace("line 5\n", "both\n")


@pytest.mark.parametrize("line", [">>>>>>> quoted\n", "|||||||\n", "<<<<<<< quoted\n", "=======\n"])
def test_a_hunk_with_a_line_like_a_marker_is_for_a_person(
    repo: RepositoryBuilder, line: str
) -> None:
    """A hunk that was read wrongly would leave a part of it behind in the file."""
    theirs = f"one of theirs\n{line}another of theirs\n"
    for ours_too in (False, True):
        sides = ("ours\n", theirs) if not ours_too else (theirs, "ours\n")
        mine, other = (TEXT.replace("line 5\n", side) for side in sides)
        checkout = merging(repo, {"a": TEXT}, {"a": mine}, {"a": other})

        with checkout.loaded() as (unmerged,):
            assert unmerged.conflict.text is None
            assert "look like markers" in unmerged.why or "not in order" in unmerged.why
        repo.git("merge", "--abort")
        repo.git("branch", "-D", "topic")


@pytest.mark.parametrize(
    ("on_disk", "why"),
    [
        (None, "it is as ours has it: a merge driver left no marker"),
        ("my own\n", "no marker is left in it"),
    ],
)
def test_a_file_without_a_marker_is_for_a_person(
    repo: RepositoryBuilder, on_disk: str | None, why: str
) -> None:
    repo.git("config", "merge.broken.driver", "exit 1")
    attributes: Files = {".gitattributes": "a merge=broken\n"}
    checkout = merging(repo, {"a": TEXT, **attributes}, {"a": CHANGED}, {"a": LATER})
    if on_disk:
        (repo.path / "a").write_text(on_disk)

    with checkout.loaded() as (unmerged,):
        assert unmerged.why == f"{why}; git add it once it is as you want it"
        assert (unmerged.ways, unmerged.conflict.text) == ((), None)


def test_only_the_conflicts_of_some_paths(repo: RepositoryBuilder) -> None:
    checkout = merging(
        repo, {"d/a": TEXT, "b": TEXT}, {"d/a": CHANGED, "b": CHANGED}, {"d/a": None, "b": None}
    )
    with checkout.loaded("d") as (unmerged,):
        assert unmerged.path == b"d/a"
