"""A finished run is merged again from what its ledger and its branches hold."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.checkout import snapshot
from tests.e2e.conftest import Finished, Swarm, file_reply, finish, git
from tests.messages_api import Scripted

TEXT = "one\ntwo\nthree\n"
BOTH = "Both.\n\n````resolution hunk=1 confidence=0.9\none left right\n````\n"


def task(id: str, *depends_on: str) -> dict[str, Any]:
    return {"id": id, "role": "builder", "title": f"Do {id}", "depends_on": list(depends_on)}


PLAN = [task("left"), task("right"), task("other"), task("after", "other")]


def script(swarm: Swarm) -> None:
    swarm.script.answers = {
        "task:left": file_reply({"app.py": "one left\ntwo\nthree\n"}),
        "task:right": file_reply({"app.py": "one right\ntwo\nthree\n"}),
        "task": lambda call: file_reply({f"{call.task}.txt": f"{call.task}\n"}),
        "resolve": BOTH,
    }


@pytest.fixture
def run(swarm: Swarm) -> Finished:
    """A run with a conflict that was resolved."""
    script(swarm)
    done = swarm.carry_out(*PLAN)
    assert done.status == 0, done.stderr
    swarm.api.calls.clear()
    return done


def tip(swarm: Swarm, branch: str) -> str:
    return git(swarm.repo.path, "rev-parse", branch).strip()


def commit_on(swarm: Swarm, branch: str, file: str, text: str) -> None:
    """What a person does in a worktree of their own."""
    folder = swarm.repo.path.with_name("mine")
    git(swarm.repo.path, "worktree", "add", "--quiet", str(folder), branch)
    (folder / file).write_text(text)
    git(folder, "add", file)
    git(folder, "commit", "--quiet", "--message", "mine")
    git(swarm.repo.path, "worktree", "remove", str(folder))


def test_nothing_new_makes_no_new_commit_and_asks_nothing(swarm: Swarm, run: Finished) -> None:
    before = snapshot(swarm.repo.path)
    again = swarm("integrate", "--json")

    assert (again.status, swarm.purposes()) == (0, [])
    assert again.json["merged"] == run.json["merged"]
    assert again.json["tasks"] == run.json["tasks"]
    assert again.json["spend"] == run.json["spend"]
    assert [hunk["by"] for one in again.json["conflicts"] for hunk in one["hunks"]] == ["replay"]
    assert again.json["speedup"] is None
    assert snapshot(swarm.repo.path) == before


def test_what_a_person_added_to_a_branch_counts(swarm: Swarm, run: Finished) -> None:
    commit_on(swarm, f"swarm/{run.json['run']}/other", "mine.txt", "mine\n")
    again = swarm("integrate", run.json["run"], "--json")
    merged = again.json["merged"]["commit"]

    assert (again.status, swarm.purposes()) == (0, [])
    assert swarm.repo.files(merged) == {
        **swarm.repo.files(run.json["merged"]["commit"]),
        "mine.txt": "mine\n",
    }
    assert tip(swarm, again.json["merged"]["branch"]) == merged
    assert len(again.task("other")["commits"]) == 2
    git(swarm.repo.path, "branch", "-D", f"swarm/{run.json['run']}/other")
    assert swarm("integrate", "--json").json["merged"]["commit"] == merged


def test_only_the_hunk_that_changed_is_asked_again(swarm: Swarm, run: Finished) -> None:
    commit_on(swarm, f"swarm/{run.json['run']}/left", "app.py", "one more left\ntwo\nthree\n")
    swarm.script.answers["resolve"] = BOTH.replace("left", "more left")
    again = swarm("integrate", "--json")

    assert again.status == 0, again.stderr
    assert swarm.purposes() == ["resolve"]
    merged = again.json["merged"]["commit"]
    assert swarm.repo.text(merged, "app.py") == "one more left right\ntwo\nthree\n"


def test_what_the_model_declined_is_not_asked_again(swarm: Swarm) -> None:
    script(swarm)
    swarm.script.answers["resolve"] = "````unresolved hunk=1\nThey contradict.\n````\n"
    run = swarm.carry_out(*PLAN)
    swarm.api.calls.clear()
    again = swarm("integrate", "--json")

    assert (run.status, again.status, swarm.purposes()) == (1, 1, [])
    assert again.json["conflicts"] == run.json["conflicts"]
    assert again.json["merged"] == run.json["merged"]


def test_branches_that_are_gone_or_behind_come_back_from_the_ledger(
    swarm: Swarm, run: Finished
) -> None:
    branches = swarm.repo.repository.refs("refs/heads/swarm/")
    for branch in branches:
        if branch.endswith("/left"):
            swarm.repo.git("update-ref", branch, swarm.base)
        else:
            swarm.repo.git("update-ref", "-d", branch)
    again = swarm("integrate", "--json")

    assert again.status == 0, again.stderr
    assert swarm.repo.repository.refs("refs/heads/swarm/") == branches


def test_another_machine_makes_the_same_tree_of_the_fetched_ledger(
    swarm: Swarm, run: Finished, tmp_path: Path
) -> None:
    other = tmp_path / "elsewhere"
    git(tmp_path, "clone", "--quiet", str(swarm.repo.path), str(other))
    ref = f"refs/swarm/{run.json['run']}"
    git(other, "fetch", "--quiet", "origin", f"{ref}:{ref}")
    again = swarm("integrate", "--json", cwd=other)

    assert (again.status, swarm.purposes()) == (0, [])
    assert again.json["merged"]["tree"] == run.json["merged"]["tree"]
    assert (
        git(other, "log", "-1", "--format=%T", again.json["merged"]["branch"]).strip()
        == (run.json["merged"]["tree"])
    )


def test_a_branch_that_was_moved_away_is_its_owners(swarm: Swarm, run: Finished) -> None:
    branch = f"swarm/{run.json['run']}/other"
    swarm.repo.git("branch", "--force", branch, swarm.base)
    moved = swarm.repo.commit({"else.txt": "else\n"}, on=swarm.base)
    swarm.repo.git("branch", "--force", branch, moved)
    again = swarm("integrate", "--json")

    assert again.json["merged"] == run.json["merged"]
    assert tip(swarm, branch) == moved
    shown = " ".join(again.stderr.split())
    assert f"branch {branch} does not hold the commit" in shown


def test_the_merged_branch_is_not_moved_from_under_anybody(swarm: Swarm, run: Finished) -> None:
    merged = run.json["merged"]["branch"]
    commit_on(swarm, f"swarm/{run.json['run']}/other", "mine.txt", "mine\n")
    git(swarm.repo.path, "switch", "--quiet", merged)
    before = snapshot(swarm.repo.path)
    checked_out = swarm("integrate", "--json")

    assert checked_out.status == 2
    assert checked_out.json["error"] == (
        f"branch {merged} is checked out in {swarm.repo.path}, and is to be moved"
    )
    assert checked_out.json["hint"] == f"git -C {swarm.repo.path} switch --detach"
    assert snapshot(swarm.repo.path) == before

    git(swarm.repo.path, "switch", "--quiet", "main")
    commit_on(swarm, merged, "more.txt", "more\n")
    mine = tip(swarm, merged)
    moved = swarm("integrate", "--json")
    assert (moved.status, tip(swarm, merged)) == (2, mine)
    assert moved.json["error"] == f"branch {merged} has commits that the run did not make"
    git(swarm.repo.path, "branch", "-m", merged, "kept")
    assert swarm("integrate", "--json").status == 0


def test_a_worktree_of_ours_comes_along(swarm: Swarm, run: Finished) -> None:
    folder = Path(swarm("path", "merged").stdout.strip())
    commit_on(swarm, f"swarm/{run.json['run']}/other", "mine.txt", "mine\n")
    again = swarm("integrate", "--json", "--verify", "test -f mine.txt")

    assert (again.status, again.json["verify"]["outcome"]) == (0, "passed")
    assert (folder / "mine.txt").read_text() == "mine\n"
    assert git(folder, "status", "--porcelain") == ""


def test_a_run_that_is_at_work_or_is_not_there_is_refused(swarm: Swarm) -> None:
    script(swarm)
    swarm.script.answers["task:left"] = Scripted.text("never", latency=60)
    with swarm.start("run", swarm.save_plan(*PLAN), "--json") as process:
        while not swarm.calls("task", "left"):
            os.sched_yield()
        (ref,) = swarm.repo.repository.refs("refs/swarm/")
        name = ref.removeprefix("refs/swarm/")
        busy = swarm("integrate", "--json")
        process.terminate()
        finish(process)
    missing = swarm("integrate", "nothing-0000", "--json")

    assert (busy.status, busy.json["error"]) == (2, f"run {name} is at work in another process")
    assert (missing.status, missing.json["error"]) == (2, 'there is no run "nothing-0000"')


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("run.json", '{"version": 1}'),
        ("plan.json", '{"goal": "x", "tasks": []}'),
        ("tasks/left/result.json", '{"outcome": "splendid"}'),
        ("merges/0001.json", "[]"),
    ],
)
def test_a_ledger_that_says_nonsense_is_refused_by_the_files_name(
    swarm: Swarm, run: Finished, path: str, text: str
) -> None:
    (ref,) = swarm.repo.repository.refs("refs/swarm/")
    forged = swarm.repo.commit({path: text}, on=swarm.repo.repository.ref(ref))
    swarm.repo.git("update-ref", ref, forged)
    before = snapshot(swarm.repo.path)
    again = swarm("integrate", "--json")

    assert again.status == 2
    assert again.json["error"].startswith(f"{path} of run {run.json['run']} cannot be used: ")
    assert snapshot(swarm.repo.path) == before


def test_dropped_and_restored_is_the_same_tree(swarm: Swarm, run: Finished) -> None:
    dropped = swarm("drop", "other", "--json")
    shown = " ".join(dropped.stderr.split())
    restored = swarm("drop", "--undo", "other", "--run", run.json["run"], "--json")

    assert (dropped.status, restored.status, swarm.purposes()) == (0, 0, [])
    assert "Left out too, as they build on other: after" in shown
    assert "other builder dropped 1" in shown
    assert {task["id"]: task["error"] for task in dropped.json["tasks"]} == {
        "left": None,
        "right": None,
        "other": "dropped",
        "after": "dropped",
    }
    files = swarm.repo.files(run.json["merged"]["commit"])
    del files["other.txt"], files["after.txt"]
    assert swarm.repo.files(dropped.json["merged"]["commit"]) == files
    assert tip(swarm, f"swarm/{run.json['run']}/other") == run.task("other")["commits"][0]
    assert restored.json["merged"]["tree"] == run.json["merged"]["tree"]
    assert restored.json["tasks"] == run.json["tasks"]


def test_everything_dropped_leaves_the_base(swarm: Swarm, run: Finished) -> None:
    for id in ("left", "right", "other"):
        done = swarm("drop", id, "--json")

    assert (done.status, done.json["merged"]) == (0, None)
    assert tip(swarm, run.json["merged"]["branch"]) == swarm.base


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["drop", "nobody"], 'run {run} has no task "nobody"'),
        (["drop", "--undo", "left"], '"left" was not dropped'),
        (["redo", "nobody"], 'run {run} has no task "nobody"'),
        (["redo", "left", "--run", "no-0000"], 'there is no run "no-0000"'),
    ],
)
def test_what_is_not_there_can_be_neither_dropped_nor_redone(
    swarm: Swarm, run: Finished, arguments: list[str], error: str
) -> None:
    done = swarm(*arguments, "--json")

    assert (done.status, done.json["error"]) == (2, error.format(run=run.json["run"]))


def test_a_task_is_redone_with_a_note_and_what_builds_on_it_when_wanted(
    swarm: Swarm, run: Finished
) -> None:
    earlier = run.task("other")["commits"][0]
    swarm.script.answers["task:other"] = file_reply({"other.txt": "better\n"})
    swarm.script.answers["task:after"] = file_reply({"after.txt": "after better\n"})
    done = swarm("redo", "other", "--note", "Make it better.", "-y", "--json")

    assert done.status == 0, done.stderr
    assert [call.task for call in swarm.api.calls] == ["other", "after"]
    assert "What was said of the earlier one: Make it better." in swarm.api.calls[0].last_text
    assert swarm.repo.files(done.json["merged"]["commit"]) == {
        **swarm.repo.files(run.json["merged"]["commit"]),
        "other.txt": "better\n",
        "after.txt": "after better\n",
    }
    (ledger,) = swarm.repo.repository.refs("refs/swarm/").values()
    git(swarm.repo.path, "merge-base", "--is-ancestor", earlier, ledger)
    assert tip(swarm, f"swarm/{run.json['run']}/other") == done.task("other")["commits"][0]


def test_an_attempt_that_fails_leaves_what_was_merged(swarm: Swarm, run: Finished) -> None:
    swarm.script.answers["task:left"] = Scripted.error(400, "not today")
    failed = swarm("redo", "left", "--json")
    script(swarm)
    again = swarm("resume", "--json")

    assert (failed.status, failed.task("left")["outcome"]) == (1, "failed")
    assert "left did not end well: what was merged before stays" in " ".join(failed.stderr.split())
    assert failed.json["merged"] == run.json["merged"]
    assert again.json["merged"]["tree"] == run.json["merged"]["tree"]


def test_what_builds_on_a_redone_task_is_carried_over_unless_it_is_redone_too(
    swarm: Swarm, run: Finished
) -> None:
    swarm.script.answers["task:other"] = file_reply({"other.txt": "better\n"})
    done = swarm("redo", "other", "--json", COLUMNS="400")

    assert (done.status, [call.task for call in swarm.api.calls]) == (0, ["other"]), done.stderr
    assert "what they did is carried over: after" in done.stderr
    assert swarm.repo.files(done.json["merged"]["commit"]) == {
        **swarm.repo.files(run.json["merged"]["commit"]),
        "other.txt": "better\n",
    }
    after = swarm.repo.repository.commit(done.task("after")["commits"][-1])
    assert after.parents == tuple(done.task("other")["commits"])
    assert tip(swarm, f"swarm/{run.json['run']}/after") == after.oid
    assert swarm("integrate", "--json").json["merged"] == done.json["merged"]
