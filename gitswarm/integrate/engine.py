"""IntegrationEngine: results in order become one branch, with reasons for every step.

Everything happens in the object database: merges make trees and commits, no checkout is needed and
no ref moves. The same tips and the same resolutions give the same tree.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from gitswarm.errors import GitswarmError
from gitswarm.integrate.answering import Answering, Resolve
from gitswarm.integrate.answers import Answers
from gitswarm.integrate.by_hand import OpenState
from gitswarm.integrate.forecast import Forecast
from gitswarm.integrate.kept import FanIn, HandMerge
from gitswarm.integrate.memory import Memory
from gitswarm.integrate.parties import Parties, Tip
from gitswarm.integrate.regenerate import Regenerate
from gitswarm.integrate.suspicions import find_suspicious
from gitswarm.integrate.values import HunkOutcome, Integration, MergeConflict, OpenMerge
from gitswarm.merge.conflicts import Conflict
from gitswarm.merge.resolutions import Resolution
from gitswarm.merge.rules.generated import generated_kind
from gitswarm.merge.threeway import Conflicted, Merged, merge, merge_disjoint
from gitswarm.merge.ways import Way, unanswerable, ways
from gitswarm.plan.tasks import Plan, Task
from gitswarm.progress import (
    BranchMerged,
    BranchSetAside,
    ConflictForecast,
    Warned,
    Watch,
)
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.ledger import Step
from gitswarm.repo.objects import Oid, RepoPath, TaskId, show
from gitswarm.repo.repository import Repository
from gitswarm.swarm.collector import Collected
from gitswarm.swarm.messages import Authorship, write_message
from gitswarm.swarm.results import Outcome
from gitswarm.swarm.turns import Record


class FanInOpenError(GitswarmError):
    """The dependencies of a task do not merge: it cannot start."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One tip merged into what was merged so far: a commit, or None where a conflict is open."""

    tip: Tip
    commit: Oid | None
    conflicts: tuple[MergeConflict, ...] = ()


@dataclass
class _SoFar:
    """The merged branch on its way."""

    commit: Oid
    inside: dict[TaskId, None] = field(default_factory=dict)
    """The tasks whose work it holds, in the order in which it came."""
    merged: list[TaskId] = field(default_factory=list)
    """The tips."""


@dataclass
class IntegrationEngine:
    """Merges the branches of one run: fan-ins while agents work, everything at the end."""

    repository: Repository
    base: Oid
    plan: Plan
    attributes: Attributes
    resolve: Resolve
    rules: Collection[str]
    """Those that settle a hunk unasked."""
    authorship: Authorship
    memory: Memory
    record: Record
    watch: Watch
    regenerate: Regenerate | None = None
    """Writes lock files and snapshots anew; without it, a person has to."""
    dropped: Collection[TaskId] = ()
    """Tasks that are to be left out, with all that depend on them."""

    def __post_init__(self) -> None:
        self._forecast = Forecast(self.repository, self.base, self.attributes)
        self._tasks = {task.id: task for task in self.plan.tasks}
        self._collected: dict[TaskId, Collected] = {}
        self._fan_ins: dict[frozenset[Oid], asyncio.Task[Oid]] = {}
        self._answering = Answering(
            self.repository, self.memory, self.rules, self.resolve, self.watch
        )
        self._fan_in_conflicts: list[MergeConflict] = []
        self._plain = {self.base}
        """Commits that are nothing but tips, or merges of them that nobody had to resolve."""
        self._open_fan_ins: list[OpenMerge] = []
        self._warnings: list[str] = []
        self._recordings: list[asyncio.Future[None]] = []

    def restore(self, collected: Collected) -> None:
        """Note a branch that was finished before."""
        self._collected[collected.task.id] = collected

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
            self._fan_ins[key] = asyncio.create_task(self._make_fan_in(tips))
        return await asyncio.shield(self._fan_ins[key])

    async def _make_fan_in(self, tips: Sequence[Tip]) -> Oid:
        key = frozenset(tip.commit for tip in tips)
        made = self.memory.fan_in(key)
        if made is None:
            commit, conflicts = await self._merge_fan_in(tips)
            await self._recorded()
            made = FanIn(key, commit, tuple(conflicts))
            await self.memory.add_fan_in(made)
        self._fan_in_conflicts += made.conflicts
        return made.commit

    async def _merge_fan_in(self, tips: Sequence[Tip]) -> tuple[Oid, list[MergeConflict]]:
        first, *rest = tips
        at, inside = first.commit, dict.fromkeys(first.brings)
        self._plain.add(at)
        conflicts: list[MergeConflict] = []
        for tip in rest:
            step = await self._merge_tip(at, [*inside], tip)
            conflicts += step.conflicts
            if step.commit is None:
                self._fan_in_conflicts += conflicts
                self._open_fan_ins.append(
                    OpenMerge(tip.task, at, tuple(inside), tip.commit, is_fan_in=True)
                )
                open_paths = [conflict.path for conflict in step.conflicts if conflict.is_open]
                raise FanInOpenError(
                    f"{first.task} and {tip.task}, which it builds on, conflict in "
                    + ", ".join(open_paths)
                )
            at = step.commit
            inside |= dict.fromkeys(tip.brings)
        return at, conflicts

    # -- at the end

    async def integrate(self) -> Integration:
        """Merge every finished branch that no other contains. One with an open conflict is set
        aside and the others go on without it; afterwards it is tried once more with what is known,
        for that is where a person merges it (see `OpenMerge`)."""
        so_far = _SoFar(self.base)
        steps = [
            await self._advance(so_far, tip)
            for tip in await asyncio.to_thread(self._order_of_integration)
        ]
        for n, step in enumerate(steps):
            if step.commit is None:
                again = await self._advance(so_far, step.tip, ask=False)
                steps[n] = again if again.commit else step
        await self._recorded()
        aside = [step for step in steps if step.commit is None]
        for step in aside:
            open_paths = (conflict.path for conflict in step.conflicts if conflict.is_open)
            self.watch(BranchSetAside(step.tip.task, tuple(open_paths)))
        conflicts = [conflict for step in steps for conflict in step.conflicts]
        earlier = [one for one in self._fan_in_conflicts if not _came_back(one, conflicts)]
        return Integration(
            base=self.base,
            commit=so_far.commit,
            tree=await asyncio.to_thread(self.repository.tree, so_far.commit),
            merged=tuple(so_far.merged),
            set_aside=tuple(step.tip.task for step in aside),
            conflicts=(*earlier, *conflicts),
            open_merges=(
                *self._open_fan_ins,
                *(
                    OpenMerge(step.tip.task, so_far.commit, (*so_far.inside,), step.tip.commit)
                    for step in aside
                ),
            ),
            findings=await asyncio.to_thread(
                find_suspicious, self.repository, self.base, so_far.commit
            ),
            was_unreached=self._answering.was_unreached,
            warnings=tuple(self._warnings),
        )

    async def carry_over(self, collected: Collected, base: Oid) -> Oid | None:
        """What a task did, on another base than the one it started from, as one commit; None where
        git cannot merge the two."""
        result = collected.result
        if result.base is None:
            return None
        there = await asyncio.to_thread(self.repository.tree, base)
        # Both sides of this merge start from the old base, which git therefore takes for theirs.
        beside = await asyncio.to_thread(self.repository.plain_commit, there, [result.base])
        outcome = await asyncio.to_thread(
            merge, self.repository, beside, collected.tip, self.attributes
        )
        if not isinstance(outcome, Merged):
            return None
        message = (await asyncio.to_thread(self.repository.commit, collected.tip)).message
        return await asyncio.to_thread(self.repository.commit_tree, outcome.tree, [base], message)

    async def open_state(self, merge: OpenMerge) -> OpenState | None:
        """What is known of a merge that waits for a person; None where it does not any more."""
        tip = Tip(merge.theirs, merge.task, self._brought_by(merge.task))
        outcome = await asyncio.to_thread(self._merge, merge.ours, merge.inside, tip)
        if isinstance(outcome, Merged):
            return None
        parties = self._parties(merge.ours, merge.inside, tip)
        offered = await asyncio.to_thread(self._ways, outcome, parties)
        answered = await self._answers(outcome, offered, parties, ask=False)
        conflicts = _tell(outcome, parties, answered)
        message = self.merge_message(tip.task, conflicts)
        return OpenState(merge, outcome, answered, conflicts, message)

    def _order_of_integration(self) -> list[Tip]:
        """The tips to be merged; last those that a person has merged, in the order in which that
        was done, for so each meets what that person saw."""
        finished = (self._collected.get(task.id) for task in self.plan.tasks)
        tips = self._tips([one for one in finished if one and one.task.id not in self.dropped])
        by_hand = {oid: n for n, oid in enumerate(self.memory.hand_merged_tips(), start=1)}
        return sorted(tips, key=lambda tip: by_hand.get(tip.commit, 0))

    async def _advance(self, so_far: _SoFar, tip: Tip, *, ask: bool = True) -> _Step:
        step = await self._merge_tip(so_far.commit, [*so_far.inside], tip, ask=ask)
        if step.commit is not None:
            so_far.commit = step.commit
            so_far.inside |= dict.fromkeys(tip.brings)
            so_far.merged.append(tip.task)
        return step

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

    async def _merge_tip(
        self, ours: Oid, inside: Sequence[TaskId], tip: Tip, *, ask: bool = True
    ) -> _Step:
        """`inside` are the tasks whose work `ours` holds, in the order in which it came. Without
        `ask`, what is not known stays open."""
        if self.memory.has_hand_merges:
            tree = await asyncio.to_thread(self.repository.tree, ours)
            if by_hand := self.memory.hand_merge(tree, tip.commit):
                return _Step(tip, await self._repeat(by_hand, ours, tip), by_hand.conflicts)
        outcome = await asyncio.to_thread(self._merge, ours, inside, tip)
        if isinstance(outcome, Merged):
            commit = await self._commit(outcome.tree, ours, tip, ())
            if ours in self._plain:
                self._plain.add(commit)
            return _Step(tip, commit)
        if outcome.warnings:
            self._warn(await asyncio.to_thread(self._complaint, outcome, tip))
        parties = self._parties(ours, inside, tip)
        offered = await asyncio.to_thread(self._ways, outcome, parties)
        said = await self._answers(outcome, offered, parties, ask=ask)
        answers = Answers(outcome, said, offered)
        if ask and self.regenerate is not None:
            made = self.memory.commit(ours, tip.commit)
            answers = await self.regenerate(answers, ours, tip.commit, made)
        conflicts = _tell(outcome, parties, answers.resolutions)
        if answers.open:
            return _Step(tip, None, conflicts)
        tree = await asyncio.to_thread(answers.write_tree, self.repository)
        return _Step(tip, await self._commit(tree, ours, tip, conflicts), conflicts)

    def _merge(self, ours: Oid, inside: Sequence[TaskId], tip: Tip) -> Merged | Conflicted:
        """git's merge; without git where the tip touches nothing that the others touch."""
        others = [self._collected[task].tip for task in inside]
        if ours in self._plain and self._forecast.is_certain(tip.commit, others):
            return merge_disjoint(self.repository, self.base, ours, tip.commit)
        return merge(self.repository, ours, tip.commit, self.attributes)

    def _warn(self, complaint: str) -> None:
        if complaint not in self._warnings:
            self._warnings.append(complaint)
            self.watch(Warned(complaint))

    def _complaint(self, outcome: Conflicted, tip: Tip) -> str:
        """What git or a merge driver said of a merge that it could not make, and of which file."""
        paths = [one.path for one in outcome.conflicts if one.kind in ("content", "add/add")]
        drivers = self.attributes.values("merge", paths)
        named = [
            f'{show(path)} (merge driver "{driver}")'
            for path, driver in drivers.items()
            if driver not in _GITS_OWN
        ]
        return f"{', '.join(named) or f'merging {tip.task}'}: {outcome.warnings}"

    def _parties(self, ours: Oid, inside: Sequence[TaskId], tip: Tip) -> Parties:
        touched = {task: one.touched for task, one in self._collected.items()}
        return Parties(self.repository, self.base, self._tasks, touched, ours, inside, tip)

    async def _answers(
        self,
        outcome: Conflicted,
        offered: Mapping[RepoPath, Sequence[Way]],
        parties: Parties,
        *,
        ask: bool,
    ) -> Sequence[Sequence[Resolution]]:
        """For every conflict a resolution of every hunk, open ones too. Where something waits for
        a person anyway, nothing is asked."""
        why = unanswerable(outcome.conflicts, offered) or await asyncio.to_thread(
            self._unwritten, outcome.conflicts
        )
        if why or not ask:
            known = self._answering.known
            return [
                await asyncio.to_thread(known, one, offered.get(one.path, ()), parties, why)
                for one in outcome.conflicts
            ]
        return await asyncio.gather(
            *(
                self._answering.answer(one, offered.get(one.path, ()), parties)
                for one in outcome.conflicts
            )
        )

    def _ways(self, outcome: Conflicted, parties: Parties) -> dict[RepoPath, Sequence[Way]]:
        """What is offered for each conflict without hunks."""
        return {
            one.path: ways(self.repository, outcome.tree, one, parties.between(one))
            for one in outcome.conflicts
            if one.text is None
        }

    def _unwritten(self, conflicts: Sequence[Conflict]) -> str:
        """Why nothing is asked of a merge in which a program has to write a file. Empty where no
        file waits for that, or a command is there to do it."""
        for one in conflicts if self.regenerate is None else ():
            kind = generated_kind(one.path)
            if kind and one.text:
                known = self.memory.replay(one.path, one.text)
                if len(known) < len(one.text.hunks):
                    return (
                        f"not asked: the same merge has a {kind} conflict, which a person has to"
                        " decide"
                    )
        return ""

    async def _commit(
        self, tree: Oid, ours: Oid, tip: Tip, conflicts: Sequence[MergeConflict]
    ) -> Oid:
        message = self.merge_message(tip.task, conflicts)
        commit = await self._commit_once(tree, ours, tip, message)
        self.watch(BranchMerged(tip.task, sum(len(conflict.hunks) for conflict in conflicts)))
        return commit

    def merge_message(self, task: TaskId, conflicts: Sequence[MergeConflict]) -> str:
        """What the commit says that merges a task's tip."""
        resolved = [
            (conflict.path, hunk.n, hunk.by or "human")
            for conflict in conflicts
            for hunk in conflict.hunks
        ]
        known = self._tasks[task]
        return write_message(
            f"Merge {task}: {known.title or known.role}",
            "",
            self.authorship.merge_trailers(task, known.role, resolved),
        )

    async def _repeat(self, by_hand: HandMerge, ours: Oid, tip: Tip) -> Oid:
        """The merge that a person made of the same two trees."""
        made = await asyncio.to_thread(self.repository.commit, by_hand.commit)
        if made.parents == (ours, tip.commit):
            return made.oid
        return await self._commit_once(made.tree, ours, tip, made.message)

    async def _commit_once(self, tree: Oid, ours: Oid, tip: Tip, message: str) -> Oid:
        """A merge commit; the one that an earlier integration made of the same, if there is one."""
        earlier = self.memory.commit(ours, tip.commit)
        if earlier and await asyncio.to_thread(self.repository.tree, earlier) == tree:
            return earlier
        parents = [ours, tip.commit]
        commit = await asyncio.to_thread(self.repository.commit_tree, tree, parents, message)
        recording = self.record(Step(f"merge {tip.task}", {}, (commit,)))
        self._recordings.append(asyncio.ensure_future(recording))
        return commit

    async def _recorded(self) -> None:
        """Return once every merge commit is in the ledger; many of them share one step of it."""
        recordings, self._recordings = self._recordings, []
        await asyncio.gather(*recordings)


_GITS_OWN = {"binary", "set", "text", "union", "unset", "unspecified"}
"""Values of the attribute `merge` that name no driver of the user's, see gitattributes(5)."""


def _came_back(earlier: MergeConflict, later: Sequence[MergeConflict]) -> bool:
    """Whether a conflict that a fan-in left open is among those of a later merge."""
    return earlier.is_open and any(
        (one.path, one.kind, {*one.between}) == (earlier.path, earlier.kind, {*earlier.between})
        for one in later
    )


def _tell(
    outcome: Conflicted, parties: Parties, answered: Sequence[Sequence[Resolution]]
) -> tuple[MergeConflict, ...]:
    commits = (parties.ours, parties.theirs)
    return tuple(
        _told(conflict, parties.between(conflict), commits, resolutions)
        for conflict, resolutions in zip(outcome.conflicts, answered, strict=True)
    )


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
        )
        or (HunkOutcome(1, None, None, said),),
    )
