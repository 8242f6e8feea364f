"""What goes wrong with the model is the outcome of one task: siblings go on, dependents do not."""

import pytest

from tests.e2e.conftest import Finished, Swarm, file_reply, in_turn, plan_reply
from tests.messages_api import Scripted

OUTCOMES = {
    "refuser": "failed",
    "endless": "failed",
    "invalid": "failed",
    "stalled": "timeout",
    "waiter": "skipped",
    "waiters-waiter": "skipped",
    "reset": "done",
    "cut": "done",
    "busy": "done",
    "sibling": "done",
    "dependent": "done",
}


def builder(id: str, **facts: object) -> dict[str, object]:
    return {"id": id, "role": "builder", **facts}


@pytest.fixture(scope="module")
def faulty(shared: Swarm) -> Finished:
    """A run in which whatever can go wrong with a call does, each in another task."""

    def good(name: str) -> str:
        return file_reply({f"{name}.py": f"{name}\n"})

    refusal = {"type": "refusal", "category": "cyber", "explanation": "this looks harmful"}
    shared.script.answers = {
        "task:refuser": Scripted.text("I", stop_reason="refusal", stop_details=refusal),
        "task:endless": Scripted.text("more and more ", stop_reason="max_tokens"),
        "task:invalid": Scripted.error(400, "messages: too odd"),
        "task:stalled": Scripted.text(good("stalled"), fault="stall"),
        "task:reset": in_turn(Scripted.text(good("reset"), fault="reset"), good("reset")),
        "task:cut": in_turn(Scripted.text(good("cut"), fault="early_end"), good("cut")),
        "task:busy": in_turn(Scripted.error(429, "slow down", retry_after="1"), good("busy")),
        "task:sibling": good("sibling"),
        "task:dependent": good("dependent"),
    }
    plan = plan_reply(
        builder("refuser"),
        builder("endless"),
        builder("invalid"),
        builder("stalled", timeout_seconds=3),
        builder("waiter", depends_on=["stalled", "sibling"]),
        builder("waiters-waiter", depends_on=["waiter"]),
        builder("reset"),
        builder("cut"),
        builder("busy"),
        builder("sibling"),
        builder("dependent", depends_on=["sibling"]),
    )
    shared.script.answers["plan"] = plan
    return shared("-y", "--json", "--jobs", "11", "break whatever can break")


def test_each_fault_is_the_outcome_of_its_own_task(faulty: Finished) -> None:
    assert faulty.outcomes == OUTCOMES
    assert {task["id"]: task["error"] for task in faulty.json["tasks"] if task["error"]} == {
        "refuser": "the model refused to answer: cyber: this looks harmful",
        "endless": "the reply was cut off at 16,000 tokens 5 times",
        "invalid": "the API refused the request: 400 messages: too odd",
        "stalled": "not done after 3 s",
        "waiter": 'it depends on "stalled", which did not succeed',
        "waiters-waiter": 'it depends on "waiter", which waited for "stalled", which did not'
        " succeed",
    }
    assert (faulty.status, faulty.json["exit_code"]) == (1, 1)


def test_what_the_others_did_is_merged(shared: Swarm, faulty: Finished) -> None:
    done = {f"{task}.py": f"{task}\n" for task, outcome in OUTCOMES.items() if outcome == "done"}

    merged = shared.repo.files(faulty.json["merged"]["commit"])

    assert merged == {**shared.repo.files(shared.base), **done}


def test_only_what_may_pass_is_asked_again(shared: Swarm, faulty: Finished) -> None:
    assert {task: len(shared.calls("task", task)) for task in OUTCOMES} == {
        "refuser": 1,
        "endless": 5,
        "invalid": 1,
        "stalled": 1,
        "waiter": 0,
        "waiters-waiter": 0,
        "reset": 2,
        "cut": 2,
        "busy": 2,
        "sibling": 1,
        "dependent": 1,
    }


def test_a_busy_service_is_left_alone_for_as_long_as_it_asked(
    shared: Swarm, faulty: Finished
) -> None:
    first, second = shared.calls("task", "busy")

    assert second.arrived - first.arrived >= 1


def test_the_ledger_knows_every_outcome_and_no_worktree_is_left(
    shared: Swarm, faulty: Finished
) -> None:
    assert shared.recorded_outcomes() == OUTCOMES
    assert shared.ledger()["run.json"]["state"] == "finished"
    assert not shared.worktrees.exists()


def test_a_reply_that_falls_silent_is_waited_for_no_longer_than_anything_else(
    swarm: Swarm,
) -> None:
    swarm.repo.git("config", "swarm.timeout", "1")
    plan = plan_reply(builder("a"))
    swarm.script.answers = {
        "plan": in_turn(Scripted.text(plan, fault="stall"), plan),
        "task": file_reply({"a.txt": "a\n"}),
    }
    done = swarm("-y", "--json", "a goal")

    assert (done.status, done.outcomes) == (0, {"a": "done"})
    assert swarm.purposes() == ["plan", "plan", "task"]


def test_a_task_does_not_work_while_the_service_holds_everybody_back(swarm: Swarm) -> None:
    busy = Scripted.error(429, retry_after="4")
    good = file_reply({"a.txt": "a\n"})
    swarm.script.answers = {
        "task:a": in_turn(busy, good),
        "task:b": Scripted.text("nothing", latency=60),
    }
    done = swarm.carry_out(builder("a", timeout_seconds=2), builder("b", timeout_seconds=2))

    assert done.outcomes == {"a": "done", "b": "timeout"}
    assert done.task("b")["error"] == "not done after 2 s"
