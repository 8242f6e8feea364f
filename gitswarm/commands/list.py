"""`git swarm list`: the runs of this repository."""

import click

from gitswarm.cli import print_json
from gitswarm.commands.options import json_option, open_repository
from gitswarm.console import Console


@click.command("list", context_settings={"help_option_names": ["-h", "--help"]})
@json_option
def command(as_json: bool) -> int:
    """List the runs of this repository, the newest first."""
    from gitswarm.history import RunHistory
    from gitswarm.repo.ledger import run_ids

    repository = open_repository()
    lines = [RunHistory(repository, run).line() for run in run_ids(repository)]
    if not as_json:
        Console().show_runs(lines)
        return 0
    runs = [
        {
            "run": line.run,
            "goal": line.goal,
            "state": line.state,
            "tasks": line.tasks,
            "tasks_ended": line.tasks_ended,
            "cost_usd": line.cost_usd,
            "started_at": line.started_at.isoformat() if line.started_at else None,
        }
        for line in lines
    ]
    print_json({"schema": "gitswarm/list/1", "runs": runs})
    return 0
