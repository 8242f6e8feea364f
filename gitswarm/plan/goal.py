"""A goal becomes a plan by asking a model."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from importlib import resources
from string import Template

from gitswarm.errors import PlanError
from gitswarm.model.conversation import Conversation
from gitswarm.model.reply import read_reply
from gitswarm.plan.reading import read_plan
from gitswarm.plan.roles import Role, Writes
from gitswarm.plan.tasks import Plan


async def plan_goal(
    conversation: Conversation, goal: str, *, roles: Collection[Role], max_tasks: int | None
) -> tuple[Plan, tuple[str, ...]]:
    """The plan for a goal, and a note on everything of it that was mended or ignored.

    The conversation is a new one, with the shared prefix and the tools. A plan that cannot be
    carried out is asked for once more, with the reasons; then it is a `PlanError`. The plan's goal
    is the user's own words, however the model put it.
    """
    reply = await conversation.ask(_instruction(goal, roles, max_tasks), purpose="plan")
    try:
        plan, notes = read_planned(reply.text, roles, max_tasks)
    except PlanError as refused:
        reply = await conversation.ask(_repair(refused), purpose="repair")
        try:
            plan, notes = read_planned(reply.text, roles, max_tasks)
        except PlanError as refused_again:
            raise PlanError(
                f"the model made no plan that can be carried out:\n{refused_again.message}",
                hint='word the goal differently, or write a plan and use "git swarm run FILE"',
            ) from None
    return replace(plan, goal=goal), notes


def read_planned(
    text: str, roles: Collection[Role], max_tasks: int | None
) -> tuple[Plan, tuple[str, ...]]:
    """The plan in a planner's reply, and notes on what was mended or ignored. Raises `PlanError`
    with all that keeps it from being carried out."""
    reply = read_reply(text)
    plans = reply.of_kind("plan")
    if len(plans) != 1:
        count = "no block" if not plans else f"{len(plans)} blocks"
        wanted = f"the reply has {count} opened with ````plan, instead of exactly one"
        raise PlanError("\n".join([wanted, *map(str, reply.faults)]))
    names = [role.name for role in roles]
    return read_plan(plans[0].body, source="model", roles=names, max_tasks=max_tasks)


def _instruction(goal: str, roles: Collection[Role], max_tasks: int | None) -> str:
    template = resources.files("gitswarm.plan").joinpath("planner.md").read_text("utf-8")
    limit = "" if max_tasks is None else f"- The plan has at most {max_tasks} tasks.\n"
    return Template(template).substitute(
        goal=goal.strip(),
        roles="\n".join(f"- `{r.name}` ({_WRITES[r.writes]}): {r.description}" for r in roles),
        limit=limit,
    )


_WRITES: Mapping[Writes, str] = {
    Writes.NOTHING: "writes nothing, reports",
    Writes.CODE: "writes everything but CI definitions",
    Writes.CODE_AND_CI: "writes everything, CI definitions too",
}


def _repair(refused: PlanError) -> str:
    problems = "\n".join(f"- {line}" for line in refused.message.splitlines())
    return f"""\
This plan cannot be carried out:

{problems}

Send the complete plan again, corrected, as exactly one block `plan`.
"""
