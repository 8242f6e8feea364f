"""The grammar of conflict markers."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitswarm.merge.conflicts import ConflictedText, Hunk, UnclearMarkersError, marker_runs


def conflict(
    size: int, ours: bytes, base: bytes | None, theirs: bytes, end: bytes = b"\n"
) -> bytes:
    shown = b"" if base is None else b"|" * size + b" 1a2b3c" + end + base
    return b"".join(
        (
            b"<" * size + b" ours" + end,
            ours,
            shown,
            b"=" * size + end,
            theirs,
            b">" * size + b" a label with words" + end,
        )
    )


lines = st.sampled_from(
    [
        b"text\n",
        b"\n",
        b"carriage\r\n",
        b"a lone \r in it\n",
        b"\x00nul\n",
        b"\xff\xfel\x00a\x00t\x00i\x00n\n",
        b"na\xefve\n",
        b"=======\n",
        b"<<<<<<< HEAD\n",
        b"||||||||| longer than markers are here\n",
        b">>>>>>>>>>>\n",
        b"<<<<<<<<no label\n",
        b"<<<<<<<<\tno blank\n",
        b" <<<<<<<< indented\n",
    ]
)
text = st.lists(lines, max_size=5).map(b"".join)
SIZE = 8


@dataclass(frozen=True)
class File:
    """A file with markers of eight characters: text, hunk, text, hunk, ..., text."""

    texts: tuple[bytes, ...]
    frames: tuple[bytes, ...]
    hunks: tuple[Hunk, ...]

    def write(self, replaced: Mapping[int, bytes]) -> bytes:
        written = [self.texts[0]]
        for hunk, frame, after in zip(self.hunks, self.frames, self.texts[1:], strict=True):
            written += [replaced.get(hunk.number, frame), after]
        return b"".join(written)


@st.composite
def files(draw: st.DrawFn) -> File:
    sides = draw(st.lists(st.tuples(st.none() | text, text, text), max_size=4))
    hunks = tuple(Hunk(number, *three) for number, three in enumerate(sides, start=1))
    ends = st.sampled_from([b"\n", b"\r\n"])
    frames = tuple(conflict(SIZE, h.ours, h.base, h.theirs, draw(ends)) for h in hunks)
    last = draw(text) + draw(st.sampled_from([b"", b"no line end"]))
    return File((*(draw(text) for _ in hunks), last), frames, hunks)


@given(files())
def test_what_is_parsed_and_written_is_the_same_bytes(file: File) -> None:
    parsed = ConflictedText.parse(file.write({}), SIZE)

    assert parsed.write() == file.write({})
    assert parsed.hunks == file.hunks


@given(files(), st.sets(st.integers(1, 4)))
def test_a_hunk_that_is_taken_for_text_stays_as_it_is(file: File, numbers: set[int]) -> None:
    data = file.write({})
    parsed = ConflictedText.parse(data, SIZE)

    left = parsed.without_hunks(numbers)

    assert left.write() == data
    assert left.hunks == tuple(hunk for hunk in file.hunks if hunk.number not in numbers)
    assert all(parsed.marked(hunk.number) in data for hunk in file.hunks)
    everything = left.splice({hunk.number: b"" for hunk in left.hunks}).write()
    assert (
        everything
        == parsed.splice(
            {hunk.number: b"" for hunk in left.hunks}
            | {n: parsed.marked(n) for n in numbers if n <= len(file.hunks)}
        ).write()
    )


@given(files(), st.dictionaries(st.integers(1, 4), text))
def test_a_splice_changes_nothing_outside_its_hunk(file: File, new: dict[int, bytes]) -> None:
    numbers = {hunk.number for hunk in file.hunks}
    replaced = {number: text for number, text in new.items() if number in numbers}

    spliced = ConflictedText.parse(file.write({}), SIZE).splice(replaced)

    assert spliced.write() == file.write(replaced)
    assert spliced.hunks == tuple(hunk for hunk in file.hunks if hunk.number not in replaced)


@given(files())
def test_splices_one_by_one_come_to_the_same_as_all_at_once(file: File) -> None:
    parsed = ConflictedText.parse(file.write({}), SIZE)
    replaced = {hunk.number: hunk.theirs for hunk in file.hunks}

    step_by_step = parsed
    for number, new in reversed(replaced.items()):
        step_by_step = step_by_step.splice({number: new})

    assert step_by_step == parsed.splice(replaced)
    assert step_by_step.write() == parsed.take("theirs") == file.write(replaced)


def test_only_runs_of_the_exact_length_are_markers() -> None:
    inner = conflict(9, b"a\n", b"b\n", b"c\n")
    heading = b"Title\n=======\n"

    parsed = ConflictedText.parse(
        heading + conflict(8, b"ours\n", inner, heading) + b"========\n>>>>>>>> tail\n", 8
    )

    assert parsed.hunks == (Hunk(1, inner, b"ours\n", heading),)
    assert parsed.around(1) == (heading, b"========\n>>>>>>>> tail\n")


def test_a_side_without_final_line_end_is_given_exactly_and_written_with_its_markers() -> None:
    data = b"a\r\n" + conflict(8, b"ours\r\n", b"base\r\n", b"theirs\r\n", b"\r\n")

    parsed = ConflictedText.parse(data, 8, unterminated=frozenset({"ours", "base"}))

    assert parsed.hunks == (Hunk(1, b"base", b"ours", b"theirs\r\n"),)
    assert parsed.write() == data
    assert parsed.splice({1: b"merged"}).write() == b"a\r\nmerged"


def test_only_the_hunk_at_the_end_of_the_file_can_lack_a_line_end() -> None:
    data = conflict(8, b"1\n", b"", b"2\n") + conflict(8, b"3\n", b"", b"4\n")

    parsed = ConflictedText.parse(data, 8, unterminated=frozenset({"ours"}))

    assert parsed.hunks == (Hunk(1, b"", b"1\n", b"2\n"), Hunk(2, b"", b"3", b"4\n"))
    assert [parsed.ends_with(number) for number in (1, 2)] == [False, True]
    assert parsed.write() == data


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"<<<<<<<< ours\nnothing follows\n", id="unclosed"),
        pytest.param(b"<<<<<<<< a\n<<<<<<<< b\n========\n>>>>>>>> c\n", id="opened twice"),
        pytest.param(b"<<<<<<<< a\n>>>>>>>> c\n", id="closed at once"),
        pytest.param(b"<<<<<<<< a\n========\n========\n>>>>>>>> c\n", id="two middles"),
        pytest.param(b"<<<<<<<< a\n========\n|||||||| b\n>>>>>>>> c\n", id="late base"),
        pytest.param(b"<<<<<<<< a\n|||||||| b\n>>>>>>>> c\n", id="no middle"),
    ],
)
def test_markers_out_of_order_are_refused(data: bytes) -> None:
    with pytest.raises(UnclearMarkersError):
        ConflictedText.parse(data, 8)


def test_a_replacement_that_would_join_two_lines_is_refused() -> None:
    parsed = ConflictedText.parse(conflict(8, b"a\n", b"", b"b\n") + b"tail\n", 8)

    with pytest.raises(ValueError, match="hunk 1 has no end of its last line"):
        parsed.splice({1: b"merged"})


def test_a_number_that_is_not_open_is_refused() -> None:
    parsed = ConflictedText.parse(conflict(8, b"a\n", b"", b"b\n"), 8)

    with pytest.raises(KeyError):
        parsed.splice({2: b"merged\n"})
    with pytest.raises(KeyError):
        parsed.splice({1: b"merged\n"}).splice({1: b"again\n"})


def test_what_is_resolved_is_text_around_the_open_hunks() -> None:
    hunk = conflict(8, b"a\n", b"", b"b\n")
    parsed = ConflictedText.parse(b"one\n" + hunk + b"two\n" + hunk + hunk, 8)

    assert parsed.around(2) == (b"two\n", b"")
    assert parsed.splice({1: b"A\n", 3: b"C\n"}).around(2) == (b"one\nA\ntwo\n", b"C\n")


def test_a_hundred_thousand_lines_and_a_thousand_hunks_come_back_whole() -> None:
    piece = b"line\n" * 100 + conflict(8, b"a\n" * 3, b"b\n", b"c\n")

    parsed = ConflictedText.parse(piece * 1000, 8)

    assert len(parsed.hunks) == 1000
    assert parsed.write() == piece * 1000
    assert parsed.take("ours") == (b"line\n" * 100 + b"a\n" * 3) * 1000


def test_runs_of_a_marker_character_are_found_at_line_starts_only() -> None:
    assert marker_runs(b"<<<<<<< a\nx ======\n==\n|||\r\n > >>>>\n>>>>>>>>") == {7, 2, 3, 8}
