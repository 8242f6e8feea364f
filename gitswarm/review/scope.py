"""Scope: which change is meant, from what to what."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

from gitswarm.errors import GitError, UsageError
from gitswarm.repo.objects import Oid, RefName, RunId
from gitswarm.repo.repository import Repository

DEFAULT_BRANCHES = ("main", "master")


@dataclass(frozen=True, slots=True)
class Scope:
    base: Oid
    """A commit, or the tree of nothing."""
    head: Oid
    """A commit; a tree, for what is staged."""
    words: str
    """What it is, for people."""
    run: RunId | None = None


def range_scope(repository: Repository, text: str) -> Scope:
    """What the commits of a range do together: those of `B` that `A` lacks in `A..B` and `A...B`;
    `A` alone stands for `A..HEAD`. Raises `GitError`."""
    separator = "..." if "..." in text else ".."
    old, _, new = text.partition(separator)
    return _since(repository, old or "HEAD", new or "HEAD", words=text)


def default_scope(repository: Repository) -> Scope:
    """What the current branch has that its upstream lacks, or else the remote's default branch, or
    the main branch; of a branch that is none of these, its last commit."""
    head = repository.commit_oid("HEAD")
    for base in _usual_bases(repository):
        scope = _since(repository, base, "HEAD", words=f"{base}..HEAD")
        if scope.base != head:
            return scope
    listed = repository.git("rev-list", "--parents", "--max-count=1", head).stdout.decode()
    parents = [Oid(oid) for oid in listed.split()[1:]]
    if parents:
        return Scope(parents[0], head, "the last commit")
    if _is_shallow(repository):
        raise GitError(
            "what the last commit changes is not known here, in a shallow clone",
            hint="git fetch --unshallow",
        )
    return Scope(nothing(repository), head, "the first commit")


def _usual_bases(repository: Repository) -> Iterator[str]:
    named = ("@{upstream}", "refs/remotes/origin/HEAD")
    branches = [
        f"refs/{kind}/{name}" for kind in ("remotes/origin", "heads") for name in DEFAULT_BRANCHES
    ]
    for name in (*named, *branches):
        output = repository.git(
            "rev-parse", "--verify", "--quiet", "--abbrev-ref", name, ok=(0, 1, 128)
        )
        if output.status == 0 and output.stdout.strip():
            yield os.fsdecode(output.stdout.strip())


def staged_scope(repository: Repository) -> Scope:
    """What the index has that the last commit lacks. Raises `GitError` while a merge is open."""
    output = repository.git("rev-parse", "--verify", "--quiet", "HEAD^{commit}", ok=(0, 1))
    base = Oid(output.stdout.decode().strip()) if output.status == 0 else nothing(repository)
    with tempfile.TemporaryDirectory(prefix="gitswarm-index-") as folder:
        # writing a tree writes into the index as well, and the user's is not touched
        index = Path(folder) / "index"
        if repository.index.exists():
            copyfile(repository.index, index)
        tree = repository.git("write-tree", env={"GIT_INDEX_FILE": str(index)}, ok=(0, 128))
    if tree.status != 0:
        raise GitError(
            "what is staged cannot be read as a tree: a merge has not come to its end",
            hint="git status shows the files that are not merged",
        )
    return Scope(base, Oid(tree.stdout.decode().strip()), "what is staged")


def run_scope(repository: Repository, name: str | None, task: str | None) -> Scope:
    """What a run has merged, or one of its tasks has changed. Raises `UsageError`."""
    from gitswarm.history import RunHistory, choose_run

    run = choose_run(repository, name)
    history = RunHistory(repository, run)
    if task is not None:
        history.task(task)
        result = history.results.get(task, {})
        if not result.get("commits"):
            raise UsageError(
                f'task "{task}" of run {run} has no commits', hint=f"git swarm show {run} {task}"
            )
        return Scope(result["base"], result["commits"][-1], f"{task} of run {run}", run)
    if history.merged is None:
        raise UsageError(f"run {run} has merged nothing", hint=f"git swarm show {run}")
    return Scope(history.base, Oid(history.merged["commit"]), f"run {run}", run)


def nothing(repository: Repository) -> Oid:
    """The tree without files: what a first commit starts from."""
    return repository.store.write_tree([])


def _since(repository: Repository, old: str, new: str, *, words: str) -> Scope:
    base, head = _commit(repository, old), _commit(repository, new)
    fork = repository.merge_base(base, head)
    if fork is None and _is_shallow(repository):
        raise GitError(
            f"{old} and {new} have no common commit here, in a shallow clone",
            hint="git fetch --unshallow",
        )
    return Scope(fork or base, head, words)


def _commit(repository: Repository, name: str) -> Oid:
    try:
        return repository.commit_oid(name)
    except GitError as error:
        if not _is_shallow(repository) or repository.ref(RefName("HEAD")) is None:
            raise
        raise GitError(
            f"{error.message} here, in a shallow clone", hint="git fetch --unshallow"
        ) from None


def _is_shallow(repository: Repository) -> bool:
    return (repository.common_dir / "shallow").exists()
