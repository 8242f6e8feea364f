"""The one door to git."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitswarm.errors import GitError
from gitswarm.repo.environment import take_git_environment, without_secrets
from gitswarm.repo.objects import EXECUTABLE_MODE, FILE_MODE, Oid, RefName, RepoPath
from gitswarm.repo.repository import Repository
from tests.conftest import RepositoryBuilder


def p(path: str) -> RepoPath:
    return RepoPath(os.fsencode(path))


def test_editing_a_tree_touches_nothing_else_and_leaves_sound_objects(
    repo: RepositoryBuilder,
) -> None:
    base = repo.commit({"a": "1", "a.b": "2", "a/b": None, "d/e/f": "3", "d/g": "4", "z": "5"})
    blob = repo.repository.write_blob(b"new")

    tree = repo.repository.edit_tree(
        repo.repository.tree(base),
        {
            p("d/e/f"): None,
            p("d/h/i/j"): (EXECUTABLE_MODE, blob),
            p("a-b"): (FILE_MODE, blob),
            p("z"): (FILE_MODE, blob),
        },
    )

    assert repo.files(tree) == {
        "a": "1",
        "a-b": "new",
        "a.b": "2",
        "d/g": "4",
        "d/h/i/j": "new",
        "z": "new",
    }
    assert repo.git("fsck", "--strict", "--no-dangling") == ""


def test_a_file_can_become_a_directory_and_a_directory_a_file(repo: RepositoryBuilder) -> None:
    base = repo.commit({"x": "file", "y/z": "inside"})
    blob = repo.repository.write_blob(b"new")

    tree = repo.repository.edit_tree(
        repo.repository.tree(base),
        {
            p("x"): None,
            p("x/inner"): (FILE_MODE, blob),
            p("y/z"): None,
            p("y"): (FILE_MODE, blob),
        },
    )

    assert repo.files(tree) == {"x/inner": "new", "y": "new"}


names = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=6)
paths = st.lists(
    names.filter(lambda n: n not in (".", "..") and ".git" not in n.lower()), min_size=1, max_size=3
).map("/".join)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(paths, st.binary(max_size=8), min_size=1, max_size=8), st.data())
def test_a_tree_edited_path_by_path_is_the_tree_git_would_write(
    repo: RepositoryBuilder, files: dict[str, bytes], data: st.DataObject
) -> None:
    files = {
        path: content
        for path, content in files.items()
        if not any(other.startswith(path + "/") for other in files)
    }
    repository = repo.repository
    gone = data.draw(st.sets(st.sampled_from(sorted(files))))
    empty = Oid(repository.git("mktree").stdout.decode().strip())
    edits = {p(path): (FILE_MODE, repository.write_blob(c)) for path, c in files.items()}

    full = repository.edit_tree(empty, edits)
    tree = repository.edit_tree(full, {p(path): None for path in gone})

    index = b"".join(
        f"{FILE_MODE} {oid}\t".encode() + path + b"\0"
        for path, (_, oid) in edits.items()
        if os.fsdecode(path) not in gone
    )
    env = {"GIT_INDEX_FILE": str(repo.path / "scratch-index")}
    (repo.path / "scratch-index").unlink(missing_ok=True)
    repository.git("update-index", "-z", "--index-info", input=index, env=env)
    assert tree == repository.git("write-tree", env=env).stdout.decode().strip()


def test_a_ref_moves_only_from_where_it_was_expected(repo: RepositoryBuilder) -> None:
    one = repo.commit({"a": "1"})
    two = repo.commit({"a": "2"}, on=one)
    name = RefName("refs/swarm/x")
    repo.repository.update_ref(name, one, None)

    with pytest.raises(GitError):
        repo.repository.update_ref(name, two, None)
    with pytest.raises(GitError):
        repo.repository.update_ref(name, one, two)
    repo.repository.update_ref(name, two, one)

    assert repo.repository.refs("refs/swarm/") == {name: two}


def test_hooks_and_file_system_monitor_of_a_hostile_configuration_do_not_run(
    repo: RepositoryBuilder, tmp_path: Path
) -> None:
    base = repo.commit({"a": "1"})
    repo.checkout(base)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    proof = tmp_path / "ran"
    for hook in ("reference-transaction", "post-checkout", "post-index-change", "fsmonitor"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {proof}\n")
        (hooks / hook).chmod(0o755)
    config = repo.path / ".git/config"
    config.write_text(
        config.read_text() + f"\tfsmonitor = {hooks}/fsmonitor\n\thooksPath = {hooks}\n"
    )
    subprocess.run(["git", "-C", repo.path, "status"], check=True, capture_output=True)
    assert proof.exists(), "the configuration of this test has no teeth"
    proof.unlink()

    repository = Repository.discover(repo.path)
    repository.git("status", "--porcelain")
    repository.update_ref(RefName("refs/heads/other"), base, None)
    repository.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"), base)

    assert not proof.exists()


def test_what_a_hook_inherits_finds_the_repository_and_is_dropped(
    repo: RepositoryBuilder, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environ = {
        "GIT_DIR": str(repo.path / ".git"),
        "GIT_INDEX_FILE": "no-such-index",
        "GIT_AUTHOR_NAME": "Grace",
        "GIT_CONFIG_PARAMETERS": "'swarm.jobs=3'",
        "GIT_SSH_COMMAND": "ssh -v",
        "PATH": "/bin",
    }

    inherited = take_git_environment(environ)

    assert inherited == {"GIT_DIR": str(repo.path / ".git"), "GIT_INDEX_FILE": "no-such-index"}
    assert set(environ) == {"GIT_AUTHOR_NAME", "GIT_CONFIG_PARAMETERS", "GIT_SSH_COMMAND", "PATH"}
    assert Repository.discover(elsewhere, inherited).common_dir == repo.path / ".git"


def test_no_secret_reaches_git(repo: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-0123")
    monkeypatch.setenv("GITHUB_TOKEN", "ghp-4567")
    repo.git("config", "alias.env", "!env")

    seen = Repository.discover(repo.path).git("env").stdout

    assert b"HOME=" in seen
    assert b"0123" not in seen
    assert b"4567" not in seen


def test_secrets_are_told_from_what_programs_need() -> None:
    secret = [
        "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY",
        "GITHUB_TOKEN",
        "GH_TOKEN",
        "NPM_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "DB_PASSWORD",
        "DJANGO_SECRET_KEY",
        "PGPASSWORD",
        "DATABASE_URL",
        "CARGO_REGISTRY_TOKEN",
        "GOOGLE_APPLICATION_CREDENTIALS",
    ]
    needed = ["PATH", "HOME", "LANG", "SSH_AUTH_SOCK", "KEYBOARD", "TOKENIZERS_PARALLELISM"]
    environ = dict.fromkeys(secret + needed + ["PYTHONPATH", "MONKEY", "GIT_ASKPASS"], "x")

    assert set(without_secrets(environ)) == {*needed, "PYTHONPATH", "MONKEY", "GIT_ASKPASS"}


def test_a_folder_outside_any_repository_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="is not in a git repository") as caught:
        Repository.discover(tmp_path)

    assert "git init" in caught.value.hint


def test_a_bare_repository_is_found(repo: RepositoryBuilder, tmp_path: Path) -> None:
    base = repo.commit({"a": "1"})
    repo.checkout(base)
    repo.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))

    bare = Repository.discover(tmp_path / "bare.git")

    assert (bare.work_tree, bare.name) == (None, "bare.git")
    assert bare.commit_oid("HEAD") == base


def test_a_path_with_a_newline_is_one_path(tmp_path: Path) -> None:
    folder = tmp_path / "two\nlines"
    folder.mkdir()
    built = RepositoryBuilder(folder)
    base = built.commit({"a\nb": "1", "caf\udce9": "2"})

    entries = built.repository.entries(base)

    assert built.repository.work_tree == folder
    assert [entry.path for entry in entries] == [b"a\nb", b"caf\xe9"]


def test_a_repository_with_sha256_objects_works(tmp_path: Path) -> None:
    folder = tmp_path / "sha256"
    folder.mkdir()
    subprocess.run(
        ["git", "init", "--quiet", "--object-format=sha256", folder],
        check=True,
        capture_output=True,
    )
    built = RepositoryBuilder(folder)

    base = built.commit({"a/b": "1", "c": "2"})
    second = built.commit({"a/b": "3"}, on=base)

    assert len(second) == 64
    assert built.files(second) == {"a/b": "3", "c": "2"}


def test_settings_are_read_as_git_reads_them(repo: RepositoryBuilder) -> None:
    config = repo.path / ".git/config"
    config.write_text(
        config.read_text()
        + '[Swarm]\n\tJobs = 2\n\tjobs = 3\n[swarm "role.A.b"]\n\tmodel = m\n\thooks\n'
    )
    repository = Repository.discover(repo.path)

    assert repository.config("swarm.jobs") == "3"
    assert repository.config("swarm.role.A.b.model") == "m"
    assert repository.config("swarm.role.A.b.hooks") == "true"
    assert repository.config("swarm.nothing") is None


def test_an_entry_is_looked_up_by_exactly_its_bytes(repo: RepositoryBuilder) -> None:
    names = {"*.py": "star", ":(glob)a": "magic", "caf\udce9": "latin", "a b/c\nd": "line"}
    commit = repo.commit(names)

    found = {name: repo.repository.entry(commit, p(name)) for name in names}

    assert {name: entry and entry.path for name, entry in found.items()} == {
        name: p(name) for name in names
    }
    assert repo.repository.entry(commit, p("x.py")) is None


def test_what_a_path_was_is_found_on_one_side_only(repo: RepositoryBuilder) -> None:
    base = repo.commit({"a.txt": "base", "b.txt": "b"})
    first = repo.commit({"a.txt": "first"}, on=base)
    aside = repo.commit({"b.txt": "aside"}, on=first)
    second = repo.commit({"a.txt": None}, on=aside)
    third = repo.commit({"a.txt": "third"}, on=second)
    tip = repo.commit({"a.txt": "tip"}, on=third)
    other = repo.commit({"a.txt": "other"}, on=base)

    def earlier(tip: Oid, other: Oid, most: int = 9) -> list[bytes]:
        found = repo.repository.earlier_blobs(tip, other, RepoPath(b"a.txt"), most)
        return [repo.repository.blob(oid) for oid in found]

    assert earlier(tip, other) == [b"third", b"first"]
    assert earlier(tip, other, most=2) == [b"third"]
    assert earlier(other, tip) == []
    assert earlier(base, tip) == []
