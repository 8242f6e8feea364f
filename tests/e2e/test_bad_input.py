"""What cannot work says so, clearly and before it costs anything, and changes nothing."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitswarm.plan.roles import load_builtin_roles
from tests.e2e.checkout import snapshot
from tests.e2e.conftest import Finished, Swarm, file_reply, git, plan_json
from tests.messages_api import Scripted

BUILDER = {"id": "builder", "role": "builder"}
WITHOUT_TERMINAL = (
    "there is no terminal to ask on before the plan runs",
    'add -y to run it unasked, or look at it first: git swarm plan "GOAL"',
)


def told(done: Finished) -> tuple[int, str, str]:
    """Exit code, error and hint, which people read on stderr and programs in one JSON object."""
    answer = done.json
    assert answer["schema"] == "gitswarm/error/1"
    assert answer["exit_code"] == done.status
    shown = " ".join(done.stderr.split())
    assert " ".join(f"error: {answer['error']} hint: {answer['hint']} exit code".split()) in shown
    return done.status, answer["error"], answer["hint"]


@pytest.fixture
def unchanged(shared: Swarm) -> Iterator[Swarm]:
    """The shared repository; at the end nothing was asked of a model or changed."""
    before = snapshot(shared.repo.path)
    yield shared
    assert shared.api.calls == []
    assert shared.repo.repository.refs("refs/swarm/") == {}
    assert shared.repo.repository.refs("refs/heads/swarm/") == {}
    assert not shared.worktrees.exists()
    assert snapshot(shared.repo.path) == before


@pytest.mark.parametrize(
    ("args", "error", "hint"),
    [
        (["-y", " "], "the goal is empty", 'git swarm "what you want done"'),
        (["plan", ""], "the goal is empty", 'git swarm "what you want done"'),
        (["add a feature"], *WITHOUT_TERMINAL),
        (["-y", os.fsdecode(b"caf\xe9")], "the goal is not UTF-8", "type it in a UTF-8 terminal"),
        (["-y", "--quick", "add a feature"], "No such option '--quick'.", "git swarm -h"),
        (
            ["-y", "--jobs", "0", "add a feature"],
            "Invalid value for '--jobs': 0 is not in the range x>=1.",
            "git swarm -h",
        ),
        *(
            (
                ["-y", f"--budget={value}", "add a feature"],
                "Invalid value for '--budget': it takes an amount in US dollars above 0, such as"
                f" 2.50, not '{value}'",
                "git swarm -h",
            )
            for value in ("0", "-1", "nan", "inf", "1,5", "$2")
        ),
        (
            ["-y", "--base", "nonsense", "add a feature"],
            "'nonsense' does not name a commit",
            '"git log --oneline" lists some',
        ),
        (
            ["-y", "--base", "--all", "add a feature"],
            "'--all' does not name a commit",
            '"git log --oneline" lists some',
        ),
        (
            ["run", "missing.json"],
            "the plan missing.json cannot be read: No such file or directory",
            'make one with git swarm plan -o missing.json "GOAL"',
        ),
        (
            ["show", "goal-1234"],
            'there is no run "goal-1234"',
            '"git swarm list" shows the runs',
        ),
        (
            ["status"],
            "there are no runs in this repository yet",
            'git swarm "what you want done"',
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    unchanged: Swarm, args: list[str], error: str, hint: str
) -> None:
    assert told(unchanged(*args, "--json")) == (2, error, hint)


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        ('{"goal": ', "the plan is not JSON: EOF while parsing a value at line 1 column 9"),
        ("[]", "the plan must be a JSON object"),
        ("{}", 'the plan: "goal" is missing\nthe plan: "tasks" is missing'),
        (plan_json(BUILDER, goal=" "), 'the plan: "goal" is empty'),
        (plan_json(), "the plan has no tasks"),
        (
            plan_json(
                {"id": "a", "role": "builder", "depends_on": ["b"]},
                {"id": "b", "role": "builder", "depends_on": ["a"]},
            ),
            "tasks wait for each other: a -> b -> a",
        ),
        (
            plan_json({**BUILDER, "depends_on": ["nobody"]}),
            'task "builder" depends on "nobody", which is no task',
        ),
        (
            plan_json({**BUILDER, "role": "wizard"}),
            'task "builder": "role" is "wizard", which is none of '
            + ", ".join(load_builtin_roles()),
        ),
        (
            plan_json({**BUILDER, "id": "The Builder"}),
            'task "The Builder": "id" is "The Builder", which does not match'
            " [a-z0-9][a-z0-9-]{0,39}",
        ),
        (
            plan_json({**BUILDER, "id": "merged"}),
            'task "merged": "id" is "merged", which is the name of the merged branch',
        ),
        (plan_json(BUILDER, BUILDER), '2 tasks have the id "builder"'),
        (
            plan_json({**BUILDER, "owns": ["../elsewhere"]}),
            'task "builder": "owns" item 1 is "../elsewhere", which leads outside',
        ),
        (
            plan_json({**BUILDER, "colour": "red"}),
            'task "builder": "colour" is not a key that is known',
        ),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(
    unchanged: Swarm, tmp_path: Path, plan: str, error: str
) -> None:
    file = tmp_path / "plan.json"
    file.write_text(plan)

    hint = "correct the plan file and run it again"
    assert told(unchanged("run", file, "--json")) == (2, error, hint)


def test_a_folder_without_repository_or_commit_is_refused(unchanged: Swarm, tmp_path: Path) -> None:
    elsewhere = unchanged("-y", "--json", "add a feature", cwd=tmp_path)
    git(tmp_path, "init", "--quiet")
    unborn = unchanged("-y", "--json", "add a feature", cwd=tmp_path)

    assert told(elsewhere) == (
        2,
        f"{tmp_path} is not in a git repository that git will open: fatal: not a git repository (or"
        " any of the parent directories): .git",
        'run it inside a repository, or make one with "git init"',
    )
    assert told(unborn) == (2, "'HEAD' does not name a commit", "make a first commit")


def test_an_unborn_branch_can_start_from_another_commit(swarm: Swarm) -> None:
    swarm.repo.git("symbolic-ref", "HEAD", "refs/heads/unborn")
    swarm.script.answers = {"task:builder": file_reply({"new.py": "new\n"})}
    before = snapshot(swarm.repo.path)

    done = swarm.carry_out(BUILDER, options=("--base", "main"))

    assert (done.status, done.json["base"]) == (0, swarm.base)
    assert snapshot(swarm.repo.path) == before


def test_settings_say_which_of_them_is_wrong(unchanged: Swarm) -> None:
    done = unchanged.carry_out(BUILDER, GIT_CONFIG_PARAMETERS="'swarm.jobs=many'")

    assert told(done) == (
        2,
        "swarm.jobs is 'many', but it takes a whole number of at least 1",
        'run "git config swarm.jobs VALUE", or "git config --unset swarm.jobs"',
    )


def test_whoever_git_does_not_know_is_asked_to_say_who_they_are(
    unchanged: Swarm, tmp_path: Path
) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text("[user]\n\tuseConfigOnly = true\n")

    done = unchanged("-y", "--json", "add a feature", GIT_CONFIG_GLOBAL=str(settings))

    assert told(done) == (
        2,
        "git does not know who commits: fatal: no email was given and auto-detection is disabled",
        'run "git config --global user.name NAME" and the same for user.email',
    )


def test_a_git_that_cannot_merge_in_memory_is_named(unchanged: Swarm, tmp_path: Path) -> None:
    old = tmp_path / "git"
    old.write_text(
        "#!/bin/sh\n"
        'case "$*" in *version) echo git version 2.37.4 ;;\n'
        f'*) exec {shutil.which("git")} "$@" ;; esac\n'
    )
    old.chmod(0o755)

    done = unchanged(
        "-y", "--json", "add a feature", PATH=os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    )

    assert told(done) == (
        2,
        'merging in memory needs git 2.38 or newer; this is "git version 2.37.4"',
        "install a newer git",
    )


def test_a_ref_in_the_way_of_the_branches_is_found_before_anything_starts(swarm: Swarm) -> None:
    swarm.repo.git("branch", "swarm")
    branch = swarm("-y", "--json", "add a feature")
    swarm.repo.git("branch", "-m", "swarm", "swarm-old")
    swarm.repo.git("update-ref", "refs/swarm", "HEAD")
    ledger = swarm("-y", "--json", "add a feature")

    assert told(branch) == (
        2,
        'the ref "refs/heads/swarm" is in the way of the branches swarm/RUN/TASK',
        "rename it: git branch -m swarm swarm-old",
    )
    assert told(ledger) == (
        2,
        'the ref "refs/swarm" is in the way of the ledgers refs/swarm/RUN',
        "delete or rename it: git update-ref -d refs/swarm",
    )
    assert swarm.api.calls == []


def test_worktrees_go_to_the_state_folder_when_beside_the_repository_is_no_room(
    swarm: Swarm, tmp_path: Path
) -> None:
    swarm.worktrees.write_text("in the way\n")
    blocked = swarm.carry_out(BUILDER, XDG_STATE_HOME=str(swarm.worktrees))
    swarm.script.answers = {"task:builder": file_reply({"new.py": "new\n"})}
    done = swarm.carry_out(BUILDER, XDG_STATE_HOME=str(tmp_path / "state"))
    run = done.json["run"]
    shown = swarm("path", "builder", XDG_STATE_HOME=str(tmp_path / "state"))

    assert told(blocked) == (
        2,
        f"no folder for worktrees: neither {tmp_path} nor {swarm.worktrees} can be written",
        'run "git config swarm.worktreeDir FOLDER" with one that can',
    )
    assert done.status == 0
    assert shown.stdout == f"{tmp_path}/state/gitswarm/project.swarm/{run}/builder\n"
    assert swarm.worktrees.read_text() == "in the way\n"


def test_credentials_and_model_are_the_users_to_set_right(swarm: Swarm) -> None:
    swarm.script.answers = {"plan": Scripted.error(401, "invalid x-api-key")}

    nobody = swarm("-y", "--json", "add a feature", ANTHROPIC_API_KEY="")
    refused = swarm("-y", "--json", "add a feature")
    unknown = swarm("-y", "--json", "--model", "claude-nonesuch", "add a feature")

    key = "set ANTHROPIC_API_KEY to a valid key of the Claude API"
    assert told(nobody) == (2, "no credentials for the model API", key)
    assert told(refused) == (2, "the credentials are not accepted: 401 invalid x-api-key", key)
    assert told(unknown) == (
        2,
        "the API at 127.0.0.1 has no model claude-nonesuch: 404 model: claude-nonesuch",
        'choose one with "git config swarm.model MODEL"',
    )
    assert swarm.repo.repository.refs("refs/swarm/") == {}


def test_a_key_that_agents_are_refused_with_ends_a_saved_plan_too(swarm: Swarm) -> None:
    swarm.script.answers = {"task": Scripted.error(401, "invalid x-api-key")}

    done = swarm.carry_out(BUILDER, {"id": "tester", "role": "tester"})

    assert told(done)[:2] == (2, "the credentials are not accepted: 401 invalid x-api-key")
    assert swarm.recorded_outcomes() == {"builder": "failed", "tester": "failed"}
    assert swarm.ledger()["run.json"]["state"] == "finished"
    assert not swarm.worktrees.exists()


def test_an_endpoint_that_nobody_answers_at_is_named(swarm: Swarm) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        done = swarm("-y", "--json", "add a feature", ANTHROPIC_BASE_URL=f"http://127.0.0.1:{port}")

    assert (done.status, done.json["exit_code"]) == (1, 1)
    assert (
        "nothing was run: no reply in 5 tries; at last 127.0.0.1 cannot be reached: All connection"
        " attempts failed (check the network, ANTHROPIC_BASE_URL and the proxy variables)"
    ) in " ".join(done.stderr.split())


def test_nonsense_for_a_plan_is_asked_again_once_and_then_refused(swarm: Swarm) -> None:
    swarm.script.answers = {"plan": "I would rather not.", "repair": "Still not."}

    done = swarm("-y", "--json", "add a feature")

    assert (done.status, done.json["exit_code"], done.json["merged"]) == (1, 1, None)
    assert (
        "nothing was run: the model made no plan that can be carried out: the reply has no block"
        " opened with ````plan, instead of exactly one"
    ) in " ".join(done.stderr.split())
    assert swarm.purposes() == ["plan", "repair"]
    assert swarm.repo.repository.refs("refs/heads/") == {"refs/heads/main": swarm.base}


def test_a_reply_of_two_megabytes_fails_its_task_and_no_other(swarm: Swarm) -> None:
    swarm.script.answers = {
        "task:huge": file_reply({"big.txt": "a line\n" * 300_000}),
        "task:small": file_reply({"small.txt": "small\n"}),
    }

    run = swarm.carry_out({"id": "huge", "role": "builder"}, {"id": "small", "role": "builder"})

    assert run.outcomes == {"huge": "failed", "small": "done"}
    assert run.task("huge")["error"] == "the reply was cut off at 16,000 tokens 5 times"
    assert run.json["exit_code"] == 1


def test_a_report_without_a_word_is_none(swarm: Swarm) -> None:
    swarm.script.answers = {"task": Scripted(({"type": "thinking", "thinking": "Hm."},))}

    run = swarm.carry_out({"id": "why", "role": "researcher"})

    assert run.outcomes == {"why": "empty"}
    assert (run.status, run.json["exit_code"]) == (1, 1)
