"""EarlierAnswers: the resolutions of a repository's earlier runs, looked up in their ledgers."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from gitswarm.integrate.kept import read_resolution, resolution_file
from gitswarm.merge.resolutions import Resolution
from gitswarm.repo.ledger import files_of_runs, run_ids
from gitswarm.repo.objects import RunId
from gitswarm.repo.repository import Repository

RUNS = 200
"""The newest ones, which are looked into."""


@dataclass(frozen=True)
class EarlierAnswers:
    """Nothing is read before somebody asks, and then only the files that are named after a hunk."""

    repository: Repository
    run: RunId
    """The one that is at work, whose own answers are known by other ways."""

    def __call__(self, keys: Collection[str]) -> Mapping[str, Resolution]:
        others = [run for run in run_ids(self.repository) if run != self.run][:RUNS]
        files = {resolution_file(key): key for key in keys}
        found: dict[str, Resolution] = {}
        for path, value in files_of_runs(self.repository, others, files):
            with suppress(ValueError):
                resolution = read_resolution(value)
                if resolution.by is not None:
                    found.setdefault(files[path], resolution)
        return found
