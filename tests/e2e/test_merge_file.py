"""`git swarm merge-file`, by hand and as git's merge driver."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import COMMAND, Finished, Swarm, file_reply, git

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


@pytest.mark.parametrize(
    "options",
    [["--ours"], ["--theirs"], ["--union"], ["--zdiff3", "-L", "mine"], ["--marker-size", "3"]],
)
def test_other_options_are_gits(swarm: Swarm, options: list[str]) -> None:
    swarm.repo.git("config", "swarm.rules", "")
    done = merge_file(swarm, "-p", "-q", *options, files=(OURS, BASE, THEIRS))

    plain = subprocess.run(
        ["git", "merge-file", "-p", "-q", *options, "A", "O", "B"],
        cwd=swarm.repo.path,
        capture_output=True,
        text=True,
    )
    assert (done.status, done.stdout) == (plain.returncode, plain.stdout)


def test_a_binary_or_a_missing_file_is_an_error(swarm: Swarm) -> None:
    assert merge_file(swarm, files=("a\0b", "a\0", "c\0")).status == 255
    assert (swarm.repo.path / "A").read_text() == "a\0b"
    assert swarm("merge-file", "A", "no", "B").status == 255
    assert swarm("merge-file", "A").status == 255


def test_on_demand_the_model_is_asked_about_what_is_left_and_that_is_known_later(
    swarm: Swarm,
) -> None:
    answer = "Both.\n\n````resolution hunk=2 confidence=0.9\nours theirs\n````\n"
    swarm.script.answers = {"resolve": answer}

    asked = merge_file(swarm, "-p", "--ask", "-L", "mine", files=(OURS, BASE, THEIRS))
    known = merge_file(swarm, "-p", files=(OURS, BASE, THEIRS))

    merged = HALF + "ours theirs\nlast\n"
    assert (asked.status, asked.stdout, asked.stderr.splitlines()) == (
        0,
        merged,
        ["hunk 1: rule:version, the higher version: 1.2.0 over 1.1.0", "hunk 2: model, Both."],
    )
    assert (known.status, known.stdout) == (0, merged)
    (call,) = swarm.api.calls
    assert "**ours**: mine\n" in call.last_text
    assert re.fullmatch(r"merge-file-[0-9a-f]{4}", call.headers["x-swarm-run"])


def test_what_the_model_does_not_answer_is_as_git_writes_it_with_the_reason(swarm: Swarm) -> None:
    done = merge_file(swarm, "-p", "--ask", files=(OURS, BASE, THEIRS))

    assert (done.status, done.stdout[: len(HALF)]) == (1, HALF)
    assert done.stdout[len(HALF) :].startswith("<<<<<<< A\nours\n")
    assert "hunk 2: open, " in done.stderr
    assert "the script has no answer" in done.stderr


@pytest.fixture
def on_path(swarm: Swarm, tmp_path: Path) -> dict[str, str]:
    """An environment in which git finds the command, for every file of the repository."""
    shim = tmp_path / "bin" / "git-swarm"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{COMMAND[2]}" "$@"\n')
    shim.chmod(0o755)
    assert swarm("merge-file", "--install").status == 0
    (swarm.repo.path / ".git" / "info" / "attributes").write_text("* merge=swarm\n")
    return {**os.environ, "PATH": f"{shim.parent}:{os.environ['PATH']}"}


def test_in_merges_of_our_own_the_driver_does_no_more_than_git(
    swarm: Swarm, on_path: dict[str, str]
) -> None:
    """What it would settle is to be seen, recorded and told."""
    swarm.commit({"v.toml": BASE[:21]})
    swarm.script.answers = {
        f"task:{name}": file_reply({"v.toml": text[:21]})
        for name, text in (("one", OURS), ("two", THEIRS))
    }

    tasks = [{"id": name, "role": "builder"} for name in ("one", "two")]
    done = swarm.carry_out(*tasks, PATH=on_path["PATH"])

    (conflict,) = done.json["conflicts"]
    assert [hunk["by"] for hunk in conflict["hunks"]] == ["rule:version"]
    assert swarm.repo.text(done.json["merged"]["commit"], "v.toml") == THEIRS[:21]


def test_the_driver_asks_the_model_where_it_was_installed_so(
    swarm: Swarm, on_path: dict[str, str]
) -> None:
    repo = swarm.repo
    assert swarm("merge-file", "--install", "--ask").status == 0
    base = repo.commit({"a.txt": "1\n"}, on=swarm.base)
    theirs = repo.commit({"a.txt": "theirs\n"}, on=base)
    repo.checkout(repo.commit({"a.txt": "ours\n"}, on=base))
    swarm.script.answers = {
        "resolve": "Both.\n\n````resolution hunk=1\nours theirs\n````\n",
    }
    environ = {**on_path, **swarm.api.environment()}

    subprocess.run(["git", "merge", theirs], cwd=repo.path, env=environ, check=True)

    assert (repo.path / "a.txt").read_text() == "ours theirs\n"


def test_the_driver_serves_a_plain_git_merge_and_leaves_binaries_alone(
    swarm: Swarm, on_path: dict[str, str]
) -> None:
    repo = swarm.repo
    base = repo.commit({"v.toml": BASE[:20], "b.bin": "a\0"}, on=swarm.base)
    ours = repo.commit({"v.toml": OURS[:20], "b.bin": "b\0"}, on=base)
    theirs = repo.commit({"v.toml": THEIRS[:20], "b.bin": "c\0"}, on=base)
    repo.checkout(ours)

    done = subprocess.run(
        ["git", "merge", theirs], cwd=repo.path, env=on_path, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert git(repo.path, "diff", "--name-only", "--diff-filter=U") == "b.bin\n"
    assert (repo.path / "v.toml").read_text() == THEIRS[:20]
    assert (repo.path / "b.bin").read_text() == "b\0"
    assert not swarm.api.calls
