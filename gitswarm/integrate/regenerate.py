"""Lock files and snapshots written anew, by the command that the user configured for it."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gitswarm.merge.conflicts import Conflict, ConflictedText
from gitswarm.merge.resolutions import Resolution
from gitswarm.merge.rules.generated import generated_kind
from gitswarm.merge.threeway import Conflicted, write_resolved
from gitswarm.process import run_shell
from gitswarm.repo.objects import Oid, RepoPath
from gitswarm.repo.repository import Repository
from gitswarm.repo.worktree import Worktree

RULE = "rule:regenerate"

Texts = Mapping[RepoPath, ConflictedText]
Answered = Sequence[Sequence[Resolution]]


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

    async def __call__(
        self, conflicted: Conflicted, answered: Answered, texts: Texts, parents: tuple[Oid, Oid]
    ) -> tuple[Answered, Texts]:
        """The same answers and texts with those of the files that the command wrote; what it left
        as it was stays open, with the reason. Nothing is run while something else is open."""
        waiting = [
            conflict
            for conflict, resolutions in zip(conflicted.conflicts, answered, strict=True)
            if conflict.text is None or any(one.by is None for one in resolutions)
        ]
        if not waiting or not all(_can_be_written(conflict) for conflict in waiting):
            return answered, texts
        commit = await asyncio.to_thread(self._start, conflicted, waiting, texts, parents)
        written, trouble = await self._run(commit, [conflict.place for conflict in waiting])
        anew = {
            conflict.path: ConflictedText((written[conflict.place],), 0)
            for conflict in waiting
            if conflict.place in written
        }
        told = [[self._told(one, anew, trouble) for one in each] for each in answered]
        return told, {**texts, **anew}

    def _start(
        self,
        conflicted: Conflicted,
        waiting: Sequence[Conflict],
        texts: Texts,
        parents: tuple[Oid, Oid],
    ) -> Oid:
        """A commit of the merge with these files as ours has them; no ref ever leads to it."""
        sides = {one.path: stage.oid for one in waiting if (stage := one.stages.ours)}
        blobs = self.repository.blobs(sides.values())
        ours = {path: ConflictedText((blobs[oid],), 0) for path, oid in sides.items()}
        tree = write_resolved(self.repository, conflicted, {**texts, **ours})
        return self.repository.commit_tree(tree, parents, "Before files are written anew")

    async def _run(
        self, commit: Oid, paths: Sequence[RepoPath]
    ) -> tuple[dict[RepoPath, bytes], str]:
        """The files that the command changed, and what went wrong with the others."""
        place = self.folder / f"merged.anew-{commit[:12]}"
        worktree = await asyncio.to_thread(
            Worktree.add, self.repository, place, branch=None, commit=commit
        )
        try:
            before = _read(worktree.path, paths)
            ran = await run_shell(self.command, worktree.path, timeout=self.timeout)
            after = _read(worktree.path, paths)
        finally:
            await asyncio.to_thread(worktree.discard)
        if ran.timed_out:
            return {}, f"did not end within {self.timeout:g} s"
        if not ran.passed:
            last = (ran.output.strip().splitlines() or ["it said nothing"])[-1]
            return {}, f"failed with {ran.status}: {last}"
        changed = {path: data for path, data in after.items() if data != before.get(path)}
        return changed, "did not write it anew"

    def _told(self, resolution: Resolution, anew: Texts, trouble: str) -> Resolution:
        if resolution.by is not None:
            return resolution
        if resolution.path in anew:
            return replace(resolution, by=RULE, reason=f'written anew by "{self.command}"')
        return replace(resolution, reason=f'{resolution.reason}; "{self.command}" {trouble}')


def _can_be_written(conflict: Conflict) -> bool:
    return conflict.text is not None and generated_kind(conflict.path) is not None


def _read(folder: Path, paths: Sequence[RepoPath]) -> dict[RepoPath, bytes]:
    """The files of a checkout that there are; no link is followed."""
    folder = folder.resolve()
    files = {path: folder / os.fsdecode(path) for path in paths}
    return {
        path: file.read_bytes()
        for path, file in files.items()
        if file.is_file() and file.resolve() == file
    }
