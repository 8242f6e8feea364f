"""A run read back from its ledger.

A ledger that was fetched is data like any other: every value of it is validated, names of branches
are derived and not believed, and no command, folder or setting is taken from it.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gitswarm.errors import LedgerError, PlanError
from gitswarm.integrate.kept import (
    OidText,
    TaskText,
    read_fan_in,
    read_hand_merge,
    read_resolution,
)
from gitswarm.integrate.memory import Kept
from gitswarm.integrate.values import OpenMerge
from gitswarm.model import Purpose, Reply, Usage
from gitswarm.plan.reading import read_plan
from gitswarm.plan.role_places import load_roles
from gitswarm.plan.tasks import Plan
from gitswarm.record import RunRecord
from gitswarm.repo.ledger import Ledger, LedgerReader
from gitswarm.repo.objects import Oid, RunId, TaskId
from gitswarm.repo.repository import Repository
from gitswarm.run import Chosen, Run
from gitswarm.swarm.results import Outcome, Result
from gitswarm.swarm.spawner import task_branch
from gitswarm.swarm.turns import Exchange

Spend = dict[Purpose, float | None]


def load_run(repository: Repository, id: RunId) -> Run:
    """Raises `LedgerError` that names the file which cannot be used."""
    files = _Files(id, LedgerReader(repository, id).load_all())
    facts = files.read("run.json", _Facts)
    if facts is None or facts.run != id:
        raise LedgerError(
            f"the ledger of run {id} does not say what the run is about",
            hint="it may have been written by something else: git log refs/swarm/" + id,
        )
    base = Oid(facts.base)
    _require_commits(repository, id, [base])
    plan = _plan(files, load_roles(repository, base))
    received = files.exchanges()
    spent, usage = _spent(received, facts)
    run = Run(
        id=id,
        goal=facts.goal,
        base=base,
        record=RunRecord(Ledger.reopen(repository, id), id, facts.model_dump()),
        max_tasks=facts.max_tasks,
        chosen=Chosen(facts.chosen.model, facts.chosen.budget_usd),
        plan=plan,
        merged=Oid(facts.merged) if facts.merged else None,
        dropped=tuple(map(TaskId, facts.dropped)),
        received=received,
        spent=spent,
        usage=usage,
        is_reopened=True,
        open_merge=facts.open_merge.value() if facts.open_merge else None,
    )
    for task in run.tasks:
        form = files.read(f"tasks/{task.id}/result.json", _ResultForm)
        if form is not None:
            run.results[task.id] = form.value(id, task.id, task.role)
    run.kept = Kept(
        resolutions={
            path.removeprefix("resolutions/").removesuffix(".json"): value
            for path, value in files.values("resolutions/", read_resolution)
        },
        fan_ins=tuple(value for _, value in files.values("fan-ins/", read_fan_in)),
        hand_merges=tuple(value for _, value in files.values("merges/", read_hand_merge)),
        commits=_merge_commits(repository, run.base, facts.merged),
    )
    _require_commits(repository, id, _named_commits(run))
    return run


# -- what the files may say


class _Form(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]


class _UsageForm(_Form):
    input: Count
    output: Count
    cache_write: Count
    cache_read: Count

    def value(self) -> Usage:
        return Usage(self.input, self.output, self.cache_write, self.cache_read)


class _ReportForm(_Form):
    spend: dict[Purpose, Number | None]


class _OpenMergeForm(_Form):
    task: TaskText
    ours: OidText
    theirs: OidText
    inside: list[TaskText]
    is_fan_in: bool

    def value(self) -> OpenMerge:
        return OpenMerge(
            TaskId(self.task),
            Oid(self.ours),
            tuple(map(TaskId, self.inside)),
            Oid(self.theirs),
            self.is_fan_in,
        )


class _ChosenForm(_Form):
    model: str | None = None
    budget_usd: Number | None = None


class _Facts(_Form):
    """`run.json`; what it holds beyond this is of no use to a run that goes on."""

    version: Literal[1]
    run: str
    goal: Annotated[str, Field(min_length=1)]
    base: OidText
    model: str = ""
    max_tasks: Annotated[int, Field(ge=1)] | None = None
    chosen: _ChosenForm = _ChosenForm()
    state: str = ""
    started_at: str = ""
    dropped: list[TaskText] = []
    merged: OidText | None = None
    report: dict[str, Any] | None = None
    open_merge: _OpenMergeForm | None = None


class _ResultForm(_Form):
    outcome: Literal[tuple(one.value for one in Outcome)]  # type: ignore[valid-type]
    base: OidText | None = None
    commits: list[OidText] = []
    note: str = ""
    error: str | None = None
    remarks: list[str] = []
    usage: _UsageForm
    cost_usd: Number | None
    seconds: Number

    def value(self, run: RunId, task: TaskId, role: str) -> Result:
        return Result(
            task,
            role,
            Outcome(self.outcome),
            branch=task_branch(run, task) if self.base else None,
            base=Oid(self.base) if self.base else None,
            commits=tuple(map(Oid, self.commits)),
            note=self.note,
            error=self.error or "",
            remarks=tuple(self.remarks),
            usage=self.usage.value(),
            cost_usd=self.cost_usd,
            seconds=self.seconds,
        )


class _ExchangeForm(_Form):
    purpose: Purpose
    conversation: str
    reply: list[dict[str, Any]]
    stop_reason: str
    refusal: str = ""
    model: str
    usage: _UsageForm
    cost_usd: Number | None
    seconds: Number

    def value(self) -> Exchange:
        reply = Reply(
            tuple(self.reply),
            self.stop_reason,
            self.usage.value(),
            self.model,
            self.cost_usd,
            self.seconds,
            self.refusal,
        )
        return Exchange(self.conversation, self.purpose, reply)


F = TypeVar("F", bound=BaseModel)
V = TypeVar("V")


class _Files:
    """The files of a ledger's tree, by path, parsed but not believed."""

    def __init__(self, run: RunId, files: Mapping[str, Any]) -> None:
        self._run = run
        self._files = files

    def read(self, path: str, form: type[F]) -> F | None:
        """None where there is no such file."""
        if path not in self._files:
            return None
        try:
            return form.model_validate(self._files[path])
        except ValidationError as error:
            raise self.damaged(path, error) from None

    def values(self, folder: str, read: Any) -> Iterable[tuple[str, Any]]:
        """Every file of a folder, in the order of their names."""
        for path in sorted(self._files):
            if path.startswith(folder):
                try:
                    yield path, read(self._files[path])
                except ValueError as error:
                    raise self.damaged(path, error) from None

    def exchanges(self) -> dict[str, tuple[Exchange, ...]]:
        """The replies, by their folder, in the order in which they came."""
        found: dict[str, list[Exchange]] = defaultdict(list)
        for path in sorted(self._files):
            folder, _, _ = path.rpartition("/")
            if folder.endswith("turns") and (form := self.read(path, _ExchangeForm)):
                found[folder].append(form.value())
        return {folder: tuple(some) for folder, some in found.items()}

    def text(self, path: str) -> str | None:
        return json.dumps(self._files[path]) if path in self._files else None

    def damaged(self, path: str, error: ValueError) -> LedgerError:
        why = str(error)
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        return LedgerError(
            f"{path} of run {self._run} cannot be used: {why}",
            hint=f"git show refs/swarm/{self._run}:{path}",
        )


def _plan(files: _Files, roles: Collection[str]) -> Plan | None:
    text = files.text("plan.json")
    if text is None:
        return None
    try:
        plan, _ = read_plan(text, source="file", roles=roles, max_tasks=None)
    except PlanError as error:
        raise files.damaged("plan.json", ValueError(error.message)) from None
    return plan


def _spent(received: Mapping[str, tuple[Exchange, ...]], facts: _Facts) -> tuple[Spend, Usage]:
    """What the replies cost, or the last report said: it knows of calls that brought none, and the
    replies of what came after it."""
    spent: Spend = defaultdict(float)
    usage = Usage()
    for exchange in (one for some in received.values() for one in some):
        usage += exchange.reply.usage
        cost, so_far = exchange.reply.cost_usd, spent[exchange.purpose]
        spent[exchange.purpose] = None if cost is None or so_far is None else so_far + cost
    try:
        reported = _ReportForm.model_validate(facts.report).spend if facts.report else {}
    except ValidationError:
        reported = {}
    for purpose in get_args(Purpose):
        known = spent.get(purpose, 0.0), reported.get(purpose, 0.0)
        spent[purpose] = None if None in known else max(filter(None, known), default=0.0)
    return dict(spent), usage


def _merge_commits(
    repository: Repository, base: Oid, merged: str | None
) -> dict[tuple[Oid, Oid], Oid]:
    """The merge commits on the first-parent way from the merged branch to its base."""
    if merged is None:
        return {}
    tip = Oid(merged)
    commits = [] if repository.not_commits([tip]) else repository.first_parents(base, tip)
    return {(parents[0], parents[1]): commit for commit, parents in commits if len(parents) == 2}


def _named_commits(run: Run) -> Iterable[Oid]:
    for result in run.results.values():
        yield from result.commits
        if result.base:
            yield result.base
    for fan_in in run.kept.fan_ins:
        yield fan_in.commit
    for merge in run.kept.hand_merges:
        yield from (merge.commit, merge.theirs)
    if run.open_merge:
        yield from (run.open_merge.ours, run.open_merge.theirs)


def _require_commits(repository: Repository, run: RunId, named: Iterable[Oid]) -> None:
    """Everything that the ledger calls a commit is one, and is here."""
    if missing := repository.not_commits({*named}):
        raise LedgerError(
            f"run {run} names {missing[0][:12]}, which is no commit of this repository",
            hint=f"git fetch REMOTE refs/swarm/{run}:refs/swarm/{run}",
        )
