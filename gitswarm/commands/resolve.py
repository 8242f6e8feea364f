"""`git swarm resolve`: the conflicts of a merge that is under way in the checkout."""

import asyncio
import os
import secrets
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from gitswarm.cli import print_json
from gitswarm.commands.options import Overrides, asking_options, json_option, open_repository
from gitswarm.console import Console
from gitswarm.errors import UsageError
from gitswarm.integrate.answering import Answering, Resolve
from gitswarm.integrate.earlier import memory_outside_runs
from gitswarm.integrate.regenerate import Regenerate
from gitswarm.integrate.settled import Settled, Written, settle, write_anew
from gitswarm.integrate.under_way import UnderWay
from gitswarm.integrate.unmerged import Unmerged, load_unmerged
from gitswarm.integrate.write_back import saved_folder
from gitswarm.plan.withheld import Withheld
from gitswarm.repo.attributes import GIT_MARKER_SIZE, Attributes
from gitswarm.repo.objects import RepoPath, RunId
from gitswarm.repo.repository import Repository
from gitswarm.settings import RULES, Settings
from gitswarm.swarm.spawner import worktree_folder


@click.command("resolve", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--dry-run", is_flag=True, help="Show what would be written; write nothing.")
@click.option("--no-model", is_flag=True, help="Only answers from before, and rules.")
@click.option("--rules", metavar="NAMES", help="Rules that settle hunks unasked (swarm.rules).")
@asking_options
@json_option
def command(
    paths: tuple[str, ...],
    dry_run: bool,
    no_model: bool,
    rules: str | None,
    model: str | None,
    budget: float | None,
    as_json: bool,
) -> int:
    """Resolve what a merge, rebase, cherry-pick, revert or stash left in conflict here.

    Hunks that are still marked are answered, by answers from before, by rules and by the model, and
    written into the files; what you settled by hand stays. Where a whole file is in conflict, one
    of the ways to settle it is chosen; lock files and snapshots are left to swarm.regenerate. What
    has no open conflict is staged. Nothing is committed. A copy of each file is kept as it was.
    """
    repository = open_repository()
    repository.require_merge_tree()
    settings = Overrides(model=model, budget=budget).over(Settings.load(repository))
    unasked = settings.rules if rules is None else _rules(rules)
    under_way = UnderWay.load(repository)
    with ExitStack() as open_:
        scratch = open_.enter_context(repository.with_scratch_objects())
        attributes = open_.enter_context(
            Attributes.of(scratch, under_way.ours, marker_size=GIT_MARKER_SIZE)
        )
        places = [_repo_path(repository, path) for path in paths]
        files = load_unmerged(under_way, attributes, places)
        settled, cost = _settle(
            files, under_way, attributes, settings, unasked, with_model=not no_model
        )
    folder = saved_folder(repository, time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(2))
    written = Written(folder)
    if not dry_run:
        settled = _write(settled, written, under_way, settings)
    is_done = all(one.is_settled and (dry_run or one.name in written.staged) for one in settled)
    status = 0 if is_done else 1
    console = Console(json=as_json)
    for complaint in written.complaints:
        console.say(complaint)
    if as_json:
        print_json(
            {
                "schema": "gitswarm/resolve/1",
                "operation": under_way.operation,
                "dry_run": dry_run,
                "conflicts": [one.to_json() for one in settled],
                "written": written.files,
                "staged": written.staged,
                "saved": str(folder) if written.files else None,
                "cost_usd": cost,
                "budget_usd": settings.budget_usd,
                "exit_code": status,
            }
        )
        return status
    for one in settled:
        if dry_run:
            console.show_diff(one.diff())
        for line in one.lines():
            console.show_line(line)
    if written.files:
        console.say(
            f"The files as they were are in {folder}. To have one again as git left it:",
            "git checkout -m -- PATH",
        )
    return status


def _settle(
    files: Sequence[Unmerged],
    under_way: UnderWay,
    attributes: Attributes,
    settings: Settings,
    unasked: Sequence[str],
    *,
    with_model: bool,
) -> tuple[list[Settled], float | None]:
    """The conflicts with what was answered, and what that cost. The client of the model is loaded
    only where something is left for it."""
    repository = under_way.repository
    memory = memory_outside_runs(repository)

    async def work(resolve: Resolve | None) -> list[Settled]:
        answering = Answering(repository, memory, unasked, resolve, lambda _event: None)
        return await settle(files, answering, under_way)

    settled = asyncio.run(work(None))
    if not with_model or not any(one.is_for_model for one in settled):
        return settled, 0.0
    from gitswarm.commands.asking import ask_until_signalled

    return ask_until_signalled(
        work,
        command="resolve",
        config=repository,
        settings=settings,
        withheld=Withheld(attributes).why,
    )


def _write(
    settled: Sequence[Settled], written: Written, under_way: UnderWay, settings: Settings
) -> list[Settled]:
    """Everything into the checkout, first what others may depend on; with what a program wrote."""
    repository = under_way.repository
    for one in settled:
        written.add(repository, one)
    if settings.regenerate is None:
        return [*settled]
    folder = worktree_folder(repository, settings, RunId(f"resolve-{secrets.token_hex(2)}"))
    regenerate = Regenerate(repository, settings.regenerate, folder, settings.timeout_seconds)
    anew = asyncio.run(write_anew(settled, regenerate, under_way))
    for one in anew:
        if one.anew is not None:
            written.add(repository, one)
    return anew


def _rules(names: str) -> tuple[str, ...]:
    wanted = names.replace(",", " ").split()
    for name in wanted:
        if name not in RULES:
            raise UsageError(f'there is no rule "{name}"', hint=f"the rules are {', '.join(RULES)}")
    return tuple(wanted)


def _repo_path(repository: Repository, path: str) -> RepoPath:
    root = (repository.work_tree or Path.cwd()).resolve()
    full = Path(os.path.normpath(Path.cwd() / path))
    if not full.is_relative_to(root):
        raise UsageError(f"{path} is not in the checkout {root}")
    relative = full.relative_to(root)
    return RepoPath(os.fsencode(relative) if relative.parts else b"")
