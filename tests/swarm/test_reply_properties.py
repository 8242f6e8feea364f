"""What holds for any reply whatever."""

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gitswarm.model.reply import read_reply
from gitswarm.plan.roles import Writes
from gitswarm.repo.objects import FILE_MODE, RepoPath
from gitswarm.swarm.edits import Change, EditsRefused, apply_edits, read_edits
from gitswarm.swarm.textfile import TextFile
from tests.swarm.replies import FilesInMemory, changes, fence

TEXT = st.text(st.characters(codec="utf-8"))
MARKDOWN = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "```",
                "````",
                "~~~",
                "````text path=a",
                "````python path=sub/b.py",
                "````edit path=a",
                "````diff path=a",
                "````delete path=a",
                "````nothing",
                "````commit",
                "```python",
                "   ````text path=c",
                "    ````",
                "- ````text path=d",
                "> ",
                "- ",
                "<<<<<<< SEARCH",
                "=======",
                ">>>>>>> REPLACE",
                "--- a",
                "+++ a",
                "@@ -1,2 +1,2 @@",
                "-one",
                "+two",
                " two",
                "one",
                "two",
                "...",
                "# rest unchanged",
                "",
                "\t",
            ]
        ),
        st.text(max_size=12),
    )
).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n", "\r"]).map(lambda end: end.join(lines) + end)
)
FILES = FilesInMemory({"a": "one\ntwo\nthree\n", "sub/b.py": b"\xff", "empty": ""})


@given(body=TEXT, character=st.sampled_from("`~"), indent=st.integers(0, 3), before=TEXT)
@example(body="```\n````\n", character="`", indent=0, before="- a\n")
@example(body="\r", character="~", indent=3, before="<div>")
def test_any_text_in_a_long_enough_fence_comes_back_byte_for_byte(body, character, indent, before):
    assume(not re.search("[`~]{3}", before))
    runs = re.findall(r"`+|~+", body)
    marker = " " * indent + character * max([3, *(len(run) + 1 for run in runs)])
    blanks = " " * indent
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", body)
    held = "".join(blanks + line for line in lines)
    ended = "" if body.endswith(("\r", "\n")) or not body else "\n"
    outside = "".join(line for line in before.split("\n") if line.strip()).replace("\r", "")
    text = f"{outside}\n\n***\n{marker}text path=a\n{held}{ended}{marker}\n"

    reply = read_reply(text)

    assert [(found.path, found.body) for found in reply.fences] == [("a", body + ended)]


@given(text=st.one_of(TEXT, MARKDOWN, st.text()), writing=st.booleans())
@example(text="````diff path=a\n@@ -99999999999999999999 +1 @@\n-one\n+two\n````\n", writing=True)
@example(text="````resolution hunk=" + "9" * 5000 + "\n````\n", writing=True)
def test_any_reply_is_applied_as_a_whole_or_refused_with_problems(text, writing):
    writes = Writes.CODE if writing else Writes.NOTHING
    problems = None
    try:
        edits = read_edits(read_reply(text), writing=writing)
        made = apply_edits(edits, FILES, writes=writes)
    except EditsRefused as refused:
        problems = refused.problems
    if problems is not None:
        assert problems
        assert all(problem.strip() for problem in problems)
        return
    assert {change.path for change in made} == {edit.path for edit in edits.edits}
    for said in (edits.note, edits.commit_message, edits.nothing or ""):
        assert "\0" not in said
        said.encode()


@given(
    good=st.lists(st.sampled_from(["x", "y/z", "empty"]), unique=True),
    bad=st.sampled_from(
        [
            fence("text path=../up", "x\n"),
            fence("text path=.git/config", "x\n"),
            fence("text path=Jenkinsfile", "x\n"),
            fence("text path=sub/b.py", "x\n"),
            fence("text path=a", "# rest unchanged\n"),
            fence("delete path=none"),
            fence("edit path=a", "<<<<<<< SEARCH\nfour\n=======\n>>>>>>> REPLACE\n"),
            fence("diff path=a", "@@ -1 +1 @@\n-four\n+five\n"),
            "- ````text path=l\n  x\n  ````\n",
            "````text path=open\nx\n",
        ]
    ),
    at=st.integers(0, 3),
)
def test_nothing_is_applied_when_anything_is_refused(good, bad, at):
    blocks = [fence(f"text path={path}", "new\n") for path in good]
    assert [change.path.decode() for change in changes("".join(blocks), FILES)] == good
    if bad.startswith("````text path=open"):
        at = len(blocks)
    blocks.insert(at, bad)
    with pytest.raises(EditsRefused):
        changes("".join(blocks), FILES)


@given(body=TEXT.filter(lambda text: not text or text.endswith("\n")))
def test_a_new_file_holds_what_its_fence_held(body):
    assume(not re.search("`{5}", body) and not re.search(r"<{7}|^\s*(diff|---)", body))
    assert changes(fence("text path=new", body, "`" * 5), FILES) == (
        Change(
            RepoPath(b"new"), FILE_MODE if not body.startswith("#!") else "100755", body.encode()
        ),
    )


@given(text=st.one_of(TEXT, st.text("ab\r\n\ufeff")))
def test_a_text_read_as_lines_is_written_back_byte_for_byte(text):
    assert TextFile.read(text).write() == text


@given(old=st.text("ab\r\n\ufeff", min_size=1), new=st.text("ab\n"))
def test_a_rewritten_text_keeps_the_habits_of_the_old_one(old, new):
    before = TextFile.read(old)
    assume(before.lines)
    after = TextFile.read(before.rewritten(new).write())
    assert after.bom == before.bom
    assert {line.end for line in after.lines} <= {line.end for line in before.lines} | {before.end}
    assert not after.lines or after.closed == before.closed
