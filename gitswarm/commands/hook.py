"""`git swarm hook install|uninstall|run NAME`: what looks at a push before it leaves."""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from shutil import which
from typing import TYPE_CHECKING

import click

from gitswarm.commands.options import open_repository
from gitswarm.console import Console
from gitswarm.errors import GitswarmError, ModelError, UsageError
from gitswarm.hooks.checks import Objection, check_branches, check_push, check_staged
from gitswarm.hooks.installed import HOOKS, HookFile
from gitswarm.hooks.outgoing import (
    ALL_COMMITS,
    Outgoing,
    RefUpdate,
    outgoing,
    read_updates,
    update_of_pre_commit,
)
from gitswarm.hooks.skips import VARIABLE, load_skips, record_skip, skips_file
from gitswarm.repo.objects import RunId
from gitswarm.repo.repository import Repository
from gitswarm.screen.text import one_line
from gitswarm.settings import Settings

if TYPE_CHECKING:
    from gitswarm.review.review import Deadline, Review
    from gitswarm.review.scope import Scope

OBJECTIONS_SHOWN = 20
SKIPS_SHOWN = 10

_CONTEXT = {"help_option_names": ["-h", "--help"]}


@click.group("hook", context_settings=_CONTEXT, invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Let git swarm look at a push before it leaves; alone, show what is installed and skipped."""
    if ctx.invoked_subcommand is not None:
        return
    repository = open_repository()
    console = Console()
    for name in HOOKS:
        file = HookFile.of(repository, name)
        state = f"installed in {file.folder}" if file.is_installed else "not installed"
        console.show_line(f"{name}: {state}")
    skips = load_skips(repository)
    for skip in skips[-SKIPS_SHOWN:]:
        reason = one_line(skip.reason)
        console.show_line(f"skipped {skip.at} {skip.hook}: {reason} ({', '.join(skip.refs)})")
    if len(skips) > SKIPS_SHOWN:
        console.show_line(f"all {len(skips)} skips are in {skips_file(repository)}")


@command.command("install", context_settings=_CONTEXT)
@click.argument("name", default=HOOKS[0])
def install(name: str) -> int:
    """Put the hook NAME [pre-push] where git looks for it; one that is there runs first."""
    file = HookFile.of(open_repository(), name)
    was_there = file.is_installed
    file.install()
    console = Console()
    console.show_line(f"{file.path} is {'there already' if was_there else 'installed'}.")
    if file.earlier.exists():
        runs = (
            "runs first"
            if os.access(file.earlier, os.X_OK)
            else "is not executable: nobody runs it"
        )
        console.show_line(f"The hook from before is {file.earlier.name} and {runs}.")
    if which("git-swarm") is None:
        console.say("git-swarm is not on your PATH; where it is not, a push is not looked at.")
    return 0


@command.command("uninstall", context_settings=_CONTEXT)
@click.argument("name", default=HOOKS[0])
def uninstall(name: str) -> int:
    """Take the hook NAME [pre-push] away; what was there before is put back as it was."""
    file = HookFile.of(open_repository(), name)
    gone = file.uninstall()
    Console().show_line(f"{file.path} {'is as it was before.' if gone else 'was not installed.'}")
    return 0


@command.command("run", context_settings=_CONTEXT)
@click.argument("name")
@click.argument("arguments", nargs=-1)
def run(name: str, arguments: tuple[str, ...]) -> int:
    """Do what the hook NAME does.

    \b
      pre-push REMOTE URL   as git runs it, with the refs on standard input
      check                 for the framework pre-commit: what needs no model
      review                for the framework pre-commit: the reviewers
    """
    if name not in _RUNS:
        raise UsageError(f'there is no hook "{name}"', hint=f"there is {', '.join(_RUNS)}")
    return _RUNS[name](open_repository(), arguments)


def _pre_push(repository: Repository, arguments: Sequence[str]) -> int:
    updates = read_updates(sys.stdin.buffer.read())
    remote = arguments[0] if arguments else ""
    if not any(update.local for update in updates):
        return 0
    if _skip(repository, "pre-push", updates):
        return 0
    settings = Settings.load(repository)
    added = list(outgoing(repository, updates, remote))
    _tell_unseen(added)
    objections = [*check_branches(repository, settings, updates), *check_push(repository, added)]
    return _object(objections) or _review(repository, settings, _scopes(added))


def _check(repository: Repository, _arguments: Sequence[str]) -> int:
    told = update_of_pre_commit(repository, os.environ)
    if _skip(repository, "check", told[:1] if told else ()):
        return 0
    if told is None:
        from gitswarm.review.scope import staged_scope

        scope = staged_scope(repository)
        return _object(check_staged(repository, scope.base, scope.head), at="commit")
    update, remote = told
    objections = check_branches(repository, Settings.load(repository), [update])
    added = list(outgoing(repository, (update,), remote))
    _tell_unseen(added)
    return _object([*objections, *check_push(repository, added)])


def _review_push(repository: Repository, _arguments: Sequence[str]) -> int:
    from gitswarm.review.scope import staged_scope

    told = update_of_pre_commit(repository, os.environ)
    if _skip(repository, "review", told[:1] if told else ()):
        return 0
    if told is None:
        scopes = [staged_scope(repository)]
    else:
        scopes = _scopes(outgoing(repository, (told[0],), told[1]))
    return _review(repository, Settings.load(repository), scopes)


_RUNS: dict[str, Callable[[Repository, Sequence[str]], int]] = {
    "pre-push": _pre_push,
    "check": _check,
    "review": _review_push,
}


def _skip(repository: Repository, hook: str, updates: Sequence[RefUpdate]) -> bool:
    """Whether the user asked to let this one go, which is recorded."""
    reason = os.environ.get(VARIABLE, "").strip()
    if not reason:
        return False
    refs = [f"{one.local_ref} ({one.local}) -> {one.remote_ref}" for one in updates]
    record_skip(repository, hook, reason, refs)
    _tell(f"{hook} is skipped: {one_line(reason)} (recorded; git swarm hook shows it)")
    return True


def _object(objections: Iterable[Objection], *, at: str = "push") -> int:
    found = list(objections)
    if not found:
        return 0
    console = Console(json=True)
    for objection in found[:OBJECTIONS_SHOWN]:
        console.show_line(f"git swarm: {objection}")
    if len(found) > OBJECTIONS_SHOWN:
        console.show_line(f"git swarm: and {len(found) - OBJECTIONS_SHOWN} more")
    _tell(f"stopped. If it is right as it is: {VARIABLE}=REASON git {at}")
    return 1


def _tell_unseen(added: Iterable[Outgoing]) -> None:
    for one in added:
        if one.too_many:
            _tell(
                f"{one.update.remote_ref} has more than {ALL_COMMITS} new commits: secrets are"
                " looked for in what they come to, not in each"
            )


def _scopes(added: Iterable[Outgoing]) -> list["Scope"]:
    from gitswarm.review.scope import Scope

    return [Scope(one.base, one.head, one.update.remote_ref) for one in added]


def _review(repository: Repository, settings: Settings, scopes: Iterable["Scope"]) -> int:
    """What the reviewers say, as the settings of `swarm.review` let it count."""
    from gitswarm.review.review import Deadline

    run = RunId(f"push-{os.urandom(2).hex()}")
    deadline = Deadline(settings.review_seconds)
    reviews: list[Review] = []
    gaps: list[str] = []
    for number, scope in enumerate(scopes):
        if number and not deadline.left:
            gaps.append(f"no answer within {deadline.seconds:g} s")
            break
        left = settings.budget_usd
        if left is not None:
            left -= sum(review.cost_usd or 0.0 for review in reviews)
        try:
            reviews.append(
                _ask_reviewers(repository, replace(settings, budget_usd=left), scope, run, deadline)
            )
        except ModelError as error:
            # it would be the same for the others
            gaps.append(error.message)
            break
        except GitswarmError as error:
            gaps.append(error.message)
    gaps += (review.gap for review in reviews if review.gap)
    held_up = settings.review_mode == "block" and any(
        review.reaching(settings.review_block_on) for review in reviews
    )
    if held_up:
        why = f"swarm.review.mode=block, swarm.review.blockOn={settings.review_block_on.value}"
        _tell(f"stopped by findings ({why}). If they are wrong: {VARIABLE}=REASON git push")
    if gaps:
        on_error = settings.review_on_error
        outcome = "goes on" if on_error == "allow" and not held_up else "stopped"
        why = one_line(gaps[0])
        _tell(f"not all was reviewed: {why}; {outcome} (swarm.review.onError={on_error})")
    return int(held_up or (bool(gaps) and settings.review_on_error == "block"))


def _ask_reviewers(
    repository: Repository, settings: Settings, scope: "Scope", run: RunId, deadline: "Deadline"
) -> "Review":
    """Raises `GitswarmError` where nothing could be reviewed."""
    from gitswarm.commands.reviewing import review_scope
    from gitswarm.review.accepted import load_baseline
    from gitswarm.review.places import Source

    review = review_scope(
        repository,
        settings,
        scope,
        run=run,
        baseline=load_baseline(repository, scope.base),
        deadline=deadline,
        faults=1,
    )
    if review.findings:
        Console(json=True).show_review(review, Source(repository, scope.head))
    return review


def _tell(text: str) -> None:
    Console(json=True).show_line(f"git swarm: {text}")
