"""What git prints as a patch, and what is read from it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitswarm.repo.objects import Oid, RepoPath
from gitswarm.review.patch import PATCH_OPTIONS, PIECE_LINES, Hunk, read_log, read_patch
from tests.conftest import RepositoryBuilder


def patch(repo: RepositoryBuilder, old: Oid, new: Oid, context: int = 3) -> bytes:
    options = (*PATCH_OPTIONS, f"--unified={context}")
    return repo.repository.git("diff-tree", *options, old, new).stdout


def test_a_hunk_knows_the_numbers_of_its_lines_in_the_new_version(repo: RepositoryBuilder) -> None:
    old = repo.commit({"a.py": "one\ntwo\nthree\nfour\n"})
    new = repo.commit({"a.py": "zero\none\nthree\nfour"}, on=old)

    [(path, hunk)] = read_patch(patch(repo, old, new))

    assert path == b"a.py"
    assert list(hunk.numbered) == [
        (1, "+zero"),
        (2, " one"),
        (None, "-two"),
        (3, " three"),
        (None, "-four"),
        (4, "+four"),
    ]
    assert (hunk.first, hunk.last, hunk.changed) == (1, 4, 4)


@pytest.mark.parametrize(
    ("key", "value"),
    [("diff.suppressBlankEmpty", "true"), ("core.quotePath", "false"), ("diff.noprefix", "true")],
)
def test_what_the_user_has_configured_changes_nothing(
    repo: RepositoryBuilder, key: str, value: str
) -> None:
    name = 'é "quoted".py'
    old = repo.commit({name: "one\n\ntwo\n"})
    new = repo.commit({name: "one\n\nTWO\n"}, on=old)
    repo.git("config", key, value)

    found = list(read_patch(patch(repo, old, new)))

    assert found == [(RepoPath(name.encode()), Hunk(1, (" one", " ", "-two", "+TWO")))]


def test_lines_that_look_like_a_patch_are_lines(repo: RepositoryBuilder) -> None:
    sly = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n\\ No newline at end\n"
    old = repo.commit({"a": "x\n"})
    new = repo.commit({"a": f"x\n{sly}{old}\n"}, on=old)

    [(path, hunk)] = read_patch(patch(repo, old, new))

    assert path == b"a"
    assert [text for _, text in hunk.added] == [*sly.splitlines(), old]


@pytest.mark.parametrize("name", ["a b.py", 'q"uote', "tab\there", "naïve.py", "back\\slash"])
def test_unusual_names_are_read_as_they_are(repo: RepositoryBuilder, name: str) -> None:
    old = repo.commit({"other": "x\n"})
    new = repo.commit({name: "y\n"}, on=old)

    assert [path for path, _ in read_patch(patch(repo, old, new))] == [name.encode()]


def test_what_shows_no_lines_has_no_hunks(repo: RepositoryBuilder) -> None:
    text = "".join(f"{n}\n" for n in range(50))
    old = repo.commit({"gone": "x\n", "old": text, "bin": b"\0a"})
    new = repo.commit({"gone": None, "old": None, "new": text, "bin": b"\0b", "empty": ""}, on=old)

    assert list(read_patch(patch(repo, old, new))) == []


def test_each_commit_of_a_log_has_its_own_hunks(repo: RepositoryBuilder) -> None:
    first = repo.commit({"a": "1\n"})
    second = repo.commit({"a": "1\n2\n"}, on=first)
    options = (*PATCH_OPTIONS, "--unified=0", "--root", "--stdin")

    log = repo.repository.git("diff-tree", *options, input=f"{first}\n{second}\n".encode()).stdout

    assert list(read_log(log)) == [
        (first, RepoPath(b"a"), Hunk(1, ("+1",))),
        (second, RepoPath(b"a"), Hunk(2, ("+2",))),
    ]


def test_a_long_hunk_comes_in_pieces_that_know_their_place() -> None:
    lines = tuple(f"{'-' if n % 3 == 0 else '+'}{n}" for n in range(PIECE_LINES * 2 + 10))
    hunk = Hunk(7, lines)

    pieces = list(hunk.pieces())

    assert [len(piece.lines) for piece in pieces] == [PIECE_LINES, PIECE_LINES, 10]
    assert [line for piece in pieces for line in piece.numbered] == list(hunk.numbered)


line = st.sampled_from([b"a", b"b", b"", b"+", b"--- a/x", b"@@ -1 +1 @@", b"\xff", b"\r", b"\\ x"])
text = st.builds(
    lambda lines, end: b"\n".join(lines) + end,
    st.lists(line, max_size=12),
    st.sampled_from([b"", b"\n"]),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(old=text, new=text, context=st.integers(0, 3))
def test_the_added_lines_are_those_of_the_new_version(
    repo: RepositoryBuilder, old: bytes, new: bytes, context: int
) -> None:
    before = repo.commit({"f": old, "keep": "x"})
    after = repo.commit({"f": new}, on=before)
    lines = new.decode("utf-8", "surrogateescape").split("\n")

    for _, hunk in read_patch(patch(repo, before, after, context)):
        for number, shown in hunk.numbered:
            assert number is None or lines[number - 1] == shown[1:]
