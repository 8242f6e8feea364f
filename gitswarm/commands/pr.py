"""`git swarm pr [RUN]`: push the merged branch and open its pull request, or update it."""

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from gitswarm.cli import print_json
from gitswarm.commands.options import json_option, open_repository
from gitswarm.console import Console

if TYPE_CHECKING:
    from gitswarm.publish.pull_request import PullRequest

_BROWSER_SECONDS = 10.0


@click.command("pr", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run", required=False)
@click.option("--draft", is_flag=True, help="As a draft; so also what is not verified, or open.")
@click.option("--base", metavar="B", help="The branch that is to take it [the remote's default].")
@click.option("--remote", metavar="R", help="Where to push [remote.pushDefault, origin].")
@click.option("--web", is_flag=True, help="Show it in the browser afterwards.")
@click.option("--branches", is_flag=True, help="Push the branches of the tasks too.")
@json_option
def command(
    run: str | None,
    draft: bool,
    base: str | None,
    remote: str | None,
    web: bool,
    branches: bool,
    as_json: bool,
) -> int:
    """Push the merged branch of RUN (the newest) and open a pull request, or update the one that is
    open.

    GitHub is asked through gh where it is logged in, else through its API; GitLab, Gitea and
    Forgejo by the push itself; of any other host the address is shown that it prints. "git config
    swarm.forge NAME" says what a host is that does not tell.
    """
    from gitswarm.history import RunHistory, choose_run
    from gitswarm.publish.candidate import Wishes
    from gitswarm.publish.pull_request import Publication
    from gitswarm.settings import Settings

    repository = open_repository()
    history = RunHistory(repository, choose_run(repository, run))
    console = Console(json=as_json)
    warnings: list[str] = []

    def tell(text: str) -> None:
        warnings.append(text)
        console.say(text)

    wishes = Wishes(draft, base, remote, branches, may_ask=sys.stdin.isatty())
    done = Publication(
        repository, history, Settings.load(repository), wishes, environ=os.environ, tell=tell
    ).publish()
    if web and not (done.address and _browse(done.address)):
        tell("no browser could be opened")
    if as_json:
        print_json(_json(done, warnings))
    else:
        console.show_pull_request(done)
    return 0


def _browse(address: str) -> bool:
    """Show an address as Python's `webbrowser` does (`BROWSER` names another program), in a process
    of its own: what a browser prints is not part of our answer."""
    import asyncio

    from gitswarm.process import run_program

    program = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
    command = [sys.executable, "-c", program, address]
    ran = asyncio.run(run_program(command, timeout=_BROWSER_SECONDS, environ=os.environ))
    return ran.status == 0


def _json(done: "PullRequest", warnings: list[str]) -> dict[str, Any]:
    from gitswarm.repo.objects import show

    proposal, opened = done.proposal, done.opened
    return {
        "schema": "gitswarm/pr/1",
        "run": proposal.run,
        "action": opened.action.value,
        "forge": done.forge.kind.value,
        "remote": done.remote,
        "base": proposal.base,
        "branch": proposal.branch,
        "commit": proposal.commit,
        "rebuilt": done.rebuilt,
        "branches": list(done.branches),
        "title": done.title,
        "draft": opened.draft,
        "number": opened.number,
        "url": done.address,
        "addresses": list(done.addresses),
        "ci_paths": [show(path) for path in done.ci_paths],
        "warnings": [*warnings, *opened.remarks],
        "exit_code": 0,
    }
