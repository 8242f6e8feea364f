"""RunRecord: the steps of a run as the ledger keeps them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from gitswarm.integrate.values import Integration, OpenMerge
from gitswarm.integrate.verify import Verdict
from gitswarm.plan.tasks import Plan, plan_json
from gitswarm.repo.ledger import Ledger, Step
from gitswarm.repo.objects import Oid, RunId, TaskId
from gitswarm.swarm.results import Result


class RunRecord:
    """Writes `run.json` and what hangs on it; nothing is written before the first reply or plan,
    or the end of a run that got neither and can go on."""

    def __init__(self, ledger: Ledger, run: RunId, facts: Mapping[str, Any]) -> None:
        """`facts` are `goal`, `base`, `model` and `max_tasks`, or all that `run.json` holds of a
        run that goes on."""
        self._ledger = ledger
        self._facts: dict[str, Any] = {
            "version": 1,
            "run": run,
            "state": "planning",
            "started_at": _now(),
            **facts,
        }

    async def step(self, step: Step) -> None:
        """Record a step as it is; the run's first one brings its facts along."""
        if not self._ledger.exists:
            step = Step(step.subject, {"run.json": self._facts, **step.files}, step.commits)
        await self._ledger.record(step)

    async def going_on(self, subject: str, plan: Plan | None, **facts: Any) -> None:
        """A run that had ended is taken up again; `facts` are what is new in `run.json`."""
        self._facts |= {"state": "running", **facts} if plan else facts
        files = {"run.json": self._facts} | ({"plan.json": plan_json(plan)} if plan else {})
        await self.step(Step(subject, files))

    async def plan_accepted(self, plan: Plan) -> None:
        self._facts["state"] = "running"
        files = {"run.json": self._facts, "plan.json": plan_json(plan)}
        await self.step(Step("plan accepted", files, (Oid(self._facts["base"]),)))

    async def task_ended(self, result: Result) -> None:
        files = {f"tasks/{result.task}/result.json": result.to_record()}
        await self.step(Step(f"{result.task}: {result.outcome.value}", files, result.commits))

    async def begin_again(self, tasks: Collection[TaskId], tips: Sequence[Oid]) -> None:
        """Tasks whose results do not count any more; `tips` keep alive what is on their branches.
        Results and conversations stay in the ledger's history."""
        gone = tuple(f"tasks/{task}" for task in tasks)
        await self.step(Step(f"again: {', '.join(tasks)}", {}, tuple(tips), removed=gone))

    async def integrated(self, integration: Integration) -> None:
        self._facts["merged"] = integration.commit
        files = {"run.json": self._facts}
        await self.step(Step("integrated", files, (integration.commit,)))

    async def waits_for_person(self, merge: OpenMerge | None) -> None:
        """The merge for which a worktree was made; None once that is settled."""
        self._facts["open_merge"] = merge and {
            "task": merge.task,
            "ours": merge.ours,
            "inside": list(merge.inside),
            "theirs": merge.theirs,
            "is_fan_in": merge.is_fan_in,
        }
        kept = (merge.ours, merge.theirs) if merge else ()
        await self.step(Step("waits for a person", {"run.json": self._facts}, kept))

    async def verified(self, tree: Oid, verdict: Verdict) -> None:
        files = {f"verdicts/{tree}.json": {**verdict.to_json(), "output": verdict.output}}
        await self.step(Step(f"verify: {verdict.outcome.value}", files))

    async def end(
        self, report: dict[str, Any], *, stopped: str, interrupted: bool, keep: bool
    ) -> None:
        """The report, for a run of which anything was recorded or is to be kept all the same, and
        why it ended before its end."""
        if not self._ledger.exists and not keep:
            return
        self._facts |= {
            "state": "interrupted" if interrupted else "finished",
            "ended_at": _now(),
            "stopped": stopped,
            "report": report,
        }
        await self.step(Step("end", {"run.json": self._facts}))
        await self._ledger.flush()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
