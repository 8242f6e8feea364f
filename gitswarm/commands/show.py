"""`git swarm show [RUN] [TASK]`: a run's plan and results, or one task's note and commits."""

import click

from gitswarm.cli import print_json
from gitswarm.commands.options import json_option, open_repository, run_and_task
from gitswarm.console import Console


@click.command("show", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[RUN] [TASK]")
@json_option
def command(names: tuple[str, ...], as_json: bool) -> int:
    """Show the results of RUN (the newest), or what its TASK was asked, did and noted."""
    from gitswarm.history import RunHistory

    repository = open_repository()
    run, task = run_and_task(repository, names)
    history = RunHistory(repository, run)
    if as_json:
        chosen = [history.task(task)] if task else history.plan["tasks"]
        print_json(
            {
                "schema": "gitswarm/show/1",
                "run": run,
                "goal": history.facts.get("goal"),
                "state": history.state,
                "tasks": [{**one, "result": history.results.get(one["id"])} for one in chosen],
                "report": history.report,
            }
        )
    elif task:
        Console().show_task(history.task_view(task))
    else:
        views = [history.task_view(one["id"]) for one in history.plan["tasks"]]
        Console().show_run(history.status(), views)
    return 0
