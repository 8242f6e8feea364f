"""`git swarm demo`: the whole way on a small project, answered from recorded replies."""

import tempfile
from pathlib import Path

import click

from gitswarm.cli import STARTED
from gitswarm.commands.options import json_option
from gitswarm.console import Console


@click.command("demo", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@json_option
def command(folder: Path | None, as_json: bool) -> int:
    """Watch five agents work on a small project, in a fresh repository in FOLDER.

    Without FOLDER it is a temporary one. The model's replies are recorded ones of a real run.
    Everything else happens: worktrees, commits, merges, conflicts, the project's tests. It needs no
    key and no network.
    """
    import os

    from gitswarm import demo
    from gitswarm.commands.attempt import finish
    from gitswarm.commands.signals import run_until_signalled
    from gitswarm.orchestrator import Orchestrator, require_fit
    from gitswarm.plan.roles import load_builtin_roles
    from gitswarm.plan.tasks import Plan, overlaps
    from gitswarm.repo.environment import take_git_environment
    from gitswarm.report import Report
    from gitswarm.run import Run
    from gitswarm.settings import Settings
    from gitswarm.stop import Stop

    take_git_environment(os.environ)
    place = folder or Path(tempfile.mkdtemp(prefix="git-swarm-demo-")) / "signpost"
    repository = demo.make_repository(place)
    base = require_fit(repository, "HEAD")
    settings = Settings.load(repository)
    console = Console(json=as_json)
    console.say(
        f"A fresh repository is in {place}. The model's replies are recorded ones of a real run,"
        " played back faster than they were written; git, the merges and the tests are real."
    )

    async def confirm(plan: Plan) -> Plan:
        console.show_plan(plan, overlaps=overlaps(plan))
        return plan

    async def pursue(stop: Stop) -> Report:
        return await Orchestrator(
            run=Run.begin(repository, demo.goal(), base, model=settings.model),
            repository=repository,
            settings=settings,
            roles=load_builtin_roles(),
            model=demo.recorded_model(),
            watch=console.watch,
            stop=stop,
            started=STARTED,
        ).pursue(confirm=confirm)

    with console:
        report = run_until_signalled(pursue)
    status = finish(report, console, as_json=as_json)
    console.say(
        "The replies were recorded: the cost is what they cost when they were made. Look around:",
        f"cd {place}",
        f"git log --graph --oneline swarm/{report.run}/merged",
        "git swarm show",
    )
    return status
