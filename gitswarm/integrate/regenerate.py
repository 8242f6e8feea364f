"""Lock files and snapshots written anew, by the command that the user configured for it."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gitswarm.integrate.answers import Answers
from gitswarm.merge.conflicts import Conflict
from gitswarm.merge.resolutions import Resolution
from gitswarm.merge.rules.generated import generated_kind
from gitswarm.process import run_shell
from gitswarm.repo.objects import Oid, RepoPath
from gitswarm.repo.repository import Repository
from gitswarm.repo.worktree import Worktree

RULE = "rule:regenerate"

Places = Mapping[RepoPath, RepoPath]
"""Where the tree has each file, see `Conflict.place`."""


@dataclass(frozen=True, slots=True)
class Regenerate:
    """A shell command that is run in a checkout of the merge, where such a file is as ours has it
    and everything else is settled."""

    repository: Repository
    command: str
    folder: Path
    """Where the checkouts go, for as long as the command runs."""
    timeout: float
    """In seconds."""

    async def __call__(self, answers: Answers, ours: Oid, theirs: Oid, made: Oid | None) -> Answers:
        """The same with what the command wrote; what it did not write stays open, with the reason.
        Nothing is run while something else is open, or where the commit `made` is an earlier merge
        of just these two: its files are taken."""
        waiting = answers.open
        if not waiting or not all(map(can_be_written, waiting)):
            return answers
        places = {conflict.path: conflict.place for conflict in waiting}
        if made is not None:
            found, trouble = await asyncio.to_thread(self._written_before, made, places), ""
        else:
            start = await asyncio.to_thread(self._start, answers, ours, theirs)
            found, trouble = await self.run(start, places)
        told = [[self.told(one, found, trouble) for one in each] for each in answers.resolutions]
        return replace(answers, resolutions=told, written=found)

    def _written_before(self, made: Oid, places: Places) -> dict[RepoPath, bytes]:
        oids = {path: self.repository.blob_at(made, place) for path, place in places.items()}
        return {path: self.repository.blob(oid) for path, oid in oids.items() if oid}

    def _start(self, answers: Answers, ours: Oid, theirs: Oid) -> Oid:
        """A commit of the merge with these files as ours has them; no ref ever leads to it."""
        sides = {one.path: stage.oid for one in answers.open if (stage := one.stages.ours)}
        blobs = self.repository.blobs(sides.values())
        as_ours = {path: blobs[oid] for path, oid in sides.items()}
        tree = replace(answers, written=as_ours).write_tree(self.repository)
        return self.repository.plain_commit(tree, (ours, theirs))

    async def run(self, commit: Oid, places: Places) -> tuple[dict[RepoPath, bytes], str]:
        """The files that the command changed in a checkout of a commit, and what went wrong with
        the others."""
        place = self.folder / f"merged.anew-{commit[:12]}"
        worktree = await asyncio.to_thread(
            Worktree.add, self.repository, place, branch=None, commit=commit
        )
        try:
            before = _read(worktree.path, places)
            ran = await run_shell(self.command, worktree.path, timeout=self.timeout)
            after = _read(worktree.path, places)
        finally:
            await asyncio.to_thread(worktree.discard)
        if ran.timed_out:
            return {}, f"did not end within {self.timeout:g} s"
        if not ran.passed:
            last = (ran.output.strip().splitlines() or ["it said nothing"])[-1]
            return {}, f"failed with {ran.status}: {last}"
        changed = {path: data for path, data in after.items() if data != before.get(path)}
        return changed, "did not write it anew"

    def told(
        self, resolution: Resolution, found: Mapping[RepoPath, bytes], trouble: str
    ) -> Resolution:
        """A resolution with what came of the command."""
        if resolution.by is not None:
            return resolution
        if resolution.path in found:
            return replace(resolution, by=RULE, reason=f'written anew by "{self.command}"')
        return replace(resolution, reason=f'{resolution.reason}; "{self.command}" {trouble}')


def can_be_written(conflict: Conflict) -> bool:
    """Whether a conflict is one that the command is for."""
    return conflict.text is not None and generated_kind(conflict.path) is not None


def _read(folder: Path, places: Places) -> dict[RepoPath, bytes]:
    """The files of a checkout that there are; no link is followed."""
    folder = folder.resolve()
    files = {path: folder / os.fsdecode(place) for path, place in places.items()}
    return {
        path: file.read_bytes()
        for path, file in files.items()
        if file.is_file() and file.resolve() == file
    }
