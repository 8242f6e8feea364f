"""One attempt at a goal from the command line: signals, the model's client, the report."""

import asyncio
import math
import signal
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

import click

from gitswarm.cli import STARTED, StoppedError, print_json
from gitswarm.console import Console
from gitswarm.errors import GitswarmError, SettingsError, UsageError
from gitswarm.history import choose_run
from gitswarm.model.claude import FAULTS, SILENCE, ClaudeModel, start_import
from gitswarm.model.limits import Budget, Limiter
from gitswarm.model.prices import Prices, price_overrides
from gitswarm.orchestrator import Confirm, Orchestrator, require_fit
from gitswarm.plan.reading import read_plan
from gitswarm.plan.role_places import load_roles, wishes
from gitswarm.plan.roles import Role
from gitswarm.plan.tasks import Plan, dump_plan, overlaps
from gitswarm.repo.repository import Repository
from gitswarm.report import Report
from gitswarm.run import Run
from gitswarm.saved_run import load_run
from gitswarm.settings import DEFAULT_MODEL, Settings
from gitswarm.stop import Stop
from gitswarm.swarm.program import program_name

T = TypeVar("T")

RESOLVING_AT_ONCE = 4
"""Calls beside those of the agents that may be under way: files being resolved for a fan-in."""

ECHO_SECONDS = 0.2
"""Within this time a second signal is the first one again: Ctrl-C reaches every process of the
terminal, and git passes it on to the command that it runs."""


Course = Callable[[Orchestrator, Confirm], Coroutine[Any, Any, Report]]
"""What is to become of a run."""


def open_model(
    settings: Settings, prices: Prices, *, spent_usd: float = 0.0, faults: int = FAULTS
) -> ClaudeModel:
    """The model as the settings want it: one limiter and one budget for all calls. `spent_usd` was
    spent before."""
    return ClaudeModel(
        limiter=Limiter(settings.jobs + RESOLVING_AT_ONCE, patience=settings.timeout_seconds),
        prices=prices,
        budget=Budget(settings.budget_usd, spent_usd=spent_usd),
        silence=min(SILENCE, settings.timeout_seconds),
        faults=faults,
    )


def require_usable_models(settings: Settings, prices: Prices, roles: Iterable[Role] = ()) -> None:
    """Raise `SettingsError` for a model whose requests are known to fail by now, and for one whose
    price is not known where a budget is to be kept."""
    configured = {"swarm.model": settings.model} | {
        f"swarm.role.{name}.model": role.model for name, role in settings.roles.items()
    }
    configured |= {
        f"swarm.role.{role.name}.model": settings.model_for(role.name, role.model)
        for role in roles
        if role.model
    }
    for key, model in configured.items():
        if model is None:
            continue
        price = prices.of(model)
        if price is None and settings.budget_usd is not None:
            raise SettingsError(
                f"the price of {model} is not known, so no budget can be kept with it",
                hint=f"git config swarm.price.{model}.input USD, and the same for .output",
            )
        if price and price.ended(date.today()):
            raise SettingsError(
                f"the model {model} came to its end on {price.end_of_life}",
                hint=f"git config {key} {DEFAULT_MODEL}",
            )


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
    run = Run.begin(repository, goal, commit, model=settings.model, max_tasks=max_tasks)

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
    require_usable_models(settings, prices, roles.values())

    async def work(stop: Stop) -> Report:
        async with open_model(settings, prices, spent_usd=run.known_cost_usd) as model:
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
        report = run_until_signalled(work)
    return finish(report, console, as_json=as_json)


def open_run(repository: Repository, name: str | None) -> Run:
    """The run of this name (None: the newest), as far as it has come."""
    run = load_run(repository, choose_run(repository, name))
    require_fit(repository, run.base)
    return run


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


def run_until_signalled(pursue: Callable[[Stop], Coroutine[Any, Any, T]]) -> T:
    """Run to the report. A first SIGINT or SIGTERM stops cleanly; a second one cancels whatever is
    under way, and the process exits without a report; both leave a run that its ledger knows."""

    async def main() -> T:
        stop = Stop()
        loop = asyncio.get_running_loop()
        work = asyncio.ensure_future(pursue(stop))
        insists_from = math.inf

        def on_signal(signum: signal.Signals) -> None:
            nonlocal insists_from
            if not stop.is_set():
                insists_from = loop.time() + ECHO_SECONDS
            elif loop.time() >= insists_from:
                work.cancel()
            stop.request(signum)

        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, on_signal, signum)
        try:
            return await work
        except asyncio.CancelledError:
            raise StoppedError(stop.signum) from None
        finally:
            for signum in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(signum)

    return asyncio.run(main())
