"""`git swarm continue [RUN]`: resolve by hand what a run left open."""

import click

from gitswarm.commands.options import (
    Overrides,
    json_option,
    open_repository,
    resuming_options,
)


@click.command("continue", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run_name", metavar="[RUN]", required=False)
@resuming_options
@json_option
def command(run_name: str | None, budget: float | None, verify: str | None, as_json: bool) -> int:
    """Resolve by hand what RUN (the newest) left open.

    The first call makes a worktree in the state that "git merge" leaves and says where. Resolve
    the conflicts there, with the tools you like; commit, or leave it to the next call, which takes
    what you made and goes on with all that waited for it.
    """
    from gitswarm.commands.attempt import carry, open_run, settings_of
    from gitswarm.errors import UsageError

    repository = open_repository()
    run = open_run(repository, run_name)
    if run.plan is None:
        raise UsageError(f"run {run.id} has no plan yet", hint=f"git swarm resume {run.id}")
    settings = settings_of(run, repository, Overrides(budget=budget, verify=verify))
    return carry(
        run,
        lambda orchestrator, _: orchestrator.merge_by_hand(),
        repository,
        settings,
        ask=False,
        as_json=as_json,
    )
