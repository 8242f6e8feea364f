"""History: the runs of a repository as their ledgers tell them."""

import time
from datetime import datetime
from typing import Any

from gitswarm.errors import UsageError
from gitswarm.estimate import Experience
from gitswarm.live_state import load_live_state
from gitswarm.model import Usage
from gitswarm.overview import CommitLine, RunLine, RunStatus, TaskLine, TaskView
from gitswarm.repo.ledger import LedgerReader, run_ids
from gitswarm.repo.objects import BranchName, Oid, RunId, TaskId
from gitswarm.repo.repository import Repository
from gitswarm.swarm.results import Outcome


def choose_run(repository: Repository, name: str | None) -> RunId:
    """The run of this name, or the newest one. Raises `UsageError` when there is none."""
    runs = run_ids(repository)
    if name is None:
        if not runs:
            raise UsageError(
                "there are no runs in this repository yet", hint='git swarm "what you want done"'
            )
        return runs[0]
    if name in runs:
        return RunId(name)
    raise UsageError(f'there is no run "{name}"', hint='"git swarm list" shows the runs')


def load_experience(repository: Repository, *, runs: int = 10) -> Experience:
    """What the tasks of the newest runs came to, those that ended well."""
    results = (
        _lesson(result)
        for run in run_ids(repository)[:runs]
        for result in RunHistory(repository, run).results.values()
    )
    return Experience(lesson for lesson in results if lesson is not None)


def _lesson(result: Any) -> tuple[str, float, Usage] | None:
    """Role, seconds and tokens of a task that ended well; None of others, and of what a ledger from
    elsewhere holds in a result's place."""
    try:
        if result["outcome"] not in (Outcome.DONE, Outcome.NOTED):
            return None
        tokens = {name: int(count) for name, count in result["usage"].items()}
        return str(result["role"]), float(result["seconds"]), Usage(**tokens)
    except (LookupError, TypeError, ValueError, AttributeError):
        return None


class RunHistory:
    """One run, read from its ledger and, while it is at work, from what it says it is doing."""

    def __init__(self, repository: Repository, run: RunId) -> None:
        self._repository = repository
        self._ledger = ledger = LedgerReader(repository, run)
        self.run = run
        self.is_running = ledger.is_running
        self.facts: dict[str, Any] = ledger.load("run.json") or {}
        self.plan: dict[str, Any] = ledger.load("plan.json") or {"tasks": []}
        results = ledger.load_below("tasks").items()
        self.results: dict[str, dict[str, Any]] = {
            path.split("/")[1]: value for path, value in results if path.endswith("/result.json")
        }
        self.report: dict[str, Any] | None = self.facts.get("report")
        self._live = load_live_state(repository, run) if self.is_running else {}

    @property
    def state(self) -> str:
        """`running`, `finished`, `interrupted`; `crashed` for one that nobody runs and nobody
        ended."""
        if self.is_running:
            return "running"
        state = str(self.facts.get("state", "crashed"))
        return state if state in ("finished", "interrupted") else "crashed"

    @property
    def recorded_at(self) -> Oid:
        """The ledger's last commit, from which every commit of the run is reached."""
        return self._ledger.tip

    def load_record(self, path: str) -> Any:
        """A file of the ledger, parsed; None where it is not there."""
        return self._ledger.load(path)

    def verdict_of(self, tree: Oid) -> dict[str, Any] | None:
        """What the project's own check said of a tree, if it has seen it."""
        verdict: dict[str, Any] | None = self._ledger.load(f"verdicts/{tree}.json")
        return verdict

    @property
    def base(self) -> Oid:
        return Oid(self.facts.get("base", ""))

    @property
    def merged(self) -> dict[str, str] | None:
        """Branch, commit and tree of what was merged."""
        return self.report["merged"] if self.report else None

    def task(self, name: str) -> dict[str, Any]:
        """The plan's task of this id. Raises `UsageError`."""
        for task in self.plan["tasks"]:
            if task["id"] == name:
                found: dict[str, Any] = task
                return found
        known = ", ".join(task["id"] for task in self.plan["tasks"])
        raise UsageError(
            f'run {self.run} has no task "{name}"', hint=f"its tasks: {known or 'none'}"
        )

    def line(self) -> RunLine:
        cost = self.report["cost_usd"] if self.report else self._cost_so_far()
        started = self.facts.get("started_at")
        return RunLine(
            run=self.run,
            goal=str(self.facts.get("goal", "")),
            state=self.state,
            tasks_ended=len(self.results),
            tasks=len(self.plan["tasks"]),
            cost_usd=cost,
            started_at=datetime.fromisoformat(started) if started else None,
        )

    def _cost_so_far(self) -> float | None:
        costs = [result["cost_usd"] for result in self.results.values()]
        return None if None in costs else sum(costs)

    def status(self) -> RunStatus:
        verify = (self.report or {}).get("verify") or {}
        merged = self.merged
        return RunStatus(
            line=self.line(),
            base=self.base,
            tasks=tuple(self._task_line(task) for task in self.plan["tasks"]),
            merged_branch=BranchName(merged["branch"]) if merged else None,
            verify=verify.get("outcome", ""),
            stopped=self.facts.get("stopped", ""),
        )

    def _task_line(self, task: dict[str, Any]) -> TaskLine:
        id, depends_on = TaskId(task["id"]), tuple(TaskId(t) for t in task["depends_on"])
        result = self.results.get(id)
        if result:
            return TaskLine(
                id,
                task["role"],
                result["outcome"],
                depends_on,
                result["seconds"],
                result["usage"]["output"],
                result["cost_usd"],
                result["error"] or "",
            )
        live = self._live.get(id)
        if live:
            seconds = max(0.0, time.time() - live.get("started_at", time.time()))
            tokens, cost = live.get("output_tokens", 0), live.get("cost_usd")
            return TaskLine(id, task["role"], live["state"], depends_on, seconds, tokens, cost)
        state = "waiting" if self.is_running else "not started"
        return TaskLine(id, task["role"], state, depends_on)

    def task_view(self, name: str) -> TaskView:
        task = self.task(name)
        result = self.results.get(name, {})
        commits = [self._repository.commit(Oid(oid)) for oid in result.get("commits", [])]
        usage = result.get("usage", {})
        return TaskView(
            run=self.run,
            task=TaskId(name),
            role=task["role"],
            title=task["title"],
            prompt=task["prompt"],
            outcome=result.get("outcome", ""),
            depends_on=tuple(TaskId(id) for id in task["depends_on"]),
            owns=tuple(task["owns"]),
            branch=result.get("branch"),
            base=result.get("base"),
            commits=tuple(CommitLine(commit.oid, commit.subject) for commit in commits),
            note=result.get("note", ""),
            error=result.get("error") or "",
            remarks=tuple(result.get("remarks", [])),
            usage=Usage(**usage),
            cost_usd=result.get("cost_usd", 0.0),
            seconds=result.get("seconds", 0.0),
            kept_worktree=result.get("kept_worktree", ""),
        )
