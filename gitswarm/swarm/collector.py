"""ResultCollector: reads what the branches really hold."""

from dataclasses import dataclass, replace

from gitswarm.plan.tasks import Task
from gitswarm.repo.objects import Oid, RefName, RepoPath
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
    result claims without a branch is not. A branch that somebody moved away from what the task
    committed is theirs, and the commit counts."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def _holds(self, tip: Oid, commit: Oid) -> bool:
        return tip == commit or self._repository.is_ancestor(commit, tip)

    def collect(self, task: Task, result: Result) -> Collected:
        """Hold one result against its branch."""
        if result.branch is None or result.base is None or not result.outcome.has_commit:
            return Collected(task, result, frozenset())
        tip = self._repository.ref(RefName(f"refs/heads/{result.branch}"))
        if tip is None:
            error = f"branch {result.branch} is gone"
            missing = replace(result, outcome=Outcome.FAILED, commits=(), error=error)
            return Collected(task, missing, frozenset())
        if result.commit and not self._holds(tip, result.commit):
            tip = result.commit
        commits = tuple(self._repository.commits_between(result.base, tip))
        touched = self._repository.changed_paths(result.base, tip)
        outcome = Outcome.DONE if touched else result.outcome
        return Collected(task, replace(result, commits=commits, outcome=outcome), touched)
