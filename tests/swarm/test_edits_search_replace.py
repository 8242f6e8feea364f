"""SEARCH/REPLACE: where a pair applies, and what it leaves alone."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.swarm.replies import changes, fence, only_problem, problems, written


def pair(search: str, replace: str, length: int = 7) -> str:
    return f"{'<' * length} SEARCH\n{search}{'=' * length}\n{replace}{'>' * length} REPLACE\n"


def edit(*pairs: str, path: str = "a") -> str:
    return fence(f"edit path={path}", "".join(pairs))


def edited(old: str, *pairs: str) -> str:
    return written(edit(*pairs), {"a": old})["a"]


def test_a_pair_replaces_the_one_place_that_search_matches():
    assert edited("one\ntwo\nthree\n", pair("two\n", "TWO\n2\n")) == "one\nTWO\n2\nthree\n"


def test_an_empty_replace_removes_the_lines():
    assert edited("one\ntwo\nthree\n", pair("two\n", "")) == "one\nthree\n"


def test_pairs_apply_in_order_each_to_what_the_one_before_left():
    assert edited("one\n", pair("one\n", "two\n"), "\n", pair("two\n", "three\n")) == "three\n"


def test_edit_fences_of_one_file_apply_in_order():
    reply = edit(pair("one\n", "two\n")) + edit(pair("two\n", "three\n"))
    assert written(reply, {"a": "one\n"}) == {"a": "three\n"}


def test_search_matches_whole_lines_only():
    assert "SEARCH matches nothing" in only_problem(edit(pair("on\n", "x\n")), {"a": "one\n"})


def test_a_search_that_matches_several_places_is_asked_for_again():
    assert only_problem(edit(pair("x\n", "y\n")), {"a": "x\n1\nx\n2\nx\n"}) == (
        "Line 2: in a SEARCH matches 3 places (at lines 1, 3, 5); add lines before or after until"
        " it matches one."
    )


def test_ten_of_many_places_are_listed():
    assert only_problem(edit(pair("x\n", "y\n")), {"a": "x\n" * 11}) == (
        "Line 2: in a SEARCH matches 11 places (at lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...); add"
        " lines before or after until it matches one."
    )
    assert "9, 10);" in only_problem(edit(pair("x\n", "y\n")), {"a": "x\n" * 10})


def test_places_that_overlap_are_several():
    assert "matches 2 places" in only_problem(edit(pair("x\nx\n", "y\n")), {"a": "x\nx\nx\n"})


def test_a_search_that_matches_nothing_is_answered_with_the_nearest_lines():
    old = "".join(f"line {number}\n" for number in range(1, 9)) + "def f(a, b):\n    return a\n"
    assert only_problem(edit(pair("def f(a):\n    return a\n", "x\n")), {"a": old}) == (
        "Line 2: in a SEARCH matches nothing. The nearest lines of the file are:\n"
        "     7  line 7\n"
        "     8  line 8\n"
        "     9  def f(a, b):\n"
        "    10      return a"
    )


def test_a_search_that_resembles_nothing_is_answered_with_how_the_file_begins():
    assert only_problem(edit(pair("????\n", "x\n")), {"a": "one\ntwo\n"}) == (
        "Line 2: in a SEARCH matches nothing. The file begins:\n     1  one\n     2  two"
    )


def test_a_search_in_an_empty_file_matches_nothing():
    assert only_problem(edit(pair("x\n", "y\n")), {"a": ""}) == (
        "Line 2: in a SEARCH matches nothing. The file is empty."
    )


def test_the_lines_shown_are_those_where_most_of_search_is():
    old = "def f():\n    x\n    return 1\n" + "\n" * 9 + "def g():\n    x\n    return 2\n"
    found = only_problem(edit(pair("def g():\n  x\n    return 3\n", "")), {"a": old})
    assert found.split("\n")[1:] == [
        "    11  ",
        "    12  ",
        "    13  def g():",
        "    14      x",
        "    15      return 2",
    ]


def test_a_line_that_resembles_the_longest_one_is_shown():
    old = "a\nb\nc\nd\ndef find_user(name, *, strict):\ne\n"
    found = only_problem(edit(pair("@cached\ndef find_user(name):\n", "")), {"a": old})
    assert found.split("\n")[1:] == [
        "     2  b",
        "     3  c",
        "     4  d",
        "     5  def find_user(name, *, strict):",
        "     6  e",
    ]


def test_every_pair_that_fails_is_told():
    found = problems(edit(pair("x\n", "y\n"), pair("z\n", "y\n")), {"a": "one\n"})
    assert [problem.partition(":")[0] for problem in found] == ["Line 2", "Line 7"]


def test_an_edit_without_a_pair_is_asked_for_again():
    assert only_problem(edit("x\n"), {"a": "x\n"}) == (
        'Line 1: the edit has no pair; write "<<<<<<< SEARCH", the lines as they are, "=======",'
        ' the lines as they should be, ">>>>>>> REPLACE", each marker on a line of its own.'
    )


def test_an_empty_search_matches_everywhere_but_in_an_empty_file():
    assert only_problem(edit(pair("", "x\n")), {"a": "one\n"}) == (
        "Line 2: in a SEARCH is empty, which matches everywhere; put the lines there next to which"
        " the new ones belong."
    )
    assert edited("", pair("", "x\n")) == "x\n"


# Markers


def test_longer_markers_let_the_text_hold_shorter_ones():
    old = "Title\n=======\n<<<<<<< SEARCH\n>>>>>>> REPLACE\n"
    new = "Name\n=======\n<<<<<<< HEAD\n>>>>>>> other\n"
    assert edited(old, pair(old, new, length=8)) == new


@pytest.mark.parametrize("run", ["=======", "==========", "<<<<<<< HEAD", ">>>>>>>> x"])
def test_markers_must_be_longer_than_any_run_in_the_text(run):
    for search, replace in ((f"x\n{run}\n", "y\n"), ("x\n", f"{run}\ny\n")):
        longest = max(7, len(run.split()[0]))
        found = only_problem(edit(pair(search, replace)), {"a": "x\n"})
        assert f"make all of them {longest + 1} characters long." in found


def test_runs_inside_a_line_need_no_longer_markers():
    old = "# =========\nx = '<<<<<<<<'\n  =========\n"
    assert edited(old, pair(old, "y\n")) == "y\n"


@pytest.mark.parametrize(
    "body",
    [
        "<<<<<<< SEARCH\none\n========\ntwo\n>>>>>>> REPLACE\n",
        "<<<<<<< SEARCH\none\n=======\ntwo\n>>>>>>>> REPLACE\n",
        "<<<<<<<< SEARCH\none\n=======\ntwo\n>>>>>>> REPLACE\n",
        "<<<<<<< SEARCH\none\n=======\ntwo\n",
        "<<<<<<< SEARCH\none\n>>>>>>> REPLACE\n",
        "<<<<<<< SEARCH\none\n<<<<<<< SEARCH\none\n=======\ntwo\n>>>>>>> REPLACE\n",
        "<<<<<< SEARCH\none\n======\ntwo\n>>>>>> REPLACE\n",
        "<<<<<<< SEARCH\none\n=======\ntwo\n=======\nthree\n>>>>>>> REPLACE\n",
        "  <<<<<<< SEARCH\none\n  =======\ntwo\n  >>>>>>> REPLACE\n",
        "<<<<<<< HEAD\none\n=======\ntwo\n>>>>>>> REPLACE\n",
        "stray\n" + pair("one\n", "two\n"),
        pair("one\n", "two\n") + "stray\n",
        pair("one\n", "two\n") + pair("two\n", "three\n", length=8),
    ],
)
def test_anything_but_whole_pairs_with_markers_of_one_length_is_asked_for_again(body):
    assert len(problems(edit(body), {"a": "one\n"})) == 1


def test_the_line_of_the_slip_is_named():
    assert only_problem(edit(pair("one\n", "two\n"), "stray\n"), {"a": "one\n"}) == (
        'Line 7: "stray" stands outside of a pair; an edit holds nothing but pairs, each opened by'
        ' "<<<<<<< SEARCH", all markers of one length.'
    )
    assert only_problem(edit(pair("one\n", "=======\n")), {"a": "one\n"}) == (
        'Line 5: "=======" is not the ">>>>>>> REPLACE" that the pair of line 2 needs next. If it'
        " belongs to the text, the markers are too short: make all of them 8 characters long."
    )
    assert only_problem(edit("\n<<<<<<< SEARCH\none\n"), {"a": "one\n"}) == (
        'Line 3: the pair that begins here has no line "=======".'
    )


def test_markers_may_be_followed_by_blanks():
    body = "<<<<<<< SEARCH \none\n======= \t\ntwo\n>>>>>>> REPLACE  \n"
    assert edited("one\n", body) == "two\n"


# But for trailing blanks and indentation


def test_trailing_blanks_may_differ_and_the_file_keeps_its_own():
    old = "a  \nb\t\nc\n"
    (change,) = changes(edit(pair("a\nb\nc\n", "a\nB\nc\n")), {"a": old})
    assert change.data == b"a  \nB\nc\n"
    assert change.remarks == ("a: a SEARCH matched at line 1 but for trailing blanks.",)


def test_blank_lines_match_blank_lines_only():
    assert edited("a\n   \nb\n", pair("a\n\nb\n", "a\n\nc\n")) == "a\n   \nc\n"
    assert len(problems(edit(pair("a\nb\n", "c\n")), {"a": "a\n\nb\n"})) == 1


def test_blank_lines_alone_match_but_for_their_blanks():
    assert edited("a\n \t\nb\n", pair("\n", "c\n")) == "a\nc\nb\n"


def test_a_place_that_matches_to_the_letter_goes_before_one_that_does_not():
    assert edited("    x\nx\n", pair("x\n", "y\n")) == "    x\ny\n"


@pytest.mark.parametrize("blanks", ["    ", "\t", "\t  "])
def test_replace_is_indented_by_what_search_lacks(blanks):
    old = f"class A:\n{blanks}def f():\n{blanks}    return 1\n\n{blanks}x = 1\n"
    (change,) = changes(
        edit(pair("def f():\n    return 1\n\n", "def f():\n    if a:\n        return 2\n\n")),
        {"a": old},
    )
    assert change.data.decode() == (
        f"class A:\n{blanks}def f():\n{blanks}    if a:\n{blanks}        return 2\n\n"
        f"{blanks}x = 1\n"
    )
    assert change.remarks == (
        f"a: a SEARCH matched at line 2 but for its indentation, {len(blanks)} more in the file.",
    )


def test_replace_loses_what_search_has_too_much():
    old = "def f():\n  return 1\n"
    search, replace = "    def f():\n      return 1\n", "    def f():\n      return 2\n"
    assert edited(old, pair(search, replace)) == "def f():\n  return 2\n"


def test_replace_with_less_indentation_than_there_is_to_take_away_is_asked_for_again():
    assert only_problem(edit(pair("    x\n", "y\n")), {"a": "x\n"}) == (
        "Line 2: in a SEARCH matches at line 1 only with 4 blanks less of indentation, and REPLACE"
        ' has a line with less than that to take away: "y"; indent both as the file.'
    )


def test_a_shift_that_is_not_the_same_on_every_line_is_no_match():
    old = "  a\n    b\n"
    for search in ("a\nb\n", "a\n   b\n", "\ta\n\t  b\n"):
        assert "SEARCH matches nothing" in only_problem(edit(pair(search, "x\n")), {"a": old})


def test_several_places_but_for_indentation_are_asked_for_again():
    assert "matches 2 places (at lines 1, 2)" in only_problem(
        edit(pair("x\n", "y\n")), {"a": "  x\n    x\n"}
    )


# What stays


def test_the_files_line_ends_are_kept():
    assert edited("one\r\ntwo\r\n", pair("two\n", "2\n3\n")) == "one\r\n2\r\n3\r\n"


def test_lines_that_are_not_replaced_keep_their_own_ends_in_a_mixed_file():
    old = "a\r\nb\nc\r\nb2\nd\r\n"
    assert edited(old, pair("b\nc\n", "b\nC\nC2\n")) == "a\r\nb\nC\r\nC2\r\nb2\nd\r\n"


def test_a_missing_final_newline_stays_missing():
    assert edited("one\ntwo", pair("two\n", "2\n3\n")) == "one\n2\n3"
    assert edited("one\ntwo", pair("one\n", "1\n")) == "1\ntwo"
    assert edited("one\ntwo", pair("two\n", "")) == "one"


def test_a_byte_order_mark_stays_and_is_no_part_of_the_first_line():
    assert edited("\ufeffone\n", pair("one\n", "two\n")) == "\ufefftwo\n"
    assert edited("\ufeffone", pair("one\n", "")) == "\ufeff"


def test_only_line_feeds_end_lines():
    old = "a\x0cb\u2028c\x85\rd\ne\n"
    assert edited(old, pair("e\n", "f\n")) == "a\x0cb\u2028c\x85\rd\nf\n"


@given(
    before=st.lists(st.text(st.characters(exclude_characters="\0\n\r", codec="utf-8"))),
    old=st.lists(st.text("ab =<>\t", max_size=8), min_size=1, max_size=3),
    new=st.lists(st.text("ab =<>\t", max_size=8), max_size=3),
    after=st.lists(st.text(st.characters(exclude_characters="\0\n\r", codec="utf-8"))),
    end=st.sampled_from(["\n", "\r\n"]),
    closed=st.booleans(),
)
def test_a_pair_touches_nothing_but_the_lines_it_replaces(before, old, new, after, end, closed):
    lines = [*before, *old, *after]
    starts = [at for at in range(len(lines)) if lines[at : at + len(old)] == old]
    assume(len(starts) == 1)
    assume(closed or (after and after[-1]))
    text = end.join(lines) + (end if closed else "")
    assume(not any(line.startswith("\ufeff") for line in lines[:1]))
    body = pair("".join(f"{x}\n" for x in old), "".join(f"{x}\n" for x in new), length=9)

    wanted = [*before, *new, *after]
    assert edited(text, body) == end.join(wanted) + (end if closed and wanted else "")
