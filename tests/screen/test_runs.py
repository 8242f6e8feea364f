"""Lists of runs, the status of one, and one task."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gitswarm.console import Console
from gitswarm.model import Usage
from gitswarm.overview import CommitLine, RunLine, RunStatus, TaskLine, TaskView
from gitswarm.repo.objects import BranchName, Oid, RunId, TaskId
from tests.screen.runs import BASE, BUILDER, DOCS, HOSTILE, RESEARCHER, RUN
from tests.screen.terminal import File, set_terminal

STARTED = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
GOAL = "Let links expire, with a ttl field in the HTTP API, a sweep and documentation of it all"
LINES = [
    RunLine(RUN, GOAL, "running", 1, 3, 0.12, STARTED),
    RunLine(RunId("jwt-0001"), "Add JWT login", "finished", 5, 5, 1.31, STARTED),
    RunLine(RunId("x-0002"), HOSTILE, "interrupted", 0, 0, None, None),
]
STATUS = RunStatus(
    LINES[0],
    BASE,
    (
        TaskLine(RESEARCHER, "researcher", "noted", (), 41.0, 1260, 0.04),
        TaskLine(BUILDER, "builder", "writing", (RESEARCHER,), 12.0, 640, 0.01),
        TaskLine(DOCS, "documenter", "failed", (), 7.0, 900, None, "the reply was cut\n3 times"),
        TaskLine(TaskId("tester"), "tester", "waiting", (BUILDER, DOCS)),
    ),
)
TASK = TaskView(
    run=RUN,
    task=DOCS,
    role="documenter",
    title="Document the ttl field",
    prompt="Describe `ttl` in README.md:\n\n- what it means\n- what happens once it is over, and"
    " to whom\n",
    outcome="done",
    depends_on=(RESEARCHER, BUILDER),
    owns=("README.md", "docs/**"),
    branch=BranchName(f"swarm/{RUN}/docs"),
    base=BASE,
    commits=(CommitLine(Oid("b" * 40), "Document ttl"), CommitLine(Oid("c" * 40), HOSTILE)),
    note="Done.\n\x1b[2J",
    error="",
    remarks=("writes what builder owns: signpost/api.py",),
    usage=Usage(1, 2000, 3, 40_000),
    cost_usd=0.16,
    seconds=72.0,
)


@pytest.fixture
def out(monkeypatch: pytest.MonkeyPatch) -> File:
    set_terminal(monkeypatch)
    time.tzset()
    return File()


def test_runs_are_listed_with_as_much_of_the_goal_as_fits(
    out: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_terminal(monkeypatch, columns=100)
    Console(stdout=out, stderr=File()).show_runs(LINES)

    assert (
        out.getvalue()
        == """\
Run                State        Tasks   Cost  Started           Goal
links-expire-3f9c  running        1/3  $0.12  2026-01-01 12:00  Let links expire, with a ttl field…
jwt-0001           finished       5/5  $1.31  2026-01-01 12:00  Add JWT login
x-0002             interrupted             ?                    [red]boo[/red] second
"""
    )


def test_a_narrow_list_keeps_names_states_and_goals(
    out: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_terminal(monkeypatch, columns=50)
    Console(stdout=out, stderr=File()).show_runs(LINES)

    assert (
        out.getvalue()
        == """\
Run                State        Goal
links-expire-3f9c  running      Let links expire,…
jwt-0001           finished     Add JWT login
x-0002             interrupted  [red]boo[/red] se…
"""
    )


def test_no_runs_are_told_in_words(out: File) -> None:
    Console(stdout=out, stderr=File()).show_runs([])

    assert out.getvalue() == 'no runs in this repository yet; start one with git swarm "GOAL"\n'


STATUS_PAGE = """\
links-expire-3f9c  running
  Let links expire, with a ttl field in the HTTP API, a sweep and documentation
  of it all
  from 8fde84b0c1, started 2026-01-01 12:00

  Task        Role        State    Time  Tokens out   Cost  After
✓ researcher              noted     41s        1.3k  $0.04
  builder                 writing   12s         640  $0.01  researcher
✗ docs        documenter  failed   7.0s         900      ?
  tester                  waiting                           builder, docs

✗ docs: the reply was cut 3 times

Cost    $0.12
"""


def test_the_status_of_a_run_under_way(out: File) -> None:
    Console(stdout=out, stderr=File()).show_status(STATUS)

    assert out.getvalue() == STATUS_PAGE


def test_the_status_of_a_run_that_has_ended(out: File) -> None:
    ended = replace(
        STATUS,
        line=replace(LINES[0], state="finished", started_at=None),
        tasks=STATUS.tasks[:1],
        merged_branch=BranchName(f"swarm/{RUN}/merged"),
        verify="passed",
        stopped="the budget is used up",
    )
    Console(stdout=out, stderr=File()).show_status(ended)

    assert (
        out.getvalue()
        == """\
links-expire-3f9c  finished
  Let links expire, with a ttl field in the HTTP API, a sweep and documentation
  of it all
  from 8fde84b0c1
  stopped: the budget is used up

  Task        State  Time  Tokens out   Cost
✓ researcher  noted   41s        1.3k  $0.04

Merged  swarm/links-expire-3f9c/merged
Verify  passed
Cost    $0.12
"""
    )


def test_the_status_of_a_run_that_has_no_plan_yet(out: File) -> None:
    Console(stdout=out, stderr=File()).show_status(RunStatus(LINES[1], BASE, ()))

    assert (
        out.getvalue()
        == """\
jwt-0001  finished
  Add JWT login
  from 8fde84b0c1, started 2026-01-01 12:00

Cost    $1.31
"""
    )


TASK_PAGE = """\
✓ docs  done
  Document the ttl field

Run     links-expire-3f9c
Role    documenter
After   researcher, builder
Owns    README.md, docs/**
Branch  swarm/links-expire-3f9c/docs
Base    8fde84b0c1
Spent   1m 12s, 40.0k tokens in, 2.0k out, $0.16

Task
  Describe `ttl` in README.md:

  - what it means
  - what happens once it is over, and to whom

Note
  Done.

Remarks
  writes what builder owns: signpost/api.py

Commits
  bbbbbbbbbb  Document ttl
  cccccccccc  [red]boo[/red] second
"""


def test_all_that_is_known_of_a_task(out: File) -> None:
    Console(stdout=out, stderr=File()).show_task(TASK)

    assert out.getvalue() == TASK_PAGE


def test_a_task_that_has_not_ended_shows_what_it_was_asked(out: File) -> None:
    bare = TaskView(RUN, DOCS, "documenter", "", "Describe `ttl`.", outcome="")
    Console(stdout=out, stderr=File()).show_task(bare)

    assert (
        out.getvalue()
        == """\
  docs  not ended

Run     links-expire-3f9c
Role    documenter

Task
  Describe `ttl`.
"""
    )


def test_a_task_that_failed_says_why_and_what_was_kept(out: File) -> None:
    failed = TaskView(
        RUN, DOCS, "documenter", "", "", "failed", error="cut\nthrice", kept_worktree="/tmp/a"
    )
    Console(stdout=out, stderr=File()).show_task(failed)

    assert (
        out.getvalue()
        == """\
✗ docs  failed

Run     links-expire-3f9c
Role    documenter
Kept    /tmp/a

error: cut thrice
"""
    )


def test_a_run_is_its_status_and_then_its_tasks(out: File) -> None:
    Console(stdout=out, stderr=File()).show_run(STATUS, [TASK, TASK])

    assert out.getvalue() == f"{STATUS_PAGE}\n\n{TASK_PAGE}\n\n{TASK_PAGE}"
