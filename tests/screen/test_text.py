"""Text that is shown is obeyed by no terminal, hides nothing, and is short where it should be."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitswarm.screen.text import (
    clean,
    duration,
    last_lines,
    listed,
    money,
    one_line,
    tokens,
)

SEQUENCES = st.sampled_from(
    [
        "\x1b[31m",
        "\x1b[2J",
        "\x1b[1;1H",
        "\x1b[?1049h",
        "\x9b31m",
        "\x1b]0;title\x07",
        "\x1b]8;;https://example.org\x1b\\",
        "\x1b]52;c;ZXZpbA==\x07",
        "\x9d0;title\x9c",
        "\x1bP+q544e\x1b\\",
        "\x1b_application\x1b\\",
        "\x1bc",
        "\x1b(0",
        "\x1b7",
    ]
)
ORDINARY = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"))).filter(
    lambda text: not set(text) & set("\u115f\u1160\u3164\uffa0\u17b4\u17b5")
)
HOSTILE = st.lists(st.one_of(SEQUENCES, ORDINARY, st.text())).map("".join)


@given(HOSTILE)
def test_cleaned_text_has_nothing_a_terminal_obeys_or_a_reader_cannot_see(text: str) -> None:
    cleaned = clean(text)

    bad = {
        character
        for character in cleaned
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") and character not in "\n\t"
    }
    invisible = {*"\xad\u061c\u180e\u200b\u200d\u200e\u200f\u2060\ufe0f\ufeff", *map(chr, BIDI)}
    assert bad | (invisible & set(cleaned)) == set()
    assert clean(cleaned) == cleaned
    cleaned.encode()


BIDI = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]


@given(st.lists(st.tuples(SEQUENCES, ORDINARY)))
def test_whole_control_sequences_go_and_the_text_between_them_stays(
    parts: list[tuple[str, str]],
) -> None:
    text = "".join(sequence + words for sequence, words in parts)

    assert clean(text) == "".join(words for _, words in parts)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x1b]0;never closed", "a0;never closed"),
        ("a\x1b", "a"),
        ("\x1b\x1b[0m[31mred", "[31mred"),
        ("one\r\ntwo\rthree\x85four\u2028five", "one\ntwo\nthree\nfour\nfive"),
        ("tab\there", "tab\there"),
        ("user\u202etxt.exe", "usertxt.exe"),
        ("\U000e0049\U000e0067nore", "nore"),
        ("half \ud800 pair", "half \ufffd pair"),
        ("[bold]literal[/bold]", "[bold]literal[/bold]"),
    ],
)
def test_what_is_left_of(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_a_long_sequence_without_an_end_is_cleaned_in_time_linear_in_its_length() -> None:
    for start in ("\x1b[", "\x1b]", "\x1bP", "\x1b"):
        assert clean((start + "0" * 20) * 20_000).count("\x1b") == 0
        assert clean(start + "0" * 400_000).count("\x1b") == 0


def test_one_line_joins_and_cuts() -> None:
    assert one_line(" a\n\tb \x1b[1m c ") == "a b c"
    assert one_line("abcdefghij", 8) == "abcde..."
    assert one_line("abcdefgh", 8) == "abcdefgh"


def test_the_last_lines_of_an_output_are_bounded_both_ways() -> None:
    assert last_lines("1\n\n2\n  3\t.\n" + "x" * 20, 3, 10) == ["2", "  3     .", "xxxxxxx..."]
    assert last_lines("\n \n", 3, 10) == []


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (["a", "b", "c", "d", "e", "f", "g"], "a, b, c, d, e and 2 more"),
    ],
)
def test_names_are_listed(names: list[str], words: str) -> None:
    assert listed(names) == words


def test_quantities_are_short() -> None:
    seconds = [0, 0.04, 9.94, 9.96, 41.4, 59.6, 72, 3599.7, 7500]
    assert [duration(s) for s in seconds] == (
        ["0.0s", "0.0s", "9.9s", "10s", "41s", "1m 00s", "1m 12s", "1h 00m", "2h 05m"]
    )
    assert [tokens(n) for n in (0, 999, 1000, 99_949, 99_950, 999_499, 999_500, 1_250_000)] == (
        ["0", "999", "1.0k", "99.9k", "100k", "999k", "1.0M", "1.2M"]
    )
    assert [money(usd) for usd in (None, 0, 0.004, 0.01, 0.126, 1234.5)] == (
        ["?", "$0.00", "<$0.01", "$0.01", "$0.13", "$1,234.50"]
    )
