"""`git swarm drop TASK`: merge a run without one of its tasks."""

import click

from gitswarm.commands.options import (
    Overrides,
    json_option,
    open_repository,
    resuming_options,
    run_option,
)


@click.command("drop", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("task")
@run_option
@click.option("--undo", is_flag=True, help="Take a dropped task in again.")
@resuming_options
@json_option
def command(
    task: str,
    run_name: str | None,
    undo: bool,
    budget: float | None,
    verify: str | None,
    as_json: bool,
) -> int:
    """Merge a run again without TASK and without the tasks that build on it.

    Their branches stay, and --undo brings them back.
    """
    from gitswarm.commands.attempt import carry, open_run, settings_of
    from gitswarm.console import Console

    repository = open_repository()
    run = open_run(repository, run_name)
    id = run.task(task).id
    if undo:
        run.undrop(id)
    elif too := run.drop(id):
        Console(json=as_json).say(f"Left out too, as they build on {id}: {', '.join(sorted(too))}")
    settings = settings_of(run, repository, Overrides(budget=budget, verify=verify))
    return carry(
        run,
        lambda orchestrator, _: orchestrator.go_on(),
        repository,
        settings,
        ask=False,
        as_json=as_json,
    )
