"""`git swarm "GOAL"`: plan, confirm, run, integrate, verify."""

import click

from gitswarm.cli import refuse_mistaken_command
from gitswarm.commands.options import (
    Overrides,
    json_option,
    model_options,
    open_repository,
    planning_options,
    running_options,
)
from gitswarm.errors import UsageError
from gitswarm.settings import Settings


@click.command("goal", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("words", nargs=-1, metavar='"GOAL"')
@running_options
@planning_options
@model_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    words: tuple[str, ...],
    yes: bool,
    jobs: int | None,
    verify: str | None,
    max_tasks: int | None,
    model: str | None,
    budget: float | None,
    base: str,
    as_json: bool,
) -> int:
    """Plan GOAL, run its tasks as agents on branches of their own, merge and verify them."""
    goal = read_goal(words, literal=ctx.meta.get("gitswarm.literal_goal", False))
    from gitswarm.commands.attempt import attempt, require_answerable

    require_answerable(yes=yes)
    repository = open_repository()
    overrides = Overrides(model=model, budget=budget, jobs=jobs, verify=verify)
    return attempt(
        goal,
        repository,
        overrides.over(Settings.load(repository)),
        base=base,
        plan=None,
        ask=not yes,
        as_json=as_json,
        max_tasks=max_tasks,
    )


def read_goal(words: tuple[str, ...], *, literal: bool) -> str:
    """The goal that was typed. Raises `UsageError` when there is none, or when it looks like a
    command; not when it stood after `--`."""
    goal = " ".join(words).strip()
    if not goal:
        raise UsageError("the goal is empty", hint='git swarm "what you want done"')
    try:
        goal.encode()
    except UnicodeEncodeError:
        raise UsageError("the goal is not UTF-8", hint="type it in a UTF-8 terminal") from None
    if not literal:
        refuse_mistaken_command(words)
    return goal
