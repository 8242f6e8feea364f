"""Options that several commands share, and the values that they become."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from gitswarm.errors import GitError, UsageError
from gitswarm.repo.environment import take_git_environment
from gitswarm.repo.objects import RUN_ID, RunId
from gitswarm.repo.repository import Repository
from gitswarm.settings import Settings, dollars

Command = Callable[..., Any]
Option = Callable[[Command], Command]


def _dollars(_ctx: click.Context, _option: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else dollars(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}, not {value!r}") from None


def _budget_option(help: str) -> Option:
    return click.option("--budget", callback=_dollars, metavar="USD", help=help)


_model_option: Option = click.option("--model", metavar="M", help="The model to ask (swarm.model).")

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on stdout, all else on stderr."
)


def model_options(command: Command) -> Command:
    """Options of every command that asks a model."""
    options: list[Option] = [
        _model_option,
        _budget_option("Spend at most this much, over all agents (swarm.budget)."),
        click.option(
            "--base", default="HEAD", metavar="REV", help="Start from this commit [HEAD]."
        ),
    ]
    return _apply(options, command)


def planning_options(command: Command) -> Command:
    return click.option(
        "--max-tasks", type=click.IntRange(min=1), metavar="N", help="Plan at most N tasks."
    )(command)


run_option = click.option("--run", "run_name", metavar="RUN", help="The run [the newest].")


def working_options(command: Command) -> Command:
    """Options of every command that lets agents work."""
    options = [
        click.option("-y", "--yes", is_flag=True, help="Run without asking."),
        click.option(
            "--jobs",
            type=click.IntRange(min=1),
            metavar="N",
            help="At most N agents at once (swarm.jobs).",
        ),
    ]
    return _apply(options, command)


def asking_options(command: Command) -> Command:
    """Options of every command that asks a model and has no run."""
    options = [_model_option, _budget_option("Spend at most this much (swarm.budget).")]
    return _apply(options, command)


def running_options(command: Command) -> Command:
    """Options of every command that runs a plan."""
    options: list[Callable[[Command], Command]] = [
        working_options,
        click.option(
            "--verify",
            metavar="CMD",
            help="The command that says whether the merged tree is good (swarm.verify).",
        ),
    ]
    return _apply(options, command)


def resuming_options(command: Command) -> Command:
    """Options of every command that goes on with a run."""
    options: list[Option] = [
        _budget_option("Spend at most this much, with all that was spent before (swarm.budget)."),
        click.option(
            "--verify",
            metavar="CMD",
            help="The command that says whether the merged tree is good (swarm.verify).",
        ),
    ]
    return _apply(options, command)


def _apply(options: Sequence[Option], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line says over `git config`; None leaves the setting."""

    model: str | None = None
    budget: float | None = None
    jobs: int | None = None
    verify: str | None = None

    def over(self, settings: Settings) -> Settings:
        return replace(
            settings,
            model=self.model or settings.model,
            budget_usd=settings.budget_usd if self.budget is None else self.budget,
            jobs=self.jobs or settings.jobs,
            verify=settings.verify if self.verify is None else self.verify or None,
        )


def run_and_task(repository: Repository, names: tuple[str, ...]) -> tuple[RunId, str | None]:
    """What `[RUN] [TASK]` names: one word alone is a run if there is one of that name, else a task
    of the newest run."""
    from gitswarm.history import choose_run
    from gitswarm.repo.ledger import run_ids

    if len(names) > 2:
        raise UsageError(f"too many names: {' '.join(names)}", hint="give [RUN] [TASK]")
    if len(names) == 2:
        return choose_run(repository, names[0]), names[1]
    if len(names) == 1 and names[0] not in run_ids(repository) and not RUN_ID.fullmatch(names[0]):
        return choose_run(repository, None), names[0]
    return choose_run(repository, names[0] if names else None), None


def open_repository() -> Repository:
    """The repository that the user stands in. What a hook or alias handed down is used to find it,
    and then forgotten."""
    inherited = take_git_environment(os.environ)
    try:
        here = Path.cwd()
    except FileNotFoundError:
        raise GitError("the current folder no longer exists", hint="cd to the repository") from None
    return Repository.discover(here, inherited)
