"""`git swarm plan "GOAL"`: the plan only."""

import asyncio
from pathlib import Path

import click

from gitswarm.cli import STARTED, print_json
from gitswarm.commands.goal import read_goal
from gitswarm.commands.options import (
    Overrides,
    json_option,
    model_options,
    open_repository,
    planning_options,
)
from gitswarm.console import Console
from gitswarm.errors import UsageError
from gitswarm.settings import Settings


@click.command("plan", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("words", nargs=-1, metavar='"GOAL"')
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Save the plan."
)
@planning_options
@model_options
@json_option
def command(
    words: tuple[str, ...],
    output: Path | None,
    max_tasks: int | None,
    model: str | None,
    budget: float | None,
    base: str,
    as_json: bool,
) -> int:
    """Ask for a plan for GOAL and show it; "git swarm run FILE" carries out one saved with -o."""
    goal = read_goal(words, literal=True)
    repository = open_repository()
    settings = Overrides(model=model, budget=budget).over(Settings.load(repository))

    from gitswarm.commands.attempt import cost_remarks
    from gitswarm.commands.client import open_model, require_usable_models
    from gitswarm.estimate import Estimate
    from gitswarm.model.claude import start_import
    from gitswarm.model.prices import Prices, price_overrides
    from gitswarm.orchestrator import Orchestrator, require_fit
    from gitswarm.plan.role_places import load_roles
    from gitswarm.plan.tasks import Plan, dump_plan, overlaps, plan_json
    from gitswarm.run import Run
    from gitswarm.stop import Stop

    start_import()
    commit = require_fit(repository, base)
    console = Console(json=as_json)
    prices = Prices.load(price_overrides(repository))
    roles = load_roles(repository, commit)

    async def ask() -> tuple[Plan, Estimate]:
        async with open_model(settings, prices, watch=console.watch) as client:
            orchestrator = Orchestrator(
                run=Run.begin(repository, goal, commit, model=settings.model, max_tasks=max_tasks),
                repository=repository,
                settings=settings,
                roles=roles,
                model=client,
                watch=console.watch,
                stop=Stop(),
                started=STARTED,
                prices=prices,
            )
            plan = await orchestrator.ask_plan()
            return plan, await orchestrator.estimate(plan)

    with console:
        require_usable_models(settings, prices, roles.values(), watch=console.watch)
        plan, expected = asyncio.run(ask())
    if output is not None:
        save(dump_plan(plan), output)
    if as_json:
        estimated = {
            "seconds": round(expected.seconds),
            "sequential_seconds": round(expected.sequential_seconds),
            "cost_usd": expected.cost_usd,
            "sequential_usd": expected.sequential_usd,
            "basis": expected.basis,
        }
        print_json({"schema": "gitswarm/plan/1", "plan": plan_json(plan), "estimate": estimated})
    else:
        said = [*expected.lines(), *cost_remarks(plan, roles, settings)]
        console.show_plan(plan, estimate=said, overlaps=overlaps(plan), is_answer=True)
    return 0


def save(text: str, file: Path) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(
            f"the plan cannot be written to {file}: {error.strerror}", hint="choose another file"
        ) from None
