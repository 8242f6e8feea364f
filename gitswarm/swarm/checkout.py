"""Checkout: the files of one task's branch, for people and for the commands that check them."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from gitswarm.errors import GitError
from gitswarm.repo.objects import BranchName, Oid, RepoPath
from gitswarm.repo.repository import Repository
from gitswarm.repo.worktree import Worktree
from gitswarm.settings import CheckoutMode

T = TypeVar("T")

THREADS = 4
WHOLE_FILES = 10_000
"""As many files may the worktrees of one run have together before they become sparse."""
WHOLE_BYTES = 500_000_000
"""And as many bytes."""


class Checkouts:
    """Where the worktrees of a run are made, and how much of the tree is in each."""

    def __init__(self, repository: Repository, folder: Path, *, sparse: bool) -> None:
        self._repository = repository
        self._folder = folder
        self._sparse = sparse
        # Threads of their own: most wait for the lock, and nothing else shall wait behind them.
        self._threads = ThreadPoolExecutor(THREADS, "worktree")

    def __enter__(self) -> "Checkouts":
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()

    def open(
        self, name: str, branch: BranchName, commit: Oid, reads: Iterable[RepoPath]
    ) -> "Checkout":
        """Begin to make a worktree on a new branch; `reads` are files to be found in it."""
        only = tuple(reads) if self._sparse else None
        path = self._folder / name

        def add() -> Worktree:
            return Worktree.add(self._repository, path, branch=branch, commit=commit, only=only)

        opening = asyncio.get_running_loop().run_in_executor(self._threads, add)
        return Checkout(opening, self._threads)


def is_sparse(mode: CheckoutMode, repository: Repository, base: Oid, *, tasks: int) -> bool:
    """Whether the worktrees of a run are: as `swarm.checkout` says, or where `auto` finds that
    whole ones would cost more than what the tasks are about."""
    if mode != "auto":
        return mode == "sparse"
    if len(repository.entries(base)) * tasks > WHOLE_FILES:
        return True
    return repository.total_size(base) * tasks > WHOLE_BYTES


class Checkout:
    """The worktree of one task, being made while the model thinks: nothing needs it before the
    first commit."""

    def __init__(self, opening: "asyncio.Future[Worktree]", threads: ThreadPoolExecutor) -> None:
        self._opening = opening
        self._threads = threads

    async def opened(self) -> Worktree:
        """Wait until it is made. Raises `GitError` where it could not be."""
        return await asyncio.shield(self._opening)

    async def move_to(self, old: Oid, new: Oid) -> None:
        """Bring its files to another commit; a folder that somebody removed stays away."""
        worktree = await self.opened()
        if worktree.path.exists():
            await self.run(lambda: worktree.move_to(old, new))

    async def whole(self) -> Path:
        """The folder, with every file of the tree in it."""
        worktree = await self.opened()
        await self.run(worktree.make_whole)
        return worktree.path

    async def leave(self, act: Callable[[Worktree], bool] = Worktree.remove) -> str:
        """Remove the folder, unless something in it is in no commit: then its path is told."""
        try:
            worktree = await self.opened()
        except GitError:
            return ""
        return "" if await self.run(lambda: act(worktree)) else str(worktree.path)

    async def run(self, act: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, act)
