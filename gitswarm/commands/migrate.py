"""`git swarm migrate "GOAL" --module PATH...`: one migrator a module, side by side."""

import os
from pathlib import Path

import click

from gitswarm.commands.goal import read_goal
from gitswarm.commands.options import (
    Overrides,
    json_option,
    model_options,
    open_repository,
    running_options,
)
from gitswarm.errors import UsageError
from gitswarm.repo.repository import Repository
from gitswarm.settings import Settings


@click.command("migrate", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("goal")
@click.argument("more_modules", nargs=-1, metavar="")
@click.option(
    "--module",
    "modules",
    multiple=True,
    metavar="PATH...",
    help="A folder or file that one migrator takes care of; give several, or the option again.",
)
@running_options
@model_options
@json_option
def command(
    goal: str,
    more_modules: tuple[str, ...],
    modules: tuple[str, ...],
    yes: bool,
    jobs: int | None,
    verify: str | None,
    model: str | None,
    budget: float | None,
    base: str,
    as_json: bool,
) -> int:
    """Carry GOAL through several modules at once, with an agent on a branch for each.

    No planner is asked: each module is a task and owns its path.

    \b
      git swarm migrate "from unittest to pytest" --module tests/api tests/store
    """
    from gitswarm.commands.attempt import attempt, require_answerable
    from gitswarm.plan.teams import migration_plan

    goal = read_goal((goal,), literal=True)
    if not modules:
        raise UsageError(
            "no module is named", hint=f'git swarm migrate "{goal}" --module PATH --module PATH'
        )
    repository = open_repository()
    paths = [from_root(repository, path) for path in (*modules, *more_modules)]
    plan = migration_plan(goal, paths, repository, repository.commit_oid(base))
    require_answerable(yes=yes)
    overrides = Overrides(model=model, budget=budget, jobs=jobs, verify=verify)
    return attempt(
        goal,
        repository,
        overrides.over(Settings.load(repository)),
        base=base,
        plan=plan,
        ask=not yes,
        as_json=as_json,
    )


def from_root(repository: Repository, path: str) -> str:
    """A path as it was typed in the current folder, from the root of the repository."""
    if repository.work_tree is None:
        return path
    return os.path.relpath(Path.cwd() / path, repository.work_tree)
