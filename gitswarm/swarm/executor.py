"""ParallelExecutor: starts each task the moment it is ready."""

import asyncio
from collections.abc import Awaitable, Callable

from gitswarm.plan.schedule import Schedule
from gitswarm.plan.tasks import Task
from gitswarm.repo.objects import TaskId
from gitswarm.swarm.results import Outcome, Result

Work = Callable[[Task], Awaitable[Result]]
"""Carries one task to its end. What goes wrong in it is its result; only a bug raises."""


class ParallelExecutor:
    """Runs the tasks of a schedule, event by event: when one ends, what waited for it starts.

    A task that does not end well takes its dependents with it (`skipped`), never its siblings.
    """

    def __init__(
        self,
        schedule: Schedule,
        work: Work,
        *,
        jobs: int,
        on_end: Callable[[Result], None],
    ) -> None:
        self._schedule = schedule
        self._work = work
        self._jobs = asyncio.Semaphore(jobs)
        self._on_end = on_end
        self._results: dict[TaskId, Result] = {}
        self._running: set[asyncio.Task[Result]] = set()

    async def run(self, stop: asyncio.Event) -> dict[TaskId, Result]:
        """Every task's result. Once `stop` is set, nothing is started, what runs is cancelled and
        the rest is `cancelled` too."""
        stopping = asyncio.create_task(stop.wait())
        try:
            self._start_ready()
            while self._running and not stop.is_set():
                ended, _ = await asyncio.wait(
                    {*self._running, stopping}, return_when=asyncio.FIRST_COMPLETED
                )
                self._settle(ended - {stopping})
                if not stop.is_set():
                    self._start_ready()
            await self._cancel_rest()
        finally:
            stopping.cancel()
            for running in self._running:
                running.cancel()
        return self._results

    def _start_ready(self) -> None:
        for task in self._schedule.ready():
            self._running.add(asyncio.create_task(self._run(task), name=task.id))

    async def _run(self, task: Task) -> Result:
        async with self._jobs:
            return await self._work(task)

    def _settle(self, ended: "set[asyncio.Task[Result]] | set[asyncio.Task[bool]]") -> None:
        for one in ended:
            self._running.discard(one)  # type: ignore[arg-type]
            result: Result = one.result()  # type: ignore[assignment]
            self._note(result)
            if result.outcome.has_commit:
                self._schedule.done(result.task)
                continue
            for task, why in self._schedule.failed(result.task):
                self._note(Result(task.id, task.role, Outcome.SKIPPED, error=why))

    async def _cancel_rest(self) -> None:
        for running in self._running:
            running.cancel()
        for ended in await asyncio.gather(*self._running, return_exceptions=True):
            if isinstance(ended, Result):
                self._note(ended)
        self._running.clear()
        for task in self._schedule.tasks:
            if task.id not in self._results:
                self._note(Result(task.id, task.role, Outcome.CANCELLED, error="the run stopped"))

    def _note(self, result: Result) -> None:
        self._results[result.task] = result
        self._on_end(result)
