"""token: edits of both sides within one line."""

import pytest

from gitswarm.merge.rules.token import WORDS_LENGTH, token, words
from tests.merge.rules.hunks import answer


def test_edits_beside_a_shared_one_are_merged() -> None:
    base = "def load(path, mode):\n"
    ours = "def read(path, mode, size):\n"
    theirs = "def read(file, mode):\n"

    merged = "def read(file, mode, size):\n"
    assert answer(token, "a.py", base, ours, theirs) == merged
    assert answer(token, "a.py", base, theirs, ours) == merged


def test_without_a_shared_edit_only_records_are_merged() -> None:
    base, ours, theirs = "alpha beta gamma\n", "ALPHA beta gamma\n", "alpha beta GAMMA\n"

    assert answer(token, "a.py", base, ours, theirs) is None
    assert answer(token, "a.txt", base, ours, theirs) == "ALPHA beta GAMMA\n"


def test_a_shared_comma_is_no_shared_edit() -> None:
    base, ours, theirs = "f(alpha beta)\n", "f(ALPHA beta,)\n", "f(alpha BETA,)\n"

    assert answer(token, "a.py", base, ours, theirs) is None


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        ("size 1\n", "size 2\n", "size 3\n"),
        ("one two\n", "one and two\n", "one or two\n"),
        ("one\n", "one a\n", "\n"),
        ("", "one\n", "two\n"),
    ],
)
def test_it_declines_where_edits_touch_or_there_is_no_base(
    base: str, ours: str, theirs: str
) -> None:
    assert answer(token, "a.txt", base, ours, theirs) is None


def test_edits_that_do_not_touch_are_offered_without_a_shared_one_too() -> None:
    base, ours, theirs = "alpha beta gamma\n", "ALPHA beta gamma\n", "alpha beta GAMMA\n"

    assert answer(words, "a.py", base, ours, theirs) == "ALPHA beta GAMMA\n"
    assert answer(words, "a.py", base, ours, ours.replace("beta", "")) is None
    assert answer(words, "a.py", "", ours, theirs) is None
    more = "x\n" * (WORDS_LENGTH // 2)
    assert answer(words, "a.py", base + more, ours + more, theirs + more) is None
