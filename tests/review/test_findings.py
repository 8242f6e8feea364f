"""Replies of reviewers, as models write them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitswarm.findings import Finding, Severity
from gitswarm.review.findings import UnreadableReplyError, read_findings


def reply(body: str) -> str:
    return f"I looked.\n\n````findings\n{body}\n````\n"


def test_what_a_model_leaves_empty_hides_no_finding() -> None:
    empty = {
        "severity": "critical",
        "path": "a.py",
        "lines": None,
        "category": None,
        "title": "A way in",
        "reason": None,
        "fix": ["x = 1", "y = 2"],
    }

    [found], notes = read_findings(reply(json.dumps([empty])))

    assert found.finding == Finding(Severity.CRITICAL, "a.py", None, "other", "A way in", "", None)
    assert (found.remarks, notes) == (("its fix is no text",), ())


@pytest.mark.parametrize("body", ["[" * 100_000, "{", "3", '"[]"', ""])
def test_what_holds_no_list_is_unreadable(body: str) -> None:
    with pytest.raises(UnreadableReplyError):
        read_findings(reply(body))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(["severity", "path", "lines", "category", "title", "reason", "fix", "more"])


@given(st.lists(st.dictionaries(KEYS, JSON)))
def test_every_entry_becomes_a_finding_or_a_note(entries: list[object]) -> None:
    found, notes = read_findings(reply(json.dumps(entries)))

    left_out = [note for note in notes if "is left out" in note]
    assert len(found) + len(left_out) == len(entries)
