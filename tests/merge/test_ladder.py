"""The rungs below the model: what rules settle, what they offer, what they may never do."""

import re
from collections.abc import Collection, Sequence
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitswarm.merge.conflicts import ConflictedText, Hunk
from gitswarm.merge.ladder import RULES, Rungs, climb
from gitswarm.merge.question import Option
from gitswarm.merge.resolutions import Resolution, fit, objections
from gitswarm.merge.rules.generated import generated_kind
from gitswarm.merge.rules.place import Place
from gitswarm.repo.objects import RepoPath
from gitswarm.settings import RULES as NAMES
from tests.merge.rules.hunks import nothing_before


def text_of(*parts: str | bytes | tuple[str, str, str]) -> ConflictedText:
    """A file of text and of hunks, given as base, ours and theirs."""
    pieces = []
    for part in parts:
        if isinstance(part, tuple):
            base, ours, theirs = part
            part = f"<<<<<<<<< o\n{ours}||||||||| b\n{base}=========\n{theirs}>>>>>>>>> t\n"
        pieces.append(part.encode() if isinstance(part, str) else part)
    return ConflictedText.parse(b"".join(pieces), 9)


def rungs(
    path: str,
    text: ConflictedText,
    unasked: Collection[str] = (),
    replayed: Collection[Resolution] = (),
) -> Rungs:
    sides = (text.take("ours"), text.take("theirs"))
    return climb(
        RepoPath(path.encode()),
        text,
        sides,
        replayed={one.hunk: one for one in replayed},
        unasked=unasked,
        past=nothing_before,
    )


def settled(path: str, text: ConflictedText, unasked: Collection[str]) -> list[bytes | None]:
    return [one.text for one in rungs(path, text, unasked).resolutions.values()]


def test_the_settings_know_the_rules_by_their_names() -> None:
    assert tuple(RULES) == NAMES


def test_a_rule_that_is_named_settles_and_the_others_offer() -> None:
    colours = ("red green\n", "RED green\n", "red GREEN\n")
    numbers = ("tool==1.0.0\n", "tool==1.1.0\n", "tool==1.2.0\n")
    text = text_of("a\n", colours, "b\n", numbers, "c\n", ("x\n", "y\n", "z\n"))

    known = rungs("r.txt", text, ["version"])

    assert known.resolutions == {
        2: Resolution(
            RepoPath(b"r.txt"),
            2,
            "rule:version",
            b"tool==1.2.0\n",
            None,
            "the higher version: 1.2.0 over 1.1.0",
            "tool==1.1.0\n",
        )
    }
    assert known.text == text.splice({2: b"tool==1.2.0\n"})
    assert known.candidates == {
        1: (Option("the edits of the sides do not touch", b"RED GREEN\n"),),
        3: (),
    }


def test_what_is_too_often_wrong_to_be_a_rule_is_only_offered() -> None:
    edits = ("f(one, two)\n", "g(one, two)\n", "f(one, three)\n")

    known = rungs("a.py", text_of(edits), NAMES)

    assert known.resolutions == {}
    assert known.candidates == {1: (Option("both edits, word by word", b"g(one, three)\n"),)}


def test_the_first_of_several_rules_settles() -> None:
    items = ("", "  a = 1,\n", "  b = 2,\n")

    known = rungs("a.py", text_of("f(\n", items, ")\n"), NAMES)

    assert [one.by for one in known.resolutions.values()] == ["rule:additions"]


def test_an_answer_that_does_not_parse_is_not_taken() -> None:
    moved = ("x = 1\n", "y = 2\nx = 1\n", "x = 1\ny = 3\n")

    assert settled("a.txt", text_of(moved), NAMES) == [b"y = 2\nx = 1\ny = 3\n"]
    assert settled("a.toml", text_of(moved), NAMES) == []


def test_an_answer_that_defines_something_twice_is_not_taken() -> None:
    def define(name: str) -> str:
        return f"\n\ndef {name}():\n    return '{name}'\n"

    def added(first: str, second: str) -> ConflictedText:
        hunks = ("", define(first), define("a")), ("", define(second), define("d"))
        return text_of("x = 1\n", hunks[0], "y = 1\n", hunks[1])

    assert [*rungs("m.py", added("b", "c"), NAMES).resolutions] == [1, 2]
    assert [*rungs("m.py", added("b", "a"), NAMES).resolutions] == [2]


def test_an_answer_from_before_that_no_longer_parses_makes_way_for_a_rule() -> None:
    path = RepoPath(b"a.py")
    text = text_of("f(\n", ("", "  a=1,\n", "  b=2,\n"), ")\n")
    good, bad = (Resolution(path, 1, "replay", answer) for answer in (b"  c=3,\n", b"  c=\n"))

    by_answer = [
        [*rungs("a.py", text, NAMES, [before]).resolutions.values()] for before in (good, bad)
    ]

    assert [[one.by for one in found] for found in by_answer] == [["replay"], ["rule:additions"]]


def test_line_ends_and_a_missing_last_one_stay() -> None:
    numbers = ("v==1.0.0\n", "v==1.1.0\n", "v==1.2.0\n")
    windows = text_of("a\n", numbers, "b\n").write().replace(b"\n", b"\r\n")
    open_ended = ConflictedText.parse(
        text_of("a\n", numbers).write(), 9, unterminated=frozenset({"base", "ours", "theirs"})
    )

    assert settled("r.txt", ConflictedText.parse(windows, 9), NAMES) == [b"v==1.2.0\r\n"]
    assert settled("r.txt", open_ended, NAMES) == [b"v==1.2.0"]


@pytest.mark.parametrize("line", [b"# caf\xe9\n", b"a\rb\n", b"\0\n"])
def test_no_rule_reads_what_is_no_text(line: bytes) -> None:
    numbers = ("v==1.0.0\n", "v==1.1.0\n", "v==1.2.0\n")

    assert rungs("r.txt", text_of(line, numbers), NAMES).candidates == {1: ()}
    assert settled("r.txt", text_of(line, numbers), NAMES) == []
    assert settled("r.txt", text_of(numbers), NAMES) == [b"v==1.2.0\n"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (b"Cargo.lock", "lock file"),
        (b"web/pnpm-lock.yaml", "lock file"),
        (b"go.sum", "lock file"),
        (b"tests/__snapshots__/page.tsx", "snapshot"),
        (b"tests/help.snap", "snapshot"),
        (b"src/lock.py", None),
        (b"snapshots/README.md", None),
        (b"package.json", None),
    ],
)
def test_lock_files_and_snapshots_are_known_by_their_names(path: bytes, kind: str | None) -> None:
    assert generated_kind(RepoPath(path)) == kind


def test_a_lock_file_is_answered_by_replay_alone() -> None:
    numbers = ("v==1.0.0\n", "v==1.1.0\n", "v==1.2.0\n")
    text = text_of(numbers, "between\n", numbers)
    path = RepoPath(b"uv.lock")
    before = Resolution(path, 2, "replay", b"v==1.2.0\n")
    why = "a lock file is not merged as text: take either side and write it anew"

    known = rungs("uv.lock", text, NAMES, [before])

    assert known.resolutions == {1: Resolution(path, 1, None, None, None, why), 2: before}
    assert known.candidates == {}


# Whatever the sides hold

LINES = (
    "import os",
    "import re",
    "from a import b",
    "from a import b, c",
    "from a import c, d",
    "version = 1.2.3",
    "version = 1.2.4",
    "version = 1.10.0",
    "x = 1",
    "x = 2",
    "  x = 1",
    "call(a, b)",
    "call(a,b)",
    "call(a, c)",
    "one two three",
    "one 2 three",
    "def f():",
    "    return 1",
    "a: 1",
    "b: 1",
    '"a": 1,',
    '"b": 2,',
    '"b": 2',
    "}",
    "",
)
sides = st.lists(st.sampled_from(LINES), max_size=4).map(
    lambda lines: "".join(f"{line}\n" for line in lines)
)
paths = st.sampled_from(["a.py", "a.ts", "a.json", "a.yml", "a.toml", "a.txt", "a.md", "a"])
Name = Literal["ours", "theirs"]


@given(paths, sides, sides, sides, sides, sides, st.sampled_from(NAMES))
def test_nothing_outside_a_hunk_changes(
    path: str, base: str, ours: str, theirs: str, before: str, after: str, name: str
) -> None:
    text = text_of(f"{before}top\n", (base, ours, theirs), f"end\n{after}")

    taken = settled(path, text, [name])

    outside = f"{before}top\n".encode(), f"end\n{after}".encode()
    for answer in taken:
        assert text.splice({1: answer or b""}).write() == (answer or b"").join(outside)
        assert rungs(path, text, [name]).text == text.splice({1: answer or b""})


def answers(name: str, path: str, text: ConflictedText) -> Sequence[tuple[Hunk, bytes, str]]:
    """What a rule says by itself, before anybody checks it."""

    def past(side: Name) -> Sequence[bytes]:
        return [text.take("theirs" if side == "ours" else "ours")]

    (place,) = Place.all_in(RepoPath(path.encode()), text, past)
    ruling = RULES[name](place)
    if ruling is None:
        return []
    ends_file = text.ends_with(1)
    fitted = fit(ruling.text, place.hunk, usual_end=b"\n", ends_file=ends_file)
    return [(place.hunk, fitted, ruling.dropped)]


@given(paths, sides, sides, sides, st.sampled_from(NAMES))
def test_no_rule_drops_what_a_side_added_unsaid(
    path: str, base: str, ours: str, theirs: str, name: str
) -> None:
    for hunk, answer, dropped in answers(name, path, text_of("top\n", (base, ours, theirs))):
        assert objections(hunk, answer, dropped) == []


@given(paths, sides, sides, sides, st.sampled_from(["version", "superseded", "token"]))
def test_some_rules_do_not_care_which_side_is_whose(
    path: str, base: str, ours: str, theirs: str, name: str
) -> None:
    one = answers(name, path, text_of("top\n", (base, ours, theirs)))
    other = answers(name, path, text_of("top\n", (base, theirs, ours)))

    assert [answer for _, answer, _ in one] == [answer for _, answer, _ in other]


@given(paths, sides, sides, sides, st.sampled_from(["additions", "imports"]))
def test_others_give_the_same_words_in_another_order(
    path: str, base: str, ours: str, theirs: str, name: str
) -> None:
    def words(one: str, other: str) -> list[str]:
        found = answers(name, path, text_of("top\n", (base, one, other)))
        return sorted(re.findall(r"\w+", b"".join(answer for _, answer, _ in found).decode()))

    assert words(ours, theirs) == words(theirs, ours)
