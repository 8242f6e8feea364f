"""`git swarm diff [RUN] [TASK]`: what a run, or one of its tasks, changed."""

import click

from gitswarm.commands.options import open_repository, run_and_task
from gitswarm.console import Console
from gitswarm.errors import UsageError


@click.command("diff", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[RUN] [TASK]")
@click.option("--stat", is_flag=True, help="Only how many lines changed in each file.")
def command(names: tuple[str, ...], stat: bool) -> int:
    """Show what RUN (the newest) changed in all, or its TASK alone, as git diff shows it."""
    from gitswarm.history import RunHistory

    repository = open_repository()
    run, task = run_and_task(repository, names)
    history = RunHistory(repository, run)
    if task:
        history.task(task)
        result = history.results.get(task, {})
        if not result.get("commits"):
            raise UsageError(
                f'task "{task}" of run {run} has no commits', hint=f"git swarm show {run} {task}"
            )
        old, new = result["base"], result["commits"][-1]
    elif history.merged:
        old, new = history.base, history.merged["commit"]
    else:
        raise UsageError(f"run {run} has merged nothing", hint=f"git swarm show {run}")
    form = ["--stat"] if stat else []
    output = repository.git("diff", "--no-ext-diff", "--no-textconv", "--no-color", *form, old, new)
    Console().show_diff(output.stdout)
    return 0
