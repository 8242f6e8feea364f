"""What an answer must hold to be taken, and how it becomes bytes of its file."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitswarm.merge.conflicts import ConflictedText, Hunk
from gitswarm.merge.resolutions import fit, objections, unparsable
from gitswarm.merge.syntax import syntax_error
from gitswarm.repo.objects import RepoPath

TIMEOUTS = Hunk(3, b"timeout = 10\n", b"timeout = 20\n", b"timeout = 30\nretries = 2\n")


# Nothing that a side added is lost


def test_an_answer_with_everything_that_both_sides_added_is_taken() -> None:
    hunk = Hunk(1, b"", b"import os\n", b"import re\n")

    assert objections(hunk, b"import os\nimport re\n") == []
    assert objections(hunk, b"import re, os\n") == []


def test_what_is_missing_is_named_line_by_line() -> None:
    assert objections(TIMEOUTS, b"timeout = 20\n") == [
        "It leaves out something that theirs added.\n"
        "Keep it, or copy each of these lines whole into a fence `dropped hunk=3` and say there"
        " why:\n    timeout = 30\n    retries = 2"
    ]


@pytest.mark.parametrize(
    "dropped",
    [
        "timeout = 20\nThe limit of the retries task is the newer one.\n",
        "- timeout = 20\n",
        "-timeout  =  20",
        "`timeout = 20` is replaced",
        "Ours sets timeout = 20, which is too short.",
        "    * `timeout = 20`",
    ],
)
def test_a_line_that_is_named_as_dropped_may_be_missing(dropped: str) -> None:
    assert objections(TIMEOUTS, b"timeout = 30\nretries = 2\n", dropped) == []


@pytest.mark.parametrize(
    "dropped", ["", "timeout", "the line with 20", "timeout = 200", "x.timeout = 20x"]
)
def test_a_line_that_is_not_named_whole_is_not_dropped(dropped: str) -> None:
    assert len(objections(TIMEOUTS, b"timeout = 30\nretries = 2\n", dropped)) == 1


def test_a_single_word_in_a_sentence_does_not_name_a_line() -> None:
    hunk = Hunk(1, b"", b"pass\n", b"return None\n")

    assert len(objections(hunk, b"return None\n", "Tests pass without it.")) == 1
    assert objections(hunk, b"return None\n", "Not needed:\npass\n") == []
    assert objections(hunk, b"return None\n", "`pass` is not needed") == []


def test_naming_one_line_does_not_excuse_another_with_the_same_word() -> None:
    hunk = Hunk(1, b"", b"use(alpha)\n", b"drop(alpha)\n")

    assert objections(hunk, b"use(alpha)\n", "drop(alpha)") == []
    assert len(objections(hunk, b"\n", "drop(alpha)")) == 1


def test_a_second_call_of_a_function_is_an_addition_too() -> None:
    hunk = Hunk(1, b"call(a)\n", b"call(a)\ncall(a)\n", b"call(a)\n# why\n")

    assert len(objections(hunk, b"call(a)\n# why\n")) == 1
    assert objections(hunk, b"call(a)\ncall(a)\n# why\n") == []


def test_what_one_side_took_away_need_not_come_back() -> None:
    hunk = Hunk(1, b"f(x)\nf(x)\nf(x)\n", b"f(x)\nf(x)\nf(x)\nf(x) + 1\n", b"g()\n")

    assert objections(hunk, b"g()\nf(x) + 1\n") == []


def test_what_both_sides_added_alike_is_wanted_once() -> None:
    hunk = Hunk(1, b"", b"import os\nimport a\n", b"import os\nimport b\n")

    assert objections(hunk, b"import os\nimport a\nimport b\n") == []


def test_an_operator_is_a_change_and_layout_is_none() -> None:
    hunk = Hunk(1, b"if a < b:\n", b"if a <= b:\n", b"if (a < b and 'c'):\n")

    assert len(objections(hunk, b"if a < b and c:\n")) == 1
    assert objections(hunk, b'if a <= b and "c":\n') == []


def test_the_words_of_a_dropped_line_need_not_stay_for_the_other_side_either() -> None:
    base = b"if model in OLD:\n    say(model.name)\n"
    hunk = Hunk(1, base, base + b"form = model.form\n", b"if model.is_old():\n")

    assert len(objections(hunk, b"form = model.form\n")) == 2
    assert objections(hunk, b"form = model.form\n", "if model.is_old():\nNobody asks.\n") == []


def test_a_deletion_taken_as_it_is_loses_nothing_only_when_the_other_side_added_nothing() -> None:
    hunk = Hunk(1, b"old\nmore\n", b"", b"old\nmore\nnew\n")

    assert objections(hunk, b"new\n") == []
    assert len(objections(hunk, b"")) == 1


words = st.lists(st.sampled_from(["a", "b", "c", "=", "==", "(", ")", "x.y", "é"]), max_size=5).map(
    " ".join
)
sides = st.lists(words, max_size=6).map(lambda lines: "".join(f"{line}\n" for line in lines))


@given(sides, sides, sides)
def test_both_sides_in_full_are_always_enough(base: str, ours: str, theirs: str) -> None:
    hunk = Hunk(1, base.encode(), ours.encode(), theirs.encode())

    assert objections(hunk, (base + ours + theirs).encode()) == []


@given(sides, sides, sides, sides)
def test_naming_every_line_is_always_enough(base: str, ours: str, theirs: str, new: str) -> None:
    hunk = Hunk(1, base.encode(), ours.encode(), theirs.encode())

    assert objections(hunk, new.encode(), dropped=ours + theirs) == []


@given(sides, sides, sides)
def test_a_new_word_of_a_side_cannot_vanish(base: str, ours: str, theirs: str) -> None:
    hunk = Hunk(1, base.encode(), f"{ours}precious\n".encode(), theirs.encode())

    assert len(objections(hunk, (base + ours + theirs).encode())) == 1


# Markers and context


@pytest.mark.parametrize(
    "line",
    [
        "<<<<<<< ours",
        ">>>>>>> theirs",
        "||||||| base",
        "=======",
        "<<<<<<<<<",
        ">>>>>>>>>>> x",
        "=" * 23,
        "<" * 23 + " a",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_conflict_marker_of_any_length_is_not_an_answer(line: str, end: str) -> None:
    answer = f"a{end}{line}{end}b{end}".encode()

    assert objections(Hunk(1, b"", b"a\n", b"b\n"), answer, marker_sizes={23}) == [
        "Line 2 of it is a conflict marker."
    ]


@pytest.mark.parametrize("line", ["======", "=" * 9, "a =======", "<<<<<<<x", "======= =", "> > >"])
def test_what_only_resembles_a_marker_is_text(line: str) -> None:
    answer = f"a\n{line}\nb\n".encode()
    expected = ["Line 2 of it is a conflict marker."] if line == "======= =" else []

    assert objections(Hunk(1, b"", b"a\n", b"b\n"), answer, marker_sizes={23}) == expected


def test_a_marker_that_a_side_has_in_its_text_may_stay() -> None:
    hunk = Hunk(1, b"", b"Title\n=======\n<<<<<<< SEARCH\n", b"b\n")

    assert objections(hunk, b"Title\n=======\n<<<<<<< SEARCH\nb\n") == []


def test_lines_from_around_the_hunk_are_not_given_once_more() -> None:
    hunk = Hunk(1, b"", b"    a()\n", b"    b()\n")
    before, after = b"def f():\n    start()\n", b"    stop()\n\n"

    def judged(answer: bytes) -> Sequence[str]:
        return objections(hunk, answer, before=before, after=after)

    assert judged(b"    a()\n    b()\n") == []
    assert judged(before + b"    a()\n    b()\n") == [
        "It repeats lines from before the hunk: 2.\n"
        "Those stay in the file; give only the lines that replace the hunk."
    ]
    assert judged(b"    a()\n    b()\n    stop()\n") == [
        "It repeats lines from after the hunk: 1.\n"
        "Those stay in the file; give only the lines that replace the hunk."
    ]


def test_a_line_that_a_side_has_itself_repeats_nothing() -> None:
    hunk = Hunk(1, b"", b"@slow\ndef a(): ...\n", b"}\n")

    assert objections(hunk, b"@slow\ndef a(): ...\n}\n", before=b"x\n@slow\n", after=b"}\n") == []


# Line ends


def fitted(answer: str, hunk: Hunk, *, ends_file: bool = False) -> bytes:
    return fit(answer, hunk, usual_end=b"\n", ends_file=ends_file)


def test_plain_newlines_become_the_line_ends_of_the_sides() -> None:
    hunk = Hunk(1, b"a\r\n", b"b\r\n", b"c\r\n")

    assert fitted("b\nc\nnew\n", hunk) == b"b\r\nc\r\nnew\r\n"
    assert fitted("b\nc\nnew", hunk) == b"b\r\nc\r\nnew\r\n"
    assert fitted("", hunk) == b""
    assert fitted("\n", hunk) == b"\r\n"


def test_a_change_of_line_ends_on_one_side_is_a_change_like_any_other() -> None:
    to_unix = Hunk(1, b"a\r\nx\r\n", b"a\nx\n", b"a\r\nb\r\nx\r\n")

    assert fitted("a\nb\nnew\nx\n", to_unix) == b"a\nb\r\nnew\nx\n"


def test_lines_of_a_file_with_mixed_ends_keep_theirs() -> None:
    mixed = Hunk(1, b"", b"a\r\nb\n", b"c\n")

    assert fitted("c\nb\na\n", mixed) == b"c\nb\na\r\n"


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        (b"a", b"b", b"c", b"new"),
        (b"a\n", b"b\n", b"c\n", b"new\n"),
        (b"a\n", b"b", b"c\n", b"new"),
        (b"a", b"b", b"c\n", b"new\n"),
        (b"", b"b", b"c\n", b"new\n"),
        (b"a", b"", b"c", b"new"),
        (b"a", b"", b"", b"new\n"),
    ],
)
def test_the_end_of_the_file_is_as_the_sides_have_it(
    base: bytes, ours: bytes, theirs: bytes, expected: bytes
) -> None:
    hunk = Hunk(1, base, ours, theirs)

    assert fitted("new\n", hunk, ends_file=True) == expected
    assert fitted("new\n", hunk, ends_file=False) == b"new\n"


# Syntax


@pytest.mark.parametrize(
    ("path", "good", "bad"),
    [
        (b"a.py", b"x = 1\n", b"x = = 1\n"),
        (b"d/a.pyi", b"def f(x: int) -> str: ...\n", b"def f(\n"),
        (b"a.json", b'{"a": [1]}', b'{"a": [1,]}'),
        (b"a.toml", b'a = "1"\n', b"a = 1\na = 2\n"),
        (b"a.yaml", b"a: [1]\n---\nb: !tag 2\n", b"a: [1\n"),
        (b"A.YML", b"a: 1\n", b"a: *unknown\n"),
        (b"b.py", b"x = '\\d'\n", b"\0"),
        (b"b.json", b"[1]", b"\xff\xfe\xff"),
        (b"b.toml", b"", b"\xff"),
        (b"c.py", b"", b"(" * 1000),
        (b"c.json", b"[]", b"[" * 100_000),
        (b"a.js", b"f(() => 1)\n", b"f(() => 1\n"),
        (b"a.tsx", b"const a = <b>{1}</b>;\n", b"const a = <b>{1};\n"),
        (b"a.go", b"package a\nfunc f() {}\n", b"package a\nfunc f() {\n"),
        (b"a.rs", b"fn f() {}\n", b"fn f() }\n"),
        (b"A.java", b"class A {}\n", b"class A {\n"),
        (b"a.c", b"int f(void) { return 1; }\n", b"int f(void) { return 1;\n"),
        (b"a.cpp", b"class A {};\n", b"class A {\n"),
        (b"a.rb", b"def f\nend\n", b"def f\n"),
    ],
)
def test_a_file_that_does_not_parse_is_told_from_one_that_does(
    path: bytes, good: bytes, bad: bytes
) -> None:
    assert syntax_error(RepoPath(path), good) is None
    assert syntax_error(RepoPath(path), bad)


@pytest.mark.parametrize(
    ("path", "data", "line"),
    [
        (b"a.py", b"x = 1\ny = = 1\n", 2),
        (b"a.json", b'{\n"a": 1,\n}', 3),
        (b"a.toml", b"a = 1\n\nb = = 1\n", 3),
        (b"a.yaml", b"a: 1\nb: [\n", 3),
        (b"a.ts", b"const a = 1;\nfunction f( {}\n", 2),
    ],
)
def test_the_line_that_does_not_parse_is_told(path: bytes, data: bytes, line: int) -> None:
    fault = syntax_error(RepoPath(path), data)

    assert fault is not None
    assert fault.line == line


def test_of_a_language_that_nobody_here_knows_nothing_is_said() -> None:
    assert syntax_error(RepoPath(b"Makefile"), b"(((") is None
    assert syntax_error(RepoPath(b"py"), b"x = = 1") is None


def conflicted(*pieces: bytes) -> ConflictedText:
    frame = b"<<<<<<< a\n%s=======\n%s>>>>>>> b\n"
    text = [pieces[0]]
    for ours, theirs, after in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        text += [frame % (ours, theirs), after]
    return ConflictedText.parse(b"".join(text), 7)


TEXT = conflicted(
    *(b"x = [\n", b"1,\n", b"2,\n"),
    *(b"]\n", b"a()\n", b"b()\n"),
    *(b"", b"c()\n", b"d()\n"),
    b"",
)
VERSIONS = (TEXT.take("ours"), TEXT.take("theirs"))
PYTHON = RepoPath(b"a.py")


def test_answers_that_parse_together_are_good() -> None:
    good = {1: b"1,\n2,\n", 2: b"if a():\n", 3: b"    b()\n"}

    assert unparsable(PYTHON, TEXT, good, VERSIONS) == {}


def test_the_answers_that_break_a_file_are_found_among_the_others() -> None:
    answers = {1: b"1,\n2,\n", 2: b"a(\n", 3: b"c()\nd()\n"}

    assert list(unparsable(PYTHON, TEXT, answers, VERSIONS)) == [2]


def test_answers_that_need_each_other_stay_together() -> None:
    answers = {1: b"1 2\n", 2: b"a(\n", 3: b")\n"}

    assert list(unparsable(PYTHON, TEXT, answers, VERSIONS)) == [1]
    assert list(unparsable(PYTHON, TEXT, {3: b")\n"}, VERSIONS)) == [3]


def test_what_parsed_on_neither_or_one_side_need_not_parse() -> None:
    assert unparsable(PYTHON, TEXT, {2: b"a(\n"}, (VERSIONS[0], b"print 'Python 2'")) == {}
    assert unparsable(RepoPath(b"a.txt"), TEXT, {2: b"a(\n"}, VERSIONS) == {}
