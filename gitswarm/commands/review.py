"""`git swarm review [RANGE]`: reviewers over a diff."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gitswarm.cli import print_json
from gitswarm.commands.options import json_option, open_repository
from gitswarm.console import Console
from gitswarm.errors import UsageError
from gitswarm.findings import Severity
from gitswarm.settings import Settings

NEVER = "never"


@click.command("review", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("range_", metavar="[RANGE]", required=False)
@click.option("--staged", is_flag=True, help="Review what is staged.")
@click.option("--run", "run_name", metavar="RUN", help="Review what RUN has merged.")
@click.option("--task", metavar="TASK", help="... or what its TASK has changed.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="NAME",
    help="A reviewer; may be given several times [security-, performance-, style-reviewer].",
)
@click.option("--model", metavar="M", help="The model to ask (swarm.model).")
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    metavar="USD",
    help="Spend at most this much (swarm.budget).",
)
@click.option(
    "--fail-on",
    type=click.Choice([*(one.value for one in Severity), NEVER]),
    help="Exit with 1 for a finding of this severity or a worse one (swarm.review.blockOn).",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Findings in FILE are accepted [.gitswarm/review-baseline.json where the change starts].",
)
@click.option(
    "--write-baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Accept all that is found now: write it to FILE.",
)
@click.option(
    "--apply",
    "wanted",
    metavar="N,N|all",
    help="Commit the fixes of these findings on a branch of their own.",
)
@click.option("--sarif", "as_sarif", is_flag=True, help="Print a SARIF 2.1.0 log.")
@click.option("--github", "as_github", is_flag=True, help="Print annotations for GitHub Actions.")
@json_option
def command(
    range_: str | None,
    staged: bool,
    run_name: str | None,
    task: str | None,
    roles: tuple[str, ...],
    model: str | None,
    budget: float | None,
    fail_on: str | None,
    baseline: Path | None,
    write_baseline: Path | None,
    wanted: str | None,
    as_sarif: bool,
    as_github: bool,
    as_json: bool,
) -> int:
    """Let reviewers look at a change, side by side, and show what they find.

    RANGE is A..B, or A for A..HEAD; without one, what the current branch has that its upstream or
    the main branch lacks. What a reviewer said of a hunk is remembered: only what is new is paid.
    """
    from gitswarm.commands.reviewing import review_scope
    from gitswarm.repo.objects import RunId
    from gitswarm.review import scope as scopes
    from gitswarm.review.accepted import dump_baseline, load_baseline, read_baseline
    from gitswarm.review.fixes import apply_fixes, choose
    from gitswarm.review.places import Source
    from gitswarm.review.review import REVIEWERS
    from gitswarm.review.sarif import annotations, sarif

    require_one("RANGE, --staged and --run", [range_, staged or None, run_name or task])
    require_one("--json, --sarif and --github", [f or None for f in (as_json, as_sarif, as_github)])
    repository = open_repository()
    settings = Settings.load(repository)
    settings = replace(
        settings, model=model or settings.model, budget_usd=budget or settings.budget_usd
    )
    if staged and wanted:
        raise UsageError("fixes are applied on top of a commit", hint="commit, then review HEAD~1")
    if staged:
        scope = scopes.staged_scope(repository)
    elif run_name or task:
        scope = scopes.run_scope(repository, run_name, task)
    elif range_:
        scope = scopes.range_scope(repository, range_)
    else:
        scope = scopes.default_scope(repository)
    known = (
        read_baseline(baseline.read_bytes(), name=str(baseline))
        if baseline
        else load_baseline(repository, scope.base)
    )
    run = RunId(f"review-{secrets.token_hex(2)}")
    review = review_scope(
        repository,
        settings,
        scope,
        run=scope.run or run,
        roles=list(dict.fromkeys(roles)) or REVIEWERS,
        baseline=known,
    )
    source = Source(repository, scope.head)
    console = Console(json=as_json or as_sarif or as_github)
    threshold = fail_on or settings.review_block_on.value
    failing = () if threshold == NEVER else review.reaching(Severity(threshold))
    status = 1 if failing or not review.is_whole else 0
    applied: dict[str, Any] | None = None
    if wanted and (chosen := choose(review, wanted)):
        branch, commit = apply_fixes(
            repository,
            scope.head,
            chosen,
            run=run,
            model=settings.model,
            co_author=settings.co_author,
        )
        applied = {"branch": branch, "commit": commit, "findings": [n for n, _ in chosen]}
    if write_baseline:
        old = [one.found for one in review.accepted]
        write_baseline.write_text(dump_baseline([*review.findings, *old], source), "utf-8")
    if as_json:
        facts = {"fail_on": threshold, "applied": applied, "exit_code": status}
        print_json(review.to_json() | {"budget_usd": settings.budget_usd} | facts)
    elif as_sarif:
        print_json(sarif(review, source))
    elif as_github:
        click.echo("".join(f"{line}\n" for line in annotations(review)), nl=False)
    else:
        console.show_review(review, source)
    if write_baseline:
        console.say(f"{write_baseline} holds what is accepted from now on.")
    if applied:
        console.say(f"The fixes are on {applied['branch']}.", f"git merge {applied['branch']}")
    return status


def require_one(names: str, given: Sequence[object]) -> None:
    if sum(one is not None for one in given) > 1:
        raise UsageError(f"only one of {names} can be given", hint="git swarm review -h")
