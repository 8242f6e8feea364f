"""Schedule: what is ready as others end, and what must not run side by side."""

from collections import defaultdict
from collections.abc import Collection
from graphlib import TopologicalSorter

from gitswarm.plan.tasks import Plan, Task, overlaps
from gitswarm.repo.objects import TaskId


class Schedule:
    """The tasks of a plan as they may start. Each ends once: done, failed, or skipped.

    With `serialize_overlaps`, tasks that may write the same path take turns. That is no dependency:
    neither sees the other's commits, and neither is skipped when the other fails.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        serialize_overlaps: bool = False,
        only: Collection[TaskId] | None = None,
    ) -> None:
        """`only` names the tasks that are to run; all others count as done. None means all."""
        wanted = {task.id for task in plan.tasks} if only is None else {*only}
        self.tasks = tuple(task for task in plan.tasks if task.id in wanted)
        needs = {task.id: task.depends_on for task in plan.tasks}
        by_id = {task.id: task for task in plan.tasks}
        self._topological = [by_id[id] for id in TopologicalSorter(needs).static_order()]
        self._order = TopologicalSorter(needs)
        self._order.prepare()
        self._free: set[TaskId] = set()
        """Everything they depend on is done, but they were not started."""
        self._running: set[TaskId] = set()
        self._unended = set(wanted)
        self._excludes: dict[TaskId, set[TaskId]] = defaultdict(set)
        for one, other in overlaps(plan) if serialize_overlaps else ():
            self._excludes[one].add(other)
            self._excludes[other].add(one)

    def ready(self) -> list[Task]:
        """The tasks to start now, in plan order; each is given out once."""
        while ready := self._order.get_ready():
            for id in ready:
                if id in self._unended:
                    self._free.add(id)
                else:
                    self._order.done(id)
        started = []
        for task in self.tasks:
            if task.id in self._free and not self._excludes[task.id] & self._running:
                self._free.remove(task.id)
                self._running.add(task.id)
                started.append(task)
        return started

    def done(self, id: TaskId) -> None:
        """A task that was started has ended well: what waited for it may follow."""
        self._end(id)
        self._order.done(id)

    def failed(self, id: TaskId) -> list[tuple[Task, str]]:
        """A task that was started has not ended well. The tasks that can therefore never start, in
        plan order, each with the reason; they count as ended."""
        self._end(id)
        skipped: dict[TaskId, str] = {}
        for task in self._topological:
            missing = [needed for needed in task.depends_on if needed == id or needed in skipped]
            if missing and task.id in self._unended:
                self._unended.remove(task.id)
                skipped[task.id] = _reason(missing[0], id)
        return [(task, skipped[task.id]) for task in self.tasks if task.id in skipped]

    def _end(self, id: TaskId) -> None:
        self._running.remove(id)
        self._unended.remove(id)


def _reason(needed: TaskId, failed: TaskId) -> str:
    if needed == failed:
        return f'it depends on "{failed}", which did not succeed'
    return f'it depends on "{needed}", which waited for "{failed}", which did not succeed'
