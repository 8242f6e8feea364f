"""`git swarm status [RUN]`: what a run and its tasks are doing, or came to."""

import click

from gitswarm.cli import print_json
from gitswarm.commands.options import json_option, open_repository
from gitswarm.console import Console


@click.command("status", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run", required=False)
@json_option
def command(run: str | None, as_json: bool) -> int:
    """Show what RUN (the newest) and its tasks are doing, or came to."""
    from gitswarm.history import RunHistory, choose_run

    repository = open_repository()
    history = RunHistory(repository, choose_run(repository, run))
    status = history.status()
    if not as_json:
        Console().show_status(status)
        return 0
    print_json(
        {
            "schema": "gitswarm/status/1",
            "run": status.line.run,
            "goal": status.line.goal,
            "state": status.line.state,
            "base": status.base,
            "merged": history.merged,
            "verify": status.verify or None,
            "cost_usd": status.line.cost_usd,
            "tasks": [
                {
                    "id": task.task,
                    "role": task.role,
                    "state": task.state,
                    "depends_on": list(task.depends_on),
                    "seconds": round(task.seconds, 3),
                    "output_tokens": task.output_tokens,
                    "cost_usd": task.cost_usd,
                    "error": task.error or None,
                }
                for task in status.tasks
            ],
        }
    )
    return 0
