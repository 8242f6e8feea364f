"""Replies of reviewers, as tests script them."""

import json
from collections.abc import Mapping
from typing import Any

from tests.e2e.conftest import Answer
from tests.messages_api import Call

REVIEWERS = ["security-reviewer", "performance-reviewer", "style-reviewer"]


def finding(**facts: Any) -> dict[str, Any]:
    return {
        "severity": "critical",
        "path": "app.py",
        "lines": [2, 2],
        "category": "injection",
        "title": "The query is built from text",
        "reason": "q goes into the query as it is.",
        "fix": None,
        **facts,
    }


def findings_reply(*findings: Mapping[str, Any]) -> str:
    return f"I looked.\n\n````findings\n{json.dumps(findings)}\n````\n"


NOTHING = findings_reply()


def answers(**by_role: Answer) -> dict[str, Answer]:
    """Who finds what; the others find nothing."""
    found = {f"review:{role}-reviewer": answer for role, answer in by_role.items()}
    return {"review": NOTHING, **found}


def system_of(call: Call) -> str:
    """Instructions and the change, as reviewers share them."""
    return str(call.body["system"][0]["text"])
