"""Three versions of one file, merged outside of any commit: against git, whatever they hold."""

from collections.abc import Mapping

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gitswarm.merge.backtest import committed_answers
from gitswarm.merge.conflicts import ConflictedText
from gitswarm.merge.files import Form, Versions, git_merge, merge_versions, with_bases
from gitswarm.merge.resolutions import Resolution
from gitswarm.repo.objects import RepoPath

PATH = RepoPath(b"a.txt")
SIZE = 23
DIFF3 = Form(marker_size=SIZE, style="diff3")

lines = st.sampled_from(
    [b"a\n", b"b\n", b"c\n", b"d\r\n", b"\xff\n", b"=======\n", b"<<<<<<< x\n", b"\n", b"  a\n"]
)
texts = st.builds(
    lambda whole, end: b"".join(whole) + end,
    st.lists(lines, max_size=14),
    st.sampled_from([b"", b"", b"no end"]),
)


@st.composite
def versions(draw: st.DrawFn) -> Versions:
    """Three versions that have enough in common to have more than one hunk."""
    base = draw(st.lists(lines, min_size=4, max_size=24))

    def side() -> bytes:
        changed = [*base]
        for at in draw(st.lists(st.integers(0, len(base) - 1), max_size=4)):
            changed[at] = draw(texts)
        return b"".join(changed)

    return Versions(side(), b"".join(base), side())


def split(three: Versions, form: Form = DIFF3) -> ConflictedText:
    data = git_merge(three, form).data
    return ConflictedText.parse(data, form.marker_size, unterminated=three.unterminated)


@settings(max_examples=40, deadline=None)
@given(versions())
def test_without_answers_it_is_gits_own_result(three: Versions) -> None:
    assert merge_versions(PATH, three, Form(), rules=()) == git_merge(three, Form())


@settings(max_examples=60, deadline=None)
@given(versions(), st.data())
def test_answers_go_into_their_hunks_and_nothing_else_changes(
    three: Versions, data: st.DataObject
) -> None:
    text = split(three)
    numbers = [hunk.number for hunk in text.hunks]
    assume(numbers)
    chosen = data.draw(st.lists(st.sampled_from(numbers), unique=True, min_size=1))
    answers = {number: data.draw(st.lists(lines, max_size=3).map(b"".join)) for number in chosen}

    def replay(path: RepoPath, asked: ConflictedText) -> Mapping[int, Resolution]:
        return {n: Resolution(path, n, "replay", answer) for n, answer in answers.items()}

    merged = merge_versions(PATH, three, DIFF3, replay=replay, rules=())

    if not merged.resolutions:  # what is left would not be the same hunks to git
        assert merged == git_merge(three, DIFF3)
        return
    expected = text.splice(answers)
    assert merged.data == expected.write()
    assert merged.conflicts == min(127, len(expected.hunks))


@settings(max_examples=60, deadline=None)
@example(Versions(b"a\nb\na\n", b"a\na\nb\na\na\n", b"a\na\na\na\n"))
@given(versions())
def test_bases_are_told_of_hunks_and_the_file_stays_as_it_is(three: Versions) -> None:
    """In git's own style, which shows none; a base that is told is one of the file's."""
    data = git_merge(three, Form(marker_size=SIZE)).data
    text = ConflictedText.parse(data, SIZE, unterminated=three.unterminated)

    told = with_bases(text, three)

    assert told.write() == data
    assert [(one.ours, one.theirs) for one in told.hunks] == [
        (one.ours, one.theirs) for one in text.hunks
    ]
    assert all(one.base is None or one.base in three.base for one in told.hunks)
    shown = {(one.ours, one.theirs): one.base for one in split(three).hunks}
    for one in told.hunks:
        if one.base is not None and (one.ours, one.theirs) in shown:
            assert one.base == shown[one.ours, one.theirs]


@settings(max_examples=60, deadline=None)
@given(versions(), st.data())
def test_what_was_committed_is_told_as_it_was_or_not_at_all(
    three: Versions, data: st.DataObject
) -> None:
    text = split(three)
    assume(text.hunks)
    plain = st.sampled_from([b"a\n", b"b\n", b"c\n", b"new\n", b"\n"])
    answers = {
        hunk.number: data.draw(st.lists(plain, max_size=4).map(b"".join)) for hunk in text.hunks
    }

    found = committed_answers(text, text.splice(answers).write())

    assert found.items() <= answers.items()
