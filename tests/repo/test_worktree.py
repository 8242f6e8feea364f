"""Worktrees, whole and sparse: what is in them, and what keeps them from being removed."""

import multiprocessing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitswarm.errors import GitError
from gitswarm.repo.objects import BranchName, Oid, RepoPath
from gitswarm.repo.repository import Repository
from gitswarm.repo.worktree import Worktree
from tests.conftest import RepositoryBuilder

FILES = {"top.txt": "0", "a/one.py": "1", "a/two.py": "2", "b/three.py": "3", "b/c/four.py": "4"}


def files_of(worktree: Worktree) -> set[str]:
    found = (path for path in worktree.path.rglob("*") if path.is_file())
    return {str(path.relative_to(worktree.path)) for path in found} - {".git"}


def add(repo: RepositoryBuilder, commit: Oid, *only: bytes) -> Worktree:
    return Worktree.add(
        repo.repository,
        repo.path.parent / "project.swarm/run/task",
        branch=BranchName("swarm/run/task"),
        commit=commit,
        only=map(RepoPath, only),
    )


def status(repo: RepositoryBuilder, worktree: Worktree) -> str:
    return repo.git("-C", str(worktree.path), "status", "--porcelain")


def test_a_sparse_worktree_holds_what_is_named_grows_with_commits_and_can_be_made_whole(
    repo: RepositoryBuilder,
) -> None:
    base = repo.commit(FILES)
    config = (repo.path / ".git/config").read_bytes()
    changed = repo.commit(
        {"b/three.py": "changed", "b/c/four.py": None, "new/five.py": "5"}, on=base
    )

    worktree = add(repo, base, b"a/one.py")
    assert (files_of(worktree), status(repo, worktree)) == ({"top.txt", "a/one.py"}, "")
    worktree.move_to(base, changed)
    repo.git("update-ref", "refs/heads/swarm/run/task", changed)
    touched = {"top.txt", "a/one.py", "b/three.py", "new/five.py"}
    assert (files_of(worktree), status(repo, worktree)) == (touched, "")
    worktree.make_whole()
    whole = touched | {"a/two.py"}
    assert (files_of(worktree), status(repo, worktree), worktree.is_sparse) == (whole, "", False)

    assert worktree.remove()
    assert not worktree.path.exists()
    assert (repo.path / ".git/config").read_bytes() == config


@pytest.mark.parametrize("path", ["top.txt", "a/two.py", "a/new.py"])
def test_what_a_person_wrote_into_a_sparse_worktree_keeps_it(
    repo: RepositoryBuilder, path: str
) -> None:
    worktree = add(repo, repo.commit(FILES), b"a/one.py")
    (worktree.path / path).write_text("by hand")

    assert not worktree.remove()
    assert (worktree.path / path).read_text() == "by hand"


def test_what_a_person_wrote_where_a_commit_would_put_a_file_is_not_overwritten(
    repo: RepositoryBuilder,
) -> None:
    base = repo.commit(FILES)
    changed = repo.commit({"b/three.py": "changed"}, on=base)
    worktree = add(repo, base)
    (worktree.path / "b").mkdir()
    (worktree.path / "b/three.py").write_text("by hand")

    with pytest.raises(GitError, match=r"b/three\.py"):
        worktree.move_to(base, changed)
    assert (worktree.path / "b/three.py").read_text() == "by hand"


def test_a_worktree_that_cannot_be_filled_is_not_left_behind(repo: RepositoryBuilder) -> None:
    base = repo.commit({".gitattributes": "*.bin filter=none\n", "a.bin": "x"})
    repo.git("config", "filter.none.smudge", "false")
    repo.git("config", "filter.none.required", "true")

    with pytest.raises(GitError, match=r"smudge filter none failed"):
        Worktree.add(repo.repository, repo.path.parent / "w", branch=None, commit=base)

    assert not (repo.path.parent / "w").exists()
    assert len(repo.git("worktree", "list").splitlines()) == 1


names = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=5)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sets(names.filter(lambda name: name not in (".", "..") and ".git" not in name.lower())))
def test_any_path_can_be_named(repo: RepositoryBuilder, found: set[str]) -> None:
    paths = [f"below/{name}" for name in sorted(found)]
    base = repo.commit({"below/zz": "", **dict.fromkeys(paths, "x")})
    worktree = Worktree.add(
        repo.repository,
        repo.path.parent / "w",
        branch=None,
        commit=base,
        only=[RepoPath(path.encode()) for path in paths],
    )
    try:
        assert set(paths) <= files_of(worktree)
    finally:
        worktree.discard()


def _add_and_remove(folder: str, commit: str, name: str) -> bool:
    repository = Repository.discover(Path(folder))
    branch = BranchName(f"swarm/run/{name}")
    path = Path(folder).parent / "many" / name
    worktree = Worktree.add(repository, path, branch=branch, commit=Oid(commit), only=[])
    return worktree.remove()


def test_fifty_are_made_and_removed_by_several_processes_at_once(repo: RepositoryBuilder) -> None:
    base = repo.commit(FILES)
    asked = [(str(repo.path), base, f"task-{number}") for number in range(50)]

    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert pool.starmap(_add_and_remove, asked) == [True] * 50

    assert len(repo.git("branch", "--list", "swarm/run/*").splitlines()) == 50
    assert len(repo.git("worktree", "list").splitlines()) == 1
