"""What a run may cost, and what it says of it beforehand and afterwards."""

import json

import pytest

from tests.e2e.conftest import Swarm, file_reply, plan_reply
from tests.messages_api import Scripted


@pytest.fixture(autouse=True)
def two_tasks(swarm: Swarm) -> None:
    swarm.script.answers = {
        "plan": plan_reply({"id": "a", "role": "builder"}, {"id": "b", "role": "researcher"}),
        "task:a": file_reply({"new.txt": "new\n"}),
        "task:b": "Looked into it.",
    }


def test_the_plan_comes_with_an_estimate_from_past_runs_where_there_are_any(swarm: Swarm) -> None:
    first = swarm("plan", "--json", "a goal").json["estimate"]
    assert swarm("-y", "a goal").status == 0
    second = swarm("plan", "--json", "a goal").json["estimate"]

    assert first["basis"].startswith("assumed 120 s")
    assert second["basis"] == "going by 2 tasks of past runs here"
    assert second["seconds"] < first["seconds"]


@pytest.mark.parametrize("result", [{}, [], {"outcome": "done", "usage": {"input": "many"}}])
def test_what_a_ledger_from_elsewhere_holds_teaches_nothing(swarm: Swarm, result: object) -> None:
    elsewhere = swarm.repo.commit({"tasks/a/result.json": json.dumps(result)})
    swarm.repo.git("update-ref", "refs/swarm/elsewhere-0000", elsewhere)

    done = swarm("plan", "--json", "a goal")

    assert done.status == 0
    assert done.json["estimate"]["basis"].startswith("assumed 120 s")


def test_a_run_never_costs_more_than_its_budget_and_says_what_was_left_undone(
    swarm: Swarm,
) -> None:
    done = swarm("-y", "--json", "--budget", "0.02", "a goal")

    assert done.status == 1
    assert swarm.api.cost_usd <= 0.02
    assert "budget" in done.stderr


def test_a_model_of_unknown_price_is_refused_with_a_budget(swarm: Swarm) -> None:
    done = swarm("-y", "--budget", "5", "--model", "claude-unheard-of", "a goal")

    assert (done.status, swarm.purposes()) == (2, [])
    assert "price of claude-unheard-of is not known" in done.stderr


def test_a_price_of_the_users_own_counts(swarm: Swarm) -> None:
    for rate in ("input", "output", "cacheWrite", "cacheRead"):
        swarm.repo.git("config", f"swarm.price.claude-sonnet-5-5.{rate}", "1000")

    report = swarm("-y", "--json", "a goal").json

    tokens = report["tasks"][1]["usage"]
    assert report["tasks"][1]["cost_usd"] == pytest.approx(sum(tokens.values()) / 1000)


def test_what_a_call_without_a_reply_cost_is_told_of_its_task(swarm: Swarm) -> None:
    long = "word " * 400
    swarm.script.answers = {
        "task:stalled": Scripted.text(long, fault="stall"),
        "task:broken": Scripted.text(long, fault="early_end"),
    }
    report = swarm.carry_out(
        {"id": "stalled", "role": "builder", "timeout_seconds": 5},
        {"id": "broken", "role": "builder", "timeout_seconds": 5},
    ).json

    for task in report["tasks"]:
        assert task["outcome"] == "timeout"
        assert task["usage"]["output"] > 0
        assert task["cost_usd"] > 0
    told = [task["cost_usd"] for task in report["tasks"]]
    assert report["cost_usd"] == pytest.approx(sum(told), abs=1e-6 * len(told))
    assert report["cost_usd"] >= swarm.api.cost_usd > 0


def test_a_price_that_is_none_is_refused_by_name(swarm: Swarm) -> None:
    swarm.repo.git("config", "swarm.price.claude-sonnet-5-5.input", "cheap")

    done = swarm("-y", "a goal")

    assert (done.status, swarm.purposes()) == (2, [])
    assert "swarm.price.claude-sonnet-5-5.input is 'cheap'" in done.stderr


def test_a_model_that_has_ended_is_said_so_before_it_fails(swarm: Swarm) -> None:
    done = swarm("-y", "--model", "claude-sonnet-4-20250514", "a goal")

    assert (done.status, swarm.purposes()) == (2, [])
    assert "came to its end on 2026-06-15" in done.stderr


def test_the_report_tells_what_came_from_the_cache(swarm: Swarm) -> None:
    done = swarm("-y", "a goal")

    assert " of " in next(line for line in done.stdout.splitlines() if line.startswith("Cache"))
