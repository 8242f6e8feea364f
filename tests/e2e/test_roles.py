"""Roles of the user's and the repository's, as a run finds them."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.checkout import snapshot
from tests.e2e.conftest import Swarm, file_reply, plan_reply
from tests.messages_api import Call, Scripted

TRANSLATOR = """\
---
name: translator
description: translates
writes: {writes}
tools: read_file
{more}---
You translate with care.
"""


def translator(writes: str = "code", more: str = "") -> str:
    return TRANSLATOR.format(writes=writes, more=more)


def tool_results(call: Call) -> list[Any]:
    return [block for block in call.body["messages"][-1]["content"] if block["type"] != "text"]


def test_the_roles_are_listed_with_where_they_come_from(swarm: Swarm, sealed: Path) -> None:
    swarm.commit({".gitswarm/roles/t.md": translator(more="model: opus\neffort: low\n")})
    folder = sealed / ".config/gitswarm/roles"
    folder.mkdir(parents=True)
    (folder / "tester.md").write_text(translator("nothing").replace("translator", "tester"))
    swarm.repo.git("config", "swarm.role.tester.model", "claude-haiku-5-5")

    listed = {role["name"]: role for role in swarm("roles", "--json").json["roles"]}

    assert listed["translator"] == {
        "name": "translator",
        "from": "repository",
        "file": ".gitswarm/roles/t.md",
        "writes": "code",
        "model": "claude-opus-5-5",
        "effort": "low",
        "tools": ["read_file"],
        "description": "translates",
    }
    assert listed["tester"]["from"] == "user"
    assert (listed["tester"]["writes"], listed["tester"]["model"]) == (
        "nothing",
        "claude-haiku-5-5",
    )
    assert {name for name, role in listed.items() if role["from"] == "built-in"} == {
        *("builder", "communicator", "deployer", "diagnostician", "documenter", "fixer"),
        *("migrator", "performance-reviewer", "researcher", "security-reviewer", "style-reviewer"),
    }
    page = swarm("roles", COLUMNS="60").stdout
    assert f"tester                writes nothing  claude-haiku-5-5   {folder}/tester.md\n" in page
    assert (
        "translator            writes code     claude-opus-5-5    .gitswarm/roles/t.md\n"
        "    translates\n"
    ) in page
    assert swarm("roles", "--base", f"{swarm.base}~1", "--json").stdout.count("translator") == 0


def test_a_repository_without_commits_has_the_built_in_roles(swarm: Swarm) -> None:
    swarm.repo.git("switch", "--quiet", "--orphan", "empty")

    assert len(swarm("roles", "--json").json["roles"]) == 12


def test_a_role_of_the_repository_does_its_work(swarm: Swarm) -> None:
    swarm.commit({".gitswarm/roles/t.md": translator(more="model: opus\neffort: low\n")})
    swarm.script.answers = {
        "plan": plan_reply({"id": "words", "role": "translator"}, {"id": "b", "role": "builder"}),
        "task:words": file_reply({"words.txt": "mots\n"}),
        "task:b": file_reply({"b.txt": "b\n"}),
    }

    done = swarm("-y", "--json", "translate")

    assert (done.status, done.outcomes) == (0, {"words": "done", "b": "done"})
    (planning,) = swarm.calls("plan")
    (words,), (b,) = swarm.calls("task", "words"), swarm.calls("task", "b")
    assert "- `translator` (writes everything but CI definitions): translates" in planning.last_text
    assert "You translate with care." in words.last_text
    assert "Of the tools, your role uses only read_file." in words.last_text
    assert words.body["model"] == "claude-opus-5-5"
    assert words.body["output_config"] == {"effort": "low"}
    assert "asks for claude-opus-5-5 with low effort for the role translator" in done.stderr
    assert planning.body["system"] == words.body["system"] == b.body["system"]
    assert planning.body["tools"] == words.body["tools"] == b.body["tools"]


def test_a_tool_that_the_role_may_not_use_is_refused_at_the_call(swarm: Swarm) -> None:
    swarm.commit({".gitswarm/roles/t.md": translator()})
    swarm.script.answers = {
        "task:words": lambda call: (
            file_reply({"words.txt": "mots\n"})
            if tool_results(call)
            else Scripted.tools(("search", {"pattern": "one"}), ("read_file", {"path": "app.py"}))
        )
    }

    done = swarm.carry_out({"id": "words", "role": "translator"})

    assert done.outcomes == {"words": "done"}
    refused, answered = tool_results(swarm.calls("task", "words")[1])
    assert refused["is_error"]
    assert refused["content"] == (
        "The role translator may not use search. Of the tools, your role uses only read_file."
    )
    assert answered["content"].startswith("app.py, lines 1-3 of 3:")


def test_what_a_role_may_write_is_enforced(swarm: Swarm) -> None:
    swarm.commit({".gitswarm/roles/t.md": translator("code+ci")})
    ci = file_reply({".github/workflows/ci.yml": "on: push\n"})
    own = file_reply({".gitswarm/roles/t.md": translator("nothing")})
    swarm.script.answers = {"task:ci": ci, "task:own": own, "repair": own}

    done = swarm.carry_out({"id": "ci", "role": "translator"}, {"id": "own", "role": "translator"})

    assert done.outcomes == {"ci": "done", "own": "failed"}
    assert "is in gitswarm's own folder, which no role may change" in done.task("own")["error"]


def test_what_an_agent_writes_changes_no_role_of_the_run(swarm: Swarm) -> None:
    """An agent file is code to its agents, but the roles are those of the base commit."""
    agent = "---\nname: {}\ndescription: d\n---\nHelp.\n"
    swarm.commit({".claude/agents/builder.md": agent.format("builder")})
    swarm.script.answers = {
        "task:a": file_reply({".claude/agents/builder.md": agent.format("builder") + "More.\n"}),
        "task:b": file_reply({"b.txt": "b\n"}),
    }

    swarm.carry_out(
        {"id": "a", "role": "builder"}, {"id": "b", "role": "builder", "depends_on": ["a"]}
    )

    (call,) = swarm.calls("task", "b")
    assert "# Your role: builder\n\nHelp.\n\n# The goal" in call.last_text


@pytest.mark.parametrize("arguments", [["-y", "goal"], ["plan", "goal"], ["roles"]])
def test_a_bad_role_file_ends_the_command_before_anything_is_spent(
    swarm: Swarm, arguments: list[str]
) -> None:
    swarm.commit({".gitswarm/roles/t.md": translator("everything")})
    before = snapshot(swarm.repo.path)

    done = swarm(*arguments, "--json")

    assert (done.status, done.json["error"]) == (
        2,
        '.gitswarm/roles/t.md:4: "writes" is wrong: Input should be'
        " 'nothing', 'code' or 'code+ci'",
    )
    assert swarm.api.calls == []
    assert snapshot(swarm.repo.path) == before


def test_a_role_whose_model_has_no_price_cannot_keep_a_budget(swarm: Swarm) -> None:
    swarm.commit({".gitswarm/roles/t.md": translator(more="model: our-own\n")})

    done = swarm("-y", "--json", "--budget", "1", "goal")

    assert (done.status, done.json["error"]) == (
        2,
        "the price of our-own is not known, so no budget can be kept with it",
    )
