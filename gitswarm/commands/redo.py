"""`git swarm redo TASK`: carry out one task of a run once more."""

import click

from gitswarm.commands.options import (
    Overrides,
    json_option,
    open_repository,
    resuming_options,
    run_option,
    working_options,
)


@click.command("redo", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("task")
@run_option
@click.option("--note", default="", metavar="TEXT", help="What to do otherwise, told to the agent.")
@click.option("--dependents", is_flag=True, help="Redo the tasks that build on it, too.")
@working_options
@resuming_options
@json_option
def command(
    task: str,
    run_name: str | None,
    note: str,
    dependents: bool,
    yes: bool,
    jobs: int | None,
    budget: float | None,
    verify: str | None,
    as_json: bool,
) -> int:
    """Carry out TASK once more and merge its run again.

    The tasks that build on it are redone too with --dependents or -y, or when you say so;
    otherwise what they did is merged onto its new work, where git can do that.
    """
    from gitswarm.commands.attempt import carry, open_run, settings_of
    from gitswarm.console import Console

    repository = open_repository()
    run = open_run(repository, run_name)
    id = run.task(task).id
    run.require_begun(id)
    again = {id}
    if built_on := sorted(run.dependents([id]) & run.results.keys() - run.left_out):
        console = Console(json=as_json)
        names = ", ".join(built_on)
        if (
            dependents
            or yes
            or (
                console.can_ask
                and click.confirm(f"Redo what builds on it, too: {names}?", err=True)
            )
        ):
            again |= {*built_on}
        else:
            console.say(
                f"These build on {id}, and what they did is carried over: {names}. To redo them,"
                " too:",
                f"git swarm redo {id} --run {run.id} --dependents",
            )
    run.begin_again({id}, note)
    run.begin_again(again - {id}, "")
    overrides = Overrides(budget=budget, jobs=jobs, verify=verify)
    return carry(
        run,
        lambda orchestrator, _: orchestrator.redo(again),
        repository,
        settings_of(run, repository, overrides),
        ask=False,
        as_json=as_json,
    )
