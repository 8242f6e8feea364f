"""What is asked for again in a reply, before any file is looked at."""

import pytest

from gitswarm.model.reply import read_reply
from tests.swarm.replies import fence


def faults(text: str) -> list[str]:
    return [str(fault) for fault in read_reply(text).faults]


def test_a_fence_that_is_not_closed_is_a_fault():
    assert faults("text\n\n````python path=a.py\nx\n```\n") == [
        'Line 3: the fence opened here is never closed; end it with a line "````".'
    ]
    assert read_reply("````python path=a.py\nx\n").fences == ()


@pytest.mark.parametrize(
    "text",
    [
        "```",
        "```\n",
        "```\n\n",
        "```python\nx",
        "- ```\n  x\n",
        "- ```\n\nafter\n",
        "> ```\n> x\n\nafter\n",
        "> ```\n>",
        "~~~\n```\n",
        "````\nx\n```\n",
    ],
)
def test_no_fence_may_stay_open_not_even_an_example_in_a_list(text):
    (fault,) = faults(text)
    assert "never closed" in fault


@pytest.mark.parametrize(
    "text",
    [
        "- ````python path=a.py\n  x\n  ````\n",
        "1. First:\n\n   ````python path=a.py\n   x\n   ````\n",
        "> ````python path=a.py\n> x\n> ````\n",
        "text\n\n    ````python path=a.py\n    x\n    ````\n",
        "\t````python path=a.py\n\tx\n\t````\n",
        "````python path=a`b.py\nx\n",
        "```delete path=a.py```\n",
        "\ufeff````python path=a.py\nx\n",
        "\u00a0````python path=a.py\nx\n",
        "### ````python path=a.py\nx\n",
        "- ````python path = a.py\n  x\n  ````\n",
        "- ````python Path=a.py\n  x\n  ````\n",
    ],
)
def test_a_line_that_looks_like_an_opener_with_a_path_must_be_one_at_the_top_level(text):
    openers = [fault for fault in read_reply(text).faults if "looks like" in fault.sentence]
    assert [(fault.line, fault.sentence) for fault in openers] == [
        (
            1 + text[: text.lower().index("path")].count("\n"),
            "this looks like a fence with path=, but it is not one at the top level (it is in a"
            " list or a quote, indented, or has backticks in its info string), so it would edit"
            " nothing; start the fence at the left margin, with nothing before it.",
        )
    ]


@pytest.mark.parametrize(("outer", "inner"), [("```", "```"), ("~~~", "```"), ("```", "````")])
def test_an_opener_with_a_path_in_a_fence_that_is_not_longer_is_a_fault(outer, inner):
    text = f"{outer}markdown path=README.md\n{inner}python path=a.py\nx\n{outer}\n"
    assert faults(text)[0] == (
        "Line 2: this looks like the beginning of a fence, but it is inside the one opened in line"
        " 1, so it would edit nothing; close that one before it, or, if it belongs to that one's"
        f" text, open and close that one with {outer[0] * (len(inner) + 1)}."
    )


@pytest.mark.parametrize("inner", ["````commit", "  ````python", "`````nothing", "````edit path=b"])
def test_a_fence_that_a_shorter_run_did_not_close_swallows_no_other(inner):
    text = f"````python path=a.py\nx\n```\n\nAnd:\n\n{inner}\ny\n`````\n"
    (fault,) = faults(text)
    assert fault.startswith(
        "Line 7: this looks like the beginning of a fence, but it is inside the one opened in line"
        " 1, so "
    )


def test_a_path_in_prose_or_in_code_is_no_opener():
    body = "PATH=/bin\n`path=x`\nx = '```py path=a'\n"
    assert faults("use ```py path=a.py``` fences, path=b\n" + fence("sh", body)) == []


@pytest.mark.parametrize(
    ("info", "word"),
    [
        ("python path=my file.py", "file.py"),
        ('python path="my file.py', 'path="my'),
        ("python path = a.py", "path"),
        ("python path=", "path="),
        ("python path: a.py", "path:"),
        ("python a.py", "a.py"),
        ("commit now", "now"),
    ],
)
def test_words_left_over_are_a_fault(info, word):
    assert faults(fence(info))[0] == (
        f'Line 1: "{word}" in the info string is not understood; after the first word come'
        ' key=value pairs only, a value with blanks in quotes, such as path="docs/my file.md".'
    )


@pytest.mark.parametrize(
    ("info", "fault"),
    [
        ("python title=a.py", 'a fence of a language has no key "title"; it takes path.'),
        ("python PATH=a.py", 'a fence of a language has no key "PATH"; it takes path.'),
        ("edit path=a hunk=1", 'a "edit" fence has no key "hunk"; it takes path.'),
        ("commit path=a.py", 'a "commit" fence has no key "path"; it takes none.'),
        (
            "dropped hunk=1 confidence=1",
            'a "dropped" fence has no key "confidence"; it takes hunk.',
        ),
        ("python path=a path=b", 'the key "path" is given twice; give it once.'),
        ('python path=""', 'the key "path" has no value.'),
        ("resolution hunk=0", "hunk=0 is not understood; it is the number of a hunk, such as 3."),
        ("resolution hunk=+1", "hunk=+1 is not understood; it is the number of a hunk, such as 3."),
        ("resolution", 'a "resolution" fence needs hunk=.'),
        (
            "resolution hunk=1 confidence=90%",
            "confidence=90% is not understood; it is a number from 0 to 1.",
        ),
        (
            "resolution hunk=1 confidence=1.5",
            "confidence=1.5 is not understood; it is a number from 0 to 1.",
        ),
        ("choice hunk=1", 'a "choice" fence needs option=.'),
        ("choice option=A", 'a "choice" fence needs exactly one of hunk= or path=.'),
        ("unresolved hunk=1 path=a", 'a "unresolved" fence needs exactly one of hunk= or path=.'),
        (
            "choice hunk=1 option=7",
            "option=7 is not understood; it is the letter of an option that was offered.",
        ),
    ],
)
def test_keys_must_be_those_of_the_kind_once_each_and_well_formed(info, fault):
    assert faults(fence(info)) == [f"Line 1: {fault}"]


@pytest.mark.parametrize(
    "word", ["python:src/a.py", "src/a.py", "{python", "c:", "path=a.py", "{.python"]
)
def test_the_first_word_holds_no_colon_slash_brace_or_equals_sign(word):
    assert faults(fence(word)) == [
        f'Line 1: an info string cannot start with "{word}"; write a language word, a blank, then'
        ' the file as path=FILE, such as "python path=src/a.py" (only the language word for an'
        " example that belongs to no file)."
    ]


def test_a_kind_in_capitals_is_no_language():
    assert faults(fence("Delete path=a.py")) == ['Line 1: "Delete" is written "delete".']


def test_faults_are_found_in_examples_and_lists_too():
    assert len(faults("- ```src/a.py\n  x\n  ```\n")) == 1


def test_a_diff_closed_by_an_indented_fence_may_be_cut_short():
    text = "```diff path=a.md\n@@ -1,3 +1,3 @@\n-a\n+b\n ```\n"
    assert faults(text) == [
        "Line 5: this closes the diff of line 1, but is indented, as an unchanged line of the file"
        " is in a diff; open and close the diff with more backticks than that."
    ]


def test_all_faults_are_told_in_the_order_of_their_lines():
    text = fence("python a b") + "\n- ```text path=a\n  ```\n" + fence("x/y") + "```\n"
    assert [fault.line for fault in read_reply(text).faults] == [1, 1, 4, 6, 8]
