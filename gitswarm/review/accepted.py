"""Findings that people live with: a comment beside the line says why, or a baseline knows them.

    total = sum(rows)  # swarm: ignore the caller passes ten rows at most

A baseline is a file of fingerprints, for what was there before anybody reviewed it.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, ValidationError

from gitswarm.errors import UsageError
from gitswarm.repo.objects import Oid, RepoPath
from gitswarm.repo.repository import Repository
from gitswarm.review.findings import Found
from gitswarm.review.places import Source, path_of
from gitswarm.review.review import Accepted, Review

BASELINE = RepoPath(b".gitswarm/review-baseline.json")
"""Where a baseline is found by itself: in what the change starts from, not in what it makes."""

_COMMENT = re.compile(r"swarm:\s*ignore\b[:,\s]*(?P<reason>.*?)\s*(?:\*/|-->|\*\)|#})?\s*$", re.I)


class _Baseline(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: int
    findings: list[str]


def accept(review: Review, source: Source, baseline: Iterable[str]) -> Review:
    """The review with what people have accepted set apart, and why."""
    known = frozenset(baseline)
    findings, accepted, notes = [], list(review.accepted), list(review.notes)
    for found in review.findings:
        reason = _comment(found, source)
        if reason:
            accepted.append(Accepted(found, reason))
        elif fingerprint(found, source) in known:
            accepted.append(Accepted(found, "in the baseline"))
        else:
            findings.append(found)
        if reason == "":
            notes.append(f'{found.finding.path}: a comment "swarm: ignore" without its reason')
    return replace(review, findings=tuple(findings), accepted=tuple(accepted), notes=tuple(notes))


def _comment(found: Found, source: Source) -> str | None:
    """The reason that a comment gives, on one of the lines or the one above; None without one."""
    lines = source.lines(path_of(found)) or ()
    if found.finding.lines is None:
        return None
    first, last = found.finding.lines
    reasons = [
        m["reason"] for line in lines[max(0, first - 2) : last] if (m := _COMMENT.search(line))
    ]
    return max(reasons, key=len, default=None)


def fingerprint(found: Found, source: Source) -> str:
    """What stays the same of a finding when lines move: the file, the category, the text of its
    lines."""
    texts = (text.strip() for _, text in source.shown(found))
    about = [found.finding.path, found.finding.category.casefold(), *texts]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]


def load_baseline(repository: Repository, base: Oid) -> tuple[str, ...]:
    """The baseline that is committed in what the change starts from."""
    data = Source(repository, base).data(BASELINE)
    return () if data is None else read_baseline(data, name=BASELINE.decode())


def read_baseline(data: bytes, *, name: str) -> tuple[str, ...]:
    try:
        baseline = _Baseline.model_validate_json(data)
    except ValidationError as error:
        raise UsageError(
            f"{name} is no baseline: {error.errors()[0]['msg']}",
            hint="make one with git swarm review --write-baseline FILE",
        ) from None
    return tuple(baseline.findings)


def dump_baseline(found: Iterable[Found], source: Source) -> str:
    findings = sorted({fingerprint(one, source) for one in found})
    return json.dumps({"version": 1, "findings": findings}, indent=1) + "\n"
