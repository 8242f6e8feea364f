"""`git swarm review [RANGE]`: reviewers over a diff."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitswarm.cli import print_json
from gitswarm.commands.options import Overrides, asking_options, json_option, open_repository
from gitswarm.console import Console
from gitswarm.errors import UsageError
from gitswarm.findings import Severity
from gitswarm.repo.objects import RunId
from gitswarm.repo.repository import Repository
from gitswarm.settings import Settings

if TYPE_CHECKING:
    from gitswarm.review.fixes import Choice
    from gitswarm.review.places import Source
    from gitswarm.review.review import Review
    from gitswarm.review.scope import Scope

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
@asking_options
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
    the main branch lacks, or else its last commit. What a reviewer said of a hunk is remembered:
    only what is new is paid.
    """
    from gitswarm.commands.reviewing import review_scope
    from gitswarm.review.fixes import Choice, choose
    from gitswarm.review.places import Source
    from gitswarm.review.review import REVIEWERS
    from gitswarm.review.sarif import annotations, sarif

    require_one("RANGE, --staged and --run", range_, staged, run_name or task)
    require_one("--json, --sarif and --github", as_json, as_sarif, as_github)
    if staged and wanted:
        raise UsageError("fixes are applied on top of a commit", hint="commit, then review HEAD~1")
    repository = open_repository()
    settings = Overrides(model=model, budget=budget).over(Settings.load(repository))
    scope = _scope(repository, range_, staged=staged, run=run_name, task=task)
    name = RunId(f"review-{secrets.token_hex(2)}")
    console = Console(json=as_json or as_sarif or as_github)
    with console:
        review = review_scope(
            repository,
            settings,
            scope,
            run=scope.run or name,
            roles=list(dict.fromkeys(roles)) or REVIEWERS,
            baseline=_baseline(repository, scope, baseline),
            watch=console.watch,
        )
    source = Source(repository, scope.head)
    threshold = fail_on or settings.review_block_on.value
    failing = () if threshold == NEVER else review.reaching(Severity(threshold))
    status = 1 if failing or not review.is_whole else 0
    fixes = choose(repository, review, wanted) if wanted else Choice()
    applied = _apply(repository, settings, review, fixes, name)
    if write_baseline:
        _write_baseline(write_baseline, review, source)
        console.say(f"{write_baseline} holds what is accepted from now on.")
    if as_json:
        told = {"budget_usd": settings.budget_usd, "fail_on": threshold, "applied": applied}
        print_json(review.to_json() | told | {"exit_code": status})
    elif as_sarif:
        print_json(sarif(review, source))
    elif as_github:
        click.echo("".join(f"{line}\n" for line in annotations(review)), nl=False)
    else:
        console.show_review(review, source)
    for number, why in fixes.left:
        console.say(f"The fix of finding {number} is left out: {why}.")
    if applied:
        console.say(f"The fixes are on {applied['branch']}.", f"git merge {applied['branch']}")
    return status


def require_one(names: str, *given: object) -> None:
    """Raise `UsageError` when more than one of some options is given."""
    if sum(map(bool, given)) > 1:
        raise UsageError(f"only one of {names} can be given", hint="git swarm review -h")


def _scope(
    repository: Repository, range_: str | None, *, staged: bool, run: str | None, task: str | None
) -> "Scope":
    from gitswarm.review import scope

    if staged:
        return scope.staged_scope(repository)
    if run or task:
        return scope.run_scope(repository, run, task)
    return scope.range_scope(repository, range_) if range_ else scope.default_scope(repository)


def _baseline(repository: Repository, scope: "Scope", file: Path | None) -> tuple[str, ...]:
    from gitswarm.review.accepted import load_baseline, read_baseline

    if file is None:
        return load_baseline(repository, scope.base)
    return read_baseline(file.read_bytes(), name=str(file))


def _write_baseline(file: Path, review: "Review", source: "Source") -> None:
    from gitswarm.review.accepted import dump_baseline

    found = [*review.findings, *(one.found for one in review.accepted)]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dump_baseline(found, source), "utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None


def _apply(
    repository: Repository, settings: Settings, review: "Review", fixes: "Choice", run: RunId
) -> dict[str, Any] | None:
    """The branch and commit with the fixes of the findings that were chosen; None without any."""
    from gitswarm.review.fixes import apply_fixes

    if not fixes.fixes:
        return None
    branch, commit = apply_fixes(
        repository,
        review.change.head,
        fixes.fixes,
        run=run,
        model=settings.model,
        co_author=settings.co_author,
    )
    return {"branch": branch, "commit": commit, "findings": [number for number, _ in fixes.fixes]}
