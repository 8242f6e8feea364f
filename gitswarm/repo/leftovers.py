"""Leftovers: worktrees of a run whose process was ended before it could put them away."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from gitswarm.errors import GitError
from gitswarm.repo.objects import Oid, RefName, RepoPath
from gitswarm.repo.repository import Change, Repository
from gitswarm.repo.worktree import Worktree


def clear_leftovers(
    repository: Repository, paths: Iterable[Path], ledger: RefName | None = None
) -> list[Path]:
    """Remove the worktrees at some paths in which nothing is that is in no commit, of their branch
    or of the ledger. The others are moved aside, off their branch, and their new paths returned:
    what a person wrote stays. So do folders that git knows nothing of any more, as a program may
    have left them.

    For the holder of the run's lock: no agent is at work in them.
    """
    return [kept for path in paths if (kept := _cleared(repository, path, ledger))]


def _cleared(repository: Repository, path: Path, ledger: RefName | None) -> Path | None:
    """Where the folder is now; None where nothing is left of it."""
    try:
        worktree = _opened(repository, path)
        if worktree and not _has_work(worktree):
            return None if worktree.remove() else _put_aside(worktree)
        if worktree and ledger and _is_recorded(worktree, ledger):
            worktree.discard()
            return None
        if worktree:
            return _put_aside(worktree)
    except GitError:
        pass  # what git cannot read may still be somebody's files
    return path.rename(_aside(path)) if path.exists() else None


def discard_leftover(repository: Repository, path: Path) -> None:
    """Remove the worktree at a path where only commands run, if a crash left one."""
    if worktree := _opened(repository, path):
        worktree.discard()


def _opened(repository: Repository, path: Path) -> Worktree | None:
    """The worktree at a path, with the locks gone that a crash left in it; None where git knows of
    none."""
    try:
        worktree = Worktree.at(repository, path)
    except OSError:
        return None
    if not worktree.git_dir.is_dir():
        return None
    for lock in ("index.lock", "HEAD.lock", "locked"):
        (worktree.git_dir / lock).unlink(missing_ok=True)
    if not (worktree.git_dir / "index").exists():
        with suppress(GitError):
            _git(worktree, "read-tree", "HEAD")
    return worktree


def _has_work(worktree: Worktree) -> bool:
    """Whether a file is there that is in no commit. One that is missing is none: git had not come
    to it when the process ended; they are put back, so that the folder may go."""
    status = _git(worktree, "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames")
    states = [entry[:2] for entry in status.split(b"\0") if entry]
    if states and all(state == b" D" for state in states):
        _git(worktree, "checkout-index", "--all", "--quiet")
        return False
    return bool(states)


def _is_recorded(worktree: Worktree, ledger: RefName) -> bool:
    """Whether all that is changed is as in one commit that the ledger leads to: the process ended
    when the files had been brought to that commit, and the branch had not."""
    repository = worktree.repository
    head, _ = worktree.head()
    changes = repository.changes(head, worktree.snapshot([]))
    recorded = repository.commits_between(head, repository.commit_oid(ledger))
    return any(
        all(_found(repository, commit, path) == change for path, change in changes.items())
        for commit in recorded
    )


def _found(repository: Repository, commit: Oid, path: RepoPath) -> Change:
    entry = repository.entry(commit, path)
    return (entry.mode, entry.oid) if entry else None


def _put_aside(worktree: Worktree) -> Path:
    """Rename the folder and take it off its branch, which is needed for another."""
    commit = Oid(_git(worktree, "rev-parse", "HEAD").decode().strip())
    (worktree.git_dir / "HEAD").write_text(f"{commit}\n")
    aside = _aside(worktree.path)
    worktree.repository.git("worktree", "move", os.fspath(worktree.path), os.fspath(aside))
    return aside


def _aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.kept-{number}")).exists():
        number += 1
    return aside


def _git(worktree: Worktree, *args: str) -> bytes:
    run = worktree.repository.git
    return run(*args, git_dir=worktree.git_dir, work_tree=worktree.path).stdout
