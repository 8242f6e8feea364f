"""Agent: one task at work: done, committed, checked, until it is good or given up."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from gitswarm.errors import GitError, ModelError
from gitswarm.plan.roles import Role, Writes
from gitswarm.plan.tasks import Task
from gitswarm.progress import TaskProgressed, Watch
from gitswarm.repo.ledger import Step
from gitswarm.repo.objects import BranchName, Oid, RefName
from gitswarm.repo.repository import Repository
from gitswarm.swarm.checks import CHECK_REPAIRS, FailedCheck, check_record
from gitswarm.swarm.results import Outcome, Result
from gitswarm.swarm.turns import Record
from gitswarm.swarm.work import TaskFailedError, Work, Worker
from gitswarm.swarm.working_time import WorkingTime
from gitswarm.swarm.workplace import Workplace


@dataclass
class Agent:
    """One task on one branch, with one worker.

    `work` always comes back with a result: what goes wrong with the worker, with git, with a check
    or with time is the outcome of this task and of no other. What was committed until then stays
    on the branch.
    """

    task: Task
    role: Role
    base: Oid
    branch: BranchName
    workplace: Workplace
    repository: Repository
    worker: Worker
    check: str | None
    check_seconds: float
    working_time: WorkingTime
    record: Record
    watch: Watch

    _commits: list[Oid] = field(default_factory=list, init=False)
    _notes: list[str] = field(default_factory=list, init=False)
    _remarks: list[str] = field(default_factory=list, init=False)
    _keep: bool = field(default=False, init=False)
    """Whether a person will want to look at the worktree."""
    _under_way: str = field(default="", init=False)
    """What took the time where it runs out, as the end of a sentence."""

    async def work(self) -> Result:
        began = time.monotonic()
        limit = self.working_time.limit()
        try:
            async with limit:
                outcome, error = await self._carry_out(), ""
        except TimeoutError:
            if not limit.expired():
                raise
            error = f"not done after {self.task.timeout_seconds:g} s{self._under_way}"
            outcome = Outcome.TIMEOUT
        except asyncio.CancelledError:
            outcome, error = Outcome.CANCELLED, "the run stopped"
        except (ModelError, GitError, TaskFailedError) as failed:
            outcome, error = Outcome.FAILED, failed.message
        kept = await self.workplace.leave(keep=self._keep)
        return Result(
            self.task.id,
            self.role.name,
            outcome,
            branch=self.branch,
            base=self.base,
            commits=tuple(self._commits),
            note="\n\n".join(note for note in self._notes if note),
            error=error,
            remarks=tuple(self._remarks),
            usage=self.worker.usage,
            cost_usd=self.worker.cost_usd,
            seconds=time.monotonic() - began,
            kept_worktree=kept,
        )

    @property
    def _tip(self) -> Oid:
        return self._commits[-1] if self._commits else self.base

    async def _carry_out(self) -> Outcome:
        work = await self._begin()
        await self._commit(work)
        if not await self._changed():
            reports = self.role.writes is Writes.NOTHING
            said = work.note if reports else work.reason
            return Outcome.NOTED if said.strip() else Outcome.EMPTY
        if self.check is not None:
            await self._pass(self.check)
        return Outcome.DONE

    async def _begin(self) -> Work:
        """The first work. A worktree is set up meanwhile; where that fails, so does the task."""
        working = asyncio.ensure_future(self.worker.begin(self.base))
        under_way: set[asyncio.Future[Any]] = {working}
        if self.workplace.needs_setup:
            under_way.add(asyncio.ensure_future(self.workplace.ready()))
        try:
            ended, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_EXCEPTION)
            for one in ended:
                one.result()
            return working.result()
        finally:
            for one in under_way:
                one.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    # -- what was made

    async def _commit(self, work: Work) -> None:
        """Every version of the work that changes something, and the first in any case. Raises
        `TaskFailedError`."""
        self._say("committing")
        self._notes.append(work.note)
        self._remarks += work.remarks
        before = self._tip
        for version in work.versions:
            if self._commits and version.tree == await self._tree(self._tip):
                continue
            commit = await asyncio.to_thread(
                self.repository.commit_tree, version.tree, [self._tip], version.message
            )
            await self.record(Step(f"{self.task.id}: committed", {}, (commit,)))
            self._commits.append(commit)
        try:
            await self._advance_branch(before, in_place=work.in_place)
        except GitError as error:
            told = f"its commit {self._tip[:12]} is not on its branch: {error.message}"
            raise TaskFailedError(told) from None
        if work.error:
            raise TaskFailedError(work.error)

    async def _advance_branch(self, before: Oid, *, in_place: bool) -> None:
        """Files first, then the branch: a crash in between leaves the branch behind the ledger,
        which knows the commit. So does a person who has changed the same files meanwhile."""
        branch = RefName(f"refs/heads/{self.branch}")
        at: Oid | None = before
        if in_place:
            at = await asyncio.to_thread(self.repository.ref, branch)
            worktree = await self.workplace.opened()
            await asyncio.to_thread(worktree.settle, self.branch, self._tip)
        else:
            try:
                await self.workplace.opened()
            except GitError as error:
                self._remarks.append(f"it has no worktree: {error.message}")
                at = await asyncio.to_thread(self.repository.ref, branch) and before
            else:
                await self.workplace.move_to(before, self._tip)
        await asyncio.to_thread(self.repository.update_ref, branch, self._tip, at)

    async def _changed(self) -> bool:
        return await self._tree(self._tip) != await self._tree(self.base)

    async def _tree(self, commit: Oid) -> Oid:
        return await asyncio.to_thread(self.repository.tree, commit)

    # -- the check

    async def _pass(self, command: str) -> None:
        """Run the check, and let the worker mend what it finds. Raises `TaskFailedError` when it
        still fails then: there is no evidence that the commits are good."""
        for repairs in range(CHECK_REPAIRS + 1):
            failed = await self._run_check(command, repairs)
            self._keep = failed is not None
            if failed is None:
                if repairs:
                    self._remarks.append(f"its check failed at first and was mended: {command}")
                return
            tip, after = self._tip, f" after {repairs} repairs" if repairs else ""
            if repairs < CHECK_REPAIRS:
                after += await self._mend(failed)
            if self._tip == tip:
                raise TaskFailedError(f"its check failed{after}: {failed.summary}")

    async def _run_check(self, command: str, repairs: int) -> FailedCheck | None:
        self._say("checking")
        self._under_way = f"; its check had not ended: {command}"
        run = await self.workplace.check(command, seconds=self.check_seconds)
        path = f"tasks/{self.task.id}/checks/{repairs + 1:04}.json"
        said = "passed" if run.passed else "failed"
        files = {path: check_record(command, run)}
        await self.record(Step(f"{self.task.id}: check {said}", files))
        return None if run.passed else FailedCheck(command, run)

    async def _mend(self, failed: FailedCheck) -> str:
        """Ask for a mend and commit it; returns what is to be told where none came of it."""
        self._say("mending")
        self._under_way = f"; its check had failed: {failed.summary}"
        try:
            work = await self.worker.mend(self._tip, failed.request())
        except (ModelError, TaskFailedError) as error:
            raise TaskFailedError(
                f"its check failed: {failed.summary}; it could not be mended: {error.message}"
            ) from None
        await self._commit(work)
        return f", which it left: {work.reason}" if work.reason else ", which it did not mend"

    def _say(self, state: str) -> None:
        worker = self.worker
        self.watch(TaskProgressed(self.task.id, state, worker.usage.output, worker.cost_usd))
