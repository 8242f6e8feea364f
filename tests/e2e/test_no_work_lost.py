"""Whatever happens, what was done is kept and can be found with plain git."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitswarm.repo.objects import Oid, RefName
from tests.e2e.checkout import make_dirty, snapshot
from tests.e2e.conftest import Answer, Swarm, file_reply, finish, git
from tests.messages_api import Call


def builder(id: str, *depends_on: str) -> dict[str, Any]:
    return {"id": id, "role": "builder", "depends_on": list(depends_on)}


def ledger_tip(swarm: Swarm) -> Oid:
    (tip,) = swarm.repo.repository.refs("refs/swarm/").values()
    return tip


# -- a crash


@pytest.mark.parametrize("when", ["a task", "a conflict", "the check"])
def test_a_kill_touches_nothing_and_leaves_what_was_done_in_the_ledger(
    swarm: Swarm, when: str
) -> None:
    make_dirty(swarm.repo.path)
    before = snapshot(swarm.repo.path)
    running: list[subprocess.Popen[bytes]] = []

    def kill(call: Call) -> str:
        running[0].kill()
        return "too late"

    swarm.script.answers = {
        "task:left": file_reply({"both.txt": "left\n"}),
        "task:right": file_reply({"both.txt": "right\n"}),
        "task:after": kill if when == "a task" else file_reply({"after.txt": "after\n"}),
        "resolve": kill,
    }
    tasks = [builder("left"), builder("right" if when == "a conflict" else "after", "left")]
    if when == "a conflict":
        tasks[1]["depends_on"] = []
    check = "kill -9 $PPID" if when == "the check" else "true"

    with swarm.start("run", swarm.save_plan(*tasks), "--json", "--verify", check) as process:
        running.append(process)
        done = finish(process)

    assert done.status == -signal.SIGKILL
    assert snapshot(swarm.repo.path) == before
    assert (
        swarm.recorded_outcomes()
        == {
            "a task": {"left": "done"},
            "a conflict": {"left": "done", "right": "done"},
            "the check": {"left": "done", "after": "done"},
        }[when]
    )
    results = [file for name, file in swarm.ledger().items() if name.endswith("/result.json")]
    for result in results:
        (commit,) = result["commits"]
        assert swarm.repo.repository.ref(RefName(f"refs/heads/{result['branch']}")) == commit
        assert swarm.repo.repository.is_ancestor(commit, ledger_tip(swarm))
    assert git(swarm.repo.path, "fsck", "--strict", "--no-dangling") == ""
    assert "crashed" in swarm("status").stdout


def test_the_ledger_alone_keeps_everything_alive(swarm: Swarm, tmp_path: Path) -> None:
    swarm.script.answers = {
        "task:left": file_reply({"both.txt": "left\n"}),
        "task:right": file_reply({"both.txt": "right\n"}),
        "task:finder": "Look here.",
        "task": lambda call: file_reply({f"{call.task}.txt": f"{call.task}\n"}),
        "resolve": "Both.\n\n````resolution hunk=1\nleft and right\n````\n",
    }
    finder = {"id": "finder", "role": "researcher"}
    done = swarm.carry_out(
        *[builder("left"), builder("right"), builder("other"), finder],
        builder("after", "left", "other", "finder"),
    )
    merged = done.json["merged"]["commit"]
    made = [commit for task in done.json["tasks"] for commit in task["commits"]]
    history = git(swarm.repo.path, "rev-list", merged, *made)

    for ref in swarm.repo.repository.refs("refs/heads/swarm/"):
        swarm.repo.git("update-ref", "-d", ref)
    swarm.repo.git("reflog", "expire", "--expire=now", "--all")
    swarm.repo.git("gc", "--quiet", "--prune=now")

    assert done.status == 0, done.stderr
    assert len(made) == 5
    assert git(swarm.repo.path, "fsck", "--strict") == ""
    assert git(swarm.repo.path, "rev-list", merged, *made) == history
    ledger = f"refs/swarm/{done.json['run']}"
    git(tmp_path, "init", "--quiet", "elsewhere")
    git(tmp_path / "elsewhere", "fetch", "--quiet", str(swarm.repo.path), f"{ledger}:{ledger}")
    assert git(tmp_path / "elsewhere", "rev-list", merged, *made) == history


def test_two_runs_at_once_do_not_disturb_each_other(swarm: Swarm) -> None:
    swarm.script.answers = {
        "task": lambda call: file_reply({f"{call.task}.txt": f"{call.headers['x-swarm-run']}\n"}),
    }
    plan = swarm.save_plan(builder("left"), builder("right"), builder("after", "left", "right"))

    with swarm.start("run", plan, "--json") as one, swarm.start("run", plan, "--json") as other:
        reports = [finish(process).json for process in (one, other)]

    for report in reports:
        words = dict.fromkeys(["left.txt", "right.txt", "after.txt"], f"{report['run']}\n")
        files = swarm.repo.files(report["merged"]["commit"])
        assert files == {**swarm.repo.files(swarm.base), **words}
    assert len({report["run"] for report in reports}) == 2


# -- people in the worktrees of agents


def test_what_people_do_in_a_worktree_meanwhile_is_kept_and_told(swarm: Swarm) -> None:
    def meanwhile(act: Callable[[Path], object]) -> Answer:
        """What a person does in the task's worktree while the model thinks."""

        def answer(call: Call) -> str:
            act(opened(swarm, call.task))
            return file_reply({f"{call.task}.txt": "the agent's\n", "app.py": "the agent's\n"})

        return answer

    def add_commit(worktree: Path) -> None:
        (worktree / "mine.txt").write_text("mine\n")
        git(worktree, "add", "mine.txt")
        git(worktree, "commit", "--quiet", "--message", "mine")

    def remove(worktree: Path) -> None:
        git(swarm.repo.path, "worktree", "remove", str(worktree))

    swarm.script.answers = {
        "task:noted": meanwhile(lambda worktree: (worktree / "notes.txt").write_text("mine\n")),
        "task:edited": meanwhile(lambda worktree: (worktree / "app.py").write_text("mine\n")),
        "task:committed": meanwhile(add_commit),
        "task:removed": meanwhile(remove),
    }
    done = swarm.carry_out(
        *map(builder, ["noted", "edited", "committed", "removed"]), COLUMNS="400"
    )
    kept = swarm.worktrees / done.json["run"]
    commit_of = {task["id"]: task["commits"][0] for task in done.json["tasks"]}
    assert done.outcomes == {
        "noted": "done",
        "edited": "failed",
        "committed": "failed",
        "removed": "done",
    }
    assert (kept / "noted/notes.txt").read_text() == "mine\n"
    assert (kept / "edited/app.py").read_text() == "mine\n"
    assert git(kept / "committed", "log", "-1", "--format=%s") == "mine\n"
    assert not (kept / "removed").exists()
    remarks = " ".join(done.stderr.partition("Remarks")[2].partition("Next")[0].split())
    assert remarks == " ".join(
        f"{task}: its worktree is kept, something in it needs you: {kept}/{task}"
        for task in ("noted", "edited", "committed")
    )
    for task, commit in commit_of.items():
        assert swarm.repo.text(commit, f"{task}.txt") == "the agent's\n"
        assert swarm.repo.repository.is_ancestor(Oid(commit), ledger_tip(swarm))
    for task in ("edited", "committed"):
        error = done.task(task)["error"]
        assert error.startswith(f"its commit {commit_of[task][:12]} is not on its branch: ")

    swarm.script.answers = {
        "task": lambda call: file_reply({f"{call.task}.txt": "the second time\n"})
    }
    again = swarm("resume", "--json", COLUMNS="400")

    assert set(again.outcomes.values()) == {"done"}
    assert f"work that is in no commit is kept in {kept}/edited.kept-1" in again.stderr
    assert (kept / "edited.kept-1/app.py").read_text() == "mine\n"
    assert git(swarm.repo.path, "log", "--all", "--format=%s", "--grep=^mine") == "mine\n"


def opened(swarm: Swarm, task: str) -> Path:
    """The worktree of a task, once git has made it."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if list(swarm.repo.path.glob(f".git/worktrees/{task}/index")):
            return next(swarm.worktrees.glob(f"*/{task}"))
        time.sleep(0.02)
    raise AssertionError(f"there is no worktree of {task}")
