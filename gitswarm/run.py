"""Run: one attempt at one goal, as far as it has come; begun anew, or read back from its ledger."""

import re
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from graphlib import TopologicalSorter

from gitswarm.errors import UsageError
from gitswarm.integrate.memory import Kept
from gitswarm.integrate.values import OpenMerge
from gitswarm.model import Usage
from gitswarm.model.spending import ByPurpose
from gitswarm.plan.tasks import Plan, Task
from gitswarm.record import RunRecord
from gitswarm.repo.ledger import Ledger
from gitswarm.repo.objects import Oid, RunId, TaskId
from gitswarm.repo.repository import Repository
from gitswarm.swarm.results import Outcome, Result
from gitswarm.swarm.turns import Exchange, task_turns


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the command line said over git config when a run was begun: it holds for all of it."""

    model: str | None = None
    budget_usd: float | None = None


@dataclass
class Run:
    id: RunId
    goal: str
    base: Oid
    record: RunRecord
    max_tasks: int | None = None
    """What the planner was allowed."""
    chosen: Chosen = Chosen()
    plan: Plan | None = None
    """None until it was accepted."""
    results: dict[TaskId, Result] = field(default_factory=dict)
    dropped: tuple[TaskId, ...] = ()
    """The tasks that the user wants left out; what depends on them is left out too."""
    kept: Kept = field(default_factory=Kept)
    """What was merged before."""
    received: Mapping[str, tuple[Exchange, ...]] = field(default_factory=dict)
    """The replies so far, by their folder in the ledger's tree."""
    merged: Oid | None = None
    """The tip of the merged branch, where there is one."""
    open_merge: OpenMerge | None = None
    """The merge that a person is making in a worktree of its own."""
    spent: ByPurpose = field(default_factory=dict)
    """Before this process."""
    usage: Usage = field(default_factory=Usage)
    """Before this process."""
    is_reopened: bool = False
    """Whether it was read back from its ledger."""

    @classmethod
    def begin(
        cls,
        repository: Repository,
        goal: str,
        base: Oid,
        *,
        model: str,
        max_tasks: int | None = None,
        chosen: Chosen = Chosen(),
    ) -> "Run":
        id = new_run_id(goal)
        facts = {"goal": goal, "base": base, "model": model, "max_tasks": max_tasks}
        record = RunRecord(Ledger(repository, id), id, {**facts, "chosen": asdict(chosen)})
        return cls(id, goal, base, record, max_tasks, chosen)

    @property
    def tasks(self) -> tuple[Task, ...]:
        return self.plan.tasks if self.plan else ()

    @property
    def in_order(self) -> list[Task]:
        """The tasks, each after those that it builds on."""
        by_id = {task.id: task for task in self.tasks}
        order = TopologicalSorter({task.id: task.depends_on for task in self.tasks})
        return [by_id[id] for id in order.static_order()]

    @property
    def known_cost_usd(self) -> float:
        """What was spent before this process, as far as prices are known."""
        return sum(cost for cost in self.spent.values() if cost is not None)

    @property
    def left_out(self) -> frozenset[TaskId]:
        """The dropped tasks and all that depend on them."""
        return frozenset(self.dropped) | self.dependents(self.dropped)

    @property
    def unfinished(self) -> frozenset[TaskId]:
        """The tasks that did not come to an end that others can build on."""
        return frozenset(
            task.id
            for task in self.tasks
            if task.id not in self.results or not self.results[task.id].outcome.has_commit
        )

    @property
    def skipped(self) -> frozenset[TaskId]:
        """The tasks that something kept from being begun."""
        results = self.results.values()
        return frozenset(one.task for one in results if one.outcome is Outcome.SKIPPED)

    def task(self, id: str) -> Task:
        """Raises `UsageError` when the plan has none of this id."""
        for task in self.tasks:
            if task.id == id:
                return task
        known = ", ".join(task.id for task in self.tasks)
        raise UsageError(f'run {self.id} has no task "{id}"', hint=f"its tasks: {known or 'none'}")

    def dependents(self, ids: Iterable[TaskId]) -> frozenset[TaskId]:
        """The tasks that build on some of these, directly or not, without these."""
        given = frozenset(ids)
        found = set(given)
        while more := {t.id for t in self.tasks if found & {*t.depends_on}} - found:
            found |= more
        return frozenset(found - given)

    def can_run(self, wanted: Collection[TaskId]) -> frozenset[TaskId]:
        """Those of the tasks for which everything they depend on is there, or is among them."""
        running = {*wanted} - self.left_out
        there = {task.id for task in self.tasks} - self.unfinished - running
        while True:
            able = {t.id for t in self.tasks if {*t.depends_on} <= there | running} & running
            if able == running:
                return frozenset(able)
            running = able

    def require_begun(self, id: TaskId) -> None:
        """Raise `UsageError` unless a task can be carried out once more."""
        if id in self.left_out:
            raise UsageError(f'"{id}" is dropped', hint=f"git swarm drop --undo {id}")
        if id not in self.can_run([id]):
            raise UsageError(
                f'"{id}" builds on tasks that did not end well', hint=f"git swarm resume {self.id}"
            )

    def drop(self, id: TaskId) -> frozenset[TaskId]:
        """Leave a task out; what goes with it."""
        before = self.left_out
        self.dropped = (*dict.fromkeys((*self.dropped, id)),)
        return self.left_out - before - {id}

    def undrop(self, id: TaskId) -> None:
        """Take a task in again, and what was left out because of it. Raises `UsageError`."""
        if id not in self.dropped:
            by = [one for one in self.dropped if id in self.dependents([one])]
            raise UsageError(
                f'"{id}" is left out with "{by[0]}"' if by else f'"{id}" was not dropped',
                hint=f"git swarm drop --undo {by[0]}" if by else f"git swarm integrate {self.id}",
            )
        self.dropped = tuple(one for one in self.dropped if one != id)

    def begin_again(self, ids: Collection[TaskId], note: str) -> None:
        """Let tasks be carried out once more, as if nobody had begun them; the note, if there is
        one, is added to what each is told."""
        assert self.plan is not None
        self.received = {
            folder: some
            for folder, some in self.received.items()
            if not any(folder == task_turns(id) for id in ids)
        }
        added = f"\n\nThis is another attempt. What was said of the earlier one: {note}"
        tasks = (
            replace(task, prompt=task.prompt + added) if note and task.id in ids else task
            for task in self.plan.tasks
        )
        self.plan = replace(self.plan, tasks=tuple(tasks))


def new_run_id(goal: str) -> RunId:
    """A slug of the goal's first words, and four hex digits."""
    words = re.findall(r"[a-z0-9]+", goal.lower())
    telling = [word for word in words if word not in _FILLER] or words or ["run"]
    slug = ""
    for word in telling:
        longer = f"{slug}-{word}" if slug else word[:24]
        if len(longer) > 24:
            break
        slug = longer
    return RunId(f"{slug}-{secrets.token_hex(2)}")


_FILLER = {"a", "an", "the", "and", "or", "of", "to", "in", "on", "for", "with", "add", "make"}
