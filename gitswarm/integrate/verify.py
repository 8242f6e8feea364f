"""Verdict: what the project's own check said of a merged tree."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from gitswarm.process import Completed, run_shell
from gitswarm.repo.leftovers import discard_leftover
from gitswarm.repo.objects import Oid
from gitswarm.repo.repository import Repository
from gitswarm.repo.worktree import Worktree
from gitswarm.swarm.setup import Setup


class VerifyOutcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    FLAKY = "flaky"
    """It failed and passed on the very same tree."""
    BASE_FAILED = "base_failed"
    """It fails without anything of the run as well."""


@dataclass(frozen=True, slots=True)
class Verdict:
    command: str
    outcome: VerifyOutcome
    runs: int
    """How often the command ran on the merged tree."""
    output: str
    """The end of what it printed the last time it failed, or passed."""
    seconds: float
    timed_out: bool = False

    @property
    def needs_person(self) -> bool:
        return self.outcome in (VerifyOutcome.FAILED, VerifyOutcome.BASE_FAILED)

    def to_json(self) -> dict[str, Any]:
        return {
            "command": self.command,
            "outcome": self.outcome.value,
            "runs": self.runs,
            "culprits": [],
        }


async def verify(
    repository: Repository,
    command: str,
    merged: Oid,
    base: Oid,
    *,
    folder: Path,
    setup: Setup | None,
    timeout: float,
) -> Verdict:
    """Run the command on the merged commit in a worktree of its own under `folder`, once it is set
    up. Raises `SetupError`.

    A failure is repeated once, and then tried on the base, so that nobody is blamed for what was
    broken before. The worktrees go afterwards: what a command leaves in them is not work.
    """
    first = await _try(repository, command, merged, folder / "merged.check", setup, timeout)
    if first.passed:
        return _verdict(command, VerifyOutcome.PASSED, [first])
    second = await _try(repository, command, merged, folder / "merged.check", setup, timeout)
    if second.passed:
        return _verdict(command, VerifyOutcome.FLAKY, [second, first])
    on_base = await _try(repository, command, base, folder / "merged.base", setup, timeout)
    outcome = VerifyOutcome.FAILED if on_base.passed else VerifyOutcome.BASE_FAILED
    return _verdict(command, outcome, [first, second])


async def _try(
    repository: Repository,
    command: str,
    commit: Oid,
    path: Path,
    setup: Setup | None,
    timeout: float,
) -> Completed:
    await asyncio.to_thread(discard_leftover, repository, path)
    worktree = await asyncio.to_thread(Worktree.add, repository, path, branch=None, commit=commit)
    try:
        if setup is not None:
            await setup.prepare(worktree.path)
        return await run_shell(command, worktree.path, timeout=timeout)
    finally:
        await asyncio.to_thread(worktree.discard)


def _verdict(command: str, outcome: VerifyOutcome, runs: list[Completed]) -> Verdict:
    told = runs[-1]
    return Verdict(
        command=command,
        outcome=outcome,
        runs=len(runs),
        output=told.output,
        seconds=sum(run.seconds for run in runs),
        timed_out=told.timed_out,
    )
