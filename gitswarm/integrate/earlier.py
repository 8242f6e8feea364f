"""EarlierAnswers: the resolutions of a repository's earlier runs, looked up in their ledgers; and
those that were given outside of runs, which are kept for later."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from gitswarm.errors import GitError
from gitswarm.integrate.kept import read_resolution, resolution_file
from gitswarm.integrate.memory import Memory
from gitswarm.merge.resolutions import Resolution
from gitswarm.repo.ledger import ANSWERS, Step, append, files_of_runs, run_ids
from gitswarm.repo.objects import RunId
from gitswarm.repo.repository import Repository

RUNS = 200
"""The newest ones, which are looked into."""


@dataclass(frozen=True)
class EarlierAnswers:
    """Nothing is read before somebody asks, and then only the files that are named after a hunk."""

    repository: Repository
    run: RunId | None = None
    """The one that is at work, whose own answers are known by other ways."""

    def __call__(self, keys: Collection[str]) -> Mapping[str, Resolution]:
        others = [run for run in run_ids(self.repository) if run != self.run][:RUNS]
        files = {resolution_file(key): key for key in keys}
        found: dict[str, Resolution] = {}
        for path, value in files_of_runs(self.repository, [*others, ANSWERS], files):
            with suppress(ValueError):
                resolution = read_resolution(value)
                if resolution.by is not None:
                    found.setdefault(files[path], resolution)
        return found


def memory_outside_runs(repository: Repository) -> Memory:
    """What was answered in this repository, by whatever run or command; what is answered now is
    kept for later ones, as far as that can be written."""

    one_at_a_time = asyncio.Lock()

    async def record(step: Step) -> None:
        async with one_at_a_time:
            with suppress(GitError):
                await asyncio.to_thread(append, repository, ANSWERS, step)

    return Memory(record, look_up=EarlierAnswers(repository))
