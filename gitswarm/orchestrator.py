"""Orchestrator: goal in, Report out; the only module that sees the whole way."""

import asyncio
import re
import secrets
import signal
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from gitswarm.errors import GitError, GitswarmError
from gitswarm.estimate import Estimate, estimate
from gitswarm.history import load_experience
from gitswarm.integrate.earlier import EarlierAnswers
from gitswarm.integrate.engine import FanInOpenError, IntegrationEngine
from gitswarm.integrate.memory import Memory
from gitswarm.integrate.values import Integration
from gitswarm.integrate.verify import Verdict, verify
from gitswarm.live_state import LiveStateWriter
from gitswarm.merge.ask import ask_resolutions
from gitswarm.model import Model, Prefix
from gitswarm.model.conversation import Conversation
from gitswarm.model.prices import Prices
from gitswarm.model.spending import Spending
from gitswarm.model.warm import WarmPrefix, approximate_tokens
from gitswarm.plan.context import build_context, prefix
from gitswarm.plan.goal import plan_goal
from gitswarm.plan.roles import Role
from gitswarm.plan.schedule import Schedule
from gitswarm.plan.tasks import Plan, Task
from gitswarm.plan.tools import ReadOnlyTools
from gitswarm.plan.withheld import Withheld
from gitswarm.progress import Event, RunStarted, StageStarted, TaskEnded, Warned, Watch
from gitswarm.record import RunRecord
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.ledger import Ledger, hold
from gitswarm.repo.objects import Oid, RefName, RunId, TaskId
from gitswarm.repo.repository import Repository
from gitswarm.report import Report
from gitswarm.settings import Settings
from gitswarm.swarm.checkout import Checkouts, is_sparse
from gitswarm.swarm.collector import ResultCollector
from gitswarm.swarm.executor import ParallelExecutor
from gitswarm.swarm.messages import Authorship
from gitswarm.swarm.results import Outcome, Result
from gitswarm.swarm.spawner import AgentSpawner, task_branch, worktree_folder
from gitswarm.swarm.turns import RecordedModel, Turns

T = TypeVar("T")

Confirm = Callable[[Plan], Coroutine[Any, Any, Plan | None]]
"""Shows the plan and returns it, perhaps edited, or None: the user said no."""


class Stop(asyncio.Event):
    """Set when the user asks the run to stop; knows by which signal."""

    signum = signal.SIGINT

    def request(self, signum: signal.Signals) -> None:
        self.signum = signum
        self.set()


class StopRequestedError(Exception):
    """The user asked the run to stop, in the middle of a stage."""


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
    """One attempt at one goal, from one commit: plan, agents, integration, verify, report."""

    goal: str
    base: Oid
    repository: Repository
    settings: Settings
    roles: Mapping[str, Role]
    model: Model
    watch: Watch
    stop: Stop
    started: float
    """`time.monotonic()` at the start of the process."""
    max_tasks: int | None = None
    prices: Prices = field(default_factory=Prices.load)

    def __post_init__(self) -> None:
        self.run = new_run_id(self.goal)
        self._live = LiveStateWriter(self.repository, self.run)
        self._spending = Spending(self.model)
        self._record = RunRecord(
            Ledger(self.repository, self.run), self.run, self.goal, self.base, self.settings.model
        )
        turns = Turns(self._record.step)
        self._agents_model = RecordedModel(WarmPrefix(self._spending, self.prices), turns)
        self._resolver_model = RecordedModel(self._spending, turns)
        self._withheld: Withheld
        self._prefix: Prefix | None = None
        self._plan: Plan | None = None
        self._results: dict[TaskId, Result] = {}
        self._integration: Integration | None = None
        self._verdict: Verdict | None = None
        self._stopped = ""
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
        with Attributes.of(self.repository, self.base) as attributes:
            self._withheld = Withheld(attributes)
            yield attributes

    async def _ask_plan(self) -> Plan:
        self._tell(StageStarted("planning"))
        began = time.monotonic()
        conversation = Conversation(
            model=self._agents_model,
            prefix=await self._shared_prefix(),
            model_name=self.settings.model,
            run=self.run,
            answer=ReadOnlyTools(self.repository, self.base, self._withheld, base=self.base).answer,
        )
        plan, notes = await plan_goal(
            conversation, self.goal, roles=self.roles.values(), max_tasks=self.max_tasks
        )
        for note in notes:
            self._tell(Warned(note))
        self._seconds["planning"] = time.monotonic() - began
        return plan

    async def _shared_prefix(self) -> Prefix:
        """What planner and agents have in common, made once."""
        if self._prefix is None:
            context = await asyncio.to_thread(
                build_context, self.repository, self.base, self._withheld, goal=self.goal
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
            price=self.prices.of(self.settings.model),
        )

    # -- the whole way

    async def pursue(self, *, confirm: Confirm, plan: Plan | None = None) -> Report:
        """Carry the goal, or a plan that was made before, to its report.

        Raises what makes a run impossible from the start: settings, credentials. Whatever goes
        wrong later is told by the report. Either is in the ledger, where anything was recorded.
        """
        folder = worktree_folder(self.repository, self.settings, self.run)
        self._tell(RunStarted(self.run, self.goal, self.base))
        raised: BaseException | None = None
        with (
            hold(self.repository, self.run),
            self._attributes() as attributes,
        ):
            try:
                await self._carry_out(plan, confirm, attributes, folder)
            except StopRequestedError:
                self._stopped = self.stop.signum.name
            except asyncio.CancelledError as cancelled:
                self._stopped, raised = self.stop.signum.name, cancelled
            except GitswarmError as error:
                hint = f" ({error.hint})" if error.hint else ""
                self._stopped, raised = error.message + hint, self._impossible(error)
            report = self._report()
            await self._record.end(
                report.to_json(), stopped=self._stopped, interrupted=self.stop.is_set()
            )
        self._live.close()
        with suppress(OSError):
            folder.rmdir()
            folder.parent.rmdir()
        if raised is not None:
            raise raised
        return report

    def _impossible(self, error: GitswarmError) -> GitswarmError | None:
        """What the user has to set right before any run can work; None where this one has begun."""
        if error.exit_code != GitswarmError.exit_code and not self._results:
            return error
        try:
            self._spending.require_answer()
        except GitswarmError as refused:
            return refused
        return None

    async def _carry_out(
        self, plan: Plan | None, confirm: Confirm, attributes: Attributes, folder: Path
    ) -> None:
        if plan is None:
            plan = await self._unless_stopped(self._ask_plan())
        accepted = await self._unless_stopped(confirm(plan))
        if accepted is None:
            self._stopped = "the plan was declined"
            return
        self._plan = accepted
        await self._record.plan_accepted(accepted)
        engine = self._engine(accepted, attributes)
        await self._work(accepted, engine, attributes, folder)
        if self.stop.is_set():
            raise StopRequestedError
        self._spending.require_answer()
        await self._unless_stopped(self._integrate(engine))
        if self._integration and self._integration.changed and self.settings.verify:
            await self._unless_stopped(self._verify(self.settings.verify, folder))

    async def _unless_stopped(self, stage: Coroutine[Any, Any, T]) -> T:
        """What a stage comes to; `StopRequestedError` as soon as the user asks to stop."""
        working = asyncio.ensure_future(stage)
        stopping = asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            raise StopRequestedError
        finally:
            working.cancel()
            stopping.cancel()
            await asyncio.wait({working, stopping})

    def _engine(self, plan: Plan, attributes: Attributes) -> IntegrationEngine:
        return IntegrationEngine(
            repository=self.repository,
            base=self.base,
            plan=plan,
            attributes=attributes,
            resolve=partial(
                ask_resolutions,
                self._resolver_model,
                run=self.run,
                model_name=self.settings.model,
                withheld=self._withheld.why,
                min_confidence=self.settings.min_confidence,
            ),
            rules=self.settings.rules,
            authorship=Authorship(self.run, self.settings.co_author),
            memory=Memory(self._record.step, look_up=EarlierAnswers(self.repository, self.run)),
            record=self._record.step,
            watch=self._tell,
        )

    async def _work(
        self, plan: Plan, engine: IntegrationEngine, attributes: Attributes, folder: Path
    ) -> None:
        """Every task to its result."""
        self._tell(StageStarted("working"))
        collector = ResultCollector(self.repository)
        mode, tasks = self.settings.checkout, len(plan.tasks)
        sparse = await asyncio.to_thread(is_sparse, mode, self.repository, self.base, tasks=tasks)
        checkouts = Checkouts(self.repository, folder, sparse=sparse)
        spawner = AgentSpawner(
            run=self.run,
            plan=plan,
            run_base=self.base,
            roles=self.roles,
            repository=self.repository,
            attributes=attributes,
            settings=self.settings,
            checkouts=checkouts,
            model=self._agents_model,
            prefix=await self._shared_prefix(),
            withheld=self._withheld,
            record=self._record.step,
            watch=self._tell,
        )

        async def work(task: Task) -> Result:
            try:
                base = await engine.base_for(task)
                agent = await spawner.spawn(task, base, self._results)
            except FanInOpenError as error:
                return Result(task.id, task.role, Outcome.SKIPPED, error=error.message)
            except GitswarmError as error:
                return Result(task.id, task.role, Outcome.FAILED, error=error.message)
            result = await agent.work()
            collected = await asyncio.to_thread(collector.collect, task, result)
            await engine.finished(collected)
            return collected.result

        async def ended(result: Result) -> None:
            self._results[result.task] = result
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
            await self._record.task_ended(result)

        schedule = Schedule(plan, serialize_overlaps=self.settings.overlap == "serialize")
        executor = ParallelExecutor(schedule, work, jobs=self.settings.jobs, on_end=ended)
        with checkouts:
            await executor.run(self.stop)

    async def _integrate(self, engine: IntegrationEngine) -> None:
        """All branches to one, published under its name in a single move at the end."""
        self._tell(StageStarted("integrating"))
        began = time.monotonic()
        self._integration = integration = await engine.integrate()
        if integration.changed:
            await self._record.integrated(integration)
            branch = RefName(f"refs/heads/{task_branch(self.run, 'merged')}")
            await asyncio.to_thread(self.repository.update_ref, branch, integration.commit, None)
        self._seconds["integrating"] = time.monotonic() - began

    async def _verify(self, command: str, folder: Path) -> None:
        assert self._integration is not None
        self._tell(StageStarted("verifying", command))
        self._verdict = await verify(
            self.repository,
            command,
            self._integration.commit,
            self.base,
            folder=folder,
            timeout=self.settings.timeout_seconds,
        )
        await self._record.verified(self._integration.tree, self._verdict)

    def _report(self) -> Report:
        integration = self._integration
        working = sum(result.seconds for result in self._results.values())
        return Report(
            run=self.run,
            goal=self.goal,
            base=self.base,
            results=tuple(
                self._results[task.id]
                for task in (self._plan.tasks if self._plan else ())
                if task.id in self._results
            ),
            integration=integration,
            merged_branch=task_branch(self.run, "merged") if integration else None,
            verdict=self._verdict,
            spend=self._spending.by_purpose,
            usage=self._spending.usage,
            seconds=time.monotonic() - self.started,
            sequential_seconds=sum(self._seconds.values()) + working,
            budget_usd=self.settings.budget_usd,
            withheld=self._withheld.secrets,
            stopped=self._stopped,
            interrupted_by=self.stop.signum if self.stop.is_set() else None,
        )
