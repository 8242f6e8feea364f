"""The `git swarm` command, and the one place where an error becomes a message and an exit code."""

import importlib
import json
import keyword
import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

STARTED = time.monotonic()
"""As near to the start of the process as Python lets us see."""

import click  # noqa: E402

from gitswarm.errors import GitswarmError, UsageError  # noqa: E402

ERROR_SCHEMA = "gitswarm/error/1"
EXIT_BUG = 3

COMMANDS = {
    "plan": "Ask for a plan and show it, without running it.",
    "run": "Run a saved plan.",
    "status": "What a run and its tasks are doing, or came to.",
    "list": "The runs of this repository.",
    "show": "A run's plan and results, or one task's note and commits.",
    "diff": "What a run, or one of its tasks, changed.",
    "path": "The folder of a task's worktree, made again where it is gone.",
    "migrate": "Carry one goal through several modules, with an agent for each.",
    "incident": "A diagnosis, a mend and a message to users, from the report of an incident.",
    "review": "Let reviewers look at a change.",
    "hook": "Look at a push before it leaves.",
    "roles": "Who agents can be, and where that is said.",
    "pr": "Push a run's merged branch and open its pull request, or update it.",
    "resume": "Go on with a run that was interrupted.",
    "continue": "Resolve by hand what a run left open.",
    "drop": "Merge a run again without one of its tasks.",
    "redo": "Carry out one task once more, and merge its run again.",
    "integrate": "Merge a run's branches again, as they are now.",
    "resolve": "Resolve what a merge, rebase or cherry-pick left in conflict in the checkout.",
    "merge-file": "Merge three files as git does, then by replay and rules; a merge driver, too.",
    "backtest": "What each merge rule was worth in this repository's past merges.",
    "config": "The settings as they hold here; change one.",
    "demo": "Watch five recorded agents work on a small project; needs no key.",
}

LATER = {
    *("report", "stop", "rebase"),
    *("doctor", "clean"),
}
"""Command words that the design keeps for itself: never taken for a goal by accident."""


class StoppedError(Exception):
    """The user stopped a command that has no answer yet."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


class SwarmGroup(click.Group):
    """A first argument that is a command is one; anything else is the goal."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS and cmd_name != "goal":
            return None
        name = cmd_name.replace("-", "_") + ("_" if keyword.iskeyword(cmd_name) else "")
        module = importlib.import_module(f"gitswarm.commands.{name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in COMMANDS and args[0] not in ("-h", "--help", "--version"):
            ctx.meta["gitswarm.literal_goal"] = "--" in args
            args = ["goal", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=SwarmGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    options_metavar="[OPTIONS]",
    subcommand_metavar='"GOAL" | COMMAND [ARGS]...',
)
@click.version_option(package_name="gitswarm", prog_name="git swarm")
@click.pass_context
def group(ctx: click.Context) -> None:
    """Turn one goal into a reviewed, tested, merged branch.

    A model plans the goal; each task of the plan becomes an agent with its own branch and worktree;
    all branches are merged and verified. Your checkout is not touched.

    \b
      git swarm "add JWT login with tests and docs"
      git swarm -y --budget 2 --verify "make test" "add JWT login"

    "git swarm goal --help" lists the options of a goal.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def refuse_mistaken_command(words: Sequence[str]) -> None:
    """Raise `UsageError` when a goal begins with the word of a command, or is one word that is
    close to one."""
    first = words[0].strip()
    as_goal = f'as a goal: git swarm -- "{" ".join(words)}"'
    if first in COMMANDS:
        raise UsageError(f'"{first}" is a command, which comes before all options', hint=as_goal)
    if first in LATER:
        raise UsageError(f'"{first}" is not a command of this version', hint=as_goal)
    if len(words) > 1 or len(first.split()) > 1:
        return
    import difflib

    known = [*COMMANDS, *LATER]
    close = difflib.get_close_matches(first.lower(), known, n=1, cutoff=0.7)
    if close:
        raise UsageError(
            f'"{first}" is not a command; did you mean "git swarm {close[0]}"?', hint=as_goal
        )


def main() -> NoReturn:
    """Run the command line and leave the process.

    Leaving directly, once everything is flushed, saves the 0.4 s that tearing down the model
    client's 3,000 modules takes.
    """
    signal.signal(signal.SIGINT, _interrupt_once)
    status = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError):
            stream.flush()
    os._exit(status)


def _interrupt_once(signum: int, _frame: FrameType | None) -> NoReturn:
    """Ctrl-C comes twice, once from the terminal and once passed on by git: the second must not
    break off the answer to the first."""
    signal.signal(signum, signal.SIG_IGN)
    raise KeyboardInterrupt


def run(args: list[str]) -> int:
    """The exit code of one command line."""
    wants_json = "--json" in args
    try:
        answer = group.main(args=args, prog_name="git swarm", standalone_mode=False)
    except StoppedError as stopped:
        return _stop(stopped.signum, wants_json=wants_json)
    except (click.Abort, KeyboardInterrupt):
        return _stop(signal.SIGINT, wants_json=wants_json)
    except click.ClickException as error:
        wrong = UsageError(error.format_message(), hint="git swarm -h")
        return _fail(wrong, wants_json=wants_json)
    except GitswarmError as error:
        return _fail(error, wants_json=wants_json)
    except BrokenPipeError:
        return 0
    except Exception as error:
        return _report_bug(error, wants_json=wants_json)
    return answer if isinstance(answer, int) else 0


def _stop(signum: int, *, wants_json: bool) -> int:
    status = 128 + signum
    reason = "stopped before there was anything to report"
    sys.stderr.write(f"{reason}\n")
    if wants_json:
        print_json({"schema": ERROR_SCHEMA, "error": reason, "hint": None, "exit_code": status})
    return status


def _fail(error: GitswarmError, *, wants_json: bool) -> int:
    from gitswarm.console import Console

    if wants_json:
        print_json(
            {
                "schema": ERROR_SCHEMA,
                "error": error.message,
                "hint": error.hint or None,
                "exit_code": error.exit_code,
            }
        )
    Console(json=wants_json).show_error(error)
    return error.exit_code


def _report_bug(error: Exception, *, wants_json: bool) -> int:
    message = f"{type(error).__name__}: {error}"
    if wants_json:
        print_json(
            {
                "schema": ERROR_SCHEMA,
                "error": message,
                "hint": "this is a bug in gitswarm; its traceback is on stderr",
                "exit_code": EXIT_BUG,
            }
        )
    sys.stderr.write("".join(traceback.format_exception(error)))
    sys.stderr.write(
        "\nThis is a bug in gitswarm. Nothing of your checkout was touched. Please report the lines"
        " above.\n"
    )
    return EXIT_BUG


def print_json(value: dict[str, Any]) -> None:
    """The one object that `--json` prints."""
    text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
