"""What a pull request says, for people who were not there."""

from dataclasses import replace
from typing import Any

import pytest

from gitswarm.overview import CommitLine, TaskView
from gitswarm.publish.description import BODY_LIMIT, describe, title_of
from gitswarm.publish.secrets import Secrets
from gitswarm.repo.objects import BranchName, Oid, RepoPath, RunId, TaskId

RUN = RunId("greet-3f9c")
NOTHING_SECRET = Secrets({})
REPORT: dict[str, Any] = {
    "run": RUN,
    "goal": "Greet",
    "base": "b" * 40,
    "tasks": [{"id": "one"}],
    "conflicts": [],
    "findings": [],
    "cost_usd": 0.5,
    "seconds": 60.0,
}
ONE = TaskView(
    run=RUN,
    task=TaskId("one"),
    role="builder",
    title="Write it",
    prompt="...",
    outcome="done",
    branch=BranchName(f"swarm/{RUN}/one"),
    commits=(CommitLine(Oid("1" * 40), "Say hello"),),
)
HUNK = {"n": 1, "by": "model", "confidence": 0.8, "reason": "Both."}


def said(task: TaskView, *, left_out: bool = False) -> str:
    """What the description tells of a task."""
    body = describe(
        REPORT,
        [task],
        left_out={task.task} if left_out else set(),
        verify=None,
        ci_paths=[],
        secrets=NOTHING_SECRET,
    )
    return body.partition("### What each agent did\n\n")[2].partition("\n\n###")[0]


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (
            ONE,
            "- **one** (builder): Write it. 1 commit on `swarm/greet-3f9c/one`\n"
            "  - `1111111111` Say hello",
        ),
        (
            replace(ONE, commits=(CommitLine(Oid("1" * 40), "Write it"),)),
            "- **one** (builder): Write it. Commit `1111111111` on `swarm/greet-3f9c/one`",
        ),
        (
            replace(ONE, commits=(), outcome="failed", error="its check failed\nE 1 != 2"),
            "- **one** (builder): Write it. **failed**: its check failed E 1 \\!= 2",
        ),
        (
            replace(ONE, commits=(), note="## What I found\n\nIt is *slow*.\n\n- a list\n"),
            "- **one** (builder): Write it\n  - Note: It is \\*slow\\*.",
        ),
        (
            replace(ONE, commits=(), note="# Findings\n\n- a list\n"),
            "- **one** (builder): Write it\n  - Note: Findings - a list",
        ),
    ],
)
def test_a_task_is_told_with_what_became_of_it(task: TaskView, words: str) -> None:
    assert said(task) == words


def test_a_task_whose_work_is_not_in_the_branch_says_so() -> None:
    assert said(ONE, left_out=True) == (
        "- **one** (builder): Write it. 1 commit on `swarm/greet-3f9c/one`\n"
        "  - **Left out**: its work is not in this branch\n"
        "  - `1111111111` Say hello"
    )


def test_of_many_hunks_the_open_ones_are_told_first() -> None:
    hunks = [{**HUNK, "n": n} for n in range(1, 20)] + [{**HUNK, "n": 20, "by": None}]
    conflict = {"path": "a.py", "kind": "content", "between": ["one", "two"], "hunks": hunks}

    body = describe(
        {**REPORT, "conflicts": [conflict]},
        [ONE],
        left_out=set(),
        verify=None,
        ci_paths=[],
        secrets=NOTHING_SECRET,
    )

    told = body.partition("### Conflicts\n\n")[2].partition("\n\n###")[0].split("\n")
    assert told[:3] == [
        "- `a.py` (content, between one and two):",
        "  - hunk 20 is **open**, its branch is left out: Both.",
        "  - hunk 1 resolved by the model (confidence 0.80): Both.",
    ]
    assert told[-1] == "  - and 8 more"


def test_the_longest_run_is_told_within_what_a_forge_takes() -> None:
    words = "<&> " * 1000
    commits = tuple(CommitLine(Oid("1" * 40), words) for _ in range(20))
    tasks = [
        replace(ONE, title=words, note=words, commits=commits, outcome="failed", error=words)
        for _ in range(200)
    ]
    hunks = [{**HUNK, "n": n, "reason": words} for n in range(1, 200)]
    conflict = {"path": "a.py", "kind": "content", "between": ["one", "two"], "hunks": hunks}
    finding = {"severity": "major", "path": "a.py", "lines": [1, 2], "title": words}
    report = {
        **REPORT,
        "goal": words * 5,
        "conflicts": [conflict] * 200,
        "findings": [{**finding, "reason": words}] * 200,
    }

    body = describe(
        report,
        tasks,
        left_out=set(),
        verify=None,
        ci_paths=[RepoPath(b".github/workflows/x.yml")] * 200,
        secrets=NOTHING_SECRET,
    )

    assert len(body) <= BODY_LIMIT
    assert body.endswith("Made by `git swarm`, run `greet-3f9c`, from `bbbbbbbbbbbb`.")
    assert body.count("- and 199 more") == 4


@pytest.mark.parametrize(
    ("goal", "title"),
    [
        ("Add a greeting. Keep it short.", "Add a greeting. Keep it short."),
        ("\n# Add a greeting\n\nIt says hello.", "Add a greeting"),
        (
            "Let people log in: /login takes a name and a password, answers with a session. Keep "
            "it simple.",
            "Let people log in: /login takes a name and a password, answers with a session",
        ),
        (
            "Support node 1.5. and later versions of it, e.g. those of this year, in every place",
            "Support node 1.5. and later versions of it, e.g. those of this year, in every place",
        ),
        ("word " * 40, "word " * 19 + "wo..."),
    ],
)
def test_a_title_is_the_first_line_of_the_goal_or_its_first_sentence(goal: str, title: str) -> None:
    assert title_of(goal, NOTHING_SECRET) == title
