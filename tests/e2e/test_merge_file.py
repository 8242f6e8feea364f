"""`git swarm merge-file`, by hand and as git's merge driver."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import COMMAND, Finished, Swarm, git

BASE = "name\nversion = 1.0.0\nend\na\nb\nc\nd\nword\nlast\n"
OURS = "name\nversion = 1.1.0\nend\na\nb\nc\nd\nours\nlast\n"
THEIRS = "name\nversion = 1.2.0\nend\na\nb\nc\nd\ntheirs\nlast\n"
HALF = "name\nversion = 1.2.0\nend\na\nb\nc\nd\n"


def merge_file(swarm: Swarm, *options: str, files: tuple[str, str, str]) -> Finished:
    for name, text in zip(("A", "O", "B"), files, strict=True):
        (swarm.repo.path / name).write_text(text)
    return swarm("merge-file", *options, "A", "O", "B")


@pytest.mark.parametrize(
    ("options", "open_hunk"),
    [
        ([], "<<<<<<< A\nours\n=======\ntheirs\n>>>>>>> B\nlast\n"),
        (
            ["--diff3", "-L", "x", "-L", "y", "-L", "z", "--marker-size", "9"],
            "<<<<<<<<< x\nours\n||||||||| y\nword\n=========\ntheirs\n>>>>>>>>> z\nlast\n",
        ),
    ],
)
def test_rules_settle_what_they_can_and_the_rest_is_as_git_writes_it(
    swarm: Swarm, options: list[str], open_hunk: str
) -> None:
    done = merge_file(swarm, "-p", *options, files=(OURS, BASE, THEIRS))

    assert (done.status, done.stdout) == (1, HALF + open_hunk)
    assert (swarm.repo.path / "A").read_text() == OURS
    assert not swarm.api.calls


def test_without_an_answer_it_is_gits_own_result_and_exit_code(swarm: Swarm) -> None:
    swarm.repo.git("config", "swarm.rules", "")
    done = merge_file(swarm, "-q", files=(OURS, BASE, THEIRS))

    (swarm.repo.path / "G").write_text(OURS)
    plain = subprocess.run(
        ["git", "merge-file", "-p", "-q", "-L", "A", "G", "O", "B"],
        cwd=swarm.repo.path,
        capture_output=True,
    )
    assert (done.status, done.stdout, done.stderr) == (plain.returncode, "", "")
    assert (swarm.repo.path / "A").read_bytes() == plain.stdout
    assert done.status == 2


def test_a_binary_or_a_missing_file_is_an_error(swarm: Swarm) -> None:
    assert merge_file(swarm, files=("a\0b", "a\0", "c\0")).status == 255
    assert (swarm.repo.path / "A").read_text() == "a\0b"
    assert swarm("merge-file", "A", "no", "B").status == 255
    assert swarm("merge-file", "A").status == 255


def test_the_driver_serves_a_plain_git_merge_and_leaves_binaries_alone(
    swarm: Swarm, tmp_path: Path
) -> None:
    repo = swarm.repo
    shim = tmp_path / "bin" / "git-swarm"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{COMMAND[2]}" "$@"\n')
    shim.chmod(0o755)
    environ = {**os.environ, "PATH": f"{shim.parent}:{os.environ['PATH']}"}
    assert swarm("merge-file", "--install").status == 0
    (repo.path / ".git" / "info" / "attributes").write_text("* merge=swarm\n")
    base = repo.commit({"v.toml": BASE[:20], "b.bin": "a\0"}, on=swarm.base)
    ours = repo.commit({"v.toml": OURS[:20], "b.bin": "b\0"}, on=base)
    theirs = repo.commit({"v.toml": THEIRS[:20], "b.bin": "c\0"}, on=base)
    repo.checkout(ours)

    done = subprocess.run(
        ["git", "merge", theirs], cwd=repo.path, env=environ, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert git(repo.path, "diff", "--name-only", "--diff-filter=U") == "b.bin\n"
    assert (repo.path / "v.toml").read_text() == THEIRS[:20]
    assert (repo.path / "b.bin").read_text() == "b\0"
    assert not swarm.api.calls
