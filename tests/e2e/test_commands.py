"""The commands beside the goal itself, and how they are told from one."""

import json
import os
import pty
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.checkout import snapshot
from tests.e2e.conftest import COMMAND, Swarm, file_reply, git, plan_reply


@pytest.fixture(scope="module")
def run(shared: Swarm) -> str:
    """A finished run of two tasks."""
    shared.script.answers = {
        "plan": plan_reply(
            {"id": "builder", "role": "builder", "title": "Build it"},
            {"id": "researcher", "role": "researcher"},
        ),
        "task:builder": file_reply({"new.py": "x = 1\n"}, note="Built."),
        "task:researcher": "Nothing stands against it.",
    }
    done = shared("-y", "--json", "build something")
    assert done.status == 0, done.stderr
    assert "merged, not verified" in done.stderr
    name: str = done.json["run"]
    return name


# -- what is a goal and what a command


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["statsu"], '"statsu" is not a command; did you mean "git swarm status"?'),
        (["lst"], '"lst" is not a command; did you mean "git swarm list"?'),
        (["STATUS"], '"STATUS" is not a command; did you mean "git swarm status"?'),
        (["rebase"], '"rebase" is not a command of this version'),
        (["rebase", "goal-1234"], '"rebase" is not a command of this version'),
        (["--jobs", "2", "run", "plan.json"], '"run" is a command, which comes before all options'),
    ],
)
def test_a_word_that_is_a_command_or_close_to_one_is_not_taken_for_a_goal(
    shared: Swarm, words: list[str], error: str
) -> None:
    before = len(shared.api.calls)

    done = shared("-y", *words) if words[0].startswith("-") else shared(*words, "-y")

    assert done.status == 2
    assert f"error: {error}\n" in done.stderr
    assert len(shared.api.calls) == before


@pytest.mark.parametrize("words", [["pull"], ["rebase the upload"], ["add", "a", "feature"]])
def test_anything_else_is_a_goal(shared: Swarm, words: list[str]) -> None:
    done = shared(*words)

    assert done.status == 2
    assert "there is no terminal to ask on before the plan runs" in done.stderr


def test_after_two_dashes_anything_is_a_goal(swarm: Swarm) -> None:
    swarm("-y", "--", "status")

    assert "\n\nstatus\n\n" in swarm.api.calls[0].last_text


def test_a_plan_that_is_declined_is_not_run(swarm: Swarm) -> None:
    swarm.script.answers = {"plan": plan_reply({"id": "builder", "role": "builder"})}
    before = snapshot(swarm.repo.path)
    user, terminal = pty.openpty()
    os.write(user, b"no\n")

    done = subprocess.run(
        [*COMMAND, "build something"],
        cwd=swarm.repo.path,
        env={**os.environ, **swarm.api.environment(), "TERM": "dumb"},
        stdin=terminal,
        stderr=terminal,
        stdout=subprocess.PIPE,
        timeout=60,
    )
    os.close(terminal)
    os.close(user)

    assert done.returncode == 1
    assert b"nothing was run: the plan was declined" in done.stdout
    assert swarm.purposes() == ["plan"]
    assert swarm.repo.repository.refs("refs/heads/swarm/") == {}
    assert snapshot(swarm.repo.path) == before


def test_a_plan_is_saved_and_run_later(swarm: Swarm, tmp_path: Path) -> None:
    swarm.script.answers = {
        "plan": plan_reply({"id": "builder", "role": "builder"}),
        "task:builder": file_reply({"new.py": "x = 1\n"}),
    }
    file = tmp_path / "plan.json"

    planned = swarm("plan", "-o", str(file), "build", "something")
    ran = swarm("run", str(file), "--json")

    assert (planned.status, ran.status) == (0, 0)
    assert json.loads(file.read_text()) == {
        "version": 1,
        "goal": "build something",
        "parallelize": True,
        "reason": "",
        "tasks": [
            {
                "id": "builder",
                "role": "builder",
                "title": "",
                "prompt": "Do what builder does.",
                "depends_on": [],
                "owns": [],
                "reads": [],
                "timeout_seconds": 300,
            }
        ],
    }
    assert swarm.purposes() == ["plan", "task"]
    assert ran.json["goal"] == "build something"
    assert swarm.repo.text(ran.json["merged"]["commit"], "new.py") == "x = 1\n"


def test_a_goal_that_is_not_to_be_split_runs_one_agent_and_says_why(swarm: Swarm) -> None:
    swarm.script.answers = {
        "plan": plan_reply(
            {"id": "all", "role": "builder"}, parallelize=False, reason="It is one small change."
        ),
        "task:all": file_reply({"new.py": "x = 1\n"}),
    }

    done = swarm("-y", "rename one thing")

    assert done.status == 0
    assert "It is one small change." in done.stderr


def test_git_itself_finds_the_command_and_its_settings(swarm: Swarm, tmp_path: Path) -> None:
    command = tmp_path / "bin" / "git-swarm"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n')
    command.chmod(0o755)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PATH", str(command.parent), prepend=os.pathsep)
        for name, value in swarm.api.environment().items():
            environment.setenv(name, value)
        with pytest.raises(subprocess.CalledProcessError) as ended:
            git(
                swarm.repo.path / "..",
                *("-C", "project", "-c", "swarm.model=claude-opus-5-5"),
                *("swarm", "-y", "add a feature"),
            )

    assert ended.value.returncode == 1  # there is no answer in the script
    assert [call.body["model"] for call in swarm.api.calls] == ["claude-opus-5-5"]


# -- runs looked at again


def test_list_and_status_tell_what_became_of_a_run(shared: Swarm, run: str) -> None:
    listed = shared("list", "--json").json["runs"]
    status = shared("status", run, "--json").json

    assert [(one["run"], one["state"], one["tasks_ended"]) for one in listed] == [
        (run, "finished", 2)
    ]
    assert {task["id"]: task["state"] for task in status["tasks"]} == {
        "builder": "done",
        "researcher": "noted",
    }
    assert status["merged"]["branch"] == f"swarm/{run}/merged"


def test_show_tells_a_tasks_note(shared: Swarm, run: str) -> None:
    assert "Nothing stands against it." in shared("show", run, "researcher").stdout
    assert "Built." in shared("show", run, "builder").stdout
    assert "Nothing stands against it." in shared.repo.git(
        "log", "-1", "--format=%B", f"swarm/{run}/researcher"
    )


def test_diff_shows_what_a_task_changed_as_git_would(shared: Swarm, run: str) -> None:
    expected = shared.repo.git("diff", f"{shared.base}..swarm/{run}/builder")

    assert shared("diff", run, "builder").stdout == expected
    assert shared("diff", run).stdout == expected
    assert "new.py" in shared("diff", run, "--stat").stdout


def test_path_makes_a_tasks_worktree_wherever_it_is_gone(shared: Swarm, run: str) -> None:
    expected = shared.worktrees / run / "builder"
    first, second = (shared("path", run, "builder").stdout for _ in range(2))
    shutil.rmtree(expected)
    again = shared("path", run, "builder").stdout

    assert [first, second, again] == [f"{expected}\n"] * 3
    assert (expected / "new.py").read_text() == "x = 1\n"
    assert git(expected, "branch", "--show-current") == f"swarm/{run}/builder\n"


@pytest.mark.parametrize(
    "arguments",
    [["status", "none-0000"], ["show", "nobody"], ["path", "nobody"], ["diff", "nobody"]],
)
def test_a_name_that_is_not_there_is_said_so(shared: Swarm, run: str, arguments: list[str]) -> None:
    done = shared(*arguments)

    assert done.status == 2
    assert arguments[1] in done.stderr
    assert "hint:" in done.stderr


def test_a_repository_without_runs_has_an_empty_list(swarm: Swarm) -> None:
    assert swarm("list", "--json").json == {"schema": "gitswarm/list/1", "runs": []}
