"""`git swarm resolve`: the conflicts of a merge that is under way in the checkout."""

import asyncio
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff
from pathlib import Path
from typing import Any

import click

from gitswarm.cli import StoppedError, print_json
from gitswarm.commands.merge_file import known
from gitswarm.commands.options import Overrides, asking_options, json_option, open_repository
from gitswarm.console import Console
from gitswarm.errors import MergeError, ModelError, UsageError
from gitswarm.integrate.unmerged import (
    Unmerged,
    about_sides,
    both_sides,
    load_unmerged,
    saved_folder,
    stage,
    write_back,
)
from gitswarm.merge.conflicts import ConflictedText
from gitswarm.merge.ladder import Rungs, climb
from gitswarm.merge.past import past_of
from gitswarm.merge.question import Question
from gitswarm.merge.resolutions import Resolution
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.objects import Oid, RepoPath, RunId, show
from gitswarm.repo.repository import Repository
from gitswarm.settings import RULES, Settings
from gitswarm.stop import Stop, StopRequestedError


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
    written into the files; what you settled by hand stays. A file without an open hunk is staged.
    Nothing is committed. A copy of each file is kept as it was.
    """
    repository = open_repository()
    settings = Overrides(model=model, budget=budget).over(Settings.load(repository))
    unasked = settings.rules if rules is None else _rules(rules)
    operation, theirs, _ = both_sides(repository)
    files = load_unmerged(repository, [_repo_path(repository, path) for path in paths])
    tried = [_climb(repository, file, unasked, theirs) for file in files]
    cost: float | None = 0.0
    if not no_model and any(one.is_open for one in tried):
        tried, cost = _ask(repository, settings, tried)
    console = Console(json=as_json)
    folder = saved_folder(repository, time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(2))
    written, staged = ([], []) if dry_run else _write(repository, tried, folder, console)
    is_done = all(one.is_settled and (dry_run or show(one.file.path) in staged) for one in tried)
    status = 0 if is_done else 1
    if as_json:
        print_json(
            {
                "schema": "gitswarm/resolve/1",
                "operation": operation,
                "dry_run": dry_run,
                "conflicts": [one.to_json() for one in tried],
                "written": written,
                "staged": staged,
                "saved": str(folder) if written else None,
                "cost_usd": cost,
                "budget_usd": settings.budget_usd,
                "exit_code": status,
            }
        )
        return status
    for one in tried:
        if dry_run:
            console.show_diff(one.diff())
        for line in one.lines():
            console.show_line(line)
    if written:
        console.say(
            f"The files as they were are in {folder}. To have one again as git left it:",
            "git checkout -m -- PATH",
        )
    return status


@dataclass(frozen=True, slots=True)
class _Tried:
    """A conflicted file, and what came of its hunks."""

    file: Unmerged
    rungs: Rungs | None
    asked: tuple[Resolution, ...] = ()

    @property
    def resolutions(self) -> Sequence[Resolution]:
        text = self.file.text
        if text is None or self.rungs is None:
            return [Resolution(self.file.path, 1, None, None, None, self.file.why)]
        known = {**self.rungs.resolutions, **{one.hunk: one for one in self.asked}}
        return [
            known.get(hunk.number)
            or Resolution(self.file.path, hunk.number, None, None, None, "no rule answers it")
            for hunk in text.hunks
        ]

    @property
    def is_open(self) -> bool:
        """Whether a model may be asked about a hunk."""
        return self.rungs is not None and any(
            hunk.number not in self.rungs.resolutions for hunk in self.rungs.text.hunks
        )

    @property
    def is_settled(self) -> bool:
        return all(one.by for one in self.resolutions)

    @property
    def text(self) -> ConflictedText | None:
        """The file with its answers."""
        answers = {one.hunk: one.text or b"" for one in self.resolutions if one.by}
        return self.file.text.splice(answers) if self.file.text and answers else None

    def diff(self) -> bytes:
        if self.text is None:
            return b""
        name = show(self.file.path)
        old, new = (
            data.decode("utf-8", "surrogateescape").splitlines(keepends=True)
            for data in (self.file.data, self.text.write())
        )
        lines = unified_diff(old, new, f"a/{name}", f"b/{name}")
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in lines
        ).encode("utf-8", "surrogateescape")

    def lines(self) -> list[str]:
        name = show(self.file.path)
        return [
            f"{name}: hunk {one.hunk}: {one.by or 'open'}" + (f", {one.reason}" * bool(one.reason))
            for one in self.resolutions
        ]

    def to_json(self) -> dict[str, Any]:
        return {
            "path": show(self.file.path),
            "kind": self.file.kind,
            "between": ["ours", "theirs"],
            "hunks": [
                {"n": one.hunk, "by": one.by, "confidence": one.confidence, "reason": one.reason}
                for one in self.resolutions
            ],
        }


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


def _climb(
    repository: Repository, file: Unmerged, unasked: Sequence[str], theirs: Oid | None
) -> _Tried:
    if file.text is None:
        return _Tried(file, None)
    _, replay = known(repository)
    versions = file.text.take("ours"), file.text.take("theirs")
    rungs = climb(
        file.path,
        file.text,
        versions,
        replayed=replay(file.path, file.text),
        unasked=unasked,
        past=past_of(repository, file.path, file.stages, repository.commit_oid("HEAD"), theirs)
        if theirs
        else lambda _side: (),
    )
    return _Tried(file, rungs)


def _ask(
    repository: Repository, settings: Settings, tried: Sequence[_Tried]
) -> tuple[list[_Tried], float | None]:
    """The same with what the model answers, and what that cost."""
    from gitswarm.commands.attempt import open_model, require_usable_models, run_until_signalled
    from gitswarm.merge.ask import Answer, ask_resolutions
    from gitswarm.model.claude import start_import
    from gitswarm.model.prices import Prices, price_overrides
    from gitswarm.plan.withheld import Withheld

    prices = Prices.load(price_overrides(repository))
    require_usable_models(settings, prices)
    run = RunId(f"resolve-{secrets.token_hex(2)}")
    start_import()

    async def work(stop: Stop) -> list[tuple[_Tried, float | None]]:
        async with open_model(settings, prices) as model:

            async def ask(one: _Tried) -> tuple[_Tried, float | None]:
                if not one.is_open or one.rungs is None:
                    return one, 0.0
                ours, theirs = await asyncio.to_thread(about_sides, repository, one.file.path)
                text = one.rungs.text
                versions = text.take("ours"), text.take("theirs")
                candidates = one.rungs.candidates
                question = Question(one.file.path, text, ours, theirs, versions, candidates)
                try:
                    answer: Answer = await ask_resolutions(
                        model,
                        question,
                        run=run,
                        model_name=settings.model,
                        withheld=withheld.why,
                        min_confidence=settings.min_confidence,
                    )
                except ModelError as error:
                    open_ = tuple(
                        Resolution(one.file.path, hunk.number, None, None, None, error.message)
                        for hunk in text.hunks
                    )
                    return replace(one, asked=open_), error.cost_usd
                return replace(one, asked=answer.resolutions), answer.cost_usd

            async def ask_all() -> list[tuple[_Tried, float | None]]:
                return await asyncio.gather(*map(ask, tried))

            try:
                return await stop.or_result(ask_all())
            except StopRequestedError:
                raise StoppedError(stop.signum) from None

    with Attributes.of(repository, repository.commit_oid("HEAD")) as attributes:
        withheld = Withheld(attributes)
        found = run_until_signalled(work)
    costs = [cost for _, cost in found]
    total = None if None in costs else sum(cost or 0.0 for cost in costs)
    return [one for one, _ in found], total


def _write(
    repository: Repository, tried: Sequence[_Tried], folder: Path, console: Console
) -> tuple[list[str], list[str]]:
    """The paths that were written, and those that were staged, too."""
    written, staged = [], []
    for one in tried:
        text = one.text
        if text is None:
            continue
        try:
            write_back(repository, one.file, text.write(), folder)
        except (MergeError, OSError) as error:
            console.say(str(error))
            continue
        written.append(show(one.file.path))
        if not text.hunks:
            stage(repository, one.file.path)
            staged.append(show(one.file.path))
    return written, staged
