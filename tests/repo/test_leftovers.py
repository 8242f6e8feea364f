"""What a process that was ended has left in its worktrees."""

from pathlib import Path

import pytest

from gitswarm.repo.leftovers import clear_leftovers
from gitswarm.repo.objects import BranchName, Oid, RefName
from gitswarm.repo.worktree import Worktree
from tests.conftest import RepositoryBuilder

LEDGER = RefName("refs/swarm/run")


@pytest.fixture
def base(repo: RepositoryBuilder) -> Oid:
    return repo.commit({"a/one": "1", "a/two": "2", "top": "0"})


def leave(repo: RepositoryBuilder, base: Oid) -> Path:
    """A worktree of a task whose commit is in the ledger, and not on its branch yet."""
    commit = repo.commit({"a/one": "changed", "a/two": None, "new": "3"}, on=base)
    record = repo.repository.commit_tree(
        repo.repository.tree(repo.commit({"run.json": "{}"})), [base, commit], "recorded"
    )
    repo.git("update-ref", LEDGER, record)
    path = repo.path.parent / "task"
    worktree = Worktree.add(repo.repository, path, branch=BranchName("swarm/run/task"), commit=base)
    worktree.move_to(base, commit)
    return path


def test_files_of_a_commit_in_the_ledger_are_no_work(repo: RepositoryBuilder, base: Oid) -> None:
    path = leave(repo, base)

    assert clear_leftovers(repo.repository, [path], LEDGER) == []
    assert not path.exists()


def test_some_of_them_are_none_either(repo: RepositoryBuilder, base: Oid) -> None:
    path = leave(repo, base)
    repo.git(f"--git-dir={repo.path}/.git/worktrees/task", "read-tree", base)
    (path / "a/two").write_text("2")

    assert clear_leftovers(repo.repository, [path], LEDGER) == []
    assert not path.exists()


@pytest.mark.parametrize("name", ["a/one", "a/two", "new", "other"])
def test_what_a_person_wrote_beside_them_is_put_aside(
    repo: RepositoryBuilder, base: Oid, name: str
) -> None:
    path = leave(repo, base)
    (path / name).write_text("by hand")

    assert clear_leftovers(repo.repository, [path], LEDGER) == [path.with_name("task.kept-1")]
    assert (path.with_name("task.kept-1") / name).read_text() == "by hand"
