"""Findings for machines that show them at their lines: SARIF 2.1.0, and annotations on GitHub.

SARIF is the OASIS standard "Static Analysis Results Interchange Format"; annotations are the
"workflow commands" of GitHub Actions.
"""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from gitswarm.findings import Severity
from gitswarm.review.accepted import fingerprint
from gitswarm.review.findings import Found
from gitswarm.review.places import Source, path_of
from gitswarm.review.review import Review

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.MAJOR: "error",
    Severity.MINOR: "warning",
    Severity.NOTE: "note",
}

_ANNOTATIONS = {**_LEVELS, Severity.NOTE: "notice"}

_RANKS = {Severity.CRITICAL: 100.0, Severity.MAJOR: 75.0, Severity.MINOR: 40.0, Severity.NOTE: 10.0}


def sarif(review: Review, source: Source) -> dict[str, Any]:
    """The review as a SARIF log with one run; what was accepted is in it as suppressed."""
    open_ones = [(found, "") for found in review.findings]
    accepted = [(one.found, one.why) for one in review.accepted]
    categories = sorted({found.finding.category for found, _ in (*open_ones, *accepted)})
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "git-swarm",
                "version": version("gitswarm"),
                "rules": [{"id": category} for category in categories],
            }
        },
        "results": [_result(found, why, source) for found, why in (*open_ones, *accepted)],
        "invocations": [
            {
                "executionSuccessful": review.is_whole,
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": text}} for text in _warnings(review)
                ],
            }
        ],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(found: Found, accepted: str, source: Source) -> dict[str, Any]:
    finding = found.finding
    place: dict[str, Any] = {
        "artifactLocation": {"uri": quote(bytes(path_of(found))), "uriBaseId": "%SRCROOT%"}
    }
    if finding.lines is not None:
        place["region"] = {"startLine": finding.lines[0], "endLine": finding.lines[1]}
    result: dict[str, Any] = {
        "ruleId": finding.category,
        "level": _LEVELS[finding.severity],
        "rank": _RANKS[finding.severity],
        "message": {"text": f"{finding.title}\n\n{finding.reason}".rstrip()},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"gitswarm/v1": fingerprint(found, source)},
        "properties": {
            "severity": finding.severity.value,
            "reviewers": list(found.reviewers),
            "in_diff": found.in_diff,
        },
    }
    if accepted:
        by_comment = {"kind": "inSource", "justification": accepted}
        result["suppressions"] = [by_comment]
    return result


def annotations(review: Review) -> Iterator[str]:
    """A line for each finding. Everything in it is escaped, so that no text of a model or a file
    can become a command of its own."""
    for found in review.findings:
        finding = found.finding
        facts = {"file": finding.path}
        if finding.lines is not None:
            facts |= {"line": str(finding.lines[0]), "endLine": str(finding.lines[1])}
        facts["title"] = f"{finding.severity.value}: {finding.title}"
        named = ",".join(f"{name}={_property(value)}" for name, value in facts.items())
        outside = "" if found.in_diff else " (outside the change)"
        text = _data(f"{finding.reason or finding.title}{outside}")
        yield f"::{_ANNOTATIONS[finding.severity]} {named}::{text}"
    for text in _warnings(review):
        yield f"::warning::{_data(text)}"


def _warnings(review: Review) -> Iterator[str]:
    for file in review.change.left_out:
        if file.too_large:
            yield f"{PurePosixPath(file.path.decode(errors='replace'))} is {file.left_out}"
    for one in review.unreviewed:
        yield f"{one.reviewer} has not seen {', '.join(one.paths[:5])}: {one.why}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
