"""The user's own check decides on the merged tree, and is given nothing that it does not need."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.checkout import snapshot
from tests.e2e.conftest import Finished, Swarm, file_reply, is_alive

IS_MERGED = "test -e new.py"
"""Succeeds on the merged tree, fails on the base."""

SECRETS = [
    *("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD"),
    *("DOCKER_AUTH_CONFIG", "GH_TOKEN", "MYSQL_PWD", "NPM_TOKEN", "OPENAI_APIKEY", "SMTP_PASS"),
]


def run(swarm: Swarm, check: str, *, config: str = "swarm.jobs=2") -> Finished:
    """A run of one task, which adds `new.py`, with a check. Neither leaves a trace beside it."""
    before = snapshot(swarm.repo.path)
    swarm.script.answers = {"task:builder": file_reply({"new.py": "new\n"})}
    done = swarm.carry_out(
        {"id": "builder", "role": "builder"},
        options=("--verify", check),
        GIT_CONFIG_PARAMETERS=f"'{config}'",
    )
    assert swarm.repo.text(done.json["merged"]["commit"], "new.py") == "new\n"
    assert not swarm.worktrees.exists()
    assert snapshot(swarm.repo.path) == before
    return done


def verdict(done: Finished) -> tuple[int, Any, Any]:
    """The exit code, what the report says of the check, and how often it ran."""
    verify = done.json["verify"]
    assert verify["culprits"] == []
    return done.status, verify["outcome"], verify["runs"]


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("noted")


@pytest.fixture(scope="module")
def passed(shared: Swarm, noted: Path) -> Finished:
    """A check that notes where it is, what it is given, and leaves a process behind."""
    check = f"{IS_MERGED} && pwd -P > {noted}/cwd && env > {noted}/env && cat > {noted}/stdin"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GIT_INDEX_FILE", str(shared.repo.path / ".git/index"))
        for name in SECRETS:
            environment.setenv(name, "a secret")
        return run(shared, f"{check} && {{ sleep 60 & echo $! > {noted}/pid; }}")


def test_a_check_that_passes_on_the_merged_tree_verifies_it(
    shared: Swarm, passed: Finished
) -> None:
    tree = passed.json["merged"]["tree"]

    assert verdict(passed) == (0, "passed", 1)
    assert "merged and verified" in passed.stderr
    assert shared.ledger()[f"verdicts/{tree}.json"]["outcome"] == "passed"


def test_a_check_runs_in_a_worktree_of_its_own_without_secrets(
    shared: Swarm, passed: Finished, noted: Path
) -> None:
    environment = (noted / "env").read_text()

    assert (noted / "cwd").read_text() == f"{shared.worktrees}/{passed.json['run']}/merged.check\n"
    assert (noted / "stdin").read_text() == ""
    assert "HOME=" in environment
    assert "a secret" not in environment
    assert "ANTHROPIC" not in environment
    assert "GIT_INDEX_FILE" not in environment


def test_what_a_check_leaves_running_is_ended(passed: Finished, noted: Path) -> None:
    assert not is_alive(int((noted / "pid").read_text()))


def test_a_check_that_fails_only_on_the_merged_tree_fails_the_run(shared: Swarm) -> None:
    done = run(shared, f"{IS_MERGED} && echo broken by the run && exit 3; true")

    assert verdict(done) == (1, "failed", 2)
    assert "the merged branch fails its check" in done.stderr
    assert "broken by the run" in done.stderr


def test_a_check_that_fails_on_the_base_too_blames_nobody(shared: Swarm) -> None:
    done = run(shared, "exit 3")

    assert verdict(done) == (1, "base_failed", 2)
    assert "the check fails on the base too" in done.stderr


def test_a_check_that_fails_once_and_then_passes_is_flaky(shared: Swarm, tmp_path: Path) -> None:
    done = run(
        shared, f"{IS_MERGED} && test -e {tmp_path}/seen || {{ touch {tmp_path}/seen; exit 3; }}"
    )

    assert verdict(done) == (0, "flaky", 2)
    assert "its check failed once and then passed" in done.stderr


def test_a_check_that_does_not_end_is_ended_with_all_its_processes(
    shared: Swarm, tmp_path: Path
) -> None:
    done = run(
        shared,
        f"{IS_MERGED} || exit 0; sleep 60 & echo $! >> {tmp_path}/pids; wait",
        config="swarm.timeout=1",
    )

    assert verdict(done) == (1, "failed", 2)
    assert "did not end in time" in done.stderr
    pids = (tmp_path / "pids").read_text().split()
    assert [is_alive(int(pid)) for pid in pids] == [False, False]


@pytest.mark.parametrize(
    "harm",
    [
        "git worktree lock .; rm -rf .git; mkdir locked; touch locked/file; chmod 500 locked",
        "echo 'gitdir: ../../../project/.git' > .git",
    ],
)
def test_whatever_a_check_does_to_its_worktree_is_its_own_affair(shared: Swarm, harm: str) -> None:
    done = run(shared, f"{harm}; exit 3")

    assert verdict(done) == (1, "base_failed", 2)
