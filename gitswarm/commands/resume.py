"""`git swarm resume [RUN]`: go on with a run that was interrupted."""

import click

from gitswarm.commands.options import (
    Overrides,
    json_option,
    open_repository,
    resuming_options,
    working_options,
)


@click.command("resume", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run_name", metavar="[RUN]", required=False)
@working_options
@resuming_options
@json_option
def command(
    run_name: str | None,
    yes: bool,
    jobs: int | None,
    budget: float | None,
    verify: str | None,
    as_json: bool,
) -> int:
    """Go on with RUN (the newest) where it was interrupted: by a crash, a signal, the network or
    its budget.

    Replies that were received are not paid again, and what is finished is kept. Tasks that failed
    are tried again.
    """
    from gitswarm.commands.attempt import carry, open_run, require_answerable, settings_of

    repository = open_repository()
    run = open_run(repository, run_name)
    if run.plan is None:
        require_answerable(yes=yes)
    settings = settings_of(run, repository, Overrides(budget=budget, jobs=jobs, verify=verify))
    return carry(
        run,
        lambda orchestrator, confirm: orchestrator.resume(confirm=confirm),
        repository,
        settings,
        ask=not yes,
        as_json=as_json,
    )
