"""Worktrees, whole and sparse: what is in them, and what keeps them from being removed."""

import multiprocessing
import os
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitswarm.errors import GitError
from gitswarm.repo.objects import BranchName, Oid, RepoPath
from gitswarm.repo.repository import Repository
from gitswarm.repo.sparse import HEED_PATTERNS
from gitswarm.repo.worktree import Worktree
from tests.conftest import RepositoryBuilder

FILES = {
    "top.txt": "0",
    "a/one.py": "1",
    "a/two.py": "2",
    "b/three.py": "3",
    "b/c/four.py": "4",
    "c/six.py": "6",
}


def files_of(worktree: Worktree) -> set[str]:
    found = (path for path in worktree.path.rglob("*") if path.is_file())
    return {str(path.relative_to(worktree.path)) for path in found} - {".git"}


def add(repo: RepositoryBuilder, commit: Oid, *only: bytes) -> Worktree:
    return Worktree.add(
        repo.repository,
        repo.path.parent / "project.swarm/run/task",
        branch=BranchName("swarm/run/task"),
        commit=commit,
        only=[*map(RepoPath, only)],
    )


def git(worktree: Worktree, *args: str) -> str:
    """Run git in it as a user would."""
    command = ["git", *args]
    done = subprocess.run(command, cwd=worktree.path, capture_output=True, check=True)
    return done.stdout.decode()


def status(worktree: Worktree) -> str:
    return git(worktree, "status", "--porcelain")


def test_a_sparse_worktree_holds_what_is_named_grows_with_commits_and_can_be_made_whole(
    repo: RepositoryBuilder,
) -> None:
    base = repo.commit(FILES)
    config = (repo.path / ".git/config").read_bytes()
    changed = repo.commit(
        {"b/three.py": "changed", "b/c/four.py": None, "new/five.py": "5"}, on=base
    )

    worktree = add(repo, base, b"a/one.py")
    opened = {"top.txt", "a/one.py", "a/two.py"}
    assert (files_of(worktree), status(worktree)) == (opened, "")
    worktree.move_to(base, changed)
    repo.git("update-ref", "refs/heads/swarm/run/task", changed)
    touched = opened | {"b/three.py", "new/five.py"}
    assert (files_of(worktree), status(worktree)) == (touched, "")
    worktree.make_whole()
    whole = touched | {"c/six.py"}
    assert (files_of(worktree), status(worktree), worktree.is_sparse) == (whole, "", False)

    assert worktree.remove()
    assert not worktree.path.exists()
    assert (repo.path / ".git/config").read_bytes() == config


def test_the_index_of_a_sparse_worktree_does_not_grow_with_the_repository(
    repo: RepositoryBuilder,
) -> None:
    base = repo.commit(FILES | {f"z/{n}/file": "" for n in range(300)})
    changed = repo.commit({"z/7/file": "changed"}, on=base)

    worktree = add(repo, base)
    worktree.move_to(base, changed)

    listed = git(worktree, *HEED_PATTERNS, "ls-files", "--sparse").split()
    assert [path for path in listed if path[0] != "z"] == ["a/", "b/", "c/", "top.txt"]
    assert files_of(worktree) == {"top.txt", "z/7/file"}


def test_of_a_large_folder_only_what_is_named_becomes_a_file(
    repo: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitswarm.repo.worktree.FOLDER_FILES", 2)
    base = repo.commit(FILES | {f"large/{n}": "" for n in range(3)})
    changed = repo.commit({"large/1": "changed"}, on=base)
    again = repo.commit({"c/six.py": "changed"}, on=changed)

    worktree = add(repo, base, b"a/one.py")
    worktree.move_to(base, changed)
    worktree.move_to(changed, again)

    repo.git("update-ref", "refs/heads/swarm/run/task", again)
    assert files_of(worktree) == {"top.txt", "a/one.py", "a/two.py", "large/1", "c/six.py"}
    assert status(worktree) == ""


@pytest.mark.parametrize("path", ["top.txt", "a/two.py", "a/new.py", "b/three.py", "b/c/new.py"])
def test_what_a_person_wrote_into_a_sparse_worktree_keeps_it(
    repo: RepositoryBuilder, path: str
) -> None:
    worktree = add(repo, repo.commit(FILES), b"a/one.py")
    (worktree.path / path).parent.mkdir(parents=True, exist_ok=True)
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


@pytest.mark.parametrize("path", ["new.py", "b/new.py", "new"])
def test_a_file_that_a_person_made_where_a_commit_has_a_new_one_is_not_overwritten(
    repo: RepositoryBuilder, path: str
) -> None:
    base = repo.commit(FILES)
    new = f"{path}/below.py" if path == "new" else path
    changed = repo.commit({"b/three.py": "changed", new: "7"}, on=base)
    worktree = add(repo, base)
    (worktree.path / path).parent.mkdir(exist_ok=True)
    (worktree.path / path).write_text("by hand")

    with pytest.raises(GitError, match=rf"{path} is in the way"):
        worktree.move_to(base, changed)

    assert (worktree.path / path).read_text() == "by hand"
    assert status(worktree) == f"?? {path}\n"
    assert not worktree.remove()


def test_where_a_commit_cannot_be_checked_out_a_sparse_worktree_stays_on_the_one_before(
    repo: RepositoryBuilder,
) -> None:
    base = repo.commit(FILES)
    changed = repo.commit({"b/three.py": "changed", "top.txt": "changed"}, on=base)
    worktree = add(repo, base)
    (worktree.path / "top.txt").write_text("by hand")

    with pytest.raises(GitError, match=r"top\.txt"):
        worktree.move_to(base, changed)

    assert (worktree.path / "top.txt").read_text() == "by hand"
    assert status(worktree) == " M top.txt\n"
    assert not worktree.remove()


def test_a_file_that_was_written_within_the_moment_of_its_checkout_is_in_the_snapshot(
    repo: RepositoryBuilder,
) -> None:
    base = repo.commit({"notes.txt": "before"})
    repo.git("config", "core.trustctime", "false")
    worktree = Worktree.add(
        repo.repository, repo.path.parent / "task", branch=BranchName("swarm/run/task"), commit=base
    )
    file, index = worktree.path / "notes.txt", worktree.git_dir / "index"
    moment = (1_700_000_000, 1_700_000_000)
    os.utime(file, moment)
    git(worktree, "update-index", "--refresh")
    file.write_text("after!")
    os.utime(file, moment)
    os.utime(index, moment)

    assert repo.repository.tree(base) != worktree.snapshot([])


def lock(worktree: Worktree) -> None:
    git(worktree, "worktree", "lock", str(worktree.path))


def put_a_repository_in_place(worktree: Worktree) -> None:
    (worktree.path / ".git").unlink()
    git(worktree, "init", "--quiet")


def add_a_submodule(worktree: Worktree) -> None:
    allowed = ("-c", "protocol.file.allow=always")
    source = str(worktree.repository.folder)
    git(worktree, *allowed, "submodule", "--quiet", "add", source, "module")
    git(worktree, "commit", "--quiet", "--message", "module")


@pytest.mark.parametrize("change", [lock, put_a_repository_in_place, add_a_submodule])
def test_what_git_would_not_remove_stays(
    repo: RepositoryBuilder, change: Callable[[Worktree], None]
) -> None:
    repo.checkout(repo.commit(FILES))
    worktree = Worktree.add(
        repo.repository,
        repo.path.parent / "w",
        branch=None,
        commit=repo.repository.commit_oid("HEAD"),
    )
    change(worktree)

    assert not worktree.remove()
    assert (worktree.path / "a/one.py").read_text() == "1"


def test_untracked_files_keep_a_worktree_whatever_status_shows(repo: RepositoryBuilder) -> None:
    repo.git("config", "status.showUntrackedFiles", "no")
    worktree = add(repo, repo.commit(FILES))
    (worktree.path / "new").write_text("by hand")

    assert not worktree.remove()


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


trees = st.dictionaries(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join),
    st.sampled_from("12"),
    max_size=8,
)


def fitting(files: dict[str, str]) -> dict[str, str]:
    """Without those whose folder is a file."""
    return {
        path: text
        for path, text in files.items()
        if not any(path.startswith(f"{other}/") for other in files)
    }


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(trees, st.lists(trees, max_size=3))
def test_a_sparse_worktree_follows_any_commits(
    repo: RepositoryBuilder, first: dict[str, str], others: list[dict[str, str]]
) -> None:
    commits = [repo.commit(fitting(first))]
    for other in others:
        gone = dict.fromkeys(repo.files(commits[-1]))
        commits.append(repo.commit(gone | fitting(other), on=commits[-1]))
    worktree = Worktree.add(
        repo.repository, repo.path.parent / "w", branch=None, commit=commits[0], only=[]
    )
    try:
        for old, new in pairwise(commits):
            worktree.move_to(old, new)
            git(worktree, "update-ref", "--no-deref", "HEAD", new)
            there, files = files_of(worktree), repo.files(new)
            changed = repo.repository.changed_paths(old, new)
            assert {path for path in map(os.fsdecode, changed) if path in files} <= there
            assert status(worktree) == ""
            assert all((worktree.path / path).read_text() == files[path] for path in there)
        worktree.make_whole()
        assert (files_of(worktree), status(worktree)) == (set(repo.files(commits[-1])), "")
        assert worktree.remove()
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
