"""`swarm.agentCommand`: any program that works in a folder, in place of the model."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gitswarm.repo.objects import RefName
from tests.e2e.checkout import snapshot
from tests.e2e.conftest import Finished, Swarm, file_reply, finish, git, is_alive

BUILDER = {"id": "builder", "role": "builder", "title": "Build it", "reads": ["app.py"]}
SIBLING = {"id": "sibling", "role": "tester"}

TRAILERS = "--format=%(trailers:key=Swarm-Run,key=Swarm-Task,key=Swarm-Role,key=Swarm-Model,unfold)"


def program(folder: Path, script: str) -> Path:
    """A program, as the user would have it installed."""
    file = folder / "helper-agent"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def run(
    swarm: Swarm,
    script: str,
    *tasks: Mapping[str, Any],
    arguments: str = "",
    role: str = "builder",
) -> Finished:
    """A run in which one role's tasks are a program's, and a sibling's the model's. Whatever the
    program does, the checkout stays and the sibling ends well."""
    file = program(swarm.repo.path.parent, script)
    swarm.repo.git("config", f"swarm.role.{role}.agentCommand", f"{file} {arguments}".strip())
    swarm.script.answers = {"task:sibling": file_reply({"sibling.txt": "fine\n"})}
    before = snapshot(swarm.repo.path)
    done = swarm.carry_out(*(tasks or [BUILDER]), SIBLING)
    assert snapshot(swarm.repo.path) == before
    assert done.outcomes["sibling"] == "done"
    assert {call.task for call in swarm.api.calls if call.purpose == "task"} == {"sibling"}
    return done


def log(swarm: Swarm, done: Finished, form: str = "--format=%s") -> list[str]:
    branch = done.task("builder")["branch"]
    return git(swarm.repo.path, "log", "--reverse", form, f"{swarm.base}..{branch}").splitlines()


def kept(swarm: Swarm, done: Finished) -> Path:
    return swarm.worktrees / str(done.json["run"]) / "builder"


def test_what_a_program_changes_is_committed_and_what_it_prints_is_the_note(
    swarm: Swarm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_API_KEY", "needed")

    done = run(
        swarm,
        f"cat > {tmp_path}/prompt; env > {tmp_path}/env; pwd -P > {tmp_path}/cwd\n"
        "echo more >> app.py; rm README.md; mkdir new; echo new > new/file.txt\n"
        "printf '\\033[32mAll done.\\033[0m\\n'",
    )

    task = done.task("builder")
    (commit,) = task["commits"]
    assert (done.status, task["outcome"]) == (0, "done")
    assert (task["cost_usd"], done.json["cost_usd"]) == (None, None)
    assert "builder is done by helper-agent, as swarm.agentCommand says" in done.stderr
    assert swarm.repo.files(commit) == {
        "app.py": "one\ntwo\nthree\nmore\n",
        "new/file.txt": "new\n",
    }
    assert git(swarm.repo.path, "log", "-1", "--format=%B", commit) == (
        "Build it\n\nAll done.\n\n"
        f"Swarm-Run: {done.json['run']}\nSwarm-Task: builder\nSwarm-Role: builder\n"
        "Swarm-Model: helper-agent\n\n"
    )
    prompt = (tmp_path / "prompt").read_text()
    assert prompt.startswith("You work in the current folder, a git worktree made for this task")
    assert "# Your role: builder" in prompt
    assert "# Files to read first\n\n`app.py`\n" in prompt
    assert "Do what builder does." in prompt
    assert "MY_API_KEY=needed" in (tmp_path / "env").read_text()
    assert (tmp_path / "cwd").read_text() == f"{kept(swarm, done)}\n"
    assert "new/file.txt" in swarm.repo.files(done.json["merged"]["commit"])
    assert not swarm.worktrees.exists()


@pytest.mark.parametrize("arguments", ["--do {prompt}", "--do '{prompt}'", '--do "{prompt}"'])
def test_the_prompt_may_be_an_argument(swarm: Swarm, tmp_path: Path, arguments: str) -> None:
    task = {**BUILDER, "prompt": 'It\'s "$HOME" `date` $(id)\nand more.'}

    done = run(
        swarm,
        f'echo "$#" > {tmp_path}/count; printf %s "$2" > {tmp_path}/prompt; cat > input.txt',
        task,
        arguments=arguments,
    )

    assert (tmp_path / "count").read_text() == "2\n"
    assert 'It\'s "$HOME" `date` $(id)\nand more.' in (tmp_path / "prompt").read_text()
    assert swarm.repo.text(done.task("builder")["commits"][0], "input.txt") == ""


def test_a_prompt_too_long_for_an_argument_is_told(swarm: Swarm) -> None:
    done = run(swarm, "true", {**BUILDER, "prompt": "x" * 200_000}, arguments="{prompt}")

    assert done.outcomes["builder"] == "failed"
    assert "leave {prompt} out of swarm.agentCommand" in done.task("builder")["error"]


COMMIT = "git -c user.name=Robot -c user.email=r@x commit --quiet"


def test_commits_of_the_program_s_own_are_kept_with_the_trailers_of_the_run(swarm: Swarm) -> None:
    done = run(
        swarm,
        f"echo 1 > a; git add a; {COMMIT} -m 'First' -m 'Why.' -m 'Co-authored-by: Robot <r@x>'\n"
        f"echo 2 > b; git add b; {COMMIT} -m 'Second'; echo 3 > c",
    )

    assert log(swarm, done) == ["First", "Second", "Build it"]
    assert len(done.task("builder")["commits"]) == 3
    assert log(swarm, done, "--format=%an") == ["Ada"] * 3
    assert "Robot" not in "".join(log(swarm, done, "--format=%B"))
    assert [line for line in log(swarm, done, TRAILERS) if line] == [
        f"Swarm-Run: {done.json['run']}",
        "Swarm-Task: builder",
        "Swarm-Role: builder",
        "Swarm-Model: helper-agent",
    ] * 3
    assert not swarm.worktrees.exists()


@pytest.mark.parametrize(
    ("script", "remark"),
    [
        (f"git switch -q --detach; echo 1 > a; git add a; {COMMIT} -m Own", "a detached HEAD"),
        (
            f"echo 1 > a; git add a; {COMMIT} --amend -m Own",
            "its program rewrote the history of its branch",
        ),
        (
            f"echo 1 > a; git add a; {COMMIT} -m 1; git reset -q --hard HEAD~; echo 1 > b\n"
            f"git add b; {COMMIT} -m 2; {COMMIT} -m 3 --allow-empty; git checkout -q --detach\n"
            f"git merge -q --no-ff -m merged ORIG_HEAD || git reset -q --hard; echo 1 > a",
            None,
        ),
        ('echo 1 > a; cd "$(git rev-parse --git-dir)"; touch index.lock HEAD.lock', None),
        (
            "echo 1 > a; git add a; git update-index --skip-worktree a README.md; rm README.md\n"
            "git update-index --assume-unchanged app.py; echo more >> app.py",
            None,
        ),
        ("echo 1 > a; rm .git", "its program changed the .git of its worktree"),
        ("echo 1 > a; echo 'gitdir: /nowhere' > .git", "its program changed the .git"),
    ],
)
def test_whatever_a_program_does_to_git_its_files_become_the_task_s_commits(
    swarm: Swarm, script: str, remark: str | None
) -> None:
    done = run(swarm, script)

    task = done.task("builder")
    assert (task["outcome"], task["error"]) == ("done", None)
    assert swarm.repo.text(task["commits"][-1], "a") == "1\n"
    assert swarm.repo.text(task["commits"][-1], "README.md") == "# Project\n"
    is_changed = "more" in script
    assert ("more" in swarm.repo.text(task["commits"][-1], "app.py")) == is_changed
    assert git(swarm.repo.path, "rev-list", "--parents", f"{swarm.base}..{task['branch']}")
    assert swarm.repo.text(done.json["merged"]["commit"], "a") == "1\n"
    if remark is not None:
        assert remark in " ".join(done.stderr.split())
    assert not swarm.worktrees.exists()


def test_commits_on_a_branch_of_the_program_s_own_are_taken_over(
    swarm: Swarm, tmp_path: Path
) -> None:
    script = f"git switch -q -c mine; echo 1 > a; git add a; {COMMIT} -m Own"
    swarm.repo.git("config", "swarm.agentCommand", str(program(tmp_path, script)))

    done = swarm.carry_out(BUILDER)

    assert (done.outcomes, log(swarm, done)) == ({"builder": "done"}, ["Own"])
    assert "its program left its branch for refs/heads/mine" in " ".join(done.stderr.split())
    assert swarm.repo.repository.ref(RefName("refs/heads/mine")) is not None
    assert not swarm.worktrees.exists()


def test_a_repository_that_a_program_made_in_its_place_is_kept(swarm: Swarm) -> None:
    done = run(swarm, f"rm .git; git init -q; echo 1 > a; git add a; {COMMIT} -m Own")

    assert done.outcomes["builder"] == "done"
    assert swarm.repo.text(done.task("builder")["commits"][0], "a") == "1\n"
    assert git(kept(swarm, done), "log", "--format=%s") == "Own\n"


@pytest.mark.parametrize("damage", ["echo junk > index", "echo junk > HEAD", "rm -r *"])
def test_a_worktree_that_git_cannot_read_any_more_is_kept_and_told(
    swarm: Swarm, damage: str
) -> None:
    done = run(swarm, f'echo 1 > a; cd "$(git rev-parse --git-dir)"; {damage}; exit 0')

    task = done.task("builder")
    assert (task["outcome"], task["commits"]) == ("failed", [])
    assert task["error"].startswith(
        "its program left its worktree in a state that git cannot read; what it did is in"
        f" {kept(swarm, done)}: "
    )
    assert (kept(swarm, done) / "a").read_text() == "1\n"

    program(swarm.repo.path.parent, "echo 2 > b")
    again = swarm("resume", "--json", COLUMNS="400")

    assert again.outcomes == {"builder": "done", "sibling": "done"}
    assert f"kept in {kept(swarm, done)}.kept-1\n" in again.stderr
    assert (swarm.worktrees / str(done.json["run"]) / "builder.kept-1/a").read_text() == "1\n"


def test_a_branch_that_comes_from_elsewhere_is_not_the_task_s(swarm: Swarm) -> None:
    other = swarm.repo.commit({"other.txt": "other\n"})
    swarm.repo.git("update-ref", "refs/heads/other", other)

    done = run(swarm, "git switch -q other; echo 1 > a")

    task = done.task("builder")
    assert (task["outcome"], task["commits"]) == ("failed", [])
    assert "its program switched to refs/heads/other" in task["error"]
    assert (kept(swarm, done) / "a").read_text() == "1\n"
    assert swarm.repo.repository.ref(RefName("refs/heads/other")) == other


def test_a_program_that_fails_keeps_what_it_did(swarm: Swarm) -> None:
    done = run(swarm, "echo 1 > a; echo 'error: no credit left' >&2; exit 1")

    task = done.task("builder")
    assert task["outcome"] == "failed"
    assert task["error"].startswith("its program failed: ")
    assert task["error"].endswith("(exit status 1): error: no credit left")
    assert swarm.repo.text(task["commits"][0], "a") == "1\n"
    assert git(swarm.repo.path, "rev-parse", task["branch"]).split() == task["commits"]
    assert "a" not in swarm.repo.files(done.json["merged"]["commit"])


def test_a_missing_program_is_told(swarm: Swarm) -> None:
    swarm.repo.git("config", "swarm.agentCommand", "no-such-program --do it")

    done = swarm.carry_out(BUILDER)

    assert (done.status, done.task("builder")["error"]) == (
        1,
        'the program "no-such-program" of swarm.agentCommand was not found',
    )
    assert swarm.api.calls == []


def test_a_program_that_does_not_find_another_one_is_not_missing_itself(swarm: Swarm) -> None:
    done = run(swarm, "exec ./nothing")

    assert "not found" in (error := done.task("builder")["error"])
    assert error.startswith("its program failed: ")


def test_a_program_that_is_done_without_a_change_is_empty_or_says_why(swarm: Swarm) -> None:
    done = run(
        swarm,
        'if grep -q "what quiet does"; then echo Hm.\n'
        "else printf '````nothing\\nIt is there.\\n````\\n'; fi",
        {"id": "quiet", "role": "builder"},
        {"id": "frank", "role": "builder"},
    )

    assert done.outcomes == {"quiet": "empty", "frank": "noted", "sibling": "done"}


def test_a_program_in_a_role_that_writes_nothing_reports(swarm: Swarm) -> None:
    done = run(swarm, "echo Found it.", {"id": "r", "role": "researcher"}, role="researcher")

    assert done.outcomes["r"] == "noted"
    assert "Found it." in git(swarm.repo.path, "log", "-1", "--format=%b", done.task("r")["branch"])


@pytest.mark.parametrize(
    ("role", "path", "told"),
    [
        ("researcher", "a.txt", "'a.txt' cannot be written: this role changes no files"),
        ("builder", ".github/workflows/ci.yml", "is a CI definition, which this role may not"),
        ("builder", ".gitswarm/roles/x.md", "is in gitswarm's own folder, which no role"),
    ],
)
def test_what_the_role_may_not_write_is_not_committed(
    swarm: Swarm, role: str, path: str, told: str
) -> None:
    task = {"id": "builder", "role": role}

    done = run(swarm, f"mkdir -p {os.path.dirname(path) or '.'}; echo x > {path}", task, role=role)

    result = done.task("builder")
    assert (result["outcome"], result["commits"]) == ("failed", [])
    assert told in result["error"]
    assert (kept(swarm, done) / path).read_text() == "x\n"


def test_what_git_ignores_and_what_setup_brought_is_not_committed(swarm: Swarm) -> None:
    swarm.commit({".gitignore": "build/\n"})
    (swarm.repo.path / "secret.env").write_text("KEY=1\n")
    swarm.repo.git("config", "swarm.setup.copy", "secret.env")

    done = run(swarm, "mkdir build; touch build/x; cat secret.env > a")

    assert set(swarm.repo.files(done.task("builder")["commits"][0])) == {
        *("app.py", "README.md", ".gitignore", "a"),
    }
    assert not swarm.worktrees.exists()


def test_a_check_that_fails_goes_back_to_the_program(swarm: Swarm) -> None:
    swarm.repo.git("config", "swarm.role.builder.check", "grep good a")

    done = run(
        swarm,
        'if grep -q "the check"; then echo good > a; else echo bad > a; fi; echo "Did it."',
    )

    assert done.outcomes["builder"] == "done"
    assert log(swarm, done) == ["Build it", "Mend what the check of builder found"]
    assert swarm.repo.text(done.task("builder")["commits"][-1], "a") == "good\n"


def test_a_repository_of_its_own_within_the_files_is_told(swarm: Swarm) -> None:
    done = run(swarm, f"git init -q sub; cd sub; echo 1 > a; git add a; {COMMIT} -m Own")

    assert done.outcomes["builder"] == "failed"
    assert "left a repository of its own in sub" in done.task("builder")["error"]
    assert git(kept(swarm, done) / "sub", "log", "--format=%s") == "Own\n"


def test_a_program_that_is_stopped_takes_its_processes_along_and_keeps_its_files(
    swarm: Swarm, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "begun")
    script = f"echo 1 > a; sleep 60 & echo $! > {tmp_path}/pid; : > {tmp_path}/begun; wait"
    swarm.repo.git("config", "swarm.agentCommand", str(program(tmp_path, script)))

    with swarm.start("run", swarm.save_plan(BUILDER), "--json") as process:
        (tmp_path / "begun").read_text()
        process.send_signal(signal.SIGINT)
        done = finish(process)

    assert (done.status, done.outcomes) == (130, {"builder": "cancelled"})
    assert not is_alive(int((tmp_path / "pid").read_text()))
    assert (kept(swarm, done) / "a").read_text() == "1\n"


def test_a_program_that_does_not_end_is_out_of_time(swarm: Swarm, tmp_path: Path) -> None:
    script = f"sleep 60 & echo $! > {tmp_path}/pid; wait"

    done = run(swarm, script, {**BUILDER, "timeout_seconds": 1})

    assert done.task("builder")["error"] == "not done after 1 s"
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_a_program_that_is_named_in_the_repository_is_not_run(swarm: Swarm) -> None:
    swarm.commit({".gitswarm/config": "[swarm]\n\tagentCommand = touch /tmp/ran\n"})
    swarm.script.answers = {"task": file_reply({"a": "1\n"})}

    done = swarm.carry_out(BUILDER)

    assert (done.outcomes, len(swarm.api.calls)) == ({"builder": "done"}, 1)
