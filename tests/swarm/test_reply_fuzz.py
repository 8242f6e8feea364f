"""Damaged replies, and edits of any file: what is applied is what was meant, or nothing is."""

import difflib
import re
from itertools import chain

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gitswarm.swarm.edits import EditsRefused
from gitswarm.swarm.elision import new_elisions
from gitswarm.swarm.line_search import find_lines
from tests.swarm.replies import changes, fence, written
from tests.swarm.test_recorded_replies import CASES, Case

RECORDED = [case for case in map(Case.read, CASES) if case.tasks is None]
LINE = st.text("ab \t=<>@-+`.#", max_size=6)
LINES = st.lists(LINE, max_size=12)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Case, str]:
    """A recorded reply with some of its lines lost, doubled, moved, shifted or marked."""
    case = draw(st.sampled_from(RECORDED))
    lines = draw(st.sampled_from(case.replies)).split("\n")
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["lose", "double", "swap", "shift", "tick", "insert", "cut"])):
            case "lose":
                lines[at : at + 1] = [] if len(lines) > 1 else [""]
            case "double":
                lines.insert(at, lines[at])
            case "swap":
                other = draw(st.integers(0, len(lines) - 1))
                lines[at], lines[other] = lines[other], lines[at]
            case "shift":
                lines[at] = " " * draw(st.integers(1, 5)) + lines[at]
            case "tick":
                lines[at] = draw(st.sampled_from(["`", "```", "~~~"])) + lines[at]
            case "insert":
                lines.insert(at, draw(LINE))
            case "cut":
                lines = lines[: at + 1]
    return case, "\n".join(lines)


@given(damaged())
@settings(max_examples=300, deadline=None)
def test_a_damaged_reply_is_refused_or_changes_only_what_it_names(
    damage: tuple[Case, str],
) -> None:
    case, reply = damage
    try:
        changed = changes(reply, case.files)
    except EditsRefused:
        return
    named = {first or second for first, second in re.findall(r'path=(?:"(.*?)"|(\S+))', reply)}
    assert {change.path.decode() for change in changed} <= {
        name.removeprefix("./") for name in named
    }
    given = set(chain.from_iterable(text.splitlines() for text in case.files.values()))
    for change in changed:
        for line in change.data.decode().splitlines():
            assert any(line.strip() in source for source in (*given, *reply.splitlines()))


@given(before=LINES, old=st.lists(LINE, min_size=1, max_size=4), new=LINES, after=LINES)
def test_an_edit_replaces_the_lines_it_names_and_no_others(
    before: list[str], old: list[str], new: list[str], after: list[str]
) -> None:
    text = [*before, *old, *after]
    assume(find_lines(text, old) == [len(before)])
    assume(not new_elisions([*before, *new, *after], text))
    marks = 30
    body = "\n".join(["<" * marks + " SEARCH", *old, "=" * marks, *new, ">" * marks + " REPLACE"])
    files = {"a.txt": "\n".join(text) + "\n"}

    result = written(fence("edit path=a.txt", f"{body}\n", marker="`" * 30), files)

    assert result == {"a.txt": "".join(f"{line}\n" for line in [*before, *new, *after])}


@given(old=LINES, new=LINES, wrong=st.integers(0, 9))
def test_a_diff_with_wrong_counts_gives_the_new_text_or_is_refused(
    old: list[str], new: list[str], wrong: int
) -> None:
    assume(old)
    assume(old != new)
    diff = list(difflib.unified_diff(old, new, "a/a.txt", "b/a.txt", lineterm="", n=99))
    diff[2] = f"@@ -1,{wrong} +1,{wrong} @@"
    files = {"a.txt": "".join(f"{line}\n" for line in old)}
    try:
        result = written(fence("diff path=a.txt", "\n".join(diff) + "\n", marker="`" * 30), files)
    except EditsRefused:
        return
    assert result == {"a.txt": "".join(f"{line}\n" for line in new)}


@given(texts=st.lists(st.sampled_from(["", "a", "b", "ab"])), wanted=LINES.filter(bool))
def test_lines_are_found_wherever_they_follow_each_other(
    texts: list[str], wanted: list[str]
) -> None:
    for sought in (wanted, texts[1:3] or wanted):
        assert find_lines(texts, sought) == [
            at for at in range(len(texts)) if texts[at : at + len(sought)] == sought
        ]
