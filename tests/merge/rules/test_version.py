"""version: the higher of two version numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitswarm.merge.rules.place import Ruling
from gitswarm.merge.rules.version import version
from tests.merge.rules.hunks import answer, ask


@pytest.mark.parametrize(
    ("base", "lower", "higher"),
    [
        ("1.2.3", "1.2.4", "1.10.0"),
        ("1.2.3", "v1.3.0", "v1.3.1"),
        ("1.2.3", "1.3.0rc1", "1.3.0"),
        ("1.2.3", "2.0.0-alpha.2", "2.0.0-alpha.10"),
        ("1.2.3", "2.0.0.dev1", "2.0.0a1"),
        ("1.2.3", "2.0.0", "2.0.0.post1"),
        ("1.2", "1.3", "1.12"),
        ("", "1.9.9", "2.0"),
    ],
)
def test_the_higher_one_stays_whichever_side_has_it(base: str, lower: str, higher: str) -> None:
    old, low, high = (f'version = "{one}"\n' if one else "" for one in (base, lower, higher))

    expected = Ruling(high, f"the higher version: {higher} over {lower}", low)
    assert ask(version, "a.toml", old, low, high) == expected
    assert ask(version, "a.toml", old, high, low) == expected


def test_each_number_is_looked_at_by_itself() -> None:
    base = "tool==1.0.0\nother==2.0.0\n"

    ruling = ask(
        version,
        "r.txt",
        f"plain\n{base}",
        "plain\ntool==1.1.0\nother==2.2.0\n",
        "plain\ntool==1.3.0\nother==2.1.0\n",
    )

    assert ruling == Ruling(
        "plain\ntool==1.3.0\nother==2.2.0\n",
        "the higher version: 1.3.0 over 1.1.0, 2.2.0 over 2.1.0",
        "tool==1.1.0\nother==2.1.0\n",
    )


def test_what_only_one_side_changed_is_as_that_side_has_it() -> None:
    base = "tool==1.5.0\nother==2.0.0\n"

    chosen = answer(
        version, "r.txt", base, "tool==1.4.0\nother==2.1.0\n", "tool==1.5.0\nother==2.2.0\n"
    )

    assert chosen == "tool==1.4.0\nother==2.2.0\n"


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        ('version = "2.0.0"\n', 'version = "1.9.0"\n', 'version = "2.1.0"\n'),
        ('version = "1.0.0"\n', 'version = "1.1.0"\n', 'version = "1.2.0"  # stable\n'),
        ('name = "a"\n', 'version = "1.1.0"\n', 'version = "1.2.0"\n'),
        ("ratio = 0.5\n", "ratio = 0.75\n", "ratio = 0.8\n"),
        ("tool==1.0\n", "tool==1.1\n", "tool>=1.2\n"),
        ("host = 1.0.0.0x\n", "host = 1.0.0.1x\n", "host = 1.0.0.2x\n"),
        ("version: 1.0.0\n", "version: 1.0.0+linux.1\n", "version: 1.0.0+linux.2\n"),
        ("version: 1.0\n", "version: 1.1\n", "version: 1.1.0\n"),
        ("", "", "version: 1.1.0\n"),
    ],
    ids=[
        "below-base",
        "more-than-numbers",
        "other-base",
        "decimal",
        "operator",
        "letters",
        "build",
        "equal",
        "none",
    ],
)
def test_it_declines(base: str, ours: str, theirs: str) -> None:
    assert ask(version, "a.yaml", base, ours, theirs) is None
    assert ask(version, "a.yaml", base, theirs, ours) is None


numbers = st.tuples(*[st.integers(0, 20)] * 3)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4))
def test_of_any_two_the_greater_number_stays_and_the_other_is_named(
    pairs: list[tuple[tuple[int, ...], tuple[int, ...]]],
) -> None:
    def lines(chosen: list[tuple[int, ...]]) -> list[str]:
        return [f"p{n}=={'.'.join(map(str, one))}\n" for n, one in enumerate(chosen)]

    ours, theirs = (lines(list(side)) for side in zip(*pairs, strict=True))
    higher = lines([max(pair) for pair in pairs])
    for sides in ((ours, theirs), (theirs, ours)):
        ruling = ask(version, "r.txt", "", *("".join(side) for side in sides))

        if ours == theirs:
            assert ruling is None
        else:
            assert ruling is not None
            assert ruling.text == "".join(higher)
            lost = {*ours, *theirs} - {*higher}
            assert {*ruling.dropped.splitlines(keepends=True)} == lost
