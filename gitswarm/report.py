"""Report: what was asked, done, merged, resolved, refused, and what it cost."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gitswarm.findings import Finding
from gitswarm.integrate.values import Integration, MergeConflict
from gitswarm.integrate.verify import Verdict
from gitswarm.model import Purpose, Usage
from gitswarm.repo.objects import BranchName, Oid, RunId, TaskId
from gitswarm.swarm.results import Outcome, Result

RUN_SCHEMA = "gitswarm/run/1"
PURPOSES: tuple[Purpose, ...] = ("plan", "task", "repair", "resolve", "fix", "review")


@dataclass(frozen=True, slots=True)
class Report:
    """The end of a run, in plan order; `git swarm --json` prints its `to_json`."""

    run: RunId
    goal: str
    base: Oid
    results: tuple[Result, ...] = ()
    standing: Mapping[str, str] | None = None
    """Branch, commit and tree of what was merged earlier, where nothing was merged now."""
    dropped: Collection[TaskId] = ()
    """Tasks whose work the user left out."""
    integration: Integration | None = None
    merged_branch: BranchName | None = None
    verdict: Verdict | None = None
    spend: Mapping[Purpose, float | None] = field(default_factory=dict)
    """US dollars by purpose; None where a price was not known."""
    usage: Usage = field(default_factory=Usage)
    """Of all calls together."""
    seconds: float = 0.0
    """From process start to the end."""
    agents_worked: bool = True
    """Whether any of it was an agent's work in this process, and not only taken over."""
    sequential_seconds: float = 0.0
    """Planner, every agent and integration, had they run one after another."""
    budget_usd: float | None = None
    withheld: Mapping[str, str] = field(default_factory=dict)
    """Files that no model was shown because they hold a secret, and its kind."""
    stopped: str = ""
    """Why the run ended before its end: declined, interrupted, out of budget, unreachable."""
    can_go_on: bool = False
    """Whether it was the budget or the network that stopped it, which may pass."""
    has_remote: bool = False
    """Whether there is anywhere to open a pull request."""
    merge_folder: Path | None = None
    """Where a person can resolve what is open."""
    interrupted_by: int | None = None
    """The signal that ended it."""

    @property
    def counted(self) -> tuple[Result, ...]:
        """The results of the tasks that were not dropped."""
        return tuple(result for result in self.results if result.task not in self.dropped)

    @property
    def conflicts(self) -> tuple[MergeConflict, ...]:
        return self.integration.conflicts if self.integration else ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.integration.findings if self.integration else ()

    @property
    def cost_usd(self) -> float | None:
        """None when anything was paid whose price is not known, or by a program."""
        costs = [*self.spend.values(), *(result.cost_usd for result in self.results)]
        if None in costs:
            return None
        return round(sum(cost or 0.0 for cost in self.spend.values()), 6)

    @property
    def speedup(self) -> float | None:
        worked = self.agents_worked and any(result.seconds for result in self.results)
        if not self.seconds or not worked:
            return None
        return self.sequential_seconds / self.seconds

    @property
    def exit_code(self) -> int:
        if self.interrupted_by is not None:
            return 128 + self.interrupted_by
        needs_person = (
            bool(self.stopped)
            or any(result.outcome.needs_person for result in self.counted)
            or (self.integration is not None and self.integration.needs_person)
            or (self.verdict is not None and self.verdict.needs_person)
        )
        return 1 if needs_person else 0

    @property
    def unverified(self) -> bool:
        """Something was merged and no check of the project's own has seen it."""
        return self.merged is not None and self.verdict is None

    @property
    def merged(self) -> Integration | None:
        """The integration, where it changed anything."""
        return self.integration if self.integration and self.integration.changed else None

    @property
    def done(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.outcome is Outcome.DONE)

    def _task(self, result: Result) -> dict[str, Any]:
        told = result.to_json()
        return {**told, "error": "dropped"} if result.task in self.dropped else told

    def to_json(self) -> dict[str, Any]:
        merged = self.merged
        speedup = self.speedup
        return {
            "schema": RUN_SCHEMA,
            "run": self.run,
            "goal": self.goal,
            "base": self.base,
            "merged": {
                "branch": self.merged_branch,
                "commit": merged.commit,
                "tree": merged.tree,
            }
            if merged
            else self.standing,
            "tasks": [self._task(result) for result in self.results],
            "conflicts": [conflict.to_json() for conflict in self.conflicts],
            "findings": [finding.to_json() for finding in self.findings],
            "spend": {purpose: self.spend.get(purpose, 0.0) for purpose in PURPOSES},
            "verify": self.verdict and self.verdict.to_json(),
            "seconds": round(self.seconds, 3),
            "sequential_seconds": round(self.sequential_seconds, 3),
            "speedup": speedup and round(speedup, 3),
            "cost_usd": self.cost_usd,
            "budget_usd": self.budget_usd,
            "exit_code": self.exit_code,
        }
