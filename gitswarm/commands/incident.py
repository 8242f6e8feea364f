"""`git swarm incident FILE|-`: a diagnosis, a mend and a message to users, at once."""

import os
import sys
from pathlib import Path

import click

from gitswarm.commands.options import (
    Overrides,
    json_option,
    model_options,
    open_repository,
    running_options,
)
from gitswarm.errors import UsageError
from gitswarm.settings import Settings

REPORT_BYTES = 100_000
"""A longer report is not taken: each of the three agents reads all of it."""


@click.command("incident", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", metavar="FILE|-")
@running_options
@model_options
@json_option
def command(
    file: str,
    yes: bool,
    jobs: int | None,
    verify: str | None,
    model: str | None,
    budget: float | None,
    base: str,
    as_json: bool,
) -> int:
    """Work on the incident that is reported in FILE, or on standard input for "-".

    A diagnostician finds the cause, a fixer mends it on a branch, and a communicator writes what
    the users are told, all at once. The report may be anything: a log, a trace, a ticket.
    """
    from gitswarm.commands.attempt import attempt, require_answerable
    from gitswarm.plan.teams import incident_plan
    from gitswarm.screen.text import one_line

    repository = open_repository()
    name = "" if file == "-" else one_line(Path(file).name, 60)
    plan = incident_plan(read_report(file), name)
    require_answerable(yes=yes)
    overrides = Overrides(model=model, budget=budget, jobs=jobs, verify=verify)
    return attempt(
        plan.goal,
        repository,
        overrides.over(Settings.load(repository)),
        base=base,
        plan=plan,
        ask=not yes,
        as_json=as_json,
    )


def read_report(file: str) -> str:
    """The text of an incident, without what a terminal would obey, and without secrets: models are
    shown it, and it stays in the ledger. Raises `UsageError`."""
    from gitswarm.publish.secrets import Secrets
    from gitswarm.screen.text import clean

    name = "on standard input" if file == "-" else file
    try:
        if file == "-":
            data = sys.stdin.buffer.read(REPORT_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(REPORT_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"the incident {name} cannot be read: {why}",
            hint="git swarm incident FILE, or - for standard input",
        ) from None
    if len(data) > REPORT_BYTES:
        raise UsageError(
            f"the incident {name} is longer than {REPORT_BYTES:,} bytes",
            hint=f"give the part that tells: tail -c {REPORT_BYTES} FILE | git swarm incident -y -",
        )
    if b"\0" in data:
        raise UsageError(f"the incident {name} is binary", hint="give it as text")
    # a log that was cut somewhere, or is of several programs, need not be UTF-8 throughout
    text = Secrets(os.environ).out_of(clean(data.decode("utf-8", "replace")))
    if not text.strip():
        raise UsageError(f"the incident {name} is empty", hint="say what happened")
    return text
