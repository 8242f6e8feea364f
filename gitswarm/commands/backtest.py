"""`git swarm backtest`: what each rule was worth in the repository's past merges."""

from typing import TYPE_CHECKING, Any

import click

from gitswarm.cli import print_json
from gitswarm.commands.options import json_option, open_repository
from gitswarm.console import Console
from gitswarm.errors import GitError, UsageError
from gitswarm.repo.repository import Repository

if TYPE_CHECKING:
    from gitswarm.merge.backtest import Backtest

MOST = 2_000


@click.command("backtest", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("range_", metavar="[RANGE]", default="HEAD")
@click.option(
    "--max",
    "most",
    type=click.IntRange(min=1),
    default=MOST,
    metavar="N",
    help=f"Look at the newest N merges [{MOST}].",
)
@click.option(
    "--configure", is_flag=True, help="Set swarm.rules to the rules that the history bears out."
)
@json_option
def command(range_: str, most: int, configure: bool, as_json: bool) -> int:
    """Answer the conflicts of past merges again, by replay and by each rule, and compare that with
    what people committed.

    RANGE is A..B, or A for all that A has. Nothing is written but, with --configure, swarm.rules.
    """
    from gitswarm.merge.backtest import backtest

    repository = open_repository()
    repository.require_merge_tree()
    start, dots, end = range_.rpartition("..")
    tip = repository.commit_oid(end or "HEAD")
    revisions = [tip, f"^{repository.commit_oid(start or 'HEAD')}"] if dots else [tip]
    if "..." in range_:
        raise UsageError(f"{range_} is no range of commits", hint="git swarm backtest A..B")
    found = backtest(repository, repository.merges(*revisions, most=most), tip)
    configured = list(found.borne_out) if configure and found.borne_out else None
    if configured:
        _configure(repository, configured)
    if as_json:
        print_json({**_to_json(found), "configured": configured, "exit_code": 0})
        return 0
    console = Console()
    console.show_backtest(found)
    if configured:
        console.say(f"swarm.rules is {','.join(configured)} from now on.")
    elif configure:
        console.say("No rule is borne out by this history; swarm.rules stays as it is.")
    elif found.borne_out:
        console.say(
            "The rules that are borne out may settle conflicts unasked:",
            "git swarm backtest --configure",
        )
    return 0


def _configure(repository: Repository, rules: list[str]) -> None:
    try:
        repository.git("config", "swarm.rules", ",".join(rules))
    except GitError as error:
        raise GitError(f"swarm.rules could not be set: {error.message}") from None


def _to_json(found: "Backtest") -> dict[str, Any]:
    return {
        "schema": "gitswarm/backtest/1",
        "merges": found.merges,
        "conflicted": found.conflicted,
        "unmergeable": found.unmergeable,
        "hunks": found.hunks,
        "recovered": found.recovered,
        "rules": [
            {
                "rule": name,
                "n": score.answered,
                "merges": len(score.merges),
                "exact": score.exact / score.answered if score.answered else None,
                "words": score.words / score.answered if score.answered else None,
                "lower_bound": score.lower_bound,
                "borne_out": score.is_borne_out,
            }
            for name, score in found.scores.items()
        ],
    }
