"""Tables fit their sheet, whatever is in them."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from gitswarm.screen.sheet import Column, Sheet, styled
from tests.screen.terminal import File, set_terminal

COLUMN = st.builds(
    Column,
    title=st.just("Title"),
    right=st.booleans(),
    yields=st.sampled_from(["", "wrap", "cut"]),
    least=st.integers(0, 12),
    spare=st.integers(0, 3),
)
WORDS = st.text(st.sampled_from("ab yz\n語é-/"), max_size=40)
SETTINGS = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@SETTINGS
@given(st.data())
def test_no_line_is_wider_than_the_sheet_or_ends_in_blanks(
    monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    columns = data.draw(st.lists(COLUMN, min_size=1, max_size=4))
    row = st.lists(WORDS.map(styled), min_size=len(columns), max_size=len(columns))
    width = data.draw(st.integers(24, 60))
    set_terminal(monkeypatch, columns=width)
    file = File()

    Sheet(file).table(columns, data.draw(st.lists(row, min_size=1, max_size=4)))

    for line in file.getvalue().splitlines():
        assert cell_len(line) <= width
        assert line == line.rstrip(" ")


@SETTINGS
@given(words=WORDS, indent=st.integers(0, 4), hang=st.integers(0, 8), width=st.integers(24, 60))
def test_a_paragraph_loses_no_word_and_cuts_none_in_two(
    monkeypatch: pytest.MonkeyPatch, words: str, indent: int, hang: int, width: int
) -> None:
    set_terminal(monkeypatch, columns=width)
    file = File()

    Sheet(file).paragraph(words, indent=indent, hang=hang)

    lines = file.getvalue().splitlines()
    assert " ".join(lines).split() == words.split()
    assert all(cell_len(line) <= width or len(line.split()) == 1 for line in lines)
    assert all(line.startswith(" " * (indent + hang)) for line in lines[1:] if line.strip())


def test_a_wide_character_is_not_cut_in_half(monkeypatch: pytest.MonkeyPatch) -> None:
    set_terminal(monkeypatch, columns=20)
    file = File()

    Sheet(file).table([Column(yields="cut")], [[styled("語" * 12)]])

    assert file.getvalue() == "語" * 9 + "…\n"
