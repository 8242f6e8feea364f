"""`git swarm integrate [RUN]`: merge the branches of a run again."""

import click

from gitswarm.commands.options import (
    Overrides,
    json_option,
    open_repository,
    resuming_options,
)


@click.command("integrate", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run_name", metavar="[RUN]", required=False)
@resuming_options
@json_option
def command(run_name: str | None, budget: float | None, verify: str | None, as_json: bool) -> int:
    """Merge the branches of RUN (the newest) as they are now, and verify the result.

    Commits that you added to a task's branch count. Conflicts that were resolved before are not
    asked again.
    """
    from gitswarm.commands.attempt import carry, open_run, settings_of

    repository = open_repository()
    run = open_run(repository, run_name)
    settings = settings_of(run, repository, Overrides(budget=budget, verify=verify))
    return carry(
        run,
        lambda orchestrator, _: orchestrator.go_on(),
        repository,
        settings,
        ask=False,
        as_json=as_json,
    )
