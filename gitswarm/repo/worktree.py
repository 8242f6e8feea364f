"""Worktree: a checkout of one branch for one task, made and removed under a lock.

A sparse one has every path in its index, and only some of them as files. It is made without
`git sparse-checkout`, which would write `extensions.worktreeConfig` into the configuration that the
user's checkout shares: the patterns are in its own `info/sparse-checkout`, and each command of ours
is told to heed them. See git-read-tree(1), "Sparse checkout".
"""

import os
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile, rmtree
from tempfile import TemporaryDirectory
from threading import Lock

from filelock import FileLock

from gitswarm.errors import GitError
from gitswarm.repo.command import GitOutput
from gitswarm.repo.objects import BranchName, Oid, RefName, RepoPath
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
        cls,
        repository: Repository,
        path: Path,
        *,
        branch: BranchName | None,
        commit: Oid,
        only: Iterable[RepoPath] | None = None,
    ) -> "Worktree":
        """Check `commit` out into a new folder, on a new branch, or detached without one.

        With `only`, just these paths and the files of the top folder become files. A branch that
        exists is switched to when it is at `commit`, and refused otherwise.
        """
        where: list[str] = ["--detach", str(path), commit]
        if branch is not None:
            at = repository.ref(_ref(branch))
            if at is not None and at != commit:
                raise GitError(f"branch {branch} already exists at {at[:12]}")
            if at is None:
                repository.update_ref(_ref(branch), commit, None)
            where = [str(path), branch]
        with _alone(repository):
            path.parent.mkdir(parents=True, exist_ok=True)
            # Forced, it also replaces the record of a worktree whose folder somebody removed.
            how = ("--quiet", "--force", "--no-checkout")
            repository.git("worktree", "add", *how, *where)
        worktree = cls(path, _admin_folder(path), repository)
        try:
            if only is not None:
                worktree._add_patterns([*_TOP_FOLDER, *map(_pattern, only)])
            worktree._read_tree(commit)
        except GitError:
            worktree.discard()
            raise
        return worktree

    @classmethod
    def at(cls, repository: Repository, path: Path) -> "Worktree":
        """The worktree in a folder. Raises `OSError` when it is none."""
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
        if self.is_sparse:
            changed = sorted(self.repository.changed_paths(old, new))
            self._add_patterns(map(_pattern, changed))
        self._read_tree(old, new)

    def make_whole(self) -> None:
        """Make a file of every path that is none yet."""
        if self.is_sparse:
            self._add_patterns(["/*"])
            self._read_tree("HEAD")
            self._patterns.unlink()

    @property
    def is_sparse(self) -> bool:
        return self._patterns.exists()

    @property
    def _patterns(self) -> Path:
        return self.git_dir / "info" / "sparse-checkout"

    def _add_patterns(self, patterns: Iterable[str]) -> None:
        self._patterns.parent.mkdir(exist_ok=True)
        with self._patterns.open("a", encoding="utf-8", errors="surrogateescape") as file:
            file.writelines(f"{pattern}\n" for pattern in patterns)

    def _read_tree(self, *trees: str) -> None:
        heed = _HEED_PATTERNS if self.is_sparse else ()
        self._git(*heed, "read-tree", "-m", "-u", *trees)

    def _git(
        self,
        *args: str | bytes,
        ok: Container[int] = (0,),
        env: Mapping[str, str] | None = None,
    ) -> GitOutput:
        return self.repository.git(*args, ok=ok, git_dir=self.git_dir, work_tree=self.path, env=env)

    @property
    def is_intact(self) -> bool:
        """Whether its `.git` file still points where it did."""
        pointer = self.path / ".git"
        return pointer.is_file() and _admin_folder(self.path) == self.git_dir

    def head(self) -> tuple[Oid, RefName | None]:
        """The commit that is checked out, and the branch, if it is on one."""
        commit = self._git("rev-parse", "--verify", "HEAD^{commit}").stdout
        branch = self._git("symbolic-ref", "--quiet", "HEAD", ok=(0, 1)).stdout
        name = RefName(os.fsdecode(branch).strip())
        return Oid(commit.decode().strip()), name or None

    def snapshot(self, leaving: Iterable[RepoPath]) -> Oid:
        """The tree of its files as they are, tracked or not, without those that are ignored and
        those to be left out. Its own index stays as it is."""
        with TemporaryDirectory() as scratch:
            index = Path(scratch) / "index"
            if (self.git_dir / "index").exists():
                copyfile(self.git_dir / "index", index)
            env = {"GIT_INDEX_FILE": str(index)}
            excluded = [b":(top,exclude,literal)" + path for path in sorted(leaving)]
            self._git("add", "--all", "--", ":(top)", *excluded, env=env)
            return Oid(self._git("write-tree", env=env).stdout.decode().strip())

    def settle(self, branch: BranchName, commit: Oid) -> None:
        """Put it on a branch that is at a commit whose files it has already."""
        # Whoever held the lock has been ended.
        (self.git_dir / "index.lock").unlink(missing_ok=True)
        self._git("symbolic-ref", "HEAD", _ref(branch))
        self._git("read-tree", "--reset", commit)

    def unsaved(self) -> dict[RepoPath, str]:
        """Paths whose files are in no commit, and their state as git-status(1) has it: `??` is not
        tracked (and not ignored), the rest is changed. A folder with nothing tracked in it is one
        path, with a slash at its end."""
        status = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal")
        records = [record for record in self._git(*status).stdout.split(b"\0") if record]
        return {RepoPath(record[3:]): record[:2].decode() for record in records}

    def remove(self) -> bool:
        """Remove folder and record; git refuses, and this returns False, while something in it is
        not committed: a file that a sparse one would not have, too."""
        remove = (*_HEED_PATTERNS, "worktree", "remove", str(self.path))
        with _alone(self.repository):
            removed = self.repository.git(*remove, ok=(0, 128))
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


_TOP_FOLDER = ("/*", "!/*/")
"""The patterns, see gitignore(5), of the files of the top folder."""

_HEED_PATTERNS = (
    *("-c", "core.sparseCheckout=true"),
    *("-c", "core.sparseCheckoutCone=false"),
    *("-c", "index.version=4"),
)


def _pattern(path: RepoPath) -> str:
    """The pattern that matches a path, and hardly another: none can hold a newline, or end
    in a carriage return."""
    escaped = re.sub(rb"[\\*?\[ ]", rb"\\\g<0>", path).replace(b"\n", b"?").replace(b"\r", b"?")
    return "/" + escaped.decode("utf-8", "surrogateescape")


def _ref(branch: BranchName) -> RefName:
    return RefName(f"refs/heads/{branch}")


def _admin_folder(path: Path) -> Path:
    """What the `.git` file of a linked worktree points at, see gitrepository-layout(5); the main
    one has the directory itself."""
    if (path / ".git").is_dir():
        return path / ".git"
    pointer = (path / ".git").read_bytes().removeprefix(b"gitdir: ").rstrip(b"\n")
    return Path(os.fsdecode(pointer))
