"""Workplace: the worktree of one task, made ready, and the commands that run in it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from gitswarm.errors import GitError
from gitswarm.process import Completed, run_shell
from gitswarm.repo.objects import Oid, RepoPath
from gitswarm.repo.sparse import folders_above
from gitswarm.repo.worktree import Worktree
from gitswarm.swarm.checkout import Checkout
from gitswarm.swarm.setup import Setup

_Stamp = tuple[int, int, int]


class Workplace:
    """What commands leave behind here is nobody's work: it goes with the folder."""

    def __init__(self, checkout: Checkout, setup: Setup | None) -> None:
        self._checkout = checkout
        self._setup = setup
        self._left: dict[RepoPath, _Stamp | None] = {}
        """What setup and checks left, as it was then."""
        self._preparing: asyncio.Task[Path] | None = None

    @property
    def needs_setup(self) -> bool:
        return self._setup is not None

    async def opened(self) -> Worktree:
        return await self._checkout.opened()

    async def move_to(self, old: Oid, new: Oid) -> None:
        """Bring its files to another commit. What setup and checks left is not in its way."""
        if self._left:
            worktree = await self.opened()
            changed = await asyncio.to_thread(worktree.repository.changed_paths, old, new)
            left = [path for path in changed if self._is_theirs(worktree, path)]
            await self._checkout.run(lambda: worktree.restore(left, old))
        await self._checkout.move_to(old, new)

    async def ready(self) -> Path:
        """The folder, whole and set up. Raises `GitError` and `SetupError`."""
        if self._preparing is None:
            self._preparing = asyncio.create_task(self._prepare())
        return await asyncio.shield(self._preparing)

    async def _prepare(self) -> Path:
        folder = await self._checkout.whole()
        if self._setup is not None:
            await self._setup.prepare(folder)
            worktree = await self.opened()
            for path in await self._unsaved():
                self._left[path] = _stamp(worktree, path)
        return folder

    async def check(self, command: str, *, seconds: float) -> Completed:
        """Run a check. The new files that it leaves are nobody's work; what it changes in files of
        the commit stays, for a person to look at."""
        folder = await self.ready()
        before = await self._unsaved()
        try:
            return await run_shell(command, folder, timeout=seconds)
        finally:
            # Not given up where the run is being stopped: then this is all the more needed.
            worktree = await self.opened()
            after = worktree.unsaved()
            new = (path for path, state in after.items() if state == "??" and path not in before)
            self._left |= {path: _stamp(worktree, path) for path in new}

    async def run_program(
        self, command: str, *, arguments: Sequence[str], input: bytes, seconds: float
    ) -> Completed:
        """Run a program of the user's own, whose changes are work."""
        folder = await self.ready()
        return await run_shell(
            command,
            folder,
            timeout=seconds,
            arguments=arguments,
            input=input,
            keep_secrets=True,
        )

    @property
    def left(self) -> frozenset[RepoPath]:
        """Paths that setup and checks left."""
        return frozenset(self._left)

    async def leave(self, *, keep: bool = False) -> str:
        """Remove the folder, unless it is to be kept or something in it is in no commit: then its
        path is told."""
        if self._preparing is not None and not self._preparing.done():
            self._preparing.cancel()
            await asyncio.wait([self._preparing])
        return await self._checkout.leave(lambda worktree: self._remove(worktree, keep=keep))

    def _remove(self, worktree: Worktree, *, keep: bool) -> bool:
        if not worktree.path.exists():
            return True
        if keep or (worktree.path / ".git").is_dir():
            return False
        if self._preparing is None:
            return worktree.remove()
        try:
            unsaved = worktree.unsaved()
        except GitError:
            return False
        if not all(self._is_left(worktree, path) for path in unsaved):
            return False
        worktree.discard()
        return True

    async def _unsaved(self) -> dict[RepoPath, str]:
        worktree = await self.opened()
        return await self._checkout.run(worktree.unsaved)

    def _is_left(self, worktree: Worktree, path: RepoPath) -> bool:
        return path in self._left and self._left[path] == _stamp(worktree, path)

    def _is_theirs(self, worktree: Worktree, path: RepoPath) -> bool:
        """Whether what is at a path is as setup and checks left it, or below a folder of theirs."""
        folders = (RepoPath(folder + b"/") for folder in folders_above(path))
        return any(self._is_left(worktree, place) for place in (path, *folders))


def _stamp(worktree: Worktree, path: RepoPath) -> _Stamp | None:
    """By which a file is known to be the one that was there; folders are not looked into."""
    try:
        found = (worktree.path / path.decode("utf-8", "surrogateescape")).lstat()
    except OSError:
        return None
    if path.endswith(b"/"):
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)
