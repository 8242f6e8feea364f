"""The commands beside the goal itself, and how they are told from one."""

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import Swarm, file_reply, plan_reply


@pytest.fixture
def run(swarm: Swarm) -> str:
    """A finished run of two tasks."""
    swarm.script.answers = {
        "plan": plan_reply(
            {"id": "builder", "role": "builder", "title": "Build it"},
            {"id": "researcher", "role": "researcher"},
        ),
        "task:builder": file_reply({"new.py": "x = 1\n"}, note="Built."),
        "task:researcher": "Nothing stands against it.",
    }
    done = swarm("-y", "--json", "build something")
    assert done.status == 0, done.stderr
    name: str = done.json["run"]
    return name


@pytest.mark.parametrize("word", ["statsu", "lst", "STATUS", "resume", "pull"])
def test_a_single_word_like_a_command_is_not_taken_for_a_goal(swarm: Swarm, word: str) -> None:
    close = {"statsu": "status", "lst": "list", "STATUS": "status"}

    done = swarm("-y", word)

    if word == "pull":
        assert swarm.purposes() == ["plan"]
        return
    assert (done.status, swarm.purposes()) == (2, [])
    assert f"git swarm {close.get(word, '')}" in done.stderr


def test_after_two_dashes_anything_is_a_goal(swarm: Swarm) -> None:
    swarm("-y", "--", "status")

    assert swarm.purposes() == ["plan"]
    assert "status" in swarm.api.calls[0].last_text


@pytest.mark.parametrize("goal", ["", "   ", "\n"])
def test_an_empty_goal_is_refused(swarm: Swarm, goal: str) -> None:
    done = swarm("-y", goal)

    assert (done.status, swarm.purposes()) == (2, [])
    assert "the goal is empty" in done.stderr


def test_without_a_terminal_and_without_y_nothing_is_spent(swarm: Swarm) -> None:
    done = swarm("add a feature")

    assert (done.status, swarm.purposes()) == (2, [])
    assert "add -y" in done.stderr


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


def test_git_itself_finds_the_command_and_its_settings(swarm: Swarm) -> None:
    swarm("-y", "add a feature", GIT_CONFIG_PARAMETERS="'swarm.model'='claude-opus-5-5'")

    assert swarm.api.calls[0].body["model"] == "claude-opus-5-5"


def test_list_and_status_tell_what_became_of_a_run(swarm: Swarm, run: str) -> None:
    listed = swarm("list", "--json").json["runs"]
    status = swarm("status", "--json").json

    assert [(one["run"], one["state"], one["tasks_ended"]) for one in listed] == [
        (run, "finished", 2)
    ]
    assert {task["id"]: task["state"] for task in status["tasks"]} == {
        "builder": "done",
        "researcher": "noted",
    }
    assert status["merged"]["branch"] == f"swarm/{run}/merged"


def test_show_tells_a_tasks_note(swarm: Swarm, run: str) -> None:
    assert "Nothing stands against it." in swarm("show", "researcher").stdout
    assert "Built." in swarm("show", run, "builder").stdout
    assert "Nothing stands against it." in swarm.repo.git(
        "log", "-1", "--format=%B", f"swarm/{run}/researcher"
    )


def test_diff_shows_what_a_task_changed_as_git_would(swarm: Swarm, run: str) -> None:
    expected = swarm.repo.git("diff", f"{swarm.base}..swarm/{run}/builder")

    assert swarm("diff", "builder").stdout == expected
    assert swarm("diff").stdout == expected
    assert "new.py" in swarm("diff", "--stat").stdout


def test_path_makes_a_tasks_worktree_again(swarm: Swarm, run: str) -> None:
    first, second = (swarm("path", "builder").stdout.strip() for _ in range(2))

    assert first == second
    assert Path(first) == swarm.repo.path.parent / "project.swarm" / run / "builder"
    assert (Path(first) / "new.py").read_text() == "x = 1\n"


@pytest.mark.parametrize(
    "arguments",
    [["status", "none-0000"], ["show", "nobody"], ["path", "nobody"], ["diff", "nobody"]],
)
def test_a_name_that_is_not_there_is_said_so(swarm: Swarm, run: str, arguments: list[str]) -> None:
    done = swarm(*arguments)

    assert done.status == 2
    assert arguments[1] in done.stderr
    assert "hint:" in done.stderr


def test_a_repository_without_runs_says_so(swarm: Swarm) -> None:
    assert swarm("status").status == 2
    assert swarm("list").status == 0
