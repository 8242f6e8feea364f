"""Every kind of repository that people stand in works, and is left as it was."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.checkout import snapshot
from tests.e2e.conftest import Swarm, file_reply, git
from tests.messages_api import Call

Prepare = Callable[[Swarm], Path]
"""Makes a repository of one kind; returns the folder to stand in."""


def subfolder_of_detached_head(swarm: Swarm) -> Path:
    swarm.commit({"src/deep/a.py": "a\n"})
    swarm.repo.git("checkout", "--quiet", "--detach")
    return swarm.repo.path / "src" / "deep"


def linked_worktree(swarm: Swarm) -> Path:
    swarm.repo.git("worktree", "add", "--quiet", "-b", "feature", "../linked worktree")
    return swarm.repo.path.parent / "linked worktree"


def bare(swarm: Swarm) -> Path:
    git(swarm.repo.path, "clone", "--quiet", "--bare", ".", "../bare one.git")
    return swarm.repo.path.parent / "bare one.git"


def diverged(swarm: Swarm) -> None:
    """Two branches that conflict, `main` checked out."""
    theirs = swarm.repo.commit({"app.py": "one\nTHEIRS\nthree\n"}, on=swarm.base)
    swarm.repo.git("branch", "other", theirs)
    swarm.commit({"app.py": "one\nOURS\nthree\n"})


def merge_in_progress(swarm: Swarm) -> Path:
    diverged(swarm)
    swarm.repo.repository.git("merge", "other", ok=(1,), git_dir=swarm.repo.path / ".git")
    assert (swarm.repo.path / ".git/MERGE_HEAD").exists()
    return swarm.repo.path


def rebase_in_progress(swarm: Swarm) -> Path:
    diverged(swarm)
    swarm.repo.repository.git("rebase", "other", ok=(1,), git_dir=swarm.repo.path / ".git")
    assert (swarm.repo.path / ".git/rebase-merge").exists()
    return swarm.repo.path


def clone(swarm: Swarm, *options: str) -> Path:
    swarm.repo.git("config", "uploadpack.allowFilter", "true")
    swarm.repo.git("config", "uploadpack.allowAnySHA1InWant", "true")
    git(swarm.repo.path, "clone", "--quiet", *options, f"file://{swarm.repo.path}", "../clone")
    return swarm.repo.path.parent / "clone"


def shallow_clone(swarm: Swarm) -> Path:
    swarm.commit({"app.py": "newer\n"})
    return clone(swarm, "--depth=1")


def partial_clone(swarm: Swarm) -> Path:
    swarm.commit({"app.py": "newer\n"})
    return clone(swarm, "--filter=blob:none", "--no-checkout")


def with_submodule(swarm: Swarm) -> Path:
    clone(swarm)
    allow = ("-c", "protocol.file.allow=always")
    git(swarm.repo.path, *allow, "submodule", "--quiet", "add", "../clone", "library")
    git(swarm.repo.path, "commit", "--quiet", "--message", "add the library")
    return swarm.repo.path


def inside_submodule(swarm: Swarm) -> Path:
    return with_submodule(swarm) / "library"


def sha256(swarm: Swarm) -> Path:
    folder = swarm.repo.path.parent / "long names"
    folder.mkdir()
    git(folder, "init", "--quiet", "--object-format=sha256")
    (folder / "app.py").write_text("one\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "begin")
    return folder


def odd_names(swarm: Swarm) -> Path:
    swarm.commit({"a b/c\nd.py": "x\n", os.fsdecode(b"caf\xe9.txt"): "y\n", "-n": "z\n", "ü": ""})
    folder = swarm.repo.path.parent / os.fsdecode(b"a b\nc \xe9")
    swarm.repo.path.rename(folder)
    return folder


def sparse_checkout(swarm: Swarm) -> Path:
    swarm.commit({"src/a.py": "a\n", "docs/b.md": "b\n"})
    swarm.repo.git("sparse-checkout", "set", "src")
    return swarm.repo.path


@pytest.mark.parametrize(
    "prepare",
    [
        subfolder_of_detached_head,
        linked_worktree,
        bare,
        merge_in_progress,
        rebase_in_progress,
        shallow_clone,
        partial_clone,
        with_submodule,
        inside_submodule,
        sha256,
        odd_names,
        sparse_checkout,
    ],
)
def test_a_run_merges_and_leaves_the_repository_as_it_was(swarm: Swarm, prepare: Prepare) -> None:
    here = prepare(swarm)
    folder = swarm.repo.path if swarm.repo.path.exists() else here
    files = git(here, "ls-tree", "-r", "-z", "--name-only", "--full-tree", "HEAD").split("\0")
    before = snapshot(here), snapshot(folder)
    meanwhile = []

    def answer(call: Call) -> str:
        meanwhile.append((snapshot(here), snapshot(folder)))
        return file_reply({"src/new.py": "new\n"})

    swarm.script.answers = {"task:builder": answer}

    done = swarm.carry_out({"id": "builder", "role": "builder"}, cwd=here)

    assert done.status == 0, done.stderr
    assert meanwhile == [before]
    assert (snapshot(here), snapshot(folder)) == before
    merged = done.json["merged"]["commit"]
    made = git(here, "ls-tree", "-r", "-z", "--name-only", "--full-tree", merged).split("\0")
    assert sorted(made) == sorted([*files, "src/new.py"])

    shown = swarm("path", "builder", cwd=here)

    assert shown.status == 0, shown.stderr
    worktree = Path(shown.stdout.removesuffix("\n"))
    assert (worktree / "src/new.py").read_text() == "new\n"
    assert ".git" not in worktree.parts
    assert not worktree.is_relative_to(folder)
    assert (snapshot(here), snapshot(folder)) == before
