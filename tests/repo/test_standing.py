"""The processes that stay: any name is answered, and one that ends is started again."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitswarm.errors import GitError
from gitswarm.repo.command import Process, start_git
from gitswarm.repo.objects import Oid, RefName, RepoPath
from gitswarm.repo.standing import ObjectReader, RefUpdater
from tests.conftest import RepositoryBuilder


class Starts:
    """Starts git in one repository and remembers the processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[Process] = []

    def __call__(self, args: object) -> Process:
        self.processes.append(start_git(self.folder, args, {}))  # type: ignore[arg-type]
        return self.processes[-1]


def test_names_with_newlines_and_names_of_nothing_are_answered_in_turn(
    repo: RepositoryBuilder,
) -> None:
    commit = repo.commit({"a\nb missing\nc": "strange", "empty": "", "plain": "text"})
    reader = ObjectReader(Starts(repo.path))

    def read(path: bytes) -> bytes | None:
        found = reader.contents(commit.encode() + b":" + path)
        return found and found[1]

    asked = [b"plain", b"a\nb", b"a\nb missing\nc", b"no\n\nsuch\n", b"empty", b"plain/x", b"plain"]
    assert [read(path) for path in asked] == [b"text", None, b"strange", None, b"", None, b"text"]
    assert reader.info(b"refs/heads/none") is None


def test_a_process_that_was_killed_is_told_of_and_replaced(repo: RepositoryBuilder) -> None:
    commit = repo.commit({"a": "1"})
    starts = Starts(repo.path)
    reader = ObjectReader(starts)
    assert reader.contents(f"{commit}:a".encode())
    os.kill(starts.processes[0].pid, signal.SIGKILL)

    with pytest.raises(GitError, match="git cat-file --batch-command -z failed with -9"):
        reader.contents(f"{commit}:a".encode())

    found = reader.contents(f"{commit}:a".encode())
    assert found is not None
    assert found[1] == b"1"
    assert len(starts.processes) == 2


def test_a_ref_that_is_elsewhere_is_not_moved_and_the_next_one_is(repo: RepositoryBuilder) -> None:
    one, two = repo.commit({"a": "1"}), repo.commit({"a": "2"})
    updater = RefUpdater(Starts(repo.path))
    updater.update(RefName("refs/heads/x"), one, None)

    with pytest.raises(GitError, match=f"is at {one} but expected {two}"):
        updater.update(RefName("refs/heads/x"), one, two)
    with pytest.raises(GitError, match="reference already exists"):
        updater.update(RefName("refs/heads/x"), two, None)
    updater.update(RefName("refs/heads/x"), two, one)

    assert repo.git("rev-parse", "refs/heads/x").strip() == two


def test_a_process_ends_with_whoever_asked(repo: RepositoryBuilder) -> None:
    starts = Starts(repo.path)
    reader = ObjectReader(starts)
    assert reader.info(b"HEAD") is None

    del reader

    assert starts.processes[0].poll() == 0


entries = st.dictionaries(
    st.sampled_from(["a", "a-b", "a/b", "a/c/d", "a/c/e", "b", "b/a", "b.c"]),
    st.sampled_from(["1", "2"]),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(entries, entries)
def test_two_trees_differ_as_git_says(
    repo: RepositoryBuilder, old: dict[str, str], new: dict[str, str]
) -> None:
    def write(files: dict[str, str]) -> Oid:
        sound = {p: t for p, t in files.items() if not any(q.startswith(p + "/") for q in files)}
        return repo.repository.edit_tree(
            Oid(subprocess.check_output(["git", "mktree"], cwd=repo.path, input=b"").decode()[:-1]),
            {
                RepoPath(path.encode()): ("100644", repo.repository.write_blob(text.encode()))
                for path, text in sound.items()
            },
        )

    one, other = (repo.repository.commit_tree(write(files), [], "x") for files in (old, new))
    says = repo.git("diff-tree", "-r", "--no-renames", "--name-status", one, other)

    chain = repo.repository.commit_tree(repo.repository.tree(other), [one], "y")
    found = repo.repository.changes_between(one, chain)

    assert found == {
        (status, RepoPath(path.encode()))
        for status, path in (line.split("\t") for line in says.splitlines())
    }
