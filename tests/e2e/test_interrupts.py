"""A signal stops a run cleanly, or at once, and what was finished is kept."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gitswarm.commands.signals import ECHO_SECONDS
from tests.e2e.checkout import snapshot
from tests.e2e.conftest import Finished, Swarm, file_reply, finish, is_alive
from tests.messages_api import Scripted

QUICK = {"id": "quick", "role": "builder"}
SLOW = {"id": "slow", "role": "builder"}
LATER = {"id": "later", "role": "tester", "depends_on": ["slow"]}


@contextmanager
def at_work(swarm: Swarm) -> Iterator["subprocess.Popen[bytes]"]:
    """A run of three tasks: `quick` is done, `slow` waits for a reply that does not come."""
    swarm.script.answers = {
        "task:quick": file_reply({"quick.py": "quick\n"}),
        "task:slow": Scripted.text("never", latency=60),
    }
    with swarm.start("run", swarm.save_plan(QUICK, SLOW, LATER), "--json") as process:
        wait_for(lambda: "quick" in swarm.recorded_outcomes() and swarm.calls("task", "slow"))
        yield process


def wait_for(happened: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def stop(process: "subprocess.Popen[bytes]", *signals: signal.Signals) -> Finished:
    for number in signals:
        process.send_signal(number)
        time.sleep(0.01)
    return finish(process)


def test_one_interrupt_ends_what_runs_and_reports_what_is_done(swarm: Swarm) -> None:
    before = snapshot(swarm.repo.path)
    with at_work(swarm) as process:
        done = stop(process, signal.SIGINT)

    outcomes = {"quick": "done", "slow": "cancelled", "later": "cancelled"}
    assert (done.status, done.json["exit_code"]) == (130, 130)
    assert done.outcomes == outcomes
    assert done.json["merged"] is None
    run = done.json["run"]
    quick = done.task("quick")["commits"][-1]
    assert swarm.repo.repository.refs("refs/heads/swarm/") == {
        f"refs/heads/swarm/{run}/quick": quick,
        f"refs/heads/swarm/{run}/slow": swarm.base,
    }
    assert swarm.recorded_outcomes() == outcomes
    assert swarm.ledger()["run.json"]["state"] == "interrupted"
    assert [task["id"] for task in swarm.ledger()["plan.json"]["tasks"]] == list(outcomes)
    assert not swarm.worktrees.exists()
    assert snapshot(swarm.repo.path) == before


def test_an_interrupt_that_git_passes_on_as_well_counts_once(swarm: Swarm) -> None:
    with at_work(swarm) as process:
        done = stop(process, signal.SIGINT, signal.SIGINT)

    assert (done.status, done.json["exit_code"]) == (130, 130)
    assert done.outcomes == {"quick": "done", "slow": "cancelled", "later": "cancelled"}


def test_a_second_interrupt_ends_it_at_once_and_keeps_as_much(swarm: Swarm, tmp_path: Path) -> None:
    swarm.script.answers = {"task:quick": file_reply({"quick.py": "quick\n"})}
    pid = tmp_path / "pid"
    check = f"trap '' TERM; echo $$ > {pid}.new && mv {pid}.new {pid}; while :; do sleep 0.1; done"
    with swarm.start("run", swarm.save_plan(QUICK), "--json", "--verify", check) as process:
        wait_for(pid.exists)
        process.send_signal(signal.SIGINT)
        time.sleep(1.5 * ECHO_SECONDS)
        done = stop(process, signal.SIGINT)

    assert done.status == 130
    assert done.json == {
        "schema": "gitswarm/error/1",
        "error": "stopped before there was anything to report",
        "hint": None,
        "exit_code": 130,
    }
    assert swarm.ledger()["run.json"]["state"] == "interrupted"
    assert swarm.recorded_outcomes() == {"quick": "done"}
    quick = swarm.ledger()["tasks/quick/result.json"]
    assert swarm.repo.text(quick["branch"], "quick.py") == "quick\n"
    assert not is_alive(int(pid.read_text()))


def test_an_interrupt_before_there_is_a_run_is_answered_once_as_well(swarm: Swarm) -> None:
    plan = swarm.repo.path.parent / "plan.json"
    os.mkfifo(plan)
    with (
        swarm.start("run", plan, "--json") as process,
        plan.open("w"),  # opens once the command reads it
    ):
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        done = finish(process)

    assert (done.status, done.json["exit_code"]) == (130, 130)
    assert done.stderr == "\nstopped before there was anything to report\n"


def test_a_stop_while_the_check_runs_keeps_the_merge_and_ends_every_process(
    swarm: Swarm, tmp_path: Path
) -> None:
    swarm.script.answers = {"task:quick": file_reply({"quick.py": "quick\n"})}
    pids = tmp_path / "pids"
    check = f"sleep 60 & echo $! $$ > {pids}.new && mv {pids}.new {pids}; wait"
    with swarm.start("run", swarm.save_plan(QUICK), "--json", "--verify", check) as process:
        wait_for(pids.exists)
        done = stop(process, signal.SIGTERM)

    assert (done.status, done.json["exit_code"]) == (143, 143)
    assert done.json["verify"] is None
    run = done.json["run"]
    assert done.json["merged"]["branch"] == f"swarm/{run}/merged"
    assert swarm.repo.text(f"swarm/{run}/merged", "quick.py") == "quick\n"
    assert not [pid for pid in pids.read_text().split() if is_alive(int(pid))]
    assert not swarm.worktrees.exists()


def test_an_interrupt_while_the_plan_is_made_leaves_nothing(swarm: Swarm) -> None:
    before = snapshot(swarm.repo.path)
    swarm.script.answers = {"plan": Scripted.text("never", latency=60)}
    with swarm.start("-y", "--json", "add a feature") as process:
        wait_for(lambda: swarm.calls("plan"))
        done = stop(process, signal.SIGINT)
    with swarm.start("plan", "--json", "add a feature") as process:
        wait_for(lambda: len(swarm.calls("plan")) == 2)
        plan = stop(process, signal.SIGINT)

    assert (done.status, done.json["exit_code"], done.json["tasks"]) == (130, 130, [])
    assert (plan.status, plan.json["exit_code"]) == (130, 130)
    assert swarm.repo.repository.refs("refs/swarm/") == {}
    assert swarm.repo.repository.refs("refs/heads/swarm/") == {}
    assert not swarm.worktrees.exists()
    assert snapshot(swarm.repo.path) == before
