"""Work: what a worker has made of a task, ready to be committed."""

from dataclasses import dataclass
from typing import Protocol

from gitswarm.errors import GitswarmError
from gitswarm.model import Usage
from gitswarm.repo.objects import Oid


class TaskFailedError(GitswarmError):
    """What ends one task, and no other."""


@dataclass(frozen=True, slots=True)
class Version:
    """A commit to be made."""

    tree: Oid
    message: str
    """Whole, with its trailers."""


@dataclass(frozen=True, slots=True)
class Work:
    versions: tuple[Version, ...]
    """One at least; the first on what was there before, each other on the one before it."""
    note: str = ""
    reason: str = ""
    """Why nothing is to be changed, where that was said."""
    remarks: tuple[str, ...] = ()
    in_place: bool = False
    """The files of the worktree are those of the last version already, and the branch may have been
    moved."""
    error: str = ""
    """Why the task has failed although there is this much of it."""


class Worker(Protocol):
    """Who does a task: a model, or a program."""

    async def begin(self, commit: Oid) -> Work:
        """Do the task, from this commit. Raises `ModelError`, `GitError`, `TaskFailedError`."""
        ...

    async def mend(self, commit: Oid, problem: str) -> Work:
        """Go on from this commit, once the check has found a problem."""
        ...

    @property
    def usage(self) -> Usage: ...

    @property
    def cost_usd(self) -> float | None:
        """US dollars so far; None where that is not known."""
        ...
