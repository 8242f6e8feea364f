"""A run to look at: its plan, what happens in it, and reports of how it may end."""

from dataclasses import replace
from typing import Any

from gitswarm.integrate.values import HunkOutcome, Integration, MergeConflict
from gitswarm.integrate.verify import Verdict, VerifyOutcome
from gitswarm.model import Usage
from gitswarm.plan.tasks import Plan, Task
from gitswarm.progress import (
    BranchMerged,
    BranchSetAside,
    ConflictForecast,
    Event,
    Resolving,
    RunStarted,
    StageStarted,
    TaskEnded,
    TaskProgressed,
    TaskStarted,
    Warned,
)
from gitswarm.repo.objects import BranchName, Oid, RunId, TaskId
from gitswarm.report import Report
from gitswarm.swarm.results import Outcome, Result

RUN = RunId("links-expire-3f9c")
BASE = Oid("8fde84b0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6")
RESEARCHER, BUILDER, DOCS = TaskId("researcher"), TaskId("builder"), TaskId("docs")
HOSTILE = "\x1b[2J\x1b]0;owned\x07[red]\u202eboo[/red]\r\nsecond"
"""What it should look like is `[red]boo[/red]` and `second`."""

PLAN = Plan(
    "Let links expire",
    (
        Task(RESEARCHER, "researcher", "Find out.\nAnd more.", "How other stores expire"),
        Task(
            BUILDER,
            "builder",
            "Do it.",
            "Add expiry to the store, the HTTP API and the command line, with a sweep",
            (RESEARCHER,),
            ("signpost/store.py", "signpost/api.py"),
        ),
        Task(DOCS, "documenter", "Document the ttl field.\nAnd more.", "", (), ("README.md",)),
    ),
)

EVENTS: tuple[Event, ...] = (
    RunStarted(RUN, "Let links expire", BASE),
    StageStarted("planning"),
    StageStarted("working"),
    TaskStarted(RESEARCHER, "researcher", "How other stores expire"),
    TaskStarted(DOCS, "documenter", ""),
    TaskProgressed(RESEARCHER, "writing", 640, 0.01),
    TaskEnded(RESEARCHER, "noted", 41.0, 1260, 0.036),
    TaskStarted(BUILDER, "builder", "Add expiry"),
    Warned("docs wrote signpost/api.py,\nwhich builder owns"),
    TaskEnded(DOCS, "failed", 7.04, 900, None, "the reply was cut\nthree times"),
    TaskEnded(BUILDER, "done", 72.6, 8260, 0.156),
    TaskEnded(TaskId("tester"), "skipped", 0.0, 0, 0.0, 'it depends on "docs", which failed'),
    ConflictForecast(BUILDER, DOCS, ("README.md", "a", "b", "c", "d", "e")),
    StageStarted("integrating"),
    Resolving("README.md", 2),
    BranchMerged(BUILDER, 0),
    BranchMerged(RESEARCHER, 1),
    BranchSetAside(DOCS, ("README.md",)),
    StageStarted("verifying", "python -m pytest -q"),
)


def result(task: TaskId, role: str, outcome: Outcome, seconds: float, **more: Any) -> Result:
    known = Result(
        task=task,
        role=role,
        outcome=outcome,
        branch=BranchName(f"swarm/{RUN}/{task}"),
        commits=(Oid("c" * 40),),
        usage=Usage(input=1200, output=1260, cache_write=3000, cache_read=41_000),
        cost_usd=0.08,
        seconds=seconds,
    )
    return replace(known, **more)


MERGED = Report(
    run=RUN,
    goal="Let links expire",
    base=BASE,
    results=(
        result(RESEARCHER, "researcher", Outcome.NOTED, 2.61),
        result(BUILDER, "builder", Outcome.DONE, 72.6, remarks=("writes what docs owns: a.md",)),
        result(DOCS, "documenter", Outcome.DONE, 33.0),
    ),
    integration=Integration(
        base=BASE,
        commit=Oid("d" * 40),
        tree=Oid("e" * 40),
        merged=(BUILDER, DOCS),
        set_aside=(),
        conflicts=(
            MergeConflict(
                "README.md",
                "content",
                (BUILDER, DOCS),
                (
                    HunkOutcome(
                        1,
                        "model",
                        0.92,
                        "Both sections are kept: the table gains the sweep, and the paragraph on"
                        " ttl stands before it.",
                    ),
                    HunkOutcome(2, "rule:version", None, "the higher version"),
                ),
            ),
        ),
    ),
    merged_branch=BranchName(f"swarm/{RUN}/merged"),
    verdict=Verdict("python -m pytest -q", VerifyOutcome.PASSED, 1, "12 passed\n", 12.3),
    spend={"plan": 0.04, "task": 0.24, "resolve": 0.012},
    seconds=114.2,
    sequential_seconds=262.0,
    budget_usd=5.0,
)

assert MERGED.integration is not None
NEEDS_PERSON = replace(
    MERGED,
    results=(
        *MERGED.results[:2],
        result(
            DOCS,
            "documenter",
            Outcome.TIMEOUT,
            300.0,
            commits=(),
            error="no reply within 300 s",
            cost_usd=None,
            kept_worktree="/home/ada/signpost.swarm/docs",
        ),
        result(
            TaskId("tester"),
            "tester",
            Outcome.SKIPPED,
            0.0,
            branch=None,
            commits=(),
            error='it depends on "docs", which failed',
        ),
    ),
    integration=replace(
        MERGED.integration,
        set_aside=(BUILDER,),
        conflicts=(
            MergeConflict(
                "README.md",
                "content",
                (BUILDER, RESEARCHER),
                (
                    HunkOutcome(1, "model", 0.9, "both are kept"),
                    HunkOutcome(2, None, 0.3, "seconds and minutes: only the owner knows"),
                ),
            ),
            MergeConflict(
                "old.md",
                "modify/delete",
                (BUILDER, RESEARCHER),
                (HunkOutcome(1, None, None, "one side deleted it"),),
            ),
        ),
    ),
    verdict=Verdict(
        "python -m pytest -q",
        VerifyOutcome.FAILED,
        2,
        "....F\n\n    def test_sweep():\n>       assert 0 == 1\n\n1 failed\n",
        3.2,
    ),
    spend={"plan": 0.04, "task": None},
    budget_usd=None,
)
