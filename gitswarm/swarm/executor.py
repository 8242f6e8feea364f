"""ParallelExecutor: starts each task the moment it is ready."""

import asyncio
from asyncio import FIRST_COMPLETED
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
        on_end: Callable[[Result], Awaitable[None]],
    ) -> None:
        self._schedule = schedule
        self._work = work
        self._jobs = asyncio.Semaphore(jobs)
        self._on_end = on_end
        self._ended: set[TaskId] = set()
        self._running: set[asyncio.Task[Result]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Every task to its end, each told to `on_end`, in the order they end. Once `stop` is set,
        nothing is started, what runs is cancelled and the rest is `cancelled` too."""
        stopping = asyncio.create_task(stop.wait())
        try:
            self._start_ready()
            while self._running and not stop.is_set():
                await asyncio.wait({*self._running, stopping}, return_when=FIRST_COMPLETED)
                await self._settle({task for task in self._running if task.done()})
                if not stop.is_set():
                    self._start_ready()
            if stop.is_set():
                await self._cancel_rest()
        finally:
            stopping.cancel()
            for running in self._running:
                running.cancel()

    def _start_ready(self) -> None:
        for task in self._schedule.ready():
            self._running.add(asyncio.create_task(self._run(task), name=task.id))

    async def _run(self, task: Task) -> Result:
        async with self._jobs:
            return await self._work(task)

    async def _settle(self, ended: set[asyncio.Task[Result]]) -> None:
        self._running -= ended
        for result in [one.result() for one in ended]:
            await self._end(result)
            if result.outcome.has_commit:
                self._schedule.done(result.task)
                continue
            for task, why in self._schedule.failed(result.task):
                await self._end(Result(task.id, task.role, Outcome.SKIPPED, error=why))

    async def _cancel_rest(self) -> None:
        for running in self._running:
            running.cancel()
        for ended in await asyncio.gather(*self._running, return_exceptions=True):
            if isinstance(ended, Result):
                await self._end(ended)
            elif not isinstance(ended, asyncio.CancelledError):
                raise ended
        self._running.clear()
        for task in self._schedule.tasks:
            if task.id not in self._ended:
                error = "the run stopped before it began"
                await self._end(Result(task.id, task.role, Outcome.CANCELLED, error=error))

    async def _end(self, result: Result) -> None:
        self._ended.add(result.task)
        await self._on_end(result)
