"""A goal becomes a plan, asked with the real client."""

import json
from typing import Any

import pytest

from gitswarm.errors import PlanError
from gitswarm.model.claude import ClaudeModel
from gitswarm.model.conversation import Conversation
from gitswarm.model.reply import read_reply
from gitswarm.plan.context import build_context, prefix
from gitswarm.plan.goal import plan_goal
from gitswarm.plan.reading import read_plan
from gitswarm.plan.roles import load_builtin_roles
from gitswarm.plan.tasks import Plan
from gitswarm.plan.tools import ReadOnlyTools
from gitswarm.repo.objects import RunId
from tests.conftest import RepositoryBuilder
from tests.messages_api import MessagesApi, Scripted
from tests.model.conftest import MODEL

ROLES = load_builtin_roles()
GOAL = "Add JWT auth,\nwith tests. It costs $goal and {braces}."


def reply(*tasks: dict[str, Any], note: str = "Two at once.", **rest: Any) -> str:
    plan = json.dumps({"goal": "auth", "tasks": tasks, **rest})
    return f"{note}\n\n````plan\n{plan}\n````\n"


def task(id: str, **rest: Any) -> dict[str, Any]:
    return {"id": id, "role": "builder", "prompt": "Do it.", **rest}


async def ask(
    repo: RepositoryBuilder, model: ClaudeModel, *, max_tasks: int | None = None
) -> tuple[Plan, tuple[str, ...]]:
    commit = repo.commit({"README.md": "# Shapes\n", "src/area.py": "x = 1\n"})
    withheld = repo.withheld(commit)
    conversation = Conversation(
        model=model,
        model_name=MODEL,
        prefix=prefix(build_context(repo.repository, commit, withheld)),
        run=RunId("jwt-auth-7f3a"),
        answer=ReadOnlyTools(repo.repository, commit, withheld, base=commit).answer,
    )
    return await plan_goal(conversation, GOAL, roles=ROLES.values(), max_tasks=max_tasks)


async def test_a_plan_keeps_the_users_words_for_the_goal(
    repo: RepositoryBuilder, api: MessagesApi, model: ClaudeModel
) -> None:
    api.respond = lambda call: reply(task("Auth"), task("tests", role="tester", mood="good"))

    plan, notes = await ask(repo, model)

    assert plan.goal == GOAL
    assert [(task.id, task.role) for task in plan.tasks] == [
        ("auth", "builder"),
        ("tests", "tester"),
    ]
    assert notes == (
        'the id "Auth" was changed to "auth"',
        'task "tests": the key "mood" was ignored',
    )
    assert [call.purpose for call in api.calls] == ["plan"]
    (call,) = api.calls
    assert GOAL in call.last_text
    assert all(f"- `{role.name}` (" in call.last_text for role in ROLES.values())
    assert "at most" not in call.last_text.partition("## Your reply")[2].partition("merged")[2]


async def test_the_planner_may_look_at_the_code_first(
    repo: RepositoryBuilder, api: MessagesApi, model: ClaudeModel
) -> None:
    def respond(call: Any) -> Scripted | str:
        if call.index == 0:
            return Scripted.tools(("read_file", {"path": "src/area.py"}))
        (result,) = call.body["messages"][-1]["content"]
        return reply(task("a", prompt=result["content"]))

    api.respond = respond

    plan, _ = await ask(repo, model)

    assert plan.tasks[0].prompt == "src/area.py, lines 1-1 of 1:\n1\tx = 1"


async def test_a_plan_that_cannot_be_carried_out_is_asked_for_once_more_with_the_reasons(
    repo: RepositoryBuilder, api: MessagesApi, model: ClaudeModel
) -> None:
    bad = reply(task("a", depends_on=["b"]), task("b", role="king", depends_on=["a"]))
    api.respond = lambda call: [bad, reply(task("a"))][call.index]

    plan, notes = await ask(repo, model)

    assert (len(plan.tasks), notes) == (1, ())
    assert [call.purpose for call in api.calls] == ["plan", "repair"]
    assert api.calls[1].last_text == (
        "This plan cannot be carried out:\n\n"
        f'- task "b": "role" is "king", which is none of {", ".join(ROLES)}\n'
        "- tasks wait for each other: a -> b -> a\n\n"
        "Send the complete plan again, corrected, as exactly one block `plan`.\n"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("I would rather not.", "the reply has no block opened with ````plan"),
        (reply(task("a")) * 2, "the reply has 2 blocks opened with ````plan"),
        ("````plan\n{}", "the fence opened here is never closed"),
        ("````plan\n{}\n````\n", 'the plan: "goal" is missing'),
        (reply(task("a"), task("b"), task("c")), "the plan has 3 tasks, more than 2"),
    ],
)
async def test_a_second_bad_plan_is_an_error(
    repo: RepositoryBuilder, api: MessagesApi, model: ClaudeModel, text: str, problem: str
) -> None:
    api.respond = lambda call: text

    with pytest.raises(PlanError) as raised:
        await ask(repo, model, max_tasks=2)

    assert raised.value.message.startswith("the model made no plan that can be carried out:\n")
    assert problem in raised.value.message
    assert "git swarm run FILE" in raised.value.hint
    assert len(api.calls) == 2
    assert (
        "- The plan has at most 2 tasks." in api.calls[0].body["messages"][0]["content"][0]["text"]
    )
    assert problem in api.calls[1].last_text


async def test_one_agent_may_be_better(
    repo: RepositoryBuilder, api: MessagesApi, model: ClaudeModel
) -> None:
    text = reply(task("all"), parallelize=False, reason="It is one line.")
    api.respond = lambda call: text

    plan, _ = await ask(repo, model)

    assert (plan.parallelize, plan.reason, len(plan.tasks)) == (False, "It is one line.", 1)


async def test_the_example_in_the_instruction_is_a_good_plan(
    repo: RepositoryBuilder, api: MessagesApi, model: ClaudeModel
) -> None:
    api.respond = lambda call: reply(task("a"))
    await ask(repo, model)

    (fence,) = read_reply(api.calls[0].last_text).of_kind("plan")
    plan, notes = read_plan(fence.body, source="file", roles=ROLES, max_tasks=None)

    assert (plan.tasks[0].id, notes) == ("rate-limit", ())
