"""`git swarm merge-file`: `git merge-file`, and then replay and rules; also as a merge driver."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from gitswarm.commands.options import open_repository
from gitswarm.errors import GitError, GitswarmError, MergeError, UsageError
from gitswarm.merge.conflicts import ConflictedText
from gitswarm.merge.files import Form, Replay, Versions, git_merge, merge_versions
from gitswarm.merge.resolutions import Resolution
from gitswarm.repo.attributes import PLAIN_MERGE
from gitswarm.repo.objects import RepoPath, RunId, show
from gitswarm.repo.repository import Repository
from gitswarm.settings import Settings

ERROR = 255

DRIVER = "git swarm merge-file --driver --marker-size %L %A %O %B %P"


@click.command("merge-file", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", nargs=-1, metavar="CURRENT BASE OTHER")
@click.option("-p", "--stdout", "to_stdout", is_flag=True, help="Print the result; write nothing.")
@click.option("-q", "--quiet", is_flag=True, help="Do not tell of conflicts.")
@click.option("-L", "labels", multiple=True, metavar="NAME", help="Labels, up to three of them.")
@click.option("--diff3", "style", flag_value="diff3", help="Show the base in conflicts.")
@click.option("--zdiff3", "style", flag_value="zdiff3", help="The same, but shorter.")
@click.option(
    "--marker-size", type=click.IntRange(min=1), default=7, metavar="N", help="Of markers [7]."
)
@click.option("--driver", is_flag=True, help="Be git's merge driver: %A %O %B and the path %P.")
@click.option("--install", is_flag=True, help='Configure the merge driver "swarm", and say how.')
def command(
    files: tuple[str, ...],
    to_stdout: bool,
    quiet: bool,
    labels: tuple[str, ...],
    style: str | None,
    marker_size: int,
    driver: bool,
    install: bool,
) -> int:
    """Merge what leads from BASE to OTHER into CURRENT, as git merge-file does; then settle what is
    left by answers from before and by the rules that swarm.rules names.

    No model is asked. The exit code is the number of conflicts that are left, 127 at the most, and
    255 for an error.
    """
    if install:
        return _install()
    if driver:
        return _drive(files, marker_size)
    try:
        if len(files) != 3:
            raise UsageError("merge-file needs three files: CURRENT BASE OTHER")
        if len(labels) > 3:
            raise UsageError("merge-file takes three labels at the most")
        named = (*labels, *files[len(labels) :])
        form = Form((named[0], named[1], named[2]), marker_size, style)
        versions = _read(files)
        rules, replay = known()
        merged = merge_versions(_path(files[0]), versions, form, replay=replay, rules=rules)
        if to_stdout:
            sys.stdout.flush()
            sys.stdout.buffer.write(merged.data)
        else:
            _write(files[0], merged.data)
    except GitswarmError as error:
        click.echo(f"error: {error.message}", err=True)
        return ERROR
    if not quiet:
        for one in merged.resolutions:
            click.echo(f"hunk {one.hunk}: {one.by}, {one.reason or 'as before'}", err=True)
        if merged.conflicts:
            click.echo(f"warning: conflicts in {files[0]}: {merged.conflicts}", err=True)
    return merged.conflicts


def _install() -> int:
    repository = open_repository()
    repository.git("config", "merge.swarm.name", "git, then replay and rules of git swarm")
    repository.git("config", "merge.swarm.driver", DRIVER)
    repository.git("config", "merge.swarm.recursive", "text")
    click.echo(
        'The merge driver "swarm" is configured. Name the files that it is for:\n'
        f"  echo '* merge=swarm' >> {repository.common_dir / 'info' / 'attributes'}"
    )
    return 0


def _drive(files: tuple[str, ...], marker_size: int) -> int:
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
                rules, replay = known()
                merged = merge_versions(path, versions, form, replay=replay, rules=rules)
            except Exception as error:  # whatever it is, a merge of git's must not suffer from it
                click.echo(f"git swarm left {show(path)} as git merged it: {error}", err=True)
        _write(files[0], merged.data)
    except GitswarmError as error:
        click.echo(f"error: {error.message}", err=True)
        return ERROR
    for one in merged.resolutions:
        click.echo(f"{files[-1]}: hunk {one.hunk} by {one.by}: {one.reason}", err=True)
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


def _path(file: str) -> RepoPath:
    return RepoPath(os.fsencode(os.path.basename(file)))


def known(repository: Repository | None = None) -> tuple[tuple[str, ...], Replay]:
    """The rules that apply and the answers from before; outside of a repository, the default."""
    from gitswarm.integrate.earlier import EarlierAnswers
    from gitswarm.integrate.memory import Memory
    from gitswarm.repo.ledger import Step

    async def record(_step: Step) -> None:
        """Nothing is learned here."""

    if repository is None:
        try:
            repository = open_repository()
        except GitError:
            return Settings().rules, _nothing
    memory = Memory(record, look_up=EarlierAnswers(repository, RunId("")))
    return Settings.load(repository).rules, memory.replay


def _nothing(_path: RepoPath, _text: ConflictedText) -> Mapping[int, Resolution]:
    return {}
