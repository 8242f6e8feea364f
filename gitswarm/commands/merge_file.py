"""`git swarm merge-file`: `git merge-file`, then replay and rules, and on demand the model; also as
a merge driver."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitswarm.cli import StoppedError
from gitswarm.commands.options import Overrides, asking_options, open_repository
from gitswarm.errors import GitError, GitswarmError, MergeError, ModelError, UsageError
from gitswarm.merge.files import FileMerge, Form, Versions, git_merge, merge_versions
from gitswarm.merge.question import Question
from gitswarm.merge.resolutions import Resolution
from gitswarm.repo.attributes import PLAIN_MERGE, Attributes
from gitswarm.repo.objects import RepoPath, show
from gitswarm.repo.repository import Repository
from gitswarm.settings import Settings

if TYPE_CHECKING:
    from gitswarm.integrate.answering import Resolve
    from gitswarm.integrate.memory import Memory

ERROR = 255

DRIVER = "git swarm merge-file --driver --marker-size %L %A %O %B %P"


@click.command("merge-file", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", nargs=-1, metavar="CURRENT BASE OTHER")
@click.option("-p", "--stdout", "to_stdout", is_flag=True, help="Print the result; write nothing.")
@click.option("-q", "--quiet", is_flag=True, help="Do not tell of conflicts.")
@click.option("-L", "labels", multiple=True, metavar="NAME", help="Labels, up to three of them.")
@click.option("--diff3", "style", flag_value="diff3", help="Show the base in conflicts.")
@click.option("--zdiff3", "style", flag_value="zdiff3", help="The same, but shorter.")
@click.option("--ours", "favour", flag_value="ours", help="Settle conflicts by CURRENT.")
@click.option("--theirs", "favour", flag_value="theirs", help="Settle conflicts by OTHER.")
@click.option("--union", "favour", flag_value="union", help="Settle conflicts by both.")
@click.option(
    "--marker-size", type=click.IntRange(min=1), default=7, metavar="N", help="Of markers [7]."
)
@click.option("--ask", is_flag=True, help="Ask the model about what is left; it costs money.")
@asking_options
@click.option("--driver", is_flag=True, help="Be git's merge driver: %A %O %B and the path %P.")
@click.option("--install", is_flag=True, help='Configure the merge driver "swarm", and say how.')
def command(
    files: tuple[str, ...],
    to_stdout: bool,
    quiet: bool,
    labels: tuple[str, ...],
    style: str | None,
    favour: str | None,
    marker_size: int,
    ask: bool,
    model: str | None,
    budget: float | None,
    driver: bool,
    install: bool,
) -> int:
    """Merge what leads from BASE to OTHER into CURRENT, as git merge-file does; then settle what is
    left by answers from before and by the rules that swarm.rules names, and with --ask by the
    model.

    The exit code is the number of conflicts that are left, 127 at the most, and 255 for an error.
    With --install, --ask is for every merge that the driver serves.
    """
    if install:
        return _install(ask=ask)
    rungs = _Rungs(Overrides(model=model, budget=budget), ask=ask)
    if driver:
        return _drive(files, marker_size, rungs)
    try:
        if len(files) != 3:
            raise UsageError("merge-file needs three files: CURRENT BASE OTHER")
        if len(labels) > 3:
            raise UsageError("merge-file takes three labels at the most")
        named = (*labels, *files[len(labels) :])
        form = Form((named[0], named[1], named[2]), marker_size, style, favour)
        versions = _read(files)
        merged = rungs.merge(rungs.path(files[0]), versions, form)
        if to_stdout:
            sys.stdout.flush()
            sys.stdout.buffer.write(merged.data)
        else:
            _write(files[0], merged.data)
    except GitswarmError as error:
        click.echo(f"error: {error.message}", err=True)
        return ERROR
    if not quiet:
        for one in (*merged.resolutions, *merged.declined):
            click.echo(f"hunk {one.hunk}: {_told(one)}", err=True)
        if merged.conflicts:
            click.echo(f"warning: conflicts in {files[0]}: {merged.conflicts}", err=True)
    return merged.conflicts


def _install(*, ask: bool) -> int:
    repository = open_repository()
    name, driver = "git, then replay and rules of git swarm", DRIVER
    if ask:
        name, driver = f"{name}, then its model", DRIVER.replace(" --driver", " --driver --ask")
    repository.git("config", "merge.swarm.name", name)
    repository.git("config", "merge.swarm.driver", driver)
    repository.git("config", "merge.swarm.recursive", "text")
    click.echo(
        'The merge driver "swarm" is configured. Name the files that it is for:\n'
        f"  echo '* merge=swarm' >> {repository.common_dir / 'info' / 'attributes'}"
    )
    return 0


def _drive(files: tuple[str, ...], marker_size: int, rungs: "_Rungs") -> int:
    """As a driver: 0 merged, 1 conflicts. In any trouble it is git's own result that is left."""
    if len(files) not in (3, 4):
        click.echo("error: the merge driver needs %A %O %B and %P", err=True)
        return ERROR
    try:
        versions = _read(files[:3])
        form = Form(marker_size=marker_size)
        try:
            merged = git_merge(versions, form)
        except MergeError:
            return 1  # a binary: ours stays, in conflict, as git has it
        if merged.conflicts and not os.environ.get(PLAIN_MERGE):
            path = RepoPath(os.fsencode(files[-1]))
            try:
                merged = rungs.merge(path, versions, form)
            except StoppedError:
                raise
            except Exception as error:  # whatever it is, a merge of git's must not suffer from it
                click.echo(f"git swarm left {show(path)} as git merged it: {error}", err=True)
        _write(files[0], merged.data)
    except GitswarmError as error:
        click.echo(f"error: {error.message}", err=True)
        return ERROR
    for one in (*merged.resolutions, *merged.declined):
        click.echo(f"{files[-1]}: hunk {one.hunk}: {_told(one)}", err=True)
    return 1 if merged.conflicts else 0


def _read(files: tuple[str, ...]) -> Versions:
    try:
        ours, base, theirs = (Path(name).read_bytes() for name in files)
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be read: {error.strerror}") from None
    return Versions(ours, base, theirs)


def _write(file: str, data: bytes) -> None:
    try:
        Path(file).write_bytes(data)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None


def _told(one: Resolution) -> str:
    return f"{one.by or 'open'}, {one.reason or 'as before'}"


@dataclass(frozen=True)
class _Rungs:
    """What git's merge goes through then; outside of a repository, the rules of the default."""

    overrides: Overrides
    ask: bool

    def merge(self, path: RepoPath, versions: Versions, form: Form) -> FileMerge:
        if self.repository is None:
            if self.ask:
                raise UsageError("--ask needs a repository, whose settings name the model")
            return merge_versions(path, versions, form, rules=Settings().rules)
        settings = self.overrides.over(Settings.load(self.repository))
        asking = _Asking(self.repository, settings)
        return merge_versions(
            path,
            versions,
            form,
            replay=asking.memory.replay,
            rules=settings.rules,
            ask=asking if self.ask else None,
        )

    def path(self, file: str) -> RepoPath:
        """From the root of the checkout; just the name outside of it."""
        root = self.repository and self.repository.work_tree
        full = Path(file).absolute()
        if root and full.is_relative_to(root):
            return RepoPath(os.fsencode(full.relative_to(root)))
        return RepoPath(os.fsencode(full.name))

    @cached_property
    def repository(self) -> Repository | None:
        try:
            return open_repository()
        except GitError:
            return None


@dataclass(frozen=True)
class _Asking:
    """Is an `Ask`: the model about one file. What it says is kept for later merges."""

    repository: Repository
    settings: Settings

    @cached_property
    def memory(self) -> "Memory":
        from gitswarm.integrate.earlier import memory_outside_runs

        return memory_outside_runs(self.repository)

    def __call__(self, question: Question) -> Sequence[Resolution]:
        from gitswarm.commands.asking import ask_until_signalled
        from gitswarm.plan.withheld import Withheld

        async def work(resolve: "Resolve") -> Sequence[Resolution]:
            answer = await resolve(question, task=None)
            await self.memory.remember(question.text, answer.said)
            return answer.resolutions

        try:
            with Attributes.of(self.repository, self.repository.commit_oid("HEAD")) as attributes:
                answers, _ = ask_until_signalled(
                    work,
                    command="merge-file",
                    config=self.repository,
                    settings=self.settings,
                    withheld=Withheld(attributes).why,
                )
                return answers
        except ModelError as error:
            return [
                Resolution(question.path, hunk.number, None, None, None, error.message)
                for hunk in question.text.hunks
            ]
