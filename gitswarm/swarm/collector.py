"""ResultCollector: reads what the branches really hold, in plan order."""

from dataclasses import dataclass, replace

from gitswarm.plan.tasks import Plan, Task
from gitswarm.repo.objects import Oid, RefName, RepoPath, TaskId
from gitswarm.repo.repository import Repository
from gitswarm.swarm.results import Outcome, Result


@dataclass(frozen=True, slots=True)
class Collected:
    """A task's result, held against its branch."""

    task: Task
    result: Result
    touched: frozenset[RepoPath]
    """The paths that its own commits changed."""

    @property
    def tip(self) -> Oid:
        """The last commit of its branch; only a result with commits has one."""
        return self.result.commits[-1]


class ResultCollector:
    """Believes the branches: a commit that somebody added to one is part of the result, and what a
    result claims but no branch holds is not."""

    def __init__(self, repository: Repository, plan: Plan) -> None:
        self._repository = repository
        self._plan = plan
        self._collected: dict[TaskId, Collected] = {}

    def collect(self, task: Task, result: Result) -> Collected:
        """Hold one result against its branch, and keep it."""
        self._collected[task.id] = collected = self._read(task, result)
        return collected

    def in_plan_order(self) -> list[Collected]:
        """Everything collected so far."""
        return [self._collected[task.id] for task in self._plan.tasks if task.id in self._collected]

    def _read(self, task: Task, result: Result) -> Collected:
        if result.branch is None or result.base is None or not result.outcome.has_commit:
            return Collected(task, result, frozenset())
        tip = self._repository.ref(RefName(f"refs/heads/{result.branch}"))
        if tip is None:
            error = f"branch {result.branch} is gone"
            missing = replace(result, outcome=Outcome.FAILED, commits=(), error=error)
            return Collected(task, missing, frozenset())
        commits = tuple(self._repository.commits_between(result.base, tip))
        touched = self._repository.changed_paths(result.base, tip)
        outcome = Outcome.DONE if touched else result.outcome
        return Collected(task, replace(result, commits=commits, outcome=outcome), touched)
