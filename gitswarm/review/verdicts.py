"""Verdicts: what a reviewer once said of a hunk, kept so that nobody pays for it twice.

A verdict belongs to the content of a hunk, its path, and whoever said it: role, prompt, model. It
does not know line numbers, so a rebase keeps it; what was found is told again at the lines where
the hunk is now. They are plain files under the common git directory, and may be lost.
"""

import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitswarm.findings import Finding, Severity
from gitswarm.plan.path_text import spell
from gitswarm.plan.roles import Role
from gitswarm.repo.objects import RepoPath
from gitswarm.repo.repository import Repository
from gitswarm.review.change import Change
from gitswarm.review.findings import Found
from gitswarm.review.patch import Hunk

KEPT_DAYS = 90
"""A verdict that was not needed for so long is forgotten."""

FORM = 1
"""Of what is written; another one is another verdict."""


@dataclass(frozen=True, slots=True)
class Place:
    """One hunk of a change."""

    path: RepoPath
    hunk: Hunk
    occurrence: int = 0
    """How many hunks of the same content stand before it in its file."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Whoever looks: a role, and the model that plays it."""

    role: Role
    model: str

    @property
    def name(self) -> str:
        return self.role.name


def places(change: Change) -> Iterator[Place]:
    """Every hunk that is reviewed."""
    for file in change.reviewed:
        seen: Counter[tuple[str, ...]] = Counter()
        for hunk in file.hunks:
            yield Place(file.path, hunk, seen[hunk.lines])
            seen[hunk.lines] += 1


class Verdicts:
    """What was said before, in this repository."""

    def __init__(self, repository: Repository, *, instructions: str) -> None:
        """`instructions` are what all reviewers are told: other ones, other verdicts."""
        self._folder = repository.common_dir / "gitswarm" / "review" / "verdicts"
        self._instructions = instructions

    def recall(self, reviewer: Reviewer, place: Place) -> tuple[Found, ...] | None:
        """What was found in this hunk, at the lines where it is now; None where it is new."""
        file = self._file(reviewer, place)
        try:
            kept = json.loads(file.read_bytes())
            found = tuple(_load(one, reviewer, place) for one in kept["found"])
            os.utime(file)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found

    def keep(self, reviewer: Reviewer, place: Place, found: Sequence[Found]) -> None:
        """A place where nothing can be written is no reason to fail: it is asked again."""
        file = self._file(reviewer, place)
        text = json.dumps({"found": [_dump(one, place) for one in found]}, indent=1)
        unfinished = file.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(text, "utf-8", "backslashreplace")
            unfinished.replace(file)

    def forget_old(self) -> None:
        oldest = time.time() - KEPT_DAYS * 86_400
        with suppress(OSError):
            for file in self._folder.iterdir():
                if file.stat().st_mtime < oldest:
                    file.unlink()

    def _file(self, reviewer: Reviewer, place: Place) -> Path:
        role = reviewer.role
        said_by = [FORM, self._instructions, reviewer.model, role.name, role.prompt, role.effort]
        about = [place.path.hex(), place.occurrence, *place.hunk.lines]
        key = json.dumps([*said_by, *about]).encode()
        return self._folder / f"{hashlib.sha256(key).hexdigest()}.json"


def _dump(found: Found, place: Place) -> dict[str, Any]:
    lines = found.finding.lines
    moved = lines and [number - _origin(found.finding.path, place) for number in lines]
    return {**found.finding.to_json(), "lines": moved, "remarks": list(found.remarks)}


def _load(kept: dict[str, Any], reviewer: Reviewer, place: Place) -> Found:
    path = str(kept["path"])
    origin = _origin(path, place)
    finding = Finding(
        Severity(kept["severity"]),
        path,
        kept["lines"] and (max(1, kept["lines"][0] + origin), max(1, kept["lines"][1] + origin)),
        kept["category"],
        kept["title"],
        kept["reason"],
        kept["fix"],
    )
    return Found(finding, (reviewer.name,), remarks=tuple(kept["remarks"]))


def _origin(path: str, place: Place) -> int:
    """The line from which those of a finding are counted: they move with the hunk, unless they are
    of another file."""
    return place.hunk.first if path == spell(place.path) else 0
