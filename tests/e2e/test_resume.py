"""A run that was ended at any instant goes on where it was, and pays for no reply twice."""

import signal
import subprocess
from typing import Any

import pytest

from tests.e2e.checkout import make_dirty, snapshot
from tests.e2e.conftest import Finished, Swarm, file_reply, finish, git, in_turn, plan_reply
from tests.messages_api import Call, Scripted

TASKS: list[dict[str, Any]] = [
    {"id": "left", "role": "builder"},
    {"id": "right", "role": "builder"},
    {"id": "after", "role": "builder", "depends_on": ["left", "right"]},
]
MERGED = {"both.txt": "left right\n", "after.txt": "after\n"}
KEYS = ["plan", "task:left", "task:right", "task:after", "resolve:right"]


def script(swarm: Swarm) -> None:
    swarm.script.answers = {
        "plan": plan_reply(*TASKS),
        "task:left": file_reply({"both.txt": "left\n"}),
        "task:right": file_reply({"both.txt": "right\n"}),
        "task:after": file_reply({"after.txt": "after\n"}),
        "resolve": "Both.\n\n````resolution hunk=1\nleft right\n````\n",
    }


def asked(swarm: Swarm) -> dict[str, int]:
    keys = [f"{c.purpose}:{c.task}" if c.task else c.purpose for c in swarm.api.calls]
    return {key: keys.count(key) for key in keys}


def assert_whole(swarm: Swarm, done: Finished) -> None:
    assert done.status == 0, done.stderr
    merged = done.json["merged"]["commit"]
    assert swarm.repo.files(merged) == {**swarm.repo.files(swarm.base), **MERGED}
    assert done.outcomes == dict.fromkeys(["left", "right", "after"], "done")
    assert git(swarm.repo.path, "fsck", "--strict", "--no-dangling") == ""
    assert [path.name for path in swarm.worktrees.glob("*/*")] == []


@pytest.mark.parametrize("when", ["task:left", "resolve:right", "task:after", "the check"])
def test_a_run_that_was_killed_goes_on_and_asks_only_what_was_not_answered(
    swarm: Swarm, when: str
) -> None:
    make_dirty(swarm.repo.path)
    swarm.base = swarm.repo.repository.commit_oid("HEAD")
    before = snapshot(swarm.repo.path)
    script(swarm)
    running: list[subprocess.Popen[bytes]] = []

    def kill(call: Call) -> str:
        running[0].kill()
        return "too late"

    purpose = when.partition(":")[0] if when.startswith("resolve") else when
    swarm.script.answers[purpose] = kill
    check = "kill -9 $PPID" if when == "the check" else "true"
    with swarm.start("-y", "--json", "--verify", check, "both files") as process:
        running.append(process)
        assert finish(process).status == -signal.SIGKILL
    answered = {key for key in asked(swarm) if key != when}

    script(swarm)
    swarm.api.calls.clear()
    done = swarm("resume", "--json", "--verify", "true")

    assert_whole(swarm, done)
    left = {key: 1 for key in KEYS if key not in answered}
    again = asked(swarm)
    if when == "task:left":  # what was under way beside it may have been answered or not
        left, again = {**left, "task:right": 0}, {**again, "task:right": 0}
    assert again == left
    assert snapshot(swarm.repo.path) == before


def test_a_run_that_was_interrupted_or_ran_out_of_money_goes_on(swarm: Swarm) -> None:
    script(swarm)
    swarm.script.answers["task:right"] = Scripted.error(400, "not today")
    first = swarm("-y", "--json", "both files")
    script(swarm)
    swarm.api.calls.clear()
    done = swarm("resume", "--json")

    assert first.outcomes == {"left": "done", "right": "failed", "after": "skipped"}
    assert_whole(swarm, done)
    assert asked(swarm) == {"task:right": 1, "resolve:right": 1, "task:after": 1}
    assert done.json["cost_usd"] > first.json["cost_usd"] > 0
    swarm.api.calls.clear()
    again = swarm("resume", "--json")
    assert (again.json["merged"], asked(swarm)) == (done.json["merged"], {})


def test_before_the_plan_was_accepted_the_question_is_asked_again(swarm: Swarm) -> None:
    script(swarm)
    swarm("plan", "both files")
    refused = swarm("resume", "--json")
    done = swarm("resume", "-y", "--json")

    assert refused.status == 2
    assert refused.json["error"] == "there is no terminal to ask on before the plan runs"
    assert_whole(swarm, done)
    assert asked(swarm)["plan"] == 1


@pytest.mark.parametrize(
    ("fault", "options", "reason"),
    [
        (Scripted.error(429, retry_after="7200"), (), "accepts no calls before"),
        (Scripted.error(500, x_should_retry="false"), (), "answered 500"),
        (None, ("--budget", "0.001"), "$0.0010 of the budget of $0.0010 is left"),
    ],
)
def test_a_run_whose_plan_could_not_be_asked_for_goes_on_with_its_goal(
    swarm: Swarm, fault: Scripted | None, options: tuple[str, ...], reason: str
) -> None:
    swarm.script.answers = {"plan": fault or "unasked", "task": file_reply({"a.txt": "a\n"})}
    stopped = swarm("-y", *options, "a goal")

    assert stopped.status == 1
    assert reason in " ".join(stopped.stdout.split())
    (resume,) = (line.strip() for line in stopped.stdout.splitlines() if "resume" in line)
    command = resume.removeprefix("git swarm ").removesuffix("go on with it").split()
    swarm.script.answers["plan"] = plan_reply({"id": "a", "role": "builder"}, goal="a goal")
    done = swarm(*command, "-y", "--json", *(["--budget", "1"] if options else []))

    assert (done.status, done.json["goal"], done.outcomes) == (0, "a goal", {"a": "done"})


def test_a_run_that_no_waiting_can_save_is_not_kept(swarm: Swarm) -> None:
    swarm.script.answers = {"plan": Scripted.error(401)}

    assert swarm("-y", "a goal").status == 2
    assert swarm.repo.repository.refs("refs/swarm/") == {}


@pytest.mark.parametrize("answered", [0, 1])
def test_a_hunk_that_the_model_could_not_be_asked_about_is_asked_about_again(
    swarm: Swarm, answered: int
) -> None:
    useless = "````resolution hunk=1 confidence=0.9\ntwo\n````\n"
    out_for_long = Scripted.error(429, retry_after="7200")
    swarm.script.answers = {
        "task": lambda call: file_reply({"app.py": f"one\ntwo {call.task}\nthree\n"}),
        "resolve": in_turn(*[useless] * answered, out_for_long),
    }
    plan = swarm.save_plan({"id": "left", "role": "builder"}, {"id": "right", "role": "builder"})
    stopped = swarm("run", plan, "-y")
    assert stopped.status == 1
    assert "ask again about what is open" in stopped.stdout

    good = "````resolution hunk=1 confidence=0.9\ntwo left\ntwo right\n````\n"
    swarm.script.answers["resolve"] = good
    done = swarm("resume", "--json")

    assert done.status == 0
    assert swarm.purposes() == ["task", "task"] + ["resolve"] * (answered + 2)
    merged = swarm.repo.files(done.json["merged"]["commit"])
    assert merged["app.py"] == "one\ntwo left\ntwo right\nthree\n"


def test_a_run_keeps_to_the_budget_and_the_model_that_it_was_begun_with(swarm: Swarm) -> None:
    look = Scripted.tools(("read_file", {"path": "app.py"}))
    swarm.script.answers = {
        "plan": plan_reply({"id": "a", "role": "builder"}),
        "task": in_turn(look, Scripted.error(402), "x", file_reply({"a.txt": "a\n"})),
    }
    options = ("--model", "claude-haiku-5-5", "--budget", "0.5")
    assert swarm("-y", *options, "a goal").status == 1
    swarm.repo.git("config", "swarm.budget", "9")

    going_on = swarm("resume", "--json").json
    again = swarm("redo", "a", "--json", "--budget", "0.7").json
    integrated = swarm("integrate", "--json").json

    budgets = [report["budget_usd"] for report in (going_on, again, integrated)]
    assert budgets == [0.5, 0.7, 0.7]
    assert {call.body["model"] for call in swarm.api.calls} == {"claude-haiku-5-5"}
    assert len(swarm.calls("task", "a")[2].body["messages"]) == 3
