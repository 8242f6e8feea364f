"""The project's own check on the merged tree."""

import os
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import Swarm, file_reply, plan_reply


@pytest.fixture(autouse=True)
def one_task(swarm: Swarm) -> None:
    swarm.script.answers = {
        "plan": plan_reply({"id": "a", "role": "builder"}),
        "task:a": file_reply({"new.txt": "new\n"}),
    }


def verdict(swarm: Swarm, command: str) -> tuple[int, dict[str, object]]:
    done = swarm("-y", "--json", "--verify", command, "a goal")
    return done.status, done.json["verify"]


def test_it_passes_where_the_merged_tree_is_checked_out(swarm: Swarm) -> None:
    command = "test -f new.txt && test -f app.py"

    assert verdict(swarm, command) == (
        0,
        {"command": command, "outcome": "passed", "runs": 1, "culprits": []},
    )
    assert not (swarm.repo.path / "new.txt").exists()
    assert swarm.repo.git("worktree", "list", "--porcelain").count("worktree ") == 1


def test_what_only_the_merged_tree_fails_is_a_failure(swarm: Swarm) -> None:
    status, said = verdict(swarm, "test ! -f new.txt")

    assert (status, said["outcome"], said["runs"]) == (1, "failed", 2)


def test_what_the_base_fails_too_is_said_so(swarm: Swarm) -> None:
    status, said = verdict(swarm, "false")

    assert (status, said["outcome"]) == (1, "base_failed")


def test_what_passes_the_second_time_is_flaky(swarm: Swarm, tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    status, said = verdict(swarm, f"test -f '{mark}' || {{ touch '{mark}'; false; }}")

    assert (status, said["outcome"], said["runs"]) == (0, "flaky", 2)


def test_it_ends_at_its_time_limit_with_every_process_it_started(
    swarm: Swarm, tmp_path: Path
) -> None:
    swarm.repo.git("config", "swarm.timeout", "0.5")
    pids = tmp_path / "pids"

    status, said = verdict(swarm, f"sleep 600 & echo $! >> '{pids}'; sleep 600")

    assert (status, said["outcome"]) == (1, "base_failed")
    for pid in pids.read_text().split():
        assert not _lives(int(pid))


def test_it_sees_no_secret_and_no_repository_of_ours(
    swarm: Swarm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    monkeypatch.setenv("GITHUB_TOKEN", "ghp-1234")
    monkeypatch.setenv("SOME_SETTING", "kept")

    status, _ = verdict(swarm, f"env > '{seen}'")

    names = {line.partition("=")[0] for line in seen.read_text().splitlines()}
    assert status == 0
    assert "SOME_SETTING" in names
    assert not {n for n in names if n.startswith("ANTHROPIC_")} | names & {
        "GITHUB_TOKEN",
        "GIT_DIR",
    }


def test_an_unverified_tree_is_never_called_verified(swarm: Swarm) -> None:
    done = swarm("-y", "a goal")

    assert done.status == 0
    assert "nothing was verified" in done.stdout
    assert "merged and verified" not in done.stdout


def _lives(pid: int) -> bool:
    """Whether a process still runs, a moment after it was told to end."""
    for _ in range(20):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        time.sleep(0.05)
    return True
