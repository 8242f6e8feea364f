"""Conflicts that a rule settles, or offers to the model; and files that none may merge as text."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.e2e.conftest import Finished, Swarm, file_reply, git
from tests.messages_api import Call, Scripted

PROJECT = '[project]\nname = "signpost"\nversion = "{}"\n{}requires-python = ">=3.11"\n'
TASKS: list[dict[str, Any]] = [
    {"id": "minor", "role": "builder"},
    {"id": "patch", "role": "builder"},
]


def bump(swarm: Swarm, extra: Mapping[str, str] | None = None, resolve: str = "") -> Finished:
    """Two tasks that raise one version to different numbers, and may add a line far from it."""
    between = "".join(f'a{n} = "{n}"\n' for n in range(4))
    swarm.commit({"pyproject.toml": PROJECT.format("1.2.3", between)})
    lines = extra or {"minor": "", "patch": ""}
    swarm.script.answers = {
        f"task:{task}": file_reply(
            {"pyproject.toml": PROJECT.format(version, between) + lines[task]}
        )
        for task, version in {"minor": "1.10.0", "patch": "1.2.4"}.items()
    }
    if resolve:
        swarm.script.answers["resolve"] = resolve
    return swarm.carry_out(*TASKS)


def hunks(done: Finished) -> list[list[str | None]]:
    return [[hunk["by"] for hunk in conflict["hunks"]] for conflict in done.json["conflicts"]]


def test_the_higher_of_two_versions_is_taken_without_asking(swarm: Swarm) -> None:
    done = bump(swarm)

    assert (done.status, "resolve" in swarm.purposes()) == (0, False)
    assert done.json["conflicts"] == [
        {
            "path": "pyproject.toml",
            "kind": "content",
            "between": ["minor", "patch"],
            "hunks": [
                {
                    "n": 1,
                    "by": "rule:version",
                    "confidence": None,
                    "reason": "the higher version: 1.10.0 over 1.2.4",
                }
            ],
        }
    ]
    merged = done.json["merged"]["commit"]
    assert 'version = "1.10.0"\n' in swarm.repo.text(merged, "pyproject.toml")
    assert "Swarm-Resolved: pyproject.toml hunk=1 by=rule:version" in git(
        swarm.repo.path, "log", "-1", "--format=%B", merged
    )


def test_without_rules_the_model_is_asked_and_may_choose_the_higher_version(swarm: Swarm) -> None:
    swarm.repo.git("config", "swarm.rules", "")
    choice = (
        "The higher one.\n\n````choice hunk=1 option=A confidence=0.9\n````\n\n"
        '````dropped hunk=1\nversion = "1.2.4"\nLower.\n````\n'
    )

    done = bump(swarm, resolve=choice)

    (asked,) = swarm.calls("resolve", "patch")
    assert "A = ours (the higher version: 1.10.0 over 1.2.4); B = theirs." in asked.last_text
    assert (done.status, hunks(done)) == (0, [["model"]])


def test_what_a_rule_says_is_shown_as_an_option_where_it_is_neither_side(swarm: Swarm) -> None:
    swarm.commit({"notes.txt": "one\nred green blue\nthree\n"})
    swarm.script.answers = {
        "task:minor": file_reply({"notes.txt": "one\nRED green blue\nthree\n"}),
        "task:patch": file_reply({"notes.txt": "one\nred green BLUE\nthree\n"}),
        "resolve": "Both.\n\n````choice hunk=1 option=C confidence=0.9\n````\n",
    }

    done = swarm.carry_out(*TASKS)

    (asked,) = swarm.calls("resolve", "patch")
    offered = "C = the edits of the sides do not touch:\n\n````\nRED green BLUE\n````"
    assert offered in asked.last_text
    assert (done.status, hunks(done)) == (0, [["model"]])
    assert swarm.repo.text(done.json["merged"]["commit"], "notes.txt") == (
        "one\nRED green BLUE\nthree\n"
    )


def test_a_rule_that_is_named_settles_what_it_can_and_the_model_is_asked_the_rest(
    swarm: Swarm,
) -> None:
    extra = {"minor": "left = 1\n", "patch": "right = 1\n"}
    both = "Both.\n\n````resolution hunk=2 confidence=0.9\nleft = 1\nright = 1\n````\n"

    done = bump(swarm, extra, both)

    (asked,) = swarm.calls("resolve", "patch")
    assert re.findall(r"^## (.*)$", asked.last_text, re.M) == ["Hunk 2"]
    assert 'version = "1.10.0"' in asked.last_text
    assert "1.2.4" not in asked.last_text
    assert (done.status, hunks(done)) == (0, [["rule:version", "model"]])


def test_several_rules_may_be_named(swarm: Swarm) -> None:
    swarm.repo.git("config", "swarm.rules", "keys, version")

    done = bump(swarm, {"minor": "left = 1\n", "patch": "right = 1\n"})

    assert (done.status, "resolve" in swarm.purposes()) == (0, False)
    assert hunks(done) == [["rule:version", "rule:keys"]]
    merged = swarm.repo.text(done.json["merged"]["commit"], "pyproject.toml")
    assert merged.endswith("left = 1\nright = 1\n")


def test_a_rule_that_there_is_not_is_refused_by_name(swarm: Swarm) -> None:
    swarm.repo.git("config", "swarm.rules", "version guess")

    done = swarm.carry_out(*TASKS)

    assert (done.status, done.json) == (
        2,
        {
            "schema": "gitswarm/error/1",
            "error": "swarm.rules names 'guess', but there is no such rule",
            "hint": "the rules are version, superseded, whitespace, token, additions, imports,"
            " keys; empty for none",
            "exit_code": 2,
        },
    )


def lock(swarm: Swarm, path: str = "uv.lock") -> Finished:
    """Two tasks that change a line of a file which a program writes, and a line of another."""
    swarm.commit({path: "a = 1\n", "app.py": "one\ntwo\nthree\n"})
    swarm.script.answers = {
        f"task:{task}": file_reply({path: f"a = {n}\n", "app.py": f"one\ntwo {task}\nthree\n"})
        for task, n in {"minor": 2, "patch": 3}.items()
    }
    swarm.script.answers["resolve"] = (
        "Both.\n\n````resolution hunk=1 confidence=0.9\ntwo minor patch\n````\n"
    )
    return swarm.carry_out(*TASKS)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("uv.lock", "lock file"),
        ("web/package-lock.json", "lock file"),
        ("zz/__snapshots__/a.js", "snapshot"),
    ],
)
def test_a_file_that_a_program_writes_is_left_to_a_person(
    swarm: Swarm, path: str, kind: str
) -> None:
    done = lock(swarm, path)

    assert (done.status, "resolve" in swarm.purposes()) == (1, False)
    reasons = {
        conflict["path"]: [(hunk["by"], hunk["reason"]) for hunk in conflict["hunks"]]
        for conflict in done.json["conflicts"]
    }
    why = f"not asked: the same merge has a {kind} conflict, which a person has to decide"
    assert reasons == {
        "app.py": [(None, why)],
        path: [(None, f"a {kind} is not merged as text: take either side and write it anew")],
    }


def test_the_configured_command_writes_it_anew_from_all_that_is_merged(swarm: Swarm) -> None:
    command = "grep two app.py > uv.lock && cat .git > /dev/null && echo left > other.txt"
    swarm.repo.git("config", "swarm.regenerate", command)

    done = lock(swarm)

    assert (done.status, hunks(done)) == (0, [["model"], ["rule:regenerate"]])
    assert done.json["conflicts"][1]["hunks"][0]["reason"] == f'written anew by "{command}"'
    merged = swarm.repo.files(done.json["merged"]["commit"])
    assert (merged["uv.lock"], merged["app.py"]) == (
        "two minor patch\n",
        "one\ntwo minor patch\nthree\n",
    )
    assert "other.txt" not in merged
    assert not swarm.worktrees.exists()


@pytest.mark.parametrize(
    ("command", "trouble"),
    [
        ("echo no network; exit 3", "failed with 3: no network"),
        ("true", "did not write it anew"),
        ("rm uv.lock", "did not write it anew"),
        ("ln -sf app.py uv.lock", "did not write it anew"),
    ],
)
def test_a_file_that_the_command_does_not_write_stays_open(
    swarm: Swarm, command: str, trouble: str
) -> None:
    swarm.repo.git("config", "swarm.regenerate", command)

    done = lock(swarm)

    assert (done.status, hunks(done)) == (1, [["model"], [None]])
    assert done.json["conflicts"][1]["hunks"][0]["reason"] == (
        "a lock file is not merged as text: take either side and write it anew;"
        f' "{command}" {trouble}'
    )
    assert swarm.repo.text(done.json["merged"]["commit"], "uv.lock") == "a = 2\n"


def test_what_was_written_anew_is_taken_again_when_the_run_is_merged_again(swarm: Swarm) -> None:
    swarm.repo.git("config", "swarm.regenerate", "date +%s%N > uv.lock")
    first = lock(swarm)

    again = swarm("integrate", "--json")

    assert (again.status, hunks(again)) == (0, [["replay"], ["rule:regenerate"]])
    assert again.json["merged"] == first.json["merged"]


def test_no_secret_reaches_the_command_that_writes_files_anew(swarm: Swarm) -> None:
    swarm.repo.git("config", "swarm.regenerate", "env > uv.lock")

    done = lock(swarm)

    written = swarm.repo.text(done.json["merged"]["commit"], "uv.lock")
    assert "PATH=" in written
    assert "ANTHROPIC_API_KEY" not in written


def test_what_two_fan_ins_meet_at_the_same_time_is_asked_once(swarm: Swarm) -> None:
    names = ["left", "right", "other"]

    def change(call: Call) -> str:
        if call.task in ("left", "right"):
            return file_reply({"app.py": f"one\ntwo {call.task}\nthree\n"})
        return file_reply({f"{call.task}.txt": f"{call.task}\n"})

    answer = "Both.\n\n````resolution hunk=1 confidence=0.9\ntwo left right\n````\n"
    swarm.script.answers = {"task": change, "resolve": Scripted.text(answer, seconds=0.5)}

    done = swarm.carry_out(
        *({"id": name, "role": "builder"} for name in names),
        {"id": "first", "role": "builder", "depends_on": ["left", "right"]},
        {"id": "second", "role": "builder", "depends_on": ["left", "right", "other"]},
    )

    assert (done.status, swarm.purposes().count("resolve")) == (0, 1)
    assert sorted(by for conflict in hunks(done) for by in conflict if by) == ["model", "replay"]
