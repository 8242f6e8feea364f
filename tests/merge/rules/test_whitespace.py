"""whitespace: what differs in layout only."""

import pytest

from gitswarm.merge.rules.whitespace import whitespace
from tests.merge.rules.hunks import answer


@pytest.mark.parametrize("path", ["a.js", "a.py"])
def test_the_side_that_changed_words_is_taken(path: str) -> None:
    base = "call(one, two)\n"
    spread = "call(\n    one,\n    two\n)\n"
    changed = "call(one, three)\n"

    assert answer(whitespace, path, base, spread, changed) == changed
    assert answer(whitespace, path, base, changed, spread) == changed


def test_of_two_layouts_ours_is_taken() -> None:
    assert answer(whitespace, "a.c", "f();\n", "if (a) f();\n", "if (a)\n    f();\n") == (
        "if (a) f();\n"
    )


def test_a_changed_word_is_no_layout() -> None:
    assert answer(whitespace, "a.md", "a note book\n", "a notebook\n", "a red book\n") is None


def test_depth_means_something_where_indentation_is_grammar() -> None:
    base = "a()\nb()\n"
    moved = "a()\n    b()\n"
    changed = "a()\nc()\n"

    assert answer(whitespace, "x.py", base, moved, changed) is None
    assert answer(whitespace, "x.py", "z()\n", base, moved) is None
    assert answer(whitespace, "x.js", base, moved, changed) == changed
    assert answer(whitespace, "x.py", base, "a()\n\nb()\n", changed) == changed
