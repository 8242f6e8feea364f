"""Orchestrator: goal in, Report out; the only module that sees the whole way."""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from gitswarm.errors import BudgetError, GitError, GitswarmError, UnreachableError
from gitswarm.estimate import Estimate, estimate
from gitswarm.history import load_experience
from gitswarm.integrate.by_hand import StillOpen, merge_folder, open_merge, take_merge
from gitswarm.integrate.earlier import EarlierAnswers
from gitswarm.integrate.engine import FanInOpenError, IntegrationEngine
from gitswarm.integrate.kept import HandMerge
from gitswarm.integrate.memory import Memory
from gitswarm.integrate.regenerate import Regenerate
from gitswarm.integrate.values import Integration, OpenMerge
from gitswarm.integrate.verify import Verdict, verify
from gitswarm.live_state import LiveStateWriter
from gitswarm.merge.ask import ask_resolutions
from gitswarm.model import Model, Prefix
from gitswarm.model.conversation import Conversation
from gitswarm.model.prices import FREE, Price, Prices
from gitswarm.model.spending import Spending, add_spending
from gitswarm.model.warm import WarmPrefix, approximate_tokens
from gitswarm.plan.context import build_context, prefix
from gitswarm.plan.goal import plan_goal
from gitswarm.plan.roles import Role
from gitswarm.plan.schedule import Schedule
from gitswarm.plan.tasks import Plan, Task
from gitswarm.plan.tools import ReadOnlyTools
from gitswarm.plan.withheld import Withheld
from gitswarm.progress import Event, RunStarted, StageStarted, TaskEnded, Warned, Watch
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.ledger import Step, hold
from gitswarm.repo.leftovers import clear_leftovers, discard_leftover
from gitswarm.repo.objects import Oid, RefName, TaskId
from gitswarm.repo.repository import Repository
from gitswarm.repo.worktree import Worktree
from gitswarm.report import Report
from gitswarm.run import Run
from gitswarm.settings import Settings
from gitswarm.stop import Stop, StopRequestedError
from gitswarm.swarm.branches import Branches
from gitswarm.swarm.checkout import Checkouts, is_sparse
from gitswarm.swarm.collector import Collected, ResultCollector
from gitswarm.swarm.executor import ParallelExecutor
from gitswarm.swarm.messages import Authorship
from gitswarm.swarm.results import Outcome, Result
from gitswarm.swarm.setup import Setup
from gitswarm.swarm.spawner import AgentSpawner, task_branch, worktree_folder
from gitswarm.swarm.turns import RecordedModel, Turns

Confirm = Callable[[Plan], Coroutine[Any, Any, Plan | None]]
"""Shows the plan and returns it, perhaps edited, or None: the user said no."""


def require_fit(repository: Repository, base: str) -> Oid:
    """The base commit, once everything holds without which no run could end: a git that merges in
    memory, an identity, free names. Raises `GitError`."""
    repository.require_merge_tree()
    commit = repository.commit_oid(base)
    _ = repository.author, repository.committer
    if repository.ref(RefName("refs/heads/swarm")) is not None:
        raise GitError(
            'the ref "refs/heads/swarm" is in the way of the branches swarm/RUN/TASK',
            hint="rename it: git branch -m swarm swarm-old",
        )
    if repository.ref(RefName("refs/swarm")) is not None:
        raise GitError(
            'the ref "refs/swarm" is in the way of the ledgers refs/swarm/RUN',
            hint="delete or rename it: git update-ref -d refs/swarm",
        )
    return commit


@dataclass
class Orchestrator:
    """Carries one run on its way: plan, agents, integration, verify, report."""

    run: Run
    repository: Repository
    settings: Settings
    roles: Mapping[str, Role]
    model: Model
    watch: Watch
    stop: Stop
    started: float
    """`time.monotonic()` at the start of the process."""
    prices: Prices = field(default_factory=Prices.load)

    def __post_init__(self) -> None:
        run = self.run
        self._live = LiveStateWriter(self.repository, run.id)
        self._spending = Spending(self.model)
        turns = Turns(run.record.step, run.received)
        self._agents_model = RecordedModel(WarmPrefix(self._spending, self.prices), turns)
        self._resolver_model = RecordedModel(self._spending, turns)
        self._folder = worktree_folder(self.repository, self.settings, run.id)
        self._branches = Branches(self.repository, run.id, self._folder)
        self._withheld: Withheld
        self._memory = Memory(run.record.step, run.kept, EarlierAnswers(self.repository, run.id))
        self._prefix: Prefix | None = None
        self._collected: dict[TaskId, Collected] = {}
        self._worked: set[TaskId] = set()
        self._integration: Integration | None = None
        self._verdict: Verdict | None = None
        self._merge_folder: Path | None = None
        self._stopped = ""
        self._may_pass = self._is_to_be_planned = False
        self._seconds = {"planning": 0.0, "integrating": 0.0}

    def _tell(self, event: Event) -> None:
        self._live.watch(event)
        self.watch(event)

    # -- the plan alone

    async def ask_plan(self) -> Plan:
        """Ask the model for a plan. Raises `PlanError` and `ModelError`."""
        with self._attributes():
            return await self._ask_plan()

    @contextmanager
    def _attributes(self) -> Iterator[Attributes]:
        """The attributes of the base, and by them what no model is shown."""
        with Attributes.of(self.repository, self.run.base) as attributes:
            self._withheld = Withheld(attributes)
            yield attributes

    async def _ask_plan(self) -> Plan:
        self._tell(StageStarted("planning"))
        began = time.monotonic()
        run = self.run
        conversation = Conversation(
            model=self._agents_model,
            prefix=await self._shared_prefix(),
            model_name=self.settings.model,
            run=run.id,
            answer=ReadOnlyTools(self.repository, run.base, self._withheld, base=run.base).answer,
        )
        plan, notes = await plan_goal(
            conversation, run.goal, roles=self.roles.values(), max_tasks=run.max_tasks
        )
        for note in notes:
            self._tell(Warned(note))
        self._seconds["planning"] = time.monotonic() - began
        return plan

    async def _shared_prefix(self) -> Prefix:
        """What planner and agents have in common, made once."""
        if self._prefix is None:
            run = self.run
            context = await asyncio.to_thread(
                build_context, self.repository, run.base, self._withheld, goal=run.goal
            )
            self._prefix = prefix(context)
            for path, kind in self._withheld.secrets.items():
                self._tell(Warned(f"{path} is shown to no model: it holds a secret ({kind})"))
        return self._prefix

    async def estimate(self, plan: Plan) -> Estimate:
        """What a plan will take, going by this repository's past runs."""
        shared = await self._shared_prefix()
        return estimate(
            plan,
            self.roles,
            await asyncio.to_thread(load_experience, self.repository),
            prefix_tokens=approximate_tokens(shared),
            jobs=self.settings.jobs,
            price=self.prices.of(self.settings.model),
            price_of=self._price_of,
        )

    def _price_of(self, role: Role) -> Price | None:
        """What the tasks of a role are paid by; nothing where a program does them."""
        if self.settings.agent_command_for(role.name):
            return FREE
        return self.prices.of(self.settings.model_for(role.name, role.model))

    # -- the whole way, or what is left of it

    async def pursue(self, *, confirm: Confirm, plan: Plan | None = None) -> Report:
        """Carry the goal, or a plan that was made before, to its report.

        Raises what makes a run impossible from the start: settings, credentials. Whatever goes
        wrong later is told by the report. Either is in the ledger, where anything was recorded.
        """
        return await self._to_report(partial(self._begin, confirm, plan))

    async def resume(self, *, confirm: Confirm) -> Report:
        """Take a run up where it was interrupted: what was received is not asked for again, and
        what is finished is kept. Raises as `pursue`."""
        if self.run.plan is None:
            return await self.pursue(confirm=confirm)
        return await self.go_on(self.run.unfinished)

    async def go_on(self, tasks: Collection[TaskId] = ()) -> Report:
        """Carry out these tasks of an accepted plan, as far as what they build on is there; then
        integrate all that is finished and verify it. Raises as `pursue`."""
        return await self._to_report(partial(self._finish, self.run.can_run(tasks)))

    async def redo(self, tasks: Collection[TaskId]) -> Report:
        """Carry out tasks once more that have ended, see `Run.begin_again`; then integrate, unless
        one of them did not end well. Raises as `pursue`."""
        return await self._to_report(partial(self._redo, tasks))

    async def merge_by_hand(self) -> Report:
        """Take the merge that a person made of a branch with an open conflict, go on with what
        waited for it, and make a worktree for the next one. Raises as `pursue`."""
        return await self._to_report(self._merge_by_hand)

    async def _to_report(self, course: Callable[[Attributes], Coroutine[Any, Any, None]]) -> Report:
        run = self.run
        self._tell(RunStarted(run.id, run.goal, run.base))
        raised: BaseException | None = None
        with (
            hold(self.repository, run.id),
            self._attributes() as attributes,
        ):
            await self._restore()
            try:
                await course(attributes)
            except StopRequestedError:
                self._stopped = self.stop.signum.name
            except asyncio.CancelledError as cancelled:
                self._stopped, raised = self.stop.signum.name, cancelled
            except GitswarmError as error:
                hint = f" ({error.hint})" if error.hint else ""
                self._stopped, raised = error.message + hint, self._impossible(error)
                self._may_pass = isinstance(error, (UnreachableError, BudgetError))
            report = self._report()
            await run.record.end(
                report.to_json(),
                stopped=self._stopped,
                interrupted=self.stop.is_set(),
                keep=report.can_go_on,
            )
        self._live.close()
        with suppress(OSError):
            self._folder.rmdir()
            self._folder.parent.rmdir()
        if raised is not None:
            raise raised
        return report

    def _impossible(self, error: GitswarmError) -> GitswarmError | None:
        """What the user has to set right before any run can work; None where this one has begun."""
        if error.exit_code != GitswarmError.exit_code and not self.run.results:
            return error
        try:
            self._spending.require_answer()
        except GitswarmError as refused:
            return refused
        return None

    async def _restore(self) -> None:
        """Bring the branches of a run that goes on to where its ledger says, put away what a crash
        left, and see what people added."""
        run = self.run
        if not run.is_reopened:
            return
        for warning in await asyncio.to_thread(self._branches.restore, run.results, run.merged):
            self._tell(Warned(warning))
        collector = ResultCollector(self.repository)
        for task in run.tasks:
            result = run.results.get(task.id)
            if result is None:
                continue
            collected = await asyncio.to_thread(collector.collect, task, result)
            self._collected[task.id] = collected
            if collected.result != result:
                run.results[task.id] = collected.result
                await run.record.task_ended(collected.result)
        await run.record.going_on(
            "taken up again", run.plan, dropped=[*run.dropped], chosen=asdict(run.chosen)
        )

    async def _begin(self, confirm: Confirm, plan: Plan | None, attributes: Attributes) -> None:
        if plan is None:
            self._is_to_be_planned = True
            plan = await self.stop.or_result(self._ask_plan())
        self.run.plan = await self.stop.or_result(confirm(plan))
        if self.run.plan is None:
            self._stopped = "the plan was declined"
            return
        await self.run.record.plan_accepted(self.run.plan)
        await self._finish(self.run.unfinished, attributes)

    async def _redo(self, tasks: Collection[TaskId], attributes: Attributes) -> None:
        run = self.run
        earlier = {id: run.results.pop(id).commits for id in tasks if id in run.results}
        tips = [commits[-1] for commits in earlier.values() if commits]
        await run.record.begin_again(tasks, tips)
        await self._finish(run.can_run(tasks), attributes, required=tasks)

    async def _merge_by_hand(self, attributes: Attributes) -> None:
        run = self.run
        assert run.plan is not None
        if run.open_merge and not await self._take_merge(run.open_merge, attributes):
            await self._finish((), attributes)
            return
        await self._finish(run.can_run(run.skipped), attributes)
        if not self._integration or not self._integration.open_merges:
            return
        merge = self._integration.open_merges[0]
        engine = self._restored_engine(run.plan, attributes)
        path = merge_folder(self._folder, merge)
        if state := await engine.open_state(merge):
            await asyncio.to_thread(discard_leftover, self.repository, path)
            await run.record.waits_for_person(merge)
            await asyncio.to_thread(open_merge, self.repository, path, state)
            self._merge_folder = path

    async def _take_merge(self, merge: OpenMerge, attributes: Attributes) -> bool:
        """Whether nothing more is to be done in the worktree of a merge."""
        assert self.run.plan is not None
        path = merge_folder(self._folder, merge)
        engine = self._restored_engine(self.run.plan, attributes)
        state = await engine.open_state(merge)
        made = await asyncio.to_thread(take_merge, self.repository, path, state) if state else None
        if isinstance(made, StillOpen):
            self._merge_folder = path
            self._tell(Warned(made.why))
            return False
        if made:
            ours_tree = await asyncio.to_thread(self.repository.tree, merge.ours)
            for text, resolution in made.resolutions:
                await self._memory.remember(text, [resolution])
            await self._memory.add_hand_merge(
                HandMerge(
                    task=merge.task,
                    ours_tree=ours_tree,
                    theirs=merge.theirs,
                    commit=made.commit,
                    conflicts=made.conflicts,
                    is_fan_in=merge.is_fan_in,
                    number=self._memory.next_hand_merge,
                )
            )
            await self.run.record.step(Step("commits of a person", {}, made.theirs_too))
            if not await asyncio.to_thread(Worktree.at(self.repository, path).remove):
                aside = await asyncio.to_thread(clear_leftovers, self.repository, [path])
                self._tell(Warned(f"work that is in no commit is kept in {aside[0]}"))
        await self.run.record.waits_for_person(None)
        return True

    def _restored_engine(self, plan: Plan, attributes: Attributes) -> IntegrationEngine:
        engine = self._engine(plan, attributes)
        for collected in self._collected.values():
            engine.restore(collected)
        return engine

    async def _finish(
        self,
        tasks: Collection[TaskId],
        attributes: Attributes,
        *,
        required: Collection[TaskId] = (),
    ) -> None:
        """Work on `tasks`, integrate, verify. Where one of those `required` does not end well, what
        was merged before stays as it is."""
        assert self.run.plan is not None
        engine = self._engine(self.run.plan, attributes)
        for id, collected in self._collected.items():
            if id not in tasks:
                engine.restore(collected)
        if tasks:
            await self._make_way(tasks)
            await self._work(self.run.plan, tasks, engine, attributes)
        if self.stop.is_set():
            raise StopRequestedError
        self._spending.require_answer()
        if required:
            await self._carry_over(engine, required)
        if missing := [id for id in required if id in self.run.unfinished]:
            self._stopped = f"{', '.join(missing)} did not end well: what was merged before stays"
            return
        await self.stop.or_result(self._integrate(engine))
        if self._integration and self._integration.changed and self.settings.verify:
            await self.stop.or_result(self._verify(self.settings.verify))

    def _engine(self, plan: Plan, attributes: Attributes) -> IntegrationEngine:
        run = self.run
        command, timeout = self.settings.regenerate, self.settings.timeout_seconds
        return IntegrationEngine(
            repository=self.repository,
            base=run.base,
            plan=plan,
            attributes=attributes,
            resolve=partial(
                ask_resolutions,
                self._resolver_model,
                run=run.id,
                model_name=self.settings.model,
                withheld=self._withheld.why,
                min_confidence=self.settings.min_confidence,
            ),
            rules=self.settings.rules,
            authorship=Authorship(run.id, self.settings.co_author),
            memory=self._memory,
            record=run.record.step,
            watch=self._tell,
            regenerate=Regenerate(self.repository, command, self._folder, timeout)
            if command
            else None,
            dropped=run.left_out,
        )

    async def _carry_over(self, engine: IntegrationEngine, redone: Collection[TaskId]) -> None:
        """Bring the tasks that build on redone ones onto what these came to, where that is a matter
        of merging; the others stay on the earlier work."""
        run = self.run
        waiting = run.dependents(redone) - {*redone} - run.unfinished - run.left_out
        for task in (one for one in run.in_order if one.id in waiting):
            collected = self._collected[task.id]
            earlier = collected.result
            with suppress(FanInOpenError):
                base = await engine.base_for(task)
                commit = await engine.carry_over(collected, base)
                if commit is None or earlier.branch is None:
                    self._tell(Warned(f"{task.id} stays on the earlier work of what it builds on"))
                    continue
                result = replace(earlier, base=base, commits=(commit,))
                await run.record.task_ended(result)
                await asyncio.to_thread(self._branches.move, earlier.branch, commit, collected.tip)
                run.results[task.id] = result
                collector = ResultCollector(self.repository)
                self._collected[task.id] = await asyncio.to_thread(collector.collect, task, result)
                engine.restore(self._collected[task.id])

    async def _make_way(self, tasks: Collection[TaskId]) -> None:
        """Take away what an earlier attempt at these tasks left, once the ledger keeps its commits
        alive."""
        if not self.run.is_reopened:
            return
        tips, warnings = await asyncio.to_thread(self._branches.make_way, tasks)
        for warning in warnings:
            self._tell(Warned(warning))
        if tips:
            await self.run.record.step(Step("earlier attempts", {}, (*tips.values(),)))
        for task, tip in tips.items():
            await asyncio.to_thread(self._branches.delete, task, tip)

    async def _work(
        self,
        plan: Plan,
        tasks: Collection[TaskId],
        engine: IntegrationEngine,
        attributes: Attributes,
    ) -> None:
        """Every one of the tasks to its result."""
        self._tell(StageStarted("working"))
        run = self.run
        collector = ResultCollector(self.repository)
        mode, base = self.settings.checkout, run.base
        sparse = await asyncio.to_thread(is_sparse, mode, self.repository, base, tasks=len(tasks))
        checkouts = Checkouts(self.repository, self._folder, sparse=sparse)
        spawner = AgentSpawner(
            run=run.id,
            plan=plan,
            run_base=run.base,
            roles=self.roles,
            repository=self.repository,
            attributes=attributes,
            settings=self.settings,
            checkouts=checkouts,
            model=self._agents_model,
            prefix=await self._shared_prefix(),
            withheld=self._withheld,
            record=run.record.step,
            watch=self._tell,
        )

        async def work(task: Task) -> Result:
            try:
                base = await engine.base_for(task)
                agent = await spawner.spawn(task, base, run.results)
            except FanInOpenError as error:
                return Result(task.id, task.role, Outcome.SKIPPED, error=error.message)
            except GitswarmError as error:
                return Result(task.id, task.role, Outcome.FAILED, error=error.message)
            result = await agent.work()
            collected = await asyncio.to_thread(collector.collect, task, result)
            await engine.finished(collected)
            return collected.result

        async def ended(result: Result) -> None:
            run.results[result.task] = result
            self._worked.add(result.task)
            self._tell(
                TaskEnded(
                    result.task,
                    result.outcome.value,
                    result.seconds,
                    result.usage.output,
                    result.cost_usd,
                    result.error,
                )
            )
            await run.record.task_ended(result)

        schedule = Schedule(
            plan, serialize_overlaps=self.settings.overlap == "serialize", only=tasks
        )
        executor = ParallelExecutor(schedule, work, jobs=self.settings.jobs, on_end=ended)
        with checkouts:
            await executor.run(self.stop)

    async def _integrate(self, engine: IntegrationEngine) -> None:
        """All branches to one, published under its name in a single move at the end."""
        self._tell(StageStarted("integrating"))
        began = time.monotonic()
        await self._try_fan_ins(engine)
        self._integration = integration = await engine.integrate()
        if integration.changed or self.run.merged:
            await self.run.record.integrated(integration)
            branch = task_branch(self.run.id, "merged")
            await asyncio.to_thread(
                self._branches.move, branch, integration.commit, self.run.merged
            )
            self.run.merged = integration.commit
        self._seconds["integrating"] = time.monotonic() - began

    async def _try_fan_ins(self, engine: IntegrationEngine) -> None:
        """The fan-ins of tasks that were not carried out now: whether they are still open."""
        waiting = self.run.can_run(self.run.unfinished - self._worked)
        for task in self.run.tasks:
            if task.id in waiting and not waiting & {*task.depends_on}:
                with suppress(FanInOpenError):
                    await engine.base_for(task)

    async def _verify(self, command: str) -> None:
        assert self._integration is not None
        self._tell(StageStarted("verifying", command))
        self._verdict = await verify(
            self.repository,
            command,
            self._integration.commit,
            self.run.base,
            folder=self._folder,
            setup=Setup.configured(self.settings, self.repository),
            timeout=self.settings.timeout_seconds,
        )
        await self.run.record.verified(self._integration.tree, self._verdict)

    def _standing(self) -> dict[str, str] | None:
        """What an earlier integration merged, where this one did not come to pass."""
        merged = self.run.merged
        if self._integration or merged is None or merged == self.run.base:
            return None
        tree = self.repository.tree(merged)
        return {"branch": task_branch(self.run.id, "merged"), "commit": merged, "tree": tree}

    def _report(self) -> Report:
        run = self.run
        working = sum(run.results[id].seconds for id in self._worked)
        return Report(
            run=run.id,
            goal=run.goal,
            base=run.base,
            results=tuple(run.results[t.id] for t in run.tasks if t.id in run.results),
            standing=self._standing(),
            dropped=run.left_out,
            integration=self._integration,
            merged_branch=task_branch(run.id, "merged") if self._integration else None,
            verdict=self._verdict,
            spend=add_spending(run.spent, self._spending.by_purpose),
            usage=run.usage + self._spending.usage,
            seconds=time.monotonic() - self.started,
            agents_worked=bool(self._worked),
            sequential_seconds=sum(self._seconds.values()) + working,
            budget_usd=self.settings.budget_usd,
            withheld=self._withheld.secrets,
            stopped=self._stopped,
            can_go_on=self._may_pass
            and (self._is_to_be_planned or run.is_reopened or run.plan is not None),
            has_remote=self.repository.has_remote,
            merge_folder=self._merge_folder,
            interrupted_by=self.stop.signum if self.stop.is_set() else None,
        )
