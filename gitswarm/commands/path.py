"""`git swarm path [RUN] TASK`: the folder of a task's worktree."""

import click

from gitswarm.cli import print_json
from gitswarm.commands.options import json_option, open_repository, run_and_task
from gitswarm.errors import UsageError


@click.command("path", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, required=True, metavar="[RUN] TASK")
@json_option
def command(names: tuple[str, ...], as_json: bool) -> int:
    """Print the folder where the branch of TASK is checked out, making it where there is none,
    set up as for an agent, and the files that it lacks.

    "merged" as TASK is the merged branch.
    """
    import asyncio

    from gitswarm.history import RunHistory
    from gitswarm.repo.objects import RefName
    from gitswarm.repo.worktree import Worktree
    from gitswarm.settings import Settings
    from gitswarm.swarm.setup import Setup
    from gitswarm.swarm.spawner import task_branch, worktree_folder

    repository = open_repository()
    run, task = run_and_task(repository, names)
    if task is None:
        raise UsageError("name a task", hint=f"git swarm path {run} TASK")
    if task != "merged":
        RunHistory(repository, run).task(task)
    branch = task_branch(run, task)
    commit = repository.ref(RefName(f"refs/heads/{branch}"))
    if commit is None:
        raise UsageError(f"there is no branch {branch}", hint=f"git swarm show {run}")
    worktree = Worktree.of_branch(repository, branch)
    settings = Settings.load(repository)
    folder = worktree_folder(repository, settings, run)
    if worktree is None:
        worktree = Worktree.add(repository, folder / task, branch=branch, commit=commit)
        if setup := Setup.configured(settings, repository):
            asyncio.run(setup.prepare(worktree.path))
    elif worktree.path.is_relative_to(folder):
        worktree.make_whole()
    if as_json:
        print_json(
            {
                "schema": "gitswarm/path/1",
                "run": run,
                "task": task,
                "branch": branch,
                "path": str(worktree.path),
            }
        )
    else:
        click.echo(str(worktree.path))
    return 0
