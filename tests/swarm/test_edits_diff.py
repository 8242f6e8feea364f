"""Unified diffs: read though their counts are wrong, applied by context, fuzz told."""

import difflib
import subprocess

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gitswarm.repo.objects import EXECUTABLE_MODE, FILE_MODE, RepoPath
from gitswarm.swarm.edits import Change
from tests.swarm.replies import changes, fence, only_problem, problems, written

NUMBERS = "".join(f"{number}\n" for number in range(1, 21))


def patched(old: str, diff: str) -> str:
    return written(fence("diff path=a", diff), {"a": old})["a"]


def remarks(old: str, diff: str) -> tuple[str, ...]:
    (change,) = changes(fence("diff path=a", diff), {"a": old})
    return change.remarks


def refused(old: str, diff: str) -> str:
    return only_problem(fence("diff path=a", diff), {"a": old})


HEADER = "--- a/a\n+++ b/a\n"


def test_a_diff_applies_where_its_context_is():
    diff = HEADER + "@@ -9,3 +9,4 @@\n 9\n-10\n+ten\n+more\n 11\n"
    assert patched(NUMBERS, diff) == NUMBERS.replace("10\n", "ten\nmore\n")
    assert remarks(NUMBERS, diff) == ()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "diff --git a/a b/a\nindex 012345..6789ab 100644\n--- a/a\n+++ b/a\n",
        "--- a\n+++ a\n",
        "--- a/a\t2026-01-01 12:00:00\n+++ b/a\t2026-01-01\n",
        "--- \n+++ \n",
        "---\n+++\n",
        "\nIndex: a\n=======\n--- a\n+++ a\n\n",
    ],
)
def test_the_header_of_the_file_may_be_any_or_none(header):
    assert patched("x\n", header + "@@ -1 +1 @@\n-x\n+y\n") == "y\n"


@pytest.mark.parametrize("name", ["src/a.py", "a/src/a.py", "i/src/a.py", "a.py", "b/a.py"])
def test_the_header_may_name_the_end_of_the_fences_path(name):
    diff = f"--- {name}\n+++ {name}\n@@ -1 +1 @@\n-x\n+y\n"
    assert written(fence("patch path=src/a.py", diff), {"src/a.py": "x\n"}) == {"src/a.py": "y\n"}


@pytest.mark.parametrize("name", ["lib/a.py", "a/lib/a.py", "src/a", "c.py"])
def test_the_header_names_no_other_file(name):
    diff = f"--- {name}\n+++ {name}\n@@ -1 +1 @@\n-x\n+y\n"
    assert only_problem(fence("patch path=src/a.py", diff), {"src/a.py": "x\n"}) == (
        f'Line 2: the diff is of "{name}", the fence of "src/a.py"; give each file a fence of its'
        " own."
    )


@pytest.mark.parametrize(
    "hunk",
    ["@@ -9,3 +9,4 @@ def f():", "@@ -9,99 +9,1 @@", "@@ -9 +9 @@", "@@ @@", "@@", "@@ ... @@"],
)
def test_counts_are_not_believed(hunk):
    diff = f"{HEADER}{hunk}\n 9\n-10\n+ten\n+more\n 11\n"
    assert patched(NUMBERS, diff) == NUMBERS.replace("10\n", "ten\nmore\n")


def test_wrong_counts_in_one_hunk_do_not_spoil_the_next():
    diff = HEADER + "@@ -1,9 +1,9 @@\n-1\n+one\n 2\n\n@@ -19,1 +19,1 @@\n 19\n-20\n+twenty\n"
    wanted = NUMBERS.replace("1\n2\n", "one\n2\n", 1).replace("20\n", "twenty\n")
    assert patched(NUMBERS, diff) == wanted


def test_a_wrong_place_is_corrected_by_context_and_told():
    diff = "@@ -2,3 +2,3 @@\n 9\n-10\n+ten\n 11\n"
    assert patched(NUMBERS, diff) == NUMBERS.replace("10\n", "ten\n")
    assert remarks(NUMBERS, diff) == ("a: a hunk applied at line 9 instead of 2.",)


def test_trailing_blanks_may_differ_and_are_told():
    diff = "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
    assert patched("one  \ntwo\t\nthree\n", diff) == "one  \n2\nthree\n"
    assert remarks("one  \ntwo\t\nthree\n", diff) == (
        "a: a hunk applied at line 1, trailing blanks ignored.",
    )


def test_two_lines_of_context_at_either_end_may_differ_and_are_told():
    diff = "@@ -7,7 +7,7 @@\n x\n y\n 9\n-10\n+ten\n 11\n 12\n z\n"
    assert patched(NUMBERS, diff) == NUMBERS.replace("10\n", "ten\n")
    assert remarks(NUMBERS, diff) == (
        "a: a hunk applied at line 7, up to 2 lines of context at its ends ignored.",
    )


def test_three_lines_of_context_may_not_differ():
    assert "fits nowhere" in refused(NUMBERS, "@@\n w\n x\n y\n-10\n+ten\n 11\n 12\n 13\n")


def test_blank_lines_alone_place_no_hunk():
    assert "fits nowhere" in refused("\t\nb\n", "@@ -1,2 +1,3 @@\n \n+x\n no\n")


def test_removed_lines_must_be_there():
    diff = "@@ -9,3 +9,3 @@\n 9\n-ten\n+10\n 11\n"
    assert refused(NUMBERS, diff) == (
        "Line 2: in a this hunk fits nowhere. The nearest lines of the file are:\n"
        "     7  7\n     8  8\n     9  9\n    10  10\n    11  11\n    12  12\n    13  13"
    )


def test_a_hunk_that_fits_several_places_applies_at_its_line_or_not_at_all():
    old = "x\ny\nx\ny\nx\ny\n"
    assert patched(old, "@@ -3,2 +3,2 @@\n x\n-y\n+z\n") == "x\ny\nx\nz\nx\ny\n"
    assert refused(old, "@@ -2,2 +2,2 @@\n x\n-y\n+z\n") == (
        "Line 2: in a this hunk fits 3 places (at lines 1, 3, 5); give more lines around it."
    )


def test_with_fuzz_the_line_number_alone_does_not_decide():
    old = "x\ny\nx\ny\n"
    assert "fits 2 places" in refused(old, "@@ -3,3 +3,3 @@\n-y\n+z\n no\n")


def test_a_hunk_without_context_applies_to_an_empty_file_only():
    assert patched("", "@@ -0,0 +1,2 @@\n+one\n+two\n") == "one\ntwo\n"
    assert refused("x\n", "@@ -1,0 +2 @@\n+y\n") == (
        "Line 2: in a this hunk only adds lines; give some lines around them as context."
    )


def test_a_blank_line_of_context_needs_no_blank_in_front():
    assert patched("a\n\nb\n", "@@ -1,3 +1,3 @@\n a\n\n-b\n+c\n") == "a\n\nc\n"


def test_blank_lines_after_a_hunk_are_no_context():
    assert patched("a\nb\n", "@@ -1,9 +1,9 @@\n-a\n+c\n b\n\n\n") == "c\nb\n"


def test_removed_and_added_lines_may_look_like_headers():
    old = "-- one\n++ two\nthree\n"
    diff = HEADER + "@@ -1,3 +1,3 @@\n--- one\n-++ two\n+++ 2\n+-- 1\n three\n"
    assert patched(old, diff) == "++ 2\n-- 1\nthree\n"


def test_right_counts_tell_where_a_hunk_ends_that_looks_like_a_header_there():
    old = "-- x\na\nb\nc\n"
    diff = "@@ -1 +1 @@\n--- x\n+++ y\n@@ -3,2 +3,2 @@\n-b\n+B\n c\n"
    assert patched(old, diff) == "++ y\na\nB\nc\n"
    assert "is not a line of a hunk" in refused(old, diff.replace("-1 +1", "-1,2 +1,2"))


def test_hunks_may_share_context_and_come_in_any_order():
    diff = "@@ -3,3 +3,3 @@\n 3\n 4\n-5\n+five\n@@ -1,4 +1,4 @@\n-1\n+one\n 2\n 3\n 4\n"
    assert patched("1\n2\n3\n4\n5\n", diff) == "one\n2\n3\n4\nfive\n"


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        ("@@ -2,2 +2,2 @@\n-2\n+TWO\n 3\n", "two hunks meet at line 2; join them."),
        ("@@ -2,2 +2,3 @@\n 2\n+x\n 3\n", "two hunks meet at line 2; join them."),
        ("@@ -3,1 +3,1 @@\n-3\n+x\n", "two hunks meet at line 3; join them."),
        ("@@ -1,1 +1,2 @@\n 1\n+x\n", "two hunks add lines before line 2; join them."),
    ],
)
def test_hunks_that_change_the_same_lines_are_asked_for_again(second, problem):
    first = "@@ -1,3 +1,3 @@\n 1\n+y\n-2\n+two\n 3\n"
    assert refused("1\n2\n3\n", first + second) == f"In a {problem}"


@pytest.mark.parametrize(
    ("diff", "reason"),
    [
        ("", "has no hunk"),
        (HEADER, "has no hunk"),
        ("-x\n+y\n", "is not understood before the first"),
        ("Change x:\n@@ -1 +1 @@\n-x\n+y\n", "is not understood before the first"),
        ("--- a/b\n+++ b/b\n@@ -1 +1 @@\n-x\n+y\n", 'the diff is of "a/b", the fence of "a"'),
        ("--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+y\n", "'a' exists already"),
        ("--- a/a\n+++ /dev/null\n@@ -1 +1 @@\n-x\n+y\n", "'a' would keep lines"),
        ("--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-y\n", "fits nowhere"),
        ("--- /dev/null\n+++ b/b\n@@ -0,0 +1 @@\n+y\n", 'the diff is of "b/b"'),
        ("new file mode 120000\n--- /dev/null\n+++ b/a\n@@\n+y\n", "is not understood before"),
        ("diff --git a/a b/a\nold mode 100644\nnew mode 100755\n", "is not understood before"),
        ("\nrename from a\nrename to b\n@@ -1 +1 @@\n-x\n+y\n", "delete the old one"),
        ("similarity index 100%\n", "delete the old one"),
        ("@@ -1 +1 @@\n x\n", "adds and removes nothing"),
        ("@@ -1 +1 @@\n@@ -1 +1 @@\n-x\n+y\n", "adds and removes nothing"),
        ("@@ -1 +1 @@\n", "adds and removes nothing"),
        ("@@ -1,2 +1,2 @@\n-x\n+y\nx\n", "is not a line of a hunk"),
        (f"@@ -1 +1 @@\n-x\n+y\n{HEADER}@@ -1 +1 @@\n-x\n+y\n", "is not a line of a hunk"),
        ("@@ -1 +1 @@\n-x\n+y\ndiff --git a/b b/b\n", "is not a line of a hunk"),
    ],
)
def test_anything_but_one_files_diff_of_text_is_asked_for_again(diff, reason):
    assert reason in refused("x\n", diff)


@pytest.mark.parametrize("header", ["", "diff --git a/a b/a\nnew file mode 100644\nindex 0..1\n"])
def test_a_diff_against_no_file_creates_it(header):
    reply = fence("diff path=a", f"{header}--- /dev/null\n+++ b/a\n@@ -0,0 +1,9 @@\n+x\n+\n+y\n")
    assert changes(reply) == (Change(RepoPath(b"a"), FILE_MODE, b"x\n\ny\n"),)
    assert changes(reply.replace("+x", "+#!/bin/sh"))[0].mode == EXECUTABLE_MODE


@pytest.mark.parametrize("header", ["", "diff --git a/a b/a\ndeleted file mode 100644\n"])
def test_a_diff_to_no_file_deletes_it(header):
    reply = fence("diff path=a", f"{header}--- a/a\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-x\n-y\n")
    assert changes(reply, {"a": "x\ny\n"}) == (Change(RepoPath(b"a"), None),)
    assert only_problem(reply, {"a": "x\ny\nz\n"}) == (
        "Line 1: 'a' would keep lines that this diff does not remove; use a delete fence."
    )


def test_a_file_that_a_diff_creates_or_deletes_is_named_by_that_fence_only():
    created = fence("diff path=a", "--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+x\n")
    deleted = fence("diff path=a", "--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n")
    again = fence("diff path=a", "@@ -1 +1 @@\n-x\n+y\n")
    for first in (created, deleted):
        assert "use one fence for it" in problems(first + again, {"a": "x\n"})[0]


def test_the_line_that_is_not_understood_is_named():
    assert refused("x\n", "--- a\n+++ a\nnew mode 100755\n").startswith('Line 4: "new mode 100755"')
    assert refused("x\n", "@@ -1 +1 @@\n-x\n+y\nx\n").startswith('Line 5: "x"')


def test_ten_of_many_places_are_listed():
    assert refused("x\n" * 11, "@@\n-x\n+y\n") == (
        "Line 2: in a this hunk fits 11 places (at lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...); give"
        " more lines around it."
    )


def test_every_hunk_that_fits_nowhere_is_told():
    diff = "@@ -1 +1 @@\n-p\n+q\n@@ -2 +2 @@\n-r\n+s\n"
    found = problems(fence("diff path=a", diff), {"a": "x\ny\n"})
    assert [problem.partition(":")[0] for problem in found] == ["Line 2", "Line 5"]


# What the file keeps


def test_the_files_line_ends_are_kept():
    assert patched("1\r\n2\r\n3\r\n", "@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n") == "1\r\ntwo\r\n3\r\n"


def test_a_missing_final_newline_stays_missing_unless_the_diff_says_otherwise():
    none = "\\ No newline at end of file\n"
    assert patched("1\n2", "@@ -1,2 +1,2 @@\n 1\n-2\n+two\n") == "1\ntwo"
    assert patched("1\n2", f"@@ -1,2 +1,2 @@\n 1\n-2\n{none}+two\n{none}") == "1\ntwo"
    assert patched("1\n2", f"@@ -1,2 +1,2 @@\n 1\n-2\n{none}+2\n") == "1\n2\n"
    assert patched("1\n2\n", f"@@ -1,2 +1,2 @@\n 1\n-2\n+2\n{none}") == "1\n2"
    assert patched("1\n2\n", f"@@ -1,2 +1,2 @@\n-1\n+one\n 2\n{none}") == "one\n2"


def test_a_byte_order_mark_stays():
    assert patched("\ufeff1\n2\n", "@@ -1,2 +1,2 @@\n-1\n+one\n 2\n") == "\ufeffone\n2\n"


LINES = st.lists(
    st.one_of(
        st.sampled_from(["a", "b", "", " ", "-- a", "++ b", "@@ -1 +1 @@", "\\ x", "```", "\t"]),
        st.text(st.characters(exclude_characters="\0\n\r\ufeff", codec="utf-8"), max_size=5),
    ),
    max_size=12,
)


def text_of(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@given(old=LINES, new=LINES, context=st.integers(1, 3))
@example(old=["a"], new=[], context=3)
@example(old=["-- a", "b"], new=["++ b", "b"], context=1)
def test_a_diff_made_with_difflib_takes_the_base_to_the_target(old, new, context):
    assume(old != new)
    base, target = text_of(old), text_of(new)
    lines = [text.split("\n") for text in (base, target)]
    diff = difflib.unified_diff(lines[0][:-1], lines[1][:-1], "a/a", "b/a", "", "", context, "")
    reply = fence("diff path=a", text_of(list(diff)), marker="`" * 9)
    assert written(reply, {"a": base}) == {"a": target}


@settings(max_examples=50)
@given(old=LINES.filter(bool), new=LINES, old_ends=st.booleans(), new_ends=st.booleans())
@example(old=["a"], new=["a"], old_ends=True, new_ends=False)
@example(old=["a"], new=["a"], old_ends=False, new_ends=True)
def test_a_diff_made_by_git_takes_the_base_to_the_target(
    tmp_path_factory, old, new, old_ends, new_ends
):
    base = text_of(old) if old_ends else text_of(old).removesuffix("\n")
    target = text_of(new) if new_ends else text_of(new).removesuffix("\n")
    assume(base and base != target)
    folder = tmp_path_factory.mktemp("diff")
    (folder / "a").write_bytes(base.encode())
    (folder / "b").write_bytes(target.encode())
    command = ["git", "diff", "--no-index", "--no-color", "a", "b"]
    diff = subprocess.run(command, cwd=folder, capture_output=True).stdout.decode()
    diff = diff.replace("a/a b/b", "a/a b/a", 1).replace("+++ b/b", "+++ b/a", 1)
    reply = fence("diff path=a", diff, marker="`" * 9)
    assert written(reply, {"a": base}) == {"a": target}
