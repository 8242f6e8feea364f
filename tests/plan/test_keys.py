"""Where keys are looked for: nowhere that the detector would find none."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitswarm.plan.keys import _plugins, keys_in, suspects

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

    parts = list(suspects(before + key + after))

    place = (len(before), len(before) + len(key))
    assert any(start <= place[0] and place[1] <= end for start, end in parts), kind


@given(st.lists(st.text(alphabet="ab1 -\né\U0001f511\udcff", max_size=30), max_size=8))
def test_the_parts_are_whole_lines_in_order_each_once(words: list[str]) -> None:
    text = ("x" * 21).join(words)

    parts = list(suspects(text))

    assert parts == sorted(set(parts))
    assert {text[start:end] for start, end in parts} == {
        line for line in text.split("\n") if re.search("[A-Za-z0-9+/=_-]{20}", line)
    }


def test_a_text_of_short_words_has_no_part_worth_looking_at() -> None:
    assert list(suspects("def total(rows):\n    return sum(rows)\n" * 1_000)) == []


def test_lines_are_counted_in_the_whole_text() -> None:
    key = "AKIA" + "IOSFODNN7EXAMPLE"

    found = [(one.line, one.kind) for one in keys_in(f"a\n{'long' * 9}\nb\nk = '{key}'\n")]

    assert found == [(3, "AWS Access Key")]
