"""`swarm.check`: what each task's own commits have to pass."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gitswarm.swarm.checks import CHECK_REPAIRS
from tests.e2e.checkout import snapshot
from tests.e2e.conftest import Answer, Finished, Swarm, file_reply, finish, git, in_turn, is_alive
from tests.messages_api import Scripted

BUILDER = {"id": "builder", "role": "builder"}


def run(
    swarm: Swarm, *tasks: Mapping[str, Any], check: str, timeout: float = 30, **answers: Answer
) -> Finished:
    """A run with a check. It leaves no trace in the checkout."""
    swarm.repo.git("config", "swarm.check", check)
    swarm.repo.git("config", "swarm.timeout", str(timeout))
    swarm.script.answers = {name.replace("__", ":"): answer for name, answer in answers.items()}
    before = snapshot(swarm.repo.path)
    done = swarm.carry_out(*(tasks or [BUILDER]))
    assert snapshot(swarm.repo.path) == before
    return done


def checks(swarm: Swarm, task: str = "builder") -> list[Any]:
    """What the ledger has of a task's checks."""
    return [file for name, file in swarm.ledger().items() if f"tasks/{task}/checks/" in name]


def test_a_check_runs_in_the_worktree_once_a_task_has_committed(
    swarm: Swarm, tmp_path: Path
) -> None:
    check = f"git log -1 --format=%H > {tmp_path}/head; cat new.py; env > {tmp_path}/env; pwd -P"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DB_PASSWORD", "a secret")
        done = run(swarm, check=check, task=file_reply({"new.py": "new\n"}))

    (commit,) = done.task("builder")["commits"]
    assert (done.status, done.outcomes) == (0, {"builder": "done"})
    assert (tmp_path / "head").read_text().strip() == commit
    environment_seen = (tmp_path / "env").read_text()
    assert "a secret" not in environment_seen
    assert "ANTHROPIC" not in environment_seen
    (told,) = checks(swarm)
    assert told["status"] == 0
    assert told["output"] == f"new\n{swarm.worktrees}/{done.json['run']}/builder"
    assert not swarm.worktrees.exists()


def test_what_a_check_finds_is_mended_with_the_commits_that_are_there(swarm: Swarm) -> None:
    pair = "<<<<<<< SEARCH\nbad\n=======\ngood\n>>>>>>> REPLACE\n"

    done = run(
        swarm,
        check="echo 'new.py:1: error: bad' >&2; grep good new.py",
        task=file_reply({"new.py": "bad\n"}, note="Made."),
        repair=f"Mended.\n\n````edit path=new.py\n{pair}````\n",
    )

    first, second = done.task("builder")["commits"]
    assert (done.status, done.outcomes) == (0, {"builder": "done"})
    assert swarm.repo.text(first, "new.py") == "bad\n"
    assert swarm.repo.text(second, "new.py") == "good\n"
    assert git(swarm.repo.path, "log", "--format=%s", f"{first}..{second}") == (
        "Mend what the check of builder found\n"
    )
    assert "Swarm-Task: builder" in git(swarm.repo.path, "log", "-1", "--format=%B", second)
    (asked,) = swarm.calls("repair", "builder")
    assert "grep good new.py    (exit status 1)" in asked.last_text
    assert "````text\nnew.py:1: error: bad\n````" in asked.last_text
    assert "its check failed at first and was mended" in done.stderr
    assert [told["status"] for told in checks(swarm)] == [1, 0]
    assert "Made." in swarm("show", "builder").stdout
    assert not swarm.worktrees.exists()


def test_the_tools_show_the_files_as_they_are_committed(swarm: Swarm) -> None:
    done = run(
        swarm,
        check="grep good new.py",
        task=file_reply({"new.py": "bad\n"}),
        repair=in_turn(
            Scripted.tools(("read_file", {"path": "new.py"})), file_reply({"new.py": "good\n"})
        ),
    )

    assert done.outcomes == {"builder": "done"}
    (answer,) = swarm.calls("repair", "builder")[1].body["messages"][-1]["content"]
    assert answer["content"] == "new.py, lines 1-1 of 1:\n1\tbad"


def test_a_task_whose_check_goes_on_failing_has_failed_and_keeps_its_commits(
    swarm: Swarm,
) -> None:
    versions = [file_reply({"new.py": f"{n}\n"}) for n in range(9)]

    done = run(
        swarm,
        BUILDER,
        {"id": "after", "role": "tester", "depends_on": ["builder"]},
        {"id": "sibling", "role": "builder"},
        check="test ! -e new.py || { echo 'E: still bad'; exit 3; }",
        task__builder=versions[0],
        task__sibling=file_reply({"sibling.py": "fine\n"}),
        repair=in_turn(*versions[1:]),
    )

    task = done.task("builder")
    assert (done.status, done.outcomes) == (
        1,
        {"builder": "failed", "after": "skipped", "sibling": "done"},
    )
    assert task["error"] == (
        f"its check failed after {CHECK_REPAIRS} repairs:"
        " test ! -e new.py || { echo 'E: still bad'; exit 3; } (exit status 3): E: still bad"
    )
    assert len(task["commits"]) == 1 + CHECK_REPAIRS
    assert git(swarm.repo.path, "rev-parse", task["branch"]).strip() == task["commits"][-1]
    assert "new.py" not in swarm.repo.files(done.json["merged"]["commit"])
    kept = swarm.worktrees / done.json["run"] / "builder"
    assert (kept / "new.py").read_text() == f"{CHECK_REPAIRS}\n"
    assert f"its worktree is kept, something in it needs you: {kept}" in " ".join(
        done.stderr.split()
    )


def test_a_task_may_say_why_it_leaves_a_check_failing(swarm: Swarm) -> None:
    done = run(
        swarm,
        check="echo broken before; exit 1",
        task=file_reply({"new.py": "new\n"}),
        repair="````nothing\nIt fails without my change too.\n````\n",
    )

    task = done.task("builder")
    assert task["outcome"] == "failed"
    assert "which it left: It fails without my change too.: echo broken before" in task["error"]
    assert len(task["commits"]) == 1
    assert len(swarm.calls("repair", "builder")) == 1


def test_a_role_may_have_a_check_of_its_own_or_none(swarm: Swarm) -> None:
    swarm.repo.git("config", "swarm.role.tester.check", "exit 0")
    swarm.repo.git("config", "swarm.role.documenter.check", "")

    done = run(
        swarm,
        BUILDER,
        *({"id": role, "role": role} for role in ("tester", "documenter", "researcher")),
        check="exit 7",
        task=lambda call: file_reply({f"{call.task}.txt": "x\n"}),
        task__researcher="Noted.",
        repair="````nothing\nNo.\n````\n",
    )

    assert done.outcomes == {
        "builder": "failed",
        "tester": "done",
        "documenter": "done",
        "researcher": "noted",
    }
    assert [told["command"] for told in checks(swarm, "tester")] == ["exit 0"]
    assert checks(swarm, "documenter") == checks(swarm, "researcher") == []


def test_a_check_that_does_not_end_is_ended_with_all_its_processes(
    swarm: Swarm, tmp_path: Path
) -> None:
    done = run(
        swarm,
        check=f"sleep 60 & echo $! >> {tmp_path}/pids; wait",
        timeout=0.5,
        task=file_reply({"new.py": "new\n"}),
        repair="````nothing\nIt hangs.\n````\n",
    )

    assert "(did not end in time)" in done.task("builder")["error"]
    assert [is_alive(int(pid)) for pid in (tmp_path / "pids").read_text().split()] == [False]


def test_a_task_whose_time_ends_in_its_check_says_so_and_keeps_its_commit(swarm: Swarm) -> None:
    done = run(
        swarm,
        {**BUILDER, "timeout_seconds": 8},
        check="sleep 60",
        task=file_reply({"new.py": "new\n"}),
    )

    task = done.task("builder")
    assert (task["outcome"], len(task["commits"])) == ("timeout", 1)
    assert task["error"] == "not done after 8 s; its check had not ended: sleep 60"


def test_a_server_that_a_check_leaves_in_a_session_of_its_own_is_ended(
    swarm: Swarm, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "begun")
    server = f"echo $$ > {tmp_path}/pid; : > {tmp_path}/begun; exec sleep 60"

    done = run(
        swarm,
        check=f"setsid sh -c '{server}' & read _ < {tmp_path}/begun; exit 0",
        task=file_reply({"new.py": "new\n"}),
    )

    assert done.outcomes == {"builder": "done"}
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_a_run_that_is_stopped_in_a_check_keeps_the_commits(swarm: Swarm, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    os.mkfifo(tmp_path / "begun")
    check = f"touch left; echo $$ > {pid}; : > {tmp_path}/begun; sleep 60"
    swarm.repo.git("config", "swarm.check", check)
    swarm.script.answers = {"task": file_reply({"new.py": "new\n"})}

    with swarm.start("run", swarm.save_plan(BUILDER), "--json") as process:
        (tmp_path / "begun").read_text()
        process.send_signal(signal.SIGINT)
        done = finish(process)

    task = done.task("builder")
    assert (done.status, task["outcome"], len(task["commits"])) == (130, "cancelled", 1)
    assert git(swarm.repo.path, "rev-parse", task["branch"]).split() == task["commits"]
    assert not is_alive(int(pid.read_text()))
    assert not swarm.worktrees.exists()


def test_a_key_that_a_check_prints_is_in_no_prompt_and_not_in_the_ledger(swarm: Swarm) -> None:
    key = "AKIA" + "IOSFODNN7EXAMPLE"

    done = run(
        swarm,
        check=f"echo error: {key} is refused; exit 1",
        task=file_reply({"new.py": "new\n"}),
        repair="````nothing\nNot mine.\n````\n",
    )

    assert "error: [a key, left out] is refused" in swarm.calls("repair", "builder")[0].last_text
    assert done.task("builder")["error"].endswith("error: [a key, left out] is refused")
    assert [told["output"] for told in checks(swarm)] == ["error: [a key, left out] is refused"]


def test_of_much_output_the_errors_and_the_end_go_back(swarm: Swarm) -> None:
    check = (
        "echo start; echo 'a.py:1: error: the first'; yes noise | head -c 100000000;"
        " echo; echo the end; exit 1"
    )

    done = run(
        swarm,
        check=check,
        task=file_reply({"new.py": "new\n"}),
        repair="````nothing\nNo.\n````\n",
    )

    (asked,) = swarm.calls("repair", "builder")
    shown = asked.last_text
    assert "\na.py:1: error: the first\n" in shown
    assert "\nthe end\n````" in shown
    assert len(shown) < 3_000
    assert done.task("builder")["error"].endswith("a.py:1: error: the first")
    assert len(checks(swarm)[0]["output"]) < 3_000


def test_what_a_check_makes_is_no_work_but_what_it_changes_is_kept(swarm: Swarm) -> None:
    made = run(
        swarm,
        check="mkdir -p cache/deep; touch cache/deep/file report.xml",
        task=file_reply({"new.py": "new\n"}),
    )
    assert made.outcomes == {"builder": "done"}
    assert not swarm.worktrees.exists()

    changed = run(swarm, check="echo formatted > new.py", task=file_reply({"new.py": "new\n"}))

    kept = swarm.worktrees / changed.json["run"] / "builder"
    assert changed.outcomes == {"builder": "done"}
    assert (kept / "new.py").read_text() == "formatted\n"
    assert str(kept) in "".join(changed.stderr.split())


def test_what_a_person_left_in_the_worktree_is_kept_whatever_the_check_left(
    swarm: Swarm,
) -> None:
    def leave_a_file(call: Any) -> str:
        (folder,) = swarm.worktrees.glob("*/builder")
        (folder / "mine.txt").write_text("mine\n")
        return file_reply({"new.py": "good\n"})

    done = run(
        swarm,
        check="touch report.xml; grep good new.py",
        task=file_reply({"new.py": "bad\n"}),
        repair=leave_a_file,
    )

    assert done.outcomes == {"builder": "done"}
    assert (swarm.worktrees / done.json["run"] / "builder/mine.txt").read_text() == "mine\n"


def test_a_check_sees_the_whole_tree_of_a_sparse_worktree(swarm: Swarm) -> None:
    swarm.commit({f"deep/{n}/file": f"{n}\n" for n in range(3)})
    swarm.repo.git("config", "swarm.checkout", "sparse")

    done = run(swarm, check="cat deep/*/file", task=file_reply({"new.py": "new\n"}))

    assert done.outcomes == {"builder": "done"}
    assert checks(swarm)[0]["output"] == "0\n1\n2"
    assert not swarm.worktrees.exists()
