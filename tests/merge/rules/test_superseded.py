"""superseded: a side that the other one once was."""

from collections.abc import Sequence

from gitswarm.merge.rules.place import Past
from gitswarm.merge.rules.superseded import superseded
from tests.merge.rules.hunks import answer, ask

BEFORE, AFTER = "def area(r):\n", "\n"
DRAFT = "    return 3.14 * r * r\n"
FINAL = "    return math.pi * r**2\n"


def past(**versions: str) -> Past:
    """What a file was on each side."""
    return lambda side: [versions[side].encode()] if side in versions else []


def rule_on(ours: str, theirs: str, before: Past, base: str = "    pass\n") -> str | None:
    return answer(superseded, "a.py", base, ours, theirs, before=BEFORE, after=AFTER, past=before)


def test_the_side_that_went_on_is_taken_and_says_what_it_replaces() -> None:
    was = f"import math\n\n{BEFORE}{DRAFT}{AFTER}"

    ruling = ask(
        superseded,
        "a.py",
        "    pass\n",
        DRAFT,
        FINAL,
        before=BEFORE,
        after=AFTER,
        past=past(theirs=was),
    )

    assert ruling is not None
    assert (ruling.text, ruling.reason, ruling.dropped) == (
        FINAL,
        "ours is what theirs had before it went on",
        "return 3.14 * r * r\n",
    )
    assert rule_on(FINAL, DRAFT, past(ours=was)) == FINAL


def test_lines_around_and_line_ends_of_the_earlier_version_count() -> None:
    was = f"{BEFORE}{DRAFT}{AFTER}"

    assert rule_on(DRAFT, FINAL, past(theirs=was.replace("\n", "\r\n"))) == FINAL
    assert rule_on(DRAFT, FINAL, past(theirs=was.replace("area", "volume"))) is None
    assert rule_on(DRAFT, FINAL, past(theirs=f"{BEFORE}    x = 1\n{DRAFT}{AFTER}")) is None
    assert rule_on(DRAFT, FINAL, past(theirs="\0")) is None


def test_the_sides_own_past_says_nothing() -> None:
    assert rule_on(DRAFT, FINAL, past(ours=f"{BEFORE}{DRAFT}{AFTER}")) is None


def test_it_declines_where_each_was_the_other() -> None:
    drafts = past(ours=f"{BEFORE}{FINAL}{AFTER}", theirs=f"{BEFORE}{DRAFT}{AFTER}")

    assert rule_on(DRAFT, FINAL, drafts) is None


def test_a_text_that_only_leaves_out_lines_tells_nothing() -> None:
    def was(text: str) -> Past:
        return past(theirs=f"{BEFORE}{text}{AFTER}")

    both = DRAFT + FINAL
    assert rule_on(both, FINAL, was(both)) is None
    assert rule_on(DRAFT, FINAL, was(DRAFT), base=DRAFT + "    # more\n") is None
    assert rule_on("", FINAL, was("")) is None


def test_a_long_text_is_not_looked_for() -> None:
    def looked_for(lines: int) -> Sequence[str]:
        asked: list[str] = []

        def watch(side: str) -> Sequence[bytes]:
            asked.append(side)
            return ()

        long = "".join(f"    x{n} = {n}\n" for n in range(lines))
        assert rule_on(long, long.replace("x", "y"), watch) is None
        return asked

    assert looked_for(10) == ["ours", "theirs"]
    assert looked_for(11) == []
