"""additions: what both sides added at one place."""

import pytest

from gitswarm.merge.rules.additions import additions
from tests.merge.rules.hunks import answer


def test_items_of_a_list_follow_each_other() -> None:
    ours, theirs = '    "alpha",\n', '    "beta",\n    "gamma",\n'

    assert answer(additions, "list.unknown", "", ours, theirs) == ours + theirs


def test_definitions_keep_their_distance() -> None:
    ours, theirs = "\n\ndef area(r):\n    return r * r\n", "\n\ndef edge(r):\n    return r\n"

    assert answer(additions, "a.py", "", ours, theirs) == ours + theirs


def test_blank_lines_above_one_and_below_the_other_stand_between_them_once() -> None:
    ours, theirs = "\ndef area(r):\n    return r * r\n", "def edge(r):\n    return r\n\n"

    assert answer(additions, "a.py", "", ours, theirs) == (
        "\ndef area(r):\n    return r * r\n\ndef edge(r):\n    return r\n\n"
    )


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs"),
    [
        ("a.py", "x = 1\n", "y = 1\n", "z = 1\n"),
        ("a.py", "", "limit = 1\n", "limit = 2\n"),
        ("a.py", "", "def f():\n    pass\n", "def f():\n    return\n"),
        ("a.py", "", "a()\nrun(job)\n", "b()\nrun(job)\n"),
        ("a.py", "", "a = [\n", "b = 1\n"),
        ("a.py", "", "a = ']'\n)\n", "b = 1\n"),
        ("a.py", "", "    a()\n", "b()\n"),
        ("a.py", "", "    a()\nb()\n", "c()\n"),
        ("a.py", "", "import os\n", "import re\n"),
        ("a.md", "", "One thing.\n", "Another.\n"),
        ("a.py", "", "\n", "b()\n"),
    ],
    ids=[
        "base",
        "one-name",
        "one-function",
        "one-line",
        "open",
        "closed",
        "depths",
        "starts-deeper",
        "imports",
        "prose",
        "blank",
    ],
)
def test_it_declines(path: str, base: str, ours: str, theirs: str) -> None:
    assert answer(additions, path, base, ours, theirs) is None
    assert answer(additions, path, base, theirs, ours) is None
