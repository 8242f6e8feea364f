"""One attempt at a goal from the command line, to its report."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any

import click

from gitswarm.cli import STARTED, print_json
from gitswarm.commands.client import open_model, require_usable_models
from gitswarm.commands.options import Overrides
from gitswarm.commands.signals import run_until_signalled
from gitswarm.console import Console
from gitswarm.errors import GitswarmError, UsageError
from gitswarm.history import choose_run
from gitswarm.model.claude import start_import
from gitswarm.model.prices import Prices, price_overrides
from gitswarm.orchestrator import Confirm, Orchestrator, require_fit
from gitswarm.plan.reading import read_plan
from gitswarm.plan.role_places import load_roles, wishes
from gitswarm.plan.roles import Role
from gitswarm.plan.tasks import Plan, dump_plan, overlaps
from gitswarm.repo.repository import Repository
from gitswarm.report import Report
from gitswarm.run import Chosen, Run
from gitswarm.saved_run import load_run
from gitswarm.settings import Settings
from gitswarm.stop import Stop
from gitswarm.swarm.program import program_name

Course = Callable[[Orchestrator, Confirm], Coroutine[Any, Any, Report]]
"""What is to become of a run."""


def cost_remarks(plan: Plan, roles: Mapping[str, Role], settings: Settings) -> list[str]:
    """What costs money beyond the estimate, one sentence each, to be told with the plan: what role
    files of the repository ask for, and programs."""
    used = {task.role: roles[task.role] for task in plan.tasks}
    programs = {name: settings.agent_command_for(name) for name in used}
    told = wishes((role for name, role in used.items() if not programs[name]), settings)
    return told + [
        f"{name} is done by {program_name(command)}, as swarm.agentCommand says: what that spends"
        " is in no estimate and no budget"
        for name, command in programs.items()
        if command
    ]


def require_answerable(*, yes: bool) -> None:
    """Raise `UsageError` when nobody could say yes to a plan, before anything is spent on it."""
    if not yes and not Console().can_ask:
        raise UsageError(
            "there is no terminal to ask on before the plan runs",
            hint='add -y to run it unasked, or look at it first: git swarm plan "GOAL"',
        )


def attempt(
    goal: str,
    repository: Repository,
    settings: Settings,
    *,
    base: str,
    plan: Plan | None,
    ask: bool,
    as_json: bool,
    max_tasks: int | None = None,
) -> int:
    """Run a goal, or a plan for it, to its report; returns the exit code."""
    start_import()
    commit = require_fit(repository, base)
    configured = Settings.load(repository)
    chosen = Chosen(
        model=settings.model if settings.model != configured.model else None,
        budget_usd=settings.budget_usd if settings.budget_usd != configured.budget_usd else None,
    )
    run = Run.begin(
        repository, goal, commit, model=settings.model, max_tasks=max_tasks, chosen=chosen
    )

    async def pursue(orchestrator: Orchestrator, confirm: Confirm) -> Report:
        return await orchestrator.pursue(confirm=confirm, plan=plan)

    return carry(run, pursue, repository, settings, ask=ask, as_json=as_json)


def carry(
    run: Run,
    course: Course,
    repository: Repository,
    settings: Settings,
    *,
    ask: bool,
    as_json: bool,
) -> int:
    """Take a run on a course to its report; returns the exit code."""
    console = Console(json=as_json)
    roles = load_roles(repository, run.base)
    prices = Prices.load(price_overrides(repository))

    async def work(stop: Stop) -> Report:
        async with open_model(
            settings, prices, spent_usd=run.known_cost_usd, watch=console.watch
        ) as model:
            orchestrator = Orchestrator(
                run=run,
                repository=repository,
                settings=settings,
                roles=roles,
                model=model,
                watch=console.watch,
                stop=stop,
                started=STARTED,
                prices=prices,
            )

            async def confirm(proposed: Plan) -> Plan | None:
                while True:
                    expected = await orchestrator.estimate(proposed)
                    console.show_plan(
                        proposed,
                        estimate=[*expected.lines(), *cost_remarks(proposed, roles, settings)],
                        overlaps=overlaps(proposed),
                    )
                    answer = await console.confirm() if ask else "yes"
                    if answer != "edit":
                        return proposed if answer == "yes" else None
                    proposed = edited(proposed, list(roles), console)

            return await course(orchestrator, confirm)

    with console:
        require_usable_models(settings, prices, roles.values(), watch=console.watch)
        report = run_until_signalled(work)
    return finish(report, console, as_json=as_json)


def open_run(repository: Repository, name: str | None) -> Run:
    """The run of this name (None: the newest), as far as it has come."""
    run = load_run(repository, choose_run(repository, name))
    require_fit(repository, run.base)
    return run


def settings_of(run: Run, repository: Repository, overrides: Overrides) -> Settings:
    """The settings with which a run goes on: what the command line says now, what it said when the
    run was begun, git config. A budget of then is kept to unless one is given now."""
    configured = Settings.load(repository)
    if overrides.budget is not None:
        run.chosen = replace(run.chosen, budget_usd=overrides.budget)
    budgets = (run.chosen.budget_usd, configured.budget_usd)
    known = [budget for budget in budgets if budget is not None]
    return overrides.over(
        replace(
            configured,
            model=run.chosen.model or configured.model,
            budget_usd=min(known, default=None),
        )
    )


def finish(report: Report, console: Console, *, as_json: bool) -> int:
    if as_json:
        print_json(report.to_json())
    console.show_report(report)
    return report.exit_code


def edited(plan: Plan, roles: list[str], console: Console) -> Plan:
    """The plan as the user's editor left it; unchanged when nothing was saved, or when what was
    saved is no plan (which is told)."""
    text = click.edit(dump_plan(plan), extension=".json")
    if text is None:
        return plan
    try:
        changed, _ = read_plan(text, source="file", roles=roles, max_tasks=None)
    except GitswarmError as error:
        console.show_error(error)
        return plan
    return changed
