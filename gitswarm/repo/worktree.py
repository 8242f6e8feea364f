"""Worktree: a checkout of one branch for one task, made and removed under a lock."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from threading import Lock

from filelock import FileLock

from gitswarm.errors import GitError
from gitswarm.repo.objects import BranchName, Oid, RefName
from gitswarm.repo.repository import Repository


@contextmanager
def _alone(repository: Repository) -> Iterator[None]:
    """Parallel `git worktree add` fails now and then: two of them choose one name under
    `worktrees/`. The file's lock holds over processes, and is waited for by looking again and
    again; the threads of this one queue up before it."""
    folder = repository.common_dir / "gitswarm"
    folder.mkdir(exist_ok=True)
    with _QUEUE, FileLock(folder / "worktrees.lock", poll_interval=0.01):
        yield


_QUEUE = Lock()


@dataclass(frozen=True, slots=True)
class Worktree:
    path: Path
    git_dir: Path
    """Its own directory under `worktrees/` of the common one, noted before anything ran in it."""
    repository: Repository

    @classmethod
    def add(
        cls, repository: Repository, path: Path, *, branch: BranchName | None, commit: Oid
    ) -> "Worktree":
        """Check `commit` out into a new folder, on a new branch, or detached without one.

        A branch that exists is switched to when it is at `commit`, and refused otherwise.
        """
        where: list[str] = ["--detach", str(path), commit]
        if branch is not None:
            at = repository.ref(_ref(branch))
            if at is not None and at != commit:
                raise GitError(f"branch {branch} already exists at {at[:12]}")
            where = [str(path), branch] if at else ["--no-track", "-b", branch, str(path), commit]
        with _alone(repository):
            path.parent.mkdir(parents=True, exist_ok=True)
            # Forced, it also replaces the record of a worktree whose folder somebody removed.
            repository.git("worktree", "add", "--quiet", "--force", *where)
        return cls(path, _admin_folder(path), repository)

    @classmethod
    def of_branch(cls, repository: Repository, branch: BranchName) -> "Worktree | None":
        """The worktree that has a branch checked out, wherever it is."""
        path: Path | None = None
        for record in repository.lines("worktree", "list", "--porcelain", "-z"):
            field, _, value = record.partition(b" ")
            if field == b"worktree":
                path = Path(os.fsdecode(value))
            elif field == b"branch" and value == _ref(branch).encode() and path and path.exists():
                return cls(path, _admin_folder(path), repository)
        return None

    def move_to(self, old: Oid, new: Oid) -> None:
        """Bring index and files from one commit to another. What somebody changed here meanwhile
        is not overwritten: then it raises `GitError` and nothing moves, see git-read-tree(1)."""
        self.repository.git(
            "read-tree", "-m", "-u", old, new, git_dir=self.git_dir, work_tree=self.path
        )

    def remove(self) -> bool:
        """Remove folder and record; git refuses, and this returns False, while something in it is
        not committed."""
        with _alone(self.repository):
            removed = self.repository.git("worktree", "remove", str(self.path), ok=(0, 128))
        return removed.status == 0 or not self.path.exists()

    def discard(self) -> None:
        """Remove a worktree in which only commands ran, whatever they made of it: without its
        `.git` file, or with folders that cannot be written, git alone would not."""
        with _alone(self.repository):
            for folder, below, _ in os.walk(self.path):
                for name in below:
                    if not os.path.islink(inner := os.path.join(folder, name)):
                        os.chmod(inner, 0o700)
            rmtree(self.path, ignore_errors=True)
            forget = ("worktree", "remove", "--force", "--force", str(self.path))
            self.repository.git(*forget, ok=(0, 128))


def _ref(branch: BranchName) -> RefName:
    return RefName(f"refs/heads/{branch}")


def _admin_folder(path: Path) -> Path:
    """What the `.git` file of a linked worktree points at, see gitrepository-layout(5); the main
    one has the directory itself."""
    if (path / ".git").is_dir():
        return path / ".git"
    pointer = (path / ".git").read_bytes().removeprefix(b"gitdir: ").rstrip(b"\n")
    return Path(os.fsdecode(pointer))
