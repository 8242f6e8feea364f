"""IntegrationEngine: results in order become one branch, with reasons for every step.

Everything happens in the object database: merges make trees and commits, no checkout is needed and
no ref moves. The same tips and the same resolutions give the same tree.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from gitswarm.errors import GitswarmError
from gitswarm.integrate.forecast import Forecast
from gitswarm.integrate.values import HunkOutcome, Integration, MergeConflict
from gitswarm.merge.ask import Answer, Question, Side
from gitswarm.merge.attributes import Attributes
from gitswarm.merge.conflicts import Conflict
from gitswarm.merge.resolutions import Resolution
from gitswarm.merge.threeway import Conflicted, Merged, merge, write_resolved
from gitswarm.plan.tasks import Plan
from gitswarm.progress import BranchMerged, BranchSetAside, ConflictForecast, Resolving, Watch
from gitswarm.repo.ledger import Step
from gitswarm.repo.objects import Oid, RepoPath, TaskId, show
from gitswarm.repo.repository import Repository
from gitswarm.swarm.collector import Collected
from gitswarm.swarm.messages import Authorship, write_message
from gitswarm.swarm.results import Outcome

Resolve = Callable[[Question, TaskId], Awaitable[Answer]]
"""Asks the model about the open hunks of one file, on behalf of the task being merged."""

Record = Callable[[Step], Awaitable[None]]


class FanInOpenError(GitswarmError):
    """The dependencies of a task do not merge: it cannot start."""


@dataclass(frozen=True, slots=True)
class Tip:
    """A branch to be merged, and the tasks whose work comes with it."""

    commit: Oid
    task: TaskId
    brings: tuple[TaskId, ...]
    """Itself last, before it what it depends on, directly or not."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One tip merged into what was merged so far: a commit, or None where a conflict is open."""

    tip: Tip
    commit: Oid | None
    conflicts: tuple[MergeConflict, ...] = ()


@dataclass
class IntegrationEngine:
    """Merges the branches of one run: fan-ins while agents work, everything at the end."""

    repository: Repository
    base: Oid
    plan: Plan
    attributes: Attributes
    resolve: Resolve
    authorship: Authorship
    record: Record
    watch: Watch

    def __post_init__(self) -> None:
        self._forecast = Forecast(self.repository, self.attributes)
        self._tasks = {task.id: task for task in self.plan.tasks}
        self._collected: dict[TaskId, Collected] = {}
        self._fan_ins: dict[frozenset[Oid], asyncio.Task[Oid]] = {}
        self._seen: dict[str, Resolution] = {}
        self._fan_in_conflicts: list[MergeConflict] = []

    # -- while agents work

    async def finished(self, collected: Collected) -> None:
        """Note a finished branch, and forecast what it will conflict with."""
        earlier = [one for one in self._collected.values() if one.result.outcome is Outcome.DONE]
        self._collected[collected.task.id] = collected
        if collected.result.outcome is not Outcome.DONE:
            return
        for other in earlier:
            paths = await asyncio.to_thread(self._forecast.between, _tip(other), _tip(collected))
            if paths:
                shown = tuple(show(path) for path in sorted(paths))
                self.watch(ConflictForecast(other.task.id, collected.task.id, shown))

    async def fan_in(self, dependencies: Sequence[TaskId]) -> Oid:
        """The commit that a task with these dependencies starts from: their one tip, or their merge,
        made once for every task with the same set. Raises `FanInOpenError`."""
        done = [self._collected[task] for task in dependencies]
        tips = await asyncio.to_thread(self._tips, done)
        if not tips:
            return _tip(done[0]) if len(done) == 1 else self.base
        if len(tips) == 1:
            return tips[0].commit
        key = frozenset(tip.commit for tip in tips)
        if key not in self._fan_ins:
            self._fan_ins[key] = asyncio.create_task(self._merge_fan_in(tips))
        return await asyncio.shield(self._fan_ins[key])

    async def _merge_fan_in(self, tips: Sequence[Tip]) -> Oid:
        first, *rest = tips
        at, inside = first.commit, list(first.brings)
        for tip in rest:
            step = await self._merge_tip(at, inside, tip)
            self._fan_in_conflicts += step.conflicts
            if step.commit is None:
                open_paths = [conflict.path for conflict in step.conflicts if conflict.is_open]
                raise FanInOpenError(
                    f"{first.task} and {tip.task}, which it builds on, conflict in "
                    + ", ".join(open_paths)
                )
            at = step.commit
            inside += tip.brings
        return at

    # -- at the end

    async def integrate(self) -> Integration:
        """Merge every finished branch that no other contains. One with an open conflict is set
        aside and the others go on without it."""
        done = [self._collected[task.id] for task in self.plan.tasks if task.id in self._collected]
        at, inside = self.base, list[TaskId]()
        merged, set_aside, conflicts = [], [], list(self._fan_in_conflicts)
        for tip in await asyncio.to_thread(self._tips, done):
            step = await self._merge_tip(at, inside, tip)
            conflicts += step.conflicts
            if step.commit is None:
                set_aside.append(tip.task)
                open_paths = (conflict.path for conflict in step.conflicts if conflict.is_open)
                self.watch(BranchSetAside(tip.task, tuple(open_paths)))
                continue
            at = step.commit
            inside += tip.brings
            merged.append(tip.task)
        tree = await asyncio.to_thread(self.repository.tree, at)
        return Integration(self.base, at, tree, tuple(merged), tuple(set_aside), tuple(conflicts))

    def _tips(self, candidates: Sequence[Collected]) -> list[Tip]:
        """The changed branches that no other contains, those first that conflict least."""
        changed = [one for one in candidates if one.result.outcome is Outcome.DONE]
        commits = list(dict.fromkeys(_tip(one) for one in changed))
        independent = self.repository.independent(commits)
        by_commit = {_tip(one): one for one in reversed(changed)}
        return [
            Tip(commit, by_commit[commit].task.id, self._brought_by(by_commit[commit].task.id))
            for commit in self._forecast.order([c for c in commits if c in independent])
        ]

    def _brought_by(self, task: TaskId) -> tuple[TaskId, ...]:
        brought: dict[TaskId, None] = {}
        for dependency in self._tasks[task].depends_on:
            brought |= dict.fromkeys(self._brought_by(dependency))
        return (*brought, task)

    # -- one merge

    async def _merge_tip(self, ours: Oid, inside: Sequence[TaskId], tip: Tip) -> _Step:
        outcome = await asyncio.to_thread(merge, self.repository, ours, tip.commit, self.attributes)
        if isinstance(outcome, Merged):
            commit = await self._commit(outcome.tree, ours, tip, ())
            return _Step(tip, commit)
        answered = await asyncio.gather(
            *(self._answer(conflict, inside, tip) for conflict in outcome.conflicts)
        )
        conflicts = tuple(
            self._told(conflict, resolutions, inside, tip)
            for conflict, resolutions in zip(outcome.conflicts, answered, strict=True)
        )
        if any(conflict.is_open for conflict in conflicts):
            return _Step(tip, None, conflicts)
        resolutions = [one for several in answered for one in several]
        tree = await asyncio.to_thread(write_resolved, self.repository, outcome, resolutions)
        return _Step(tip, await self._commit(tree, ours, tip, conflicts), conflicts)

    async def _commit(
        self, tree: Oid, ours: Oid, tip: Tip, conflicts: Sequence[MergeConflict]
    ) -> Oid:
        task = self._tasks[tip.task]
        resolved = [
            (conflict.path, hunk.n, hunk.by or "")
            for conflict in conflicts
            for hunk in conflict.hunks
        ]
        message = write_message(
            f"Merge {task.id}: {task.title or task.role}",
            "",
            self.authorship.merge_trailers(task.id, task.role, resolved),
        )
        commit = await asyncio.to_thread(
            self.repository.commit_tree, tree, [ours, tip.commit], message
        )
        await self.record(Step(f"merge {task.id}", {}, (commit,)))
        self.watch(BranchMerged(task.id, len(resolved)))
        return commit
