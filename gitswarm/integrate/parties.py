"""Parties: whose work meets in a merge of one run, and what each side was about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gitswarm.merge.conflicts import Conflict
from gitswarm.merge.narrowing import Edits, edits_of
from gitswarm.merge.past import past_of, versions_of
from gitswarm.merge.question import INTENT_LENGTH, Side
from gitswarm.merge.rules.place import Past
from gitswarm.plan.tasks import Task
from gitswarm.repo.objects import Oid, RepoPath, TaskId
from gitswarm.repo.repository import Repository


@dataclass(frozen=True, slots=True)
class Tip:
    """A branch to be merged, and the tasks whose work comes with it."""

    commit: Oid
    task: TaskId
    brings: tuple[TaskId, ...]
    """Itself last, before it what it depends on, directly or not."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Is a `Meeting`: what was merged so far, and a tip."""

    repository: Repository
    base: Oid
    """Of the run."""
    tasks: Mapping[TaskId, Task]
    touched: Mapping[TaskId, frozenset[RepoPath]]
    """The paths that each finished task changed itself."""
    ours: Oid
    inside: Sequence[TaskId]
    """The tasks whose work `ours` holds, in the order in which it came."""
    tip: Tip

    @property
    def task(self) -> TaskId:
        return self.tip.task

    @property
    def theirs(self) -> Oid:
        return self.tip.commit

    def between(self, conflict: Conflict) -> tuple[TaskId, TaskId]:
        """The two tasks that a conflict is about: on either side the last one that changed one of
        its paths itself."""
        return (
            self._touching(conflict, self.inside)[-1],
            self._touching(conflict, self.tip.brings)[-1],
        )

    def about(self, conflict: Conflict) -> tuple[Side, Side]:
        return self._side(self.inside, conflict), self._side(self.tip.brings, conflict)

    def edits(self, conflict: Conflict) -> tuple[Edits, Edits]:
        return edits_of(self.repository, self.base, (self.ours, self.theirs), conflict)

    def versions(self, conflict: Conflict) -> tuple[bytes, bytes]:
        return versions_of(self.repository, conflict.stages)

    def past(self, conflict: Conflict) -> Past:
        return past_of(self.repository, conflict.path, conflict.stages, self.ours, self.theirs)

    def _touching(self, conflict: Conflict, tasks: Sequence[TaskId]) -> Sequence[TaskId]:
        """Those of the tasks that changed a path of a conflict themselves; the last of all where it
        is nobody's own change, as with a folder that was renamed around it."""
        paths = conflict.paths
        return [task for task in tasks if self.touched[task] & paths] or tasks[-1:]

    def _side(self, tasks: Sequence[TaskId], conflict: Conflict) -> Side:
        """What the tasks on one side of a conflict were about."""
        touching = [self.tasks[id] for id in self._touching(conflict, tasks)]
        titles = [task.title or task.id for task in touching]
        room = INTENT_LENGTH // len(touching)
        intents = [_shortened(task.prompt.strip(), room) for task in touching]
        return Side("; ".join(titles), "\n\n".join(intents))


def _shortened(intent: str, room: int) -> str:
    """Beginning and end of a task's prompt: what it is about, and what it was told last."""
    if len(intent) <= room:
        return intent
    return f"{intent[: room * 2 // 3].rstrip()} [...] {intent[-(room // 3 - 8) :].lstrip()}"
