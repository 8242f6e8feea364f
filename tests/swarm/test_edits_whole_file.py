"""Whole files and deletions: what is written, and what an old file keeps."""

import pytest

from gitswarm.repo.objects import EXECUTABLE_MODE, FILE_MODE, SYMLINK_MODE, RepoPath
from gitswarm.swarm.edits import Change
from tests.swarm.replies import (
    FilesInMemory,
    changes,
    fence,
    only_problem,
    problems,
    written,
)


def whole(body: str, path: str = "a") -> str:
    return fence(f"text path={path}", body)


def test_a_new_file_is_written_as_it_is_given():
    body = "one\r\ntwo\n\n\x0c\x00\ufeffü\n"
    assert changes(whole(body, "new/file.txt")) == (
        Change(RepoPath(b"new/file.txt"), FILE_MODE, body.encode()),
    )


def test_an_empty_fence_makes_an_empty_file():
    assert changes(whole("", "pkg/__init__.py")) == (
        Change(RepoPath(b"pkg/__init__.py"), FILE_MODE, b""),
    )


def test_a_new_file_that_starts_with_a_shebang_is_executable():
    (change,) = changes(whole("#!/bin/sh\n"))
    assert change.mode == EXECUTABLE_MODE


@pytest.mark.parametrize("mode", [FILE_MODE, EXECUTABLE_MODE])
def test_an_old_file_keeps_its_mode(mode):
    for body in ("#!/bin/sh\n", "x\n"):
        (change,) = changes(whole(body), FilesInMemory({"a": "x\n"}, modes={"a": mode}))
        assert change == Change(RepoPath(b"a"), mode, body.encode())


@pytest.mark.parametrize(
    ("old", "body", "new"),
    [
        ("x\n", "one\ntwo\n", "one\ntwo\n"),
        ("x\r\ny\r\n", "one\ntwo\n", "one\r\ntwo\r\n"),
        ("x\r\ny\r\n", "one\r\ntwo\n", "one\r\ntwo\r\n"),
        ("x\ny\n", "one\r\ntwo\r\n", "one\ntwo\n"),
        ("x\ry\r", "one\ntwo\n", "one\rtwo\r"),
        ("x", "one\ntwo\n", "one\ntwo"),
        ("x\r\ny", "one\ntwo\n", "one\r\ntwo"),
        ("x", "one\n\n\n", "one"),
        ("x\n", "one\n\n\n", "one\n\n\n"),
        ("\ufeffx\n", "one\n", "\ufeffone\n"),
        ("\ufeffx\n", "\ufeffone\n", "\ufeffone\n"),
        ("", "one\r\n", "one\r\n"),
        ("same\r\nold\nsame 2\r\n", "same\nnew\nsame 2\n", "same\r\nnew\r\nsame 2\r\n"),
        ("a\nb\nc\r\n", "a\nb\nc\nd\n", "a\nb\nc\r\nd\n"),
    ],
)
def test_an_old_file_keeps_its_line_ends_final_newline_and_byte_order_mark(old, body, new):
    assert written(whole(body), {"a": old}) == {"a": new}


def test_a_file_that_loses_all_its_text_is_told():
    (change,) = changes(whole(""), {"a": "x\n"})
    assert (change.data, change.remarks) == (b"", ("a: all its text is gone.",))
    (unchanged,) = changes(whole(""), {"a": ""})
    assert unchanged.remarks == ()


def test_a_file_that_loses_most_of_its_lines_is_told():
    old = "".join(f"{n}\n" for n in range(40))
    (change,) = changes(fence("text path=a", "0\n" * 19), {"a": old})
    assert change.remarks == ("a: given whole, with 19 lines where it had 40.",)
    (change,) = changes(fence("text path=a", "0\n" * 20), {"a": old})
    assert change.remarks == ()


def test_a_file_may_be_given_as_it_is():
    assert written(whole("x\n"), {"a": "x\n"}) == {"a": "x\n"}


# Files that are no text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"caf\xe9\n", "is not UTF-8, so it is not edited as text"),
        ("x\n".encode("utf-16"), "is not UTF-8, so it is not edited as text"),
        ("x\n".encode("utf-16-le"), "holds NUL bytes, so it is not edited as text"),
    ],
)
def test_a_file_that_is_not_utf8_is_not_edited_as_text(data, reason):
    assert only_problem(whole("x\n"), {"a": data}) == f"Line 1: 'a' {reason}."
    pair = "<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n"
    assert only_problem(fence("edit path=a", pair), {"a": data}) == f"Line 1: 'a' {reason}."


def test_a_file_that_passes_through_a_filter_is_not_edited_as_text():
    for files in ({"a": "version https://git-lfs\n"}, {}):
        assert only_problem(whole("x\n"), FilesInMemory(files, filtered=["a"])) == (
            "Line 1: 'a' passes through a filter (such as LFS), so it is not edited as text."
        )


# Deletions


def test_a_delete_fence_deletes_whatever_the_file_holds():
    tree = FilesInMemory(
        {"a": b"\xff", "link": "a", "lfs": "x"},
        modes={"link": SYMLINK_MODE},
        filtered=["lfs"],
    )
    reply = fence("delete path=a") + fence("delete path=link") + fence("delete path=lfs", "\n")
    assert changes(reply, tree) == (
        Change(RepoPath(b"a"), None),
        Change(RepoPath(b"link"), None),
        Change(RepoPath(b"lfs"), None),
    )


def test_what_does_not_exist_is_neither_deleted_nor_edited():
    pair = "<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n"
    reply = (
        fence("delete path=a") + fence("edit path=b", pair) + fence("diff path=c", "@@\n-a\n+b\n")
    )
    assert problems(reply) == (
        "Line 1: 'a' does not exist, so it cannot be deleted.",
        "Line 3: 'b' does not exist; give a new file whole, in a fence such as text path=FILE.",
        "Line 10: 'c' does not exist; give a new file whole, in a fence such as text path=FILE.",
    )


def test_a_file_may_become_a_folder_in_one_reply():
    reply = fence("delete path=a") + whole("x\n", "a/b")
    assert changes(reply, {"a": "x\n"}) == (
        Change(RepoPath(b"a"), None),
        Change(RepoPath(b"a/b"), FILE_MODE, b"x\n"),
    )


def test_two_new_files_cannot_be_in_each_other():
    assert problems(whole("x\n", "a") + whole("x\n", "a/b")) == ("a and a/b cannot both be files.",)


# All or none


def test_nothing_is_applied_when_anything_is_refused():
    reply = (
        whole("x\n", "good")
        + whole("x\n", "../bad")
        + whole("# ... rest unchanged ...\n", "cut")
        + fence("delete path=gone")
    )
    assert problems(reply, {"cut": "x\n"}) == (
        "Line 4: '../bad' has the part \"..\"; write it from the top of the repository.",
        'Line 8: "# ... rest unchanged ..." stands for text that is left out of cut and would be'
        " lost; give the whole file, or change a part of it with an edit fence.",
        "Line 10: 'gone' does not exist, so it cannot be deleted.",
    )


def test_changes_come_in_the_order_of_the_reply():
    reply = whole("x\n", "b") + whole("x\n", "a") + fence("delete path=0")
    assert [change.path for change in changes(reply, {"0": "x\n"})] == [b"b", b"a", b"0"]
