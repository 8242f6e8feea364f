"""IntegrationEngine: results in order become one branch, with reasons for every step.

Everything happens in the object database: merges make trees and commits, no checkout is needed and
no ref moves. The same tips and the same resolutions give the same tree.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Protocol

from gitswarm.errors import GitswarmError, ModelError
from gitswarm.integrate.forecast import Forecast
from gitswarm.integrate.values import HunkOutcome, Integration, MergeConflict
from gitswarm.merge.ask import Answer
from gitswarm.merge.conflicts import Conflict, Hunk
from gitswarm.merge.question import INTENT_LENGTH, Question, Side
from gitswarm.merge.resolutions import Resolution
from gitswarm.merge.threeway import Merged, merge, write_resolved
from gitswarm.plan.tasks import Plan, Task
from gitswarm.progress import BranchMerged, BranchSetAside, ConflictForecast, Resolving, Watch
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.ledger import Step
from gitswarm.repo.objects import Oid, RepoPath, TaskId, show
from gitswarm.repo.repository import Repository
from gitswarm.swarm.collector import Collected
from gitswarm.swarm.messages import Authorship, write_message
from gitswarm.swarm.results import Outcome
from gitswarm.swarm.turns import Record


class Resolve(Protocol):
    """Asks the model about the open hunks of one file, on behalf of the task being merged."""

    async def __call__(self, question: Question, *, task: TaskId) -> Answer: ...


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
        self._forecast = Forecast(self.repository, self.base, self.attributes)
        self._tasks = {task.id: task for task in self.plan.tasks}
        self._collected: dict[TaskId, Collected] = {}
        self._fan_ins: dict[frozenset[Oid], asyncio.Task[Oid]] = {}
        self._seen: dict[str, Resolution] = {}
        self._declined: dict[tuple[RepoPath, str], Resolution] = {}
        self._fan_in_conflicts: list[MergeConflict] = []

    # -- while agents work

    async def finished(self, collected: Collected) -> None:
        """Note a finished branch, and forecast what it will conflict with."""
        earlier = [one for one in self._collected.values() if one.result.outcome is Outcome.DONE]
        self._collected[collected.task.id] = collected
        if collected.result.outcome is not Outcome.DONE:
            return
        tips = [other.tip for other in earlier]
        found = await asyncio.to_thread(self._forecast.against, collected.tip, tips)
        for other, paths in zip(earlier, found, strict=True):
            if paths is not None:
                shown = tuple(map(show, paths))
                self.watch(ConflictForecast(other.task.id, collected.task.id, shown))

    async def base_for(self, task: Task) -> Oid:
        """Where a task starts: the run's base, or its fan-in. Raises `FanInOpenError`."""
        return await self.fan_in(task.depends_on) if task.depends_on else self.base

    async def fan_in(self, dependencies: Sequence[TaskId]) -> Oid:
        """The commit that a task with these dependencies starts from: their one tip, or their
        merge, made once for every task with the same set. Raises `FanInOpenError`."""
        done = [self._collected[one.id] for one in self.plan.tasks if one.id in dependencies]
        tips = await asyncio.to_thread(self._tips, done)
        if not tips:
            return done[0].tip if len(done) == 1 else self.base
        if len(tips) == 1:
            return tips[0].commit
        key = frozenset(tip.commit for tip in tips)
        if key not in self._fan_ins:
            self._fan_ins[key] = asyncio.create_task(self._merge_fan_in(tips))
        return await asyncio.shield(self._fan_ins[key])

    async def _merge_fan_in(self, tips: Sequence[Tip]) -> Oid:
        first, *rest = tips
        at, inside = first.commit, dict.fromkeys(first.brings)
        for tip in rest:
            step = await self._merge_tip(at, [*inside], tip)
            self._fan_in_conflicts += step.conflicts
            if step.commit is None:
                open_paths = [conflict.path for conflict in step.conflicts if conflict.is_open]
                raise FanInOpenError(
                    f"{first.task} and {tip.task}, which it builds on, conflict in "
                    + ", ".join(open_paths)
                )
            at = step.commit
            inside |= dict.fromkeys(tip.brings)
        return at

    # -- at the end

    async def integrate(self) -> Integration:
        """Merge every finished branch that no other contains. One with an open conflict is set
        aside and the others go on without it."""
        done = [self._collected[task.id] for task in self.plan.tasks if task.id in self._collected]
        at, inside = self.base, dict[TaskId, None]()
        merged, set_aside, conflicts = [], [], list[MergeConflict]()
        for tip in await asyncio.to_thread(self._tips, done):
            step = await self._merge_tip(at, [*inside], tip)
            conflicts += step.conflicts
            if step.commit is None:
                set_aside.append(tip.task)
                open_paths = (conflict.path for conflict in step.conflicts if conflict.is_open)
                self.watch(BranchSetAside(tip.task, tuple(open_paths)))
                continue
            at = step.commit
            inside |= dict.fromkeys(tip.brings)
            merged.append(tip.task)
        tree = await asyncio.to_thread(self.repository.tree, at)
        earlier = [one for one in self._fan_in_conflicts if not _came_back(one, conflicts)]
        return Integration(
            self.base, at, tree, tuple(merged), tuple(set_aside), (*earlier, *conflicts)
        )

    def _tips(self, candidates: Sequence[Collected]) -> list[Tip]:
        """The changed branches that no other contains, those first that conflict least."""
        changed = [one for one in candidates if one.result.outcome is Outcome.DONE]
        commits = list(dict.fromkeys(one.tip for one in changed))
        independent = self.repository.independent(commits)
        by_commit = {one.tip: one for one in reversed(changed)}
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
        """`inside` are the tasks whose work `ours` holds, in the order in which it came."""
        outcome = await asyncio.to_thread(merge, self.repository, ours, tip.commit, self.attributes)
        if isinstance(outcome, Merged):
            return _Step(tip, await self._commit(outcome.tree, ours, tip, ()))
        opponents = [self._between(conflict, inside, tip) for conflict in outcome.conflicts]
        hopeless = next((c.kind for c in outcome.conflicts if c.text is None), None)
        if hopeless:
            answered = [_unasked(conflict, hopeless) for conflict in outcome.conflicts]
        else:
            answered = await asyncio.gather(
                *(self._answer(conflict, inside, ours, tip) for conflict in outcome.conflicts)
            )
        commits = (ours, tip.commit)
        conflicts = tuple(
            _told(conflict, between, commits, resolutions)
            for conflict, between, resolutions in zip(
                outcome.conflicts, opponents, answered, strict=True
            )
        )
        if any(conflict.is_open for conflict in conflicts):
            return _Step(tip, None, conflicts)
        texts = {
            conflict.path: conflict.text.splice({one.hunk: one.text or b"" for one in resolutions})
            for conflict, resolutions in zip(outcome.conflicts, answered, strict=True)
            if conflict.text is not None
        }
        tree = await asyncio.to_thread(write_resolved, self.repository, outcome, texts)
        return _Step(tip, await self._commit(tree, ours, tip, conflicts), conflicts)

    async def _answer(
        self, conflict: Conflict, inside: Sequence[TaskId], ours: Oid, tip: Tip
    ) -> Sequence[Resolution]:
        """A resolution for every hunk of a conflict, open ones too."""
        assert conflict.text is not None
        path, hunks = conflict.path, conflict.text.hunks
        replayed = {
            hunk.number: replace(seen, hunk=hunk.number, by="replay", path=path)
            for hunk in hunks
            if (seen := self._seen.get(hunk_key(hunk)))
        }
        declined = {
            hunk.number: replace(seen, hunk=hunk.number)
            for hunk in hunks
            if (seen := self._declined.get((path, hunk_key(hunk))))
        }
        if len(known := {**declined, **replayed}) == len(hunks):
            return tuple(known[hunk.number] for hunk in hunks)
        rest = conflict.text.splice({n: one.text or b"" for n, one in replayed.items()})
        self.watch(Resolving(show(path), len(rest.hunks)))
        question = Question(
            path=path,
            text=rest,
            ours=await asyncio.to_thread(self._side, inside, ours, conflict),
            theirs=await asyncio.to_thread(self._side, tip.brings, tip.commit, conflict),
            versions=await asyncio.to_thread(self._versions, conflict),
        )
        answers = {one.hunk: one for one in await self._ask(question, tip.task)}
        for one in answers.values():
            if one.by is not None:
                await self._remember(conflict.text.hunk(one.hunk), one)
        return tuple((replayed | answers)[hunk.number] for hunk in hunks)

    async def _ask(self, question: Question, task: TaskId) -> Sequence[Resolution]:
        """The model's answers; where it cannot be asked, every hunk is left to a person. What it
        declined is not asked again when the same two sides meet once more."""
        path, text = question.path, question.text
        try:
            answers = (await self.resolve(question, task=task)).resolutions
        except ModelError as error:
            return [
                Resolution(path, hunk.number, None, None, None, error.message)
                for hunk in text.hunks
            ]
        for one in answers:
            if one.by is None:
                self._declined[path, hunk_key(text.hunk(one.hunk))] = one
        return answers

    async def _remember(self, hunk: Hunk, resolution: Resolution) -> None:
        """Keep an answer for the same hunk in a later merge, and in the ledger."""
        key = hunk_key(hunk)
        self._seen[key] = resolution
        kept = {
            "path": show(resolution.path),
            "by": resolution.by,
            "text": (resolution.text or b"").decode("utf-8", "backslashreplace"),
            "confidence": resolution.confidence,
            "reason": resolution.reason,
            "dropped": resolution.dropped,
        }
        await self.record(Step("resolution", {f"resolutions/{key}.json": kept}))

    def _between(
        self, conflict: Conflict, inside: Sequence[TaskId], tip: Tip
    ) -> tuple[TaskId, TaskId]:
        """The two tasks that a conflict is about: on either side the last one that changed one of
        its paths itself."""
        return (
            self._touching(conflict, inside)[-1],
            self._touching(conflict, tip.brings)[-1],
        )

    def _touching(self, conflict: Conflict, tasks: Sequence[TaskId]) -> Sequence[TaskId]:
        """Those of the tasks that changed a path of a conflict themselves; the last of all where it
        is nobody's own change, as with a folder that was renamed around it."""
        paths = conflict.paths
        return [task for task in tasks if self._collected[task].touched & paths] or tasks[-1:]

    def _side(self, tasks: Sequence[TaskId], commit: Oid, conflict: Conflict) -> Side:
        """What the tasks on one side of a conflict were about."""
        touching = [self._tasks[id] for id in self._touching(conflict, tasks)]
        titles = [task.title or task.id for task in touching]
        room = INTENT_LENGTH // len(touching)
        intents = [_shortened(task.prompt.strip(), room) for task in touching]
        subjects = self.repository.subjects(self.base, commit, conflict.path)
        return Side("; ".join(titles), "\n\n".join(intents), subjects)

    def _versions(self, conflict: Conflict) -> tuple[bytes, bytes]:
        stages = conflict.stages
        ours, theirs = (
            self.repository.blob(stage.oid) if stage else b""
            for stage in (stages.ours, stages.theirs)
        )
        return ours, theirs

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


def _came_back(earlier: MergeConflict, later: Sequence[MergeConflict]) -> bool:
    """Whether a conflict that a fan-in left open is among those of a later merge."""
    return earlier.is_open and any(
        (one.path, one.kind, {*one.between}) == (earlier.path, earlier.kind, {*earlier.between})
        for one in later
    )


def _unasked(conflict: Conflict, kind: str) -> Sequence[Resolution]:
    """Every hunk left open: the branch waits for a person anyway, so nothing is spent on it."""
    hunks = conflict.text.hunks if conflict.text else ()
    reason = f"not asked: the same merge has a {kind} conflict, which a person has to decide"
    return [Resolution(conflict.path, hunk.number, None, None, None, reason) for hunk in hunks]


def _shortened(intent: str, room: int) -> str:
    """Beginning and end of a task's prompt: what it is about, and what it was told last."""
    if len(intent) <= room:
        return intent
    return f"{intent[: room * 2 // 3].rstrip()} [...] {intent[-(room // 3 - 8) :].lstrip()}"


def hunk_key(hunk: Hunk) -> str:
    """What identifies a hunk wherever it turns up: its base and both sides, in either order."""
    digest = sha256()
    for side in (hunk.base or b"", *sorted((hunk.ours, hunk.theirs))):
        digest.update(len(side).to_bytes(8, "big") + side)
    return digest.hexdigest()[:40]


def _told(
    conflict: Conflict,
    between: tuple[TaskId, TaskId],
    commits: tuple[Oid, Oid],
    resolutions: Sequence[Resolution],
) -> MergeConflict:
    """A conflict and its answers as the report shows them, with tasks where git names commits."""
    said = "; ".join(message.text for message in conflict.messages)
    for commit, task in zip(commits, between, strict=True):
        said = said.replace(commit, task)
    return MergeConflict(
        path=show(conflict.path),
        kind=conflict.kind,
        between=between,
        hunks=tuple(
            HunkOutcome(one.hunk, one.by, one.confidence, one.reason) for one in resolutions
        ),
        reason="" if resolutions else said,
    )
