"""What a whole reply comes to: edits, a reason for none, a message, a note; or problems."""

import pytest

from gitswarm.model.reply import read_reply
from gitswarm.repo.objects import RepoPath
from gitswarm.swarm.diff_hunk import DiffHunk
from gitswarm.swarm.edits import (
    Delete,
    Edits,
    EditsRefused,
    Patch,
    SearchReplace,
    WholeFile,
    read_edits,
)
from gitswarm.swarm.patch import FileDiff
from gitswarm.swarm.search_replace import Pair
from tests.swarm.replies import changes, edits_of, fence, only_problem, written

PAIR = "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n"
HUNK = "@@ -1 +1 @@\n-a\n+b\n"


def hunk_at(line: int) -> DiffHunk:
    return DiffHunk(1, (("-", "a"), ("+", "b")), None, line)


def problems(text: str, *, writing: bool = True) -> tuple[str, ...]:
    with pytest.raises(EditsRefused) as refused:
        read_edits(read_reply(text), writing=writing)
    return refused.value.problems


def test_each_kind_of_artifact_becomes_an_edit_and_the_rest_what_is_said_of_it():
    reply = (
        "All done.\n"
        + fence("python path=new.py", "x\n")
        + fence("edit path=a.py", PAIR)
        + fence("diff path=b.py", HUNK)
        + fence("patch path=c.py", HUNK)
        + fence("delete path=old.py")
        + fence("commit", "Do it\n\nBecause.\n")
    )
    assert edits_of(reply) == Edits(
        edits=(
            WholeFile(RepoPath(b"new.py"), "x\n", 2),
            SearchReplace(RepoPath(b"a.py"), (Pair(("a",), ("b",), 6),), 5),
            Patch(RepoPath(b"b.py"), FileDiff((hunk_at(13),)), 12),
            Patch(RepoPath(b"c.py"), FileDiff((hunk_at(18),)), 17),
            Delete(RepoPath(b"old.py"), 22),
        ),
        nothing=None,
        commit_message="Do it\n\nBecause.",
        note="All done.",
    )


def test_a_reply_of_prose_alone_edits_nothing():
    assert edits_of("I looked at it.\n") == Edits(note="I looked at it.")


def test_a_nothing_fence_gives_the_reason_for_changing_nothing():
    assert edits_of(fence("nothing", "It is there already.\n")) == Edits(
        nothing="It is there already."
    )


def test_the_reason_for_changing_nothing_and_the_prose_are_both_told():
    reply = "I looked.\n\n" + fence("nothing", "It is there already.\n")
    assert edits_of(reply).account == "It is there already.\n\nI looked."


def test_a_reply_that_says_why_nothing_changes_may_show_code():
    reply = fence("nothing", "It is there already.\n") + fence("python", "def f(): ...\n")
    assert edits_of(reply).nothing == "It is there already."


def test_a_nothing_fence_without_a_reason_is_asked_for_again():
    assert problems(fence("nothing", " \n")) == (
        "The nothing fence is empty; write in it why nothing is to change.",
    )


def test_a_reply_cannot_both_edit_and_say_that_nothing_changes():
    assert problems(fence("nothing", "why\n") + fence("text path=a", "x\n")) == (
        "The reply both edits files and has a nothing fence; leave out the one that is not meant.",
    )


@pytest.mark.parametrize(
    "code", [fence("python", "x\n"), fence("", "x\n"), "- ```python\n  x\n  ```\n"]
)
def test_code_without_any_path_from_a_writing_role_is_asked_for_again(code):
    assert problems(code) == (
        "The reply has code in fences (the first in line 1), but none of them names a file, so"
        " nothing would change; write path=FILE after the language word of each that is the whole"
        " text of a file, use edit path=FILE to change a part of one, or say in a nothing fence why"
        " nothing is to change.",
    )


@pytest.mark.parametrize(
    "reply",
    [
        '{"files": [{"path": "src/a.py", "content": "x"}]}',
        '<file path="src/a.py">\nx\n</file>\n',
        "file_path = 'src/a.py'",
    ],
)
def test_another_form_of_edits_is_asked_for_again(reply):
    assert "as another form of edits would, so nothing would change" in only_problem(reply)
    assert edits_of(reply, writing=False).edits == ()


def test_code_is_not_said_to_name_no_file_where_its_name_was_not_understood():
    (problem,) = problems(fence("python src/a.py", "x\n"))
    assert '"src/a.py" in the info string is not understood' in problem


def test_a_role_that_writes_nothing_may_show_code():
    assert edits_of(fence("python", "x\n") + fence("diff", HUNK), writing=False).edits == ()


def test_a_role_that_writes_nothing_is_told_so_when_it_edits():
    assert problems(fence("python path=a.py", "x\n"), writing=False) == (
        "Line 1: your role changes no files, so 'a.py' cannot be edited; say in prose what should"
        " change, and show code in fences without path=.",
    )


def test_examples_beside_edits_edit_nothing():
    reply = fence("edit path=a.py", PAIR) + fence("python", "x\n") + fence("", "y\n")
    assert [edit.path for edit in edits_of(reply).edits] == [b"a.py"]


def test_an_empty_info_string_beside_a_whole_file_is_asked_for_again():
    reply = fence("markdown path=R.md", "# A\n", "```") + "pip install\n" + fence("", "B\n", "```")
    assert problems(reply) == (
        "Line 5: this fence has an empty info string, as one has that a ``` inside a file's text"
        " closed too early, so that file may be cut short; open and close every file's fence with"
        " more backticks than any line of its text begins with, and name a language in every other"
        " fence, such as ```text.",
    )


def test_a_file_that_its_own_inner_fence_cuts_short_is_never_taken_whole():
    body = "# A\n\n```\npip install a\n```\n\nEnd.\n"
    for marker in ("```", "~~~"):
        cut = marker + "markdown path=R.md\n" + body.replace("```", marker) + marker + "\n"
        assert any("empty info string" in problem for problem in problems(cut)), cut


@pytest.mark.parametrize("kind", ["edit", "diff", "patch", "delete"])
def test_an_editing_fence_without_a_path_is_asked_for_again(kind):
    assert problems(fence(kind, "x\n")) == (
        f'Line 1: a "{kind}" fence needs path=FILE; to show code that belongs to no file, use a'
        " language word such as text.",
    )


def test_a_delete_fence_holds_nothing():
    assert problems(fence("delete path=a.py", "b.py\n")) == (
        "Line 1: the delete fence of 'a.py' is not empty; it deletes that one path and holds"
        " nothing, the reason goes into the prose.",
    )


def test_a_search_replace_pair_under_a_language_word_is_not_written_into_the_file():
    assert problems(fence("python path=a.py", PAIR)) == (
        "Line 1: the fence gives 'a.py' whole, but holds a SEARCH/REPLACE pair; write"
        ' "edit path=a.py".',
    )


def test_a_pair_further_down_is_not_written_into_a_file_without_one():
    reply = fence("python path=a.py", "# Change this:\n" + PAIR)
    assert only_problem(reply, {"a.py": "a\n"}) == (
        "Line 1: 'a.py' is given whole, with a SEARCH marker that it did not have; to change a part"
        ' of it, write "edit path=a.py"; if the file is to hold that, put it there by an edit with'
        " longer markers."
    )
    assert written(reply, {"a.py": PAIR}) == written(reply) == {"a.py": "# Change this:\n" + PAIR}


@pytest.mark.parametrize("word", ["append", "Update", "remove", "search-replace"])
def test_a_deed_is_no_language(word):
    assert only_problem(fence(f"{word} path=a.py", "x\n"), {"a.py": "a\n"}) == (
        f'Line 1: there is no fence "{word}"; write "edit path=a.py" to change a part of the file,'
        ' "delete path=a.py" to delete it, or the language word before path= and then its whole'
        " text."
    )
    assert written(fence("move path=a.move", "x\n")) == {"a.move": "x\n"}  # which is a language


def test_marked_lines_without_a_hunk_are_no_file():
    bare = fence("python path=a.py", "     x = 1\n-    y = 1\n+    y = 2\n")
    assert "holds a diff" in only_problem(bare, {"a.py": "a\n"})
    bullets = "- one\n- two\n+ three\n  more\n"
    assert written(fence("markdown path=a.md", bullets)) == {"a.md": bullets}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("x\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> theirs\n", "the markers of a merge conflict"),
        ("1\ta\n2\t\n3\tb\n", "a number before each line"),
        ("7: a\n8:\n9: b\n", "a number before each line"),
    ],
)
def test_what_was_not_meant_for_a_file_is_not_written_over_it(body, reason):
    reply = fence("python path=a.py", body)
    assert reason in only_problem(reply, {"a.py": "a\n"})
    assert written(reply, {"a.py": body + "old\n" if "<" in body else body}) == {"a.py": body}
    assert written(reply) == {"a.py": body}


def test_a_path_may_begin_with_the_folder_that_it_is_in():
    assert written(fence("text path=./src/a.py", "x\n")) == {"src/a.py": "x\n"}
    assert problems(fence("text path=a", "x\n") + fence("text path=./a", "y\n")) == (
        "a is given whole more than once (lines 1 and 4); give it once.",
    )


def test_a_diff_under_a_language_word_is_not_written_into_the_file():
    diff = "--- a/a.py\n+++ b/a.py\n" + HUNK
    for body in (diff, "diff --git a/a.py b/a.py\nindex 12..34\n" + diff, HUNK):
        assert problems(fence("python path=a.py", body)) == (
            "Line 1: the fence gives 'a.py' whole, but holds a diff; write \"diff path=a.py\".",
        )
    assert edits_of(fence("text path=a.patch", diff)).edits == (
        WholeFile(RepoPath(b"a.patch"), diff, 1),
    )


def test_the_same_file_given_whole_twice_is_asked_for_again():
    assert problems(fence("text path=a", "x\n") + fence("text path=a", "y\n")) == (
        "a is given whole more than once (lines 1 and 4); give it once.",
    )


@pytest.mark.parametrize(
    ("info", "body"), [("edit path=a", PAIR), ("diff path=a", HUNK), ("delete path=a", "")]
)
def test_a_file_given_whole_is_named_by_no_other_fence(info, body):
    assert problems(fence("text path=a", "x\n") + fence(info, body)) == (
        "a is given whole or deleted, and named by another fence too (lines 1 and 4); use one"
        " fence for it.",
    )


def test_a_deleted_file_is_named_by_no_other_fence():
    assert problems(fence("edit path=a", PAIR) + fence("delete path=a")) == (
        "a is given whole or deleted, and named by another fence too (lines 1 and 8); use one"
        " fence for it.",
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("Add it\n", "Add it"),
        ("Add it\n\nWhy it\nmatters.\n", "Add it\n\nWhy it\nmatters."),
        ("Add it\nWhy.\n", "Add it\n\nWhy."),
        ("\n\n  Add it  \r\n\r\nWhy.\r\n", "Add it\n\nWhy."),
        (
            "Add it\n\nWhy.\n\nSwarm-Task: builder\nSIGNED-OFF-BY: Ada <a@b.c>\nRefs: #1\n",
            "Add it\n\nWhy.\n\nRefs: #1",
        ),
        ("Swarm-Run: x\nSigned-off-by: Ada\n", ""),
        ("", ""),
        ("Nul\x00 and \udc80\n", "Nul\ufffd and \ufffd"),
    ],
)
def test_the_commit_message_has_a_subject_a_body_and_no_trailer_of_ours(body, message):
    assert edits_of(fence("commit", body)).commit_message == message


def test_two_commit_messages_are_asked_for_again():
    assert problems(fence("commit", "a\n") + fence("commit", "b\n")) == (
        "Line 4: a reply has one commit fence at most; join them.",
    )


def test_what_utf8_cannot_hold_is_asked_for_again():
    assert problems(fence("text path=a", "x\ud800\n")) == (
        "Line 1: it holds the character U+D800, which UTF-8 cannot.",
    )
    assert problems(fence("text path=a\udcff", "x\n")) == (
        "Line 1: it holds the character U+DCFF, which UTF-8 cannot.",
    )


def test_every_problem_of_a_reply_is_told_at_once():
    reply = fence("edit path=a", "x\n") + fence("diff path=b", "") + fence("text path=c d", "")
    assert [problem.partition(":")[0] for problem in problems(reply)] == [
        "Line 6",
        "Line 1",
        "Line 4",
    ]


def test_new_names_that_differ_in_case_only_are_refused() -> None:
    reply = fence("text path=n.txt", "a\n") + fence("text path=N.txt", "b\n")

    assert only_problem(reply) == (
        "N.txt and n.txt differ in case only, or in characters that do not show, and are one file"
        " on many file systems; give it one name."
    )
    assert written(reply, {"n.txt": "", "N.txt": ""}) == {"n.txt": "a\n", "N.txt": "b\n"}
    renamed = fence("delete path=n.txt") + fence("text path=N.txt", "b\n")
    assert written(renamed, {"n.txt": "a\n"}) == {"n.txt": "", "N.txt": "b\n"}


def test_few_of_many_problems_are_told() -> None:
    pairs = "".join(f"<<<<<<< SEARCH\nno {n}\n=======\n>>>>>>> REPLACE\n" for n in range(50))
    with pytest.raises(EditsRefused) as refused:
        changes(fence("edit path=a.txt", pairs), {"a.txt": "text\n"})
    assert len(refused.value.problems) == 10


def test_a_reply_that_no_model_can_give_is_not_read() -> None:
    assert only_problem("x" * 2_000_000) == (
        "Line 1: the reply has 2,000,000 characters and was not read; answer in less, and change"
        " large files by edits instead of giving them whole."
    )
    many = "  - ```python path=a\n" * 1_000
    assert len(problems(many)) == 21
    assert "`" * 100 not in only_problem("`" * 900_000)
