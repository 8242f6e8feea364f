"""Where keys are looked for: nowhere that the detector would find none."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitswarm.plan.keys import _plugins, keys_in
from gitswarm.plan.suspects import NEAR, may_hold, suspects

FORMS = [(str(plugin.secret_type), regex) for plugin in _plugins() for regex in plugin.denylist]
ASCII = st.characters(max_codepoint=127)
AROUND = st.text(alphabet="abc XYZ_-/=\n\"'é\U0001f511", max_size=40)


@pytest.mark.parametrize(("kind", "regex"), FORMS, ids=[kind for kind, _ in FORMS])
@given(st.data())
@settings(max_examples=30, deadline=None)
def test_whatever_a_key_looks_like_it_is_in_a_part_that_is_looked_at(
    kind: str, regex: re.Pattern[str], data: st.DataObject
) -> None:
    key = data.draw(st.from_regex(regex, fullmatch=True, alphabet=ASCII))
    before, after = data.draw(AROUND), data.draw(AROUND)

    text = before + key + after

    looked_at = [(start, end) for start, end in suspects(text) if may_hold(kind, text, start, end)]

    place = (len(before), len(before) + len(key))
    assert any(start <= place[0] and place[1] <= end for start, end in looked_at)


PIECES = ["x" * 21, "ab1-" * 5, "\n", f"\n{'. ' * NEAR}\n", "short ", "é\U0001f511\udcff"]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_the_parts_are_the_lines_with_long_words_and_what_is_between_near_ones(text: str) -> None:
    parts = list(suspects(text))

    long = [
        line.span() for line in re.finditer(".+", text) if re.search("[\\w+/=-]{20}", line[0], re.A)
    ]
    merged: list[tuple[int, int]] = []
    for start, end in long:
        if merged and start - merged[-1][1] <= NEAR:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    assert parts == merged


def test_a_text_of_short_words_has_no_part_worth_looking_at() -> None:
    assert list(suspects("def total(rows):\n    return sum(rows)\n" * 1_000)) == []


def test_lines_are_counted_in_the_whole_text() -> None:
    key = "AKIA" + "IOSFODNN7EXAMPLE"

    found = [(one.line, one.kind) for one in keys_in(f"a\n{'long' * 9}\nb\nk = '{key}'\n")]

    assert found == [(3, "AWS Access Key")]
