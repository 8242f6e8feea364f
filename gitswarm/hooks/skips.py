"""Skips: pushes that somebody let go unseen, and why they said they did."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from gitswarm.repo.repository import Repository

VARIABLE = "GIT_SWARM_SKIP"
"""`GIT_SWARM_SKIP=REASON git push` skips every check of ours."""


@dataclass(frozen=True, slots=True)
class Skip:
    at: str
    """UTC, as ISO 8601 spells it."""
    hook: str
    reason: str
    refs: tuple[str, ...]
    """`LOCAL -> REMOTE`, with the commit's full name."""


def skips_file(repository: Repository) -> Path:
    """One line of JSON for each, oldest first."""
    return repository.common_dir / "gitswarm" / "skips.jsonl"


def record_skip(repository: Repository, hook: str, reason: str, refs: Sequence[str]) -> Skip:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    skip = Skip(now, hook, reason, tuple(refs))
    file = skips_file(repository)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8", errors="backslashreplace") as end:
        end.write(json.dumps(asdict(skip)) + "\n")
    return skip


def load_skips(repository: Repository) -> tuple[Skip, ...]:
    """A line that was not written to its end says nothing."""
    try:
        lines = skips_file(repository).read_text("utf-8", "replace").splitlines()
    except OSError:
        return ()
    found = (json.loads(line) for line in lines if line.startswith("{") and line.endswith("}"))
    return tuple(Skip(o["at"], o["hook"], o["reason"], tuple(o["refs"])) for o in found)
