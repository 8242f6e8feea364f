"""Worktree: a checkout of one branch for one task, made and removed under a lock.

A sparse one has the files of some folders only. It is made without `git sparse-checkout`, which
would write `extensions.worktreeConfig` into the configuration that the user's checkout shares: the
patterns are in its own `info/sparse-checkout`, and each command of ours is told to heed them. See
git-read-tree(1), "Sparse checkout".
"""

import os
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copy2, rmtree
from tempfile import TemporaryDirectory
from threading import Lock

from filelock import FileLock

from gitswarm.errors import GitError
from gitswarm.repo.command import GitOutput
from gitswarm.repo.objects import BranchName, Oid, RefName, RepoPath, show
from gitswarm.repo.repository import Repository
from gitswarm.repo.sparse import EXPAND_INDEX, HEED_PATTERNS, SparsePatterns, folders_above


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
        only: Collection[RepoPath] | None = None,
    ) -> "Worktree":
        """Check `commit` out into a new folder, on a new branch, or detached without one.

        With `only`, just these paths become files, with what is beside them and in the folders
        above. A branch that exists is switched to when it is at `commit`, and refused otherwise.
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
                worktree._patterns.begin()
            worktree._read_tree(commit)
            if only:
                worktree._open_to(only, commit, commit)
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
            paths = self.repository.changed_paths(old, new)
            self._require_room(paths, old)
            self._open_to(paths, old, new)
        else:
            self._read_tree(old, new)

    def make_whole(self) -> None:
        """Make a file of every path that is none yet."""
        if self.is_sparse:
            self._patterns.open_everything()
            self._git(*HEED_PATTERNS, *EXPAND_INDEX, "read-tree", "-m", "-u", "HEAD")
            self._patterns.end()

    @property
    def is_sparse(self) -> bool:
        return self._patterns.exist

    @property
    def _patterns(self) -> SparsePatterns:
        return SparsePatterns(self.git_dir / "info" / "sparse-checkout")

    def _open_to(self, paths: Collection[RepoPath], old: Oid, new: Oid) -> None:
        """Bring it from one commit to another, with some more paths as files: together with what is
        beside them, unless that is much."""
        folders = {folder for path in paths for folder in folders_above(path)}
        if self._patterns.take_folders(folders) and not self._is_any_large(folders, new):
            self._open_folders(folders, old, new)
        else:
            self._patterns.open_paths(paths)
            self._read_tree(old, new)

    def _open_folders(self, folders: Collection[bytes], old: Oid, new: Oid) -> None:
        """Git does not open a folder that is one entry of its index; one that the index has nothing
        of, it reads as the patterns say."""
        closed = dict.fromkeys(map(RepoPath, self._patterns.closed(folders)))
        without = self.repository.edit_tree(self.repository.tree(old), closed)
        if closed:
            self._read_tree(old, without)
        self._patterns.open_folders(folders)
        try:
            self._read_tree(without, new)
        except GitError:
            self._read_tree(without, old)
            raise

    def _require_room(self, paths: Iterable[RepoPath], old: Oid) -> None:
        """Raise `GitError` where a path is new, and somebody has made something there: in a sparse
        worktree git warns, and overwrites it."""
        for path in paths:
            for part in map(RepoPath, (*folders_above(path), path)):
                place = os.path.join(os.fsencode(self.path), part)
                is_open = part != path and os.path.isdir(place)
                is_taken = os.path.lexists(place) and not is_open
                if is_taken and self.repository.entry(old, part) is None:
                    raise GitError(f"{show(part)} is in the way in {self.path}: it is in no commit")

    def _is_any_large(self, folders: Iterable[bytes], commit: Oid) -> bool:
        read = self.repository.entries_in
        return any(len(read(commit, folder + b"/")) > FOLDER_FILES for folder in folders)

    def _read_tree(self, *trees: str) -> None:
        heed = HEED_PATTERNS if self.is_sparse else ()
        self._git(*heed, "read-tree", "-m", "-u", *trees)

    def _git(
        self,
        *args: str | bytes,
        input: bytes = b"",
        ok: Container[int] = (0,),
        env: Mapping[str, str] | None = None,
    ) -> GitOutput:
        return self.repository.git(
            *args, input=input, ok=ok, git_dir=self.git_dir, work_tree=self.path, env=env
        )

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
                # With its time, by which git knows which files may have been written since: see
                # Documentation/technical/racy-git.txt.
                copy2(self.git_dir / "index", index)
            env = {"GIT_INDEX_FILE": str(index)}
            self._heed_all(env)
            excluded = [b":(top,exclude,literal)" + path for path in sorted(leaving)]
            self._git("add", "--all", "--", ":(top)", *excluded, env=env)
            return Oid(self._git("write-tree", env=env).stdout.decode().strip())

    def _heed_all(self, env: Mapping[str, str] | None = None) -> None:
        """Let the index see what it was told not to look at, see --assume-unchanged and
        --skip-worktree in git-update-index(1); a file that is not there was never checked out."""
        records = self._git("ls-files", "-v", "-z", env=env).stdout.split(b"\0")[:-1]
        tagged = [(record[:1], record[2:]) for record in records]
        assumed = [path for tag, path in tagged if tag.islower()]
        skipped = [path for tag, path in tagged if tag in b"Ss" and self._has(path)]
        for flag, paths in (("assume-unchanged", assumed), ("skip-worktree", skipped)):
            if paths:
                change = ("update-index", f"--no-{flag}", "-z", "--stdin")
                self._git(*change, input=b"".join(path + b"\0" for path in paths), env=env)

    def _has(self, path: bytes) -> bool:
        return os.path.lexists(os.path.join(os.fsencode(self.path), path))

    def settle(self, branch: BranchName, commit: Oid) -> None:
        """Put it on a branch that is at a commit whose files it has already."""
        # Whoever held the locks has been ended.
        for lock in ("index.lock", "HEAD.lock"):
            (self.git_dir / lock).unlink(missing_ok=True)
        self._heed_all()
        self._git("symbolic-ref", "HEAD", _ref(branch))
        self._git("read-tree", "--reset", commit)

    def restore(self, paths: Iterable[RepoPath], commit: Oid) -> None:
        """Let some paths be as in the commit that is checked out: the file of it, or none."""
        for path in paths:
            place = Path(os.fsdecode(os.path.join(os.fsencode(self.path), path)))
            if self.repository.entry(commit, path):
                self._git("checkout-index", "--force", "--index", "--", path)
            elif place.parent.resolve().is_relative_to(self.path.resolve()):
                place.unlink(missing_ok=True)

    def unsaved(self) -> dict[RepoPath, str]:
        """Paths whose files are in no commit, and their state as git-status(1) has it: `??` is not
        tracked (and not ignored), the rest is changed. A folder with nothing tracked in it is one
        path, with a slash at its end."""
        status = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal")
        records = [record for record in self._git(*status).stdout.split(b"\0") if record]
        return {RepoPath(record[3:]): record[:2].decode() for record in records}

    def remove(self) -> bool:
        """Remove folder and record. False, and nothing goes, where git itself would refuse:
        something in it is in no commit (a file that a sparse one would not have, too), or somebody
        has locked it. Git itself would read the whole tree to look for submodules."""
        if self.path.exists() and not self._may_go():
            return False
        self.discard()
        return True

    def _may_go(self) -> bool:
        if not self.is_intact or (self.git_dir / "locked").exists():
            return False
        if (self.git_dir / "modules").exists():
            return False
        status = ("status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=none")
        found = self._git(*HEED_PATTERNS, *status, ok=(0, 128))
        return found.status == 0 and not found.stdout

    def discard(self) -> None:
        """Remove a worktree in which only commands ran, whatever they made of it: without its
        `.git` file, or with folders that cannot be written, git alone would not."""
        for folder, below, _ in os.walk(self.path):
            for name in below:
                if not os.path.islink(inner := os.path.join(folder, name)):
                    os.chmod(inner, 0o700)
        rmtree(self.path, ignore_errors=True)
        with _alone(self.repository):
            forget = ("worktree", "remove", "--force", "--force", str(self.path))
            self.repository.git(*forget, ok=(0, 128))


FOLDER_FILES = 1_000
"""A folder with more in it is not opened for one of its files."""


def _ref(branch: BranchName) -> RefName:
    return RefName(f"refs/heads/{branch}")


def _admin_folder(path: Path) -> Path:
    """What the `.git` file of a linked worktree points at, see gitrepository-layout(5); the main
    one has the directory itself."""
    if (path / ".git").is_dir():
        return path / ".git"
    pointer = (path / ".git").read_bytes().removeprefix(b"gitdir: ").rstrip(b"\n")
    return Path(os.fsdecode(pointer))
