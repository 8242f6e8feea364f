"""`git swarm run PLAN`: carry out a plan that was saved."""

from pathlib import Path

import click

from gitswarm.commands.options import (
    Overrides,
    json_option,
    model_options,
    open_repository,
    running_options,
)
from gitswarm.errors import PlanFileError
from gitswarm.settings import Settings


@click.command("run", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("plan_file", metavar="PLAN", type=click.Path(path_type=Path))
@running_options
@model_options
@json_option
def command(
    plan_file: Path,
    yes: bool,  # noqa: ARG001  having saved the plan says it
    jobs: int | None,
    verify: str | None,
    model: str | None,
    budget: float | None,
    base: str,
    as_json: bool,
) -> int:
    """Run the plan in the file PLAN, as "git swarm plan -o PLAN" wrote it.

    Having saved the plan is the yes to it: nothing is asked, with or without -y.
    """
    from gitswarm.commands.attempt import attempt
    from gitswarm.plan.reading import read_plan
    from gitswarm.plan.role_places import load_roles

    repository = open_repository()
    try:
        text = plan_file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise PlanFileError(
            f"the plan {plan_file} cannot be read: {why}",
            hint=f'make one with git swarm plan -o {plan_file} "GOAL"',
        ) from None
    roles = load_roles(repository, repository.commit_oid(base))
    plan, _ = read_plan(text, source="file", roles=roles, max_tasks=None)
    overrides = Overrides(model=model, budget=budget, jobs=jobs, verify=verify)
    return attempt(
        plan.goal,
        repository,
        overrides.over(Settings.load(repository)),
        base=base,
        plan=plan,
        ask=False,
        as_json=as_json,
    )
