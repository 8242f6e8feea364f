"""The report at the end of a run: what it shows, and that it claims no more than its exit code."""

from dataclasses import replace

import pytest

from gitswarm.integrate.values import HunkOutcome, MergeConflict
from gitswarm.integrate.verify import VerifyOutcome
from gitswarm.repo.objects import TaskId
from gitswarm.report import Report
from gitswarm.screen.report import HUNKS_SHOWN, headline, write_report
from gitswarm.screen.sheet import Sheet
from gitswarm.swarm.results import Outcome
from tests.screen.runs import BASE, BUILDER, DOCS, HOSTILE, MERGED, NEEDS_PERSON, RUN
from tests.screen.terminal import File, set_terminal


def page(monkeypatch: pytest.MonkeyPatch, report: Report, columns: int = 80) -> str:
    set_terminal(monkeypatch, columns=columns)
    file = File()
    write_report(Sheet(file), report)
    return file.getvalue()


def section(text: str, name: str) -> str:
    """The part of a page that begins with this word, up to the next blank line."""
    return next(part for part in text.split("\n\n") if part.startswith(name)).rstrip("\n") + "\n"


def test_a_merged_and_verified_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert page(monkeypatch, MERGED) == WELL


def test_a_run_on_forty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert page(monkeypatch, MERGED, 40) == NARROW


def test_a_long_task_id_stays_whole_before_columns_do(monkeypatch: pytest.MonkeyPatch) -> None:
    (first, *others) = MERGED.results
    long = replace(first, task=TaskId("words-after-the-end-of-it"))

    tasks = section(page(monkeypatch, replace(MERGED, results=(long, *others)), 70), "  Task")

    assert "words-after-the-end-of-it " in tasks


def test_a_run_that_needs_a_person_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    assert page(monkeypatch, NEEDS_PERSON, 90) == NEEDS


def test_a_declined_plan_ran_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    report = Report(
        RUN, "g", BASE, stopped="the plan was declined", spend={"plan": 0.04}, seconds=12.0
    )

    assert (
        page(monkeypatch, report)
        == """\
links-expire-3f9c  nothing was run: the plan was declined

Time    12s
Cost    $0.04: plan $0.04
"""
    )


def test_a_run_without_a_check_says_that_nothing_was_verified_and_how_to_change_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = page(monkeypatch, replace(MERGED, verdict=None))

    assert text.startswith("links-expire-3f9c  merged, not verified\n")
    assert (
        section(text, "Merged")
        == """\
Merged  swarm/links-expire-3f9c/merged
Verify  nothing was verified: no check is configured
        git config swarm.verify "COMMAND"
Time    1m 54s, against 4m 22s one after another: 2.3 times as fast
Cost    $0.29 of $5.00: plan $0.04, task $0.24, resolve $0.01
"""
    )


def test_a_run_that_was_stopped_before_its_check_does_not_blame_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = page(monkeypatch, replace(MERGED, verdict=None, stopped="the budget is used up"))

    assert text.startswith("links-expire-3f9c  finished, but needs you: the budget is used up\n")
    assert "Verify  nothing was verified\nTime" in text
    assert text.endswith(
        "  git swarm status links-expire-3f9c                    how far it came\n"
    )


def test_a_merge_is_offered_only_when_nothing_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    offer = f"git merge swarm/{RUN}/merged"

    assert offer in page(monkeypatch, MERGED)
    assert offer not in page(monkeypatch, NEEDS_PERSON)


@pytest.mark.parametrize(
    ("report", "offer"),
    [
        (replace(MERGED, has_remote=True), [f"git swarm pr {RUN}"]),
        (replace(MERGED, has_remote=True, verdict=None), [f"git swarm pr {RUN} --draft"]),
        (MERGED, []),
        (replace(NEEDS_PERSON, has_remote=True), []),
    ],
    ids=["verified", "not verified", "no remote", "needs a person"],
)
def test_a_pull_request_is_offered_where_one_could_be_opened(
    monkeypatch: pytest.MonkeyPatch, report: Report, offer: list[str]
) -> None:
    steps = section(page(monkeypatch, report), "Next").splitlines()
    told = [step.partition("  open its pull request")[0].strip() for step in steps]

    assert [step for step in told if step.startswith("git swarm pr")] == offer


def test_what_to_type_next_stays_a_short_list(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = replace(NEEDS_PERSON.results[2], error="")
    report = replace(NEEDS_PERSON, results=(failed,) * 9 + (NEEDS_PERSON.results[0],) * 9)

    assert len(section(page(monkeypatch, report), "Next").splitlines()) == 1 + 2 + 1 + 3 + 3 + 1


def test_the_headline_follows_the_exit_code() -> None:
    assert MERGED.integration is not None
    assert MERGED.verdict is not None
    nothing = replace(MERGED, integration=replace(MERGED.integration, commit=BASE), verdict=None)
    told = {
        headline(report)[0]: report.exit_code
        for report in (
            MERGED,
            nothing,
            replace(MERGED, verdict=None),
            replace(MERGED, interrupted_by=2, stopped="interrupted"),
            *(
                replace(MERGED, verdict=replace(MERGED.verdict, outcome=outcome))
                for outcome in VerifyOutcome
            ),
            *(
                replace(MERGED, results=(replace(MERGED.results[0], outcome=outcome),))
                for outcome in Outcome
            ),
        )
    }

    assert told == {
        "merged and verified": 0,
        "merged, not verified": 0,
        "nothing to merge: no task changed a file": 0,
        "merged; its check failed once and then passed": 0,
        "interrupted; what was finished is kept": 130,
        "finished, but needs you: the merged branch fails its check": 1,
        "finished, but needs you: the check fails on the base too": 1,
        "finished, but needs you: 1 task changed nothing": 1,
        "finished, but needs you: 1 task failed": 1,
        "finished, but needs you: 1 task timed out": 1,
        "finished, but needs you: 1 task skipped": 1,
        "finished, but needs you: 1 task cancelled": 1,
    }


@pytest.mark.parametrize(
    ("outcome", "timed_out", "words"),
    [
        (VerifyOutcome.FLAKY, False, "flaky: failed once, then passed on the same tree"),
        (VerifyOutcome.BASE_FAILED, False, "fails with and without this run's changes"),
        (VerifyOutcome.FAILED, False, "failed, 1 try, 12s"),
        (VerifyOutcome.FAILED, True, "did not end in time, 1 try, 12s"),
    ],
)
def test_a_verdict_that_is_no_plain_pass_shows_the_end_of_its_output(
    monkeypatch: pytest.MonkeyPatch, outcome: VerifyOutcome, timed_out: bool, words: str
) -> None:
    assert MERGED.verdict is not None
    verdict = replace(
        MERGED.verdict,
        outcome=outcome,
        timed_out=timed_out,
        output="".join(f"line {n}\n" for n in range(100)) + HOSTILE,
    )

    facts = section(page(monkeypatch, replace(MERGED, verdict=verdict)), "Merged").splitlines()

    assert facts[1:-2] == [
        f"Verify  {words}  python -m pytest -q",
        *(f"    line {n}" for n in range(82, 100)),
        "    [red]boo[/red]",
        "    second",
    ]


def test_many_hunks_are_bounded_and_the_open_one_comes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hunks = tuple(HunkOutcome(n, "model" if n != 30 else None, None, "") for n in range(1, 41))
    conflict = MergeConflict("a.py", "content", (BUILDER, DOCS), hunks)
    assert MERGED.integration is not None
    report = replace(MERGED, integration=replace(MERGED.integration, conflicts=(conflict,)))

    lines = section(page(monkeypatch, report), "Conflicts").splitlines()

    assert lines[:4] == [
        "Conflicts  40 hunks in 1 file",
        "! a.py  content, between builder and docs",
        "    hunk 30  open",
        "    hunk 1  model",
    ]
    assert len(lines) == 2 + HUNKS_SHOWN + 1
    assert lines[-1] == "    and 28 more, told in the merge commits' trailers"


def test_words_of_models_and_repositories_come_out_harmless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert MERGED.integration is not None
    conflict = MergeConflict(
        HOSTILE, "content", (BUILDER, DOCS), (HunkOutcome(1, "model", None, HOSTILE),)
    )
    report = replace(
        MERGED,
        stopped=HOSTILE,
        integration=replace(MERGED.integration, conflicts=(conflict,)),
        results=(replace(MERGED.results[0], error=HOSTILE, remarks=(HOSTILE,)),),
    )

    text = page(monkeypatch, report, 120)

    assert text.count("[red]boo[/red] second") == 5
    assert not set(text) & set("\x1b\x07\r\u202e")


WELL = """\
links-expire-3f9c  merged and verified

  Task        Role        Outcome  Commits    Time  Cached  Tokens out   Cost
✓ researcher              noted          1    2.6s    91 %        1.3k  $0.08
✓ builder                 done           1  1m 13s    91 %        1.3k  $0.08
✓ docs        documenter  done           1     33s    91 %        1.3k  $0.08
  each on its branch, swarm/links-expire-3f9c/TASK

Conflicts  2 hunks in 1 file
✓ README.md  content, between builder and docs
    hunk 1  model (0.92): Both sections are kept: the table gains the sweep, and
      the paragraph on ttl stands before it.
    hunk 2  rule:version: the higher version

Merged  swarm/links-expire-3f9c/merged
Verify  passed in 12s  python -m pytest -q
Time    1m 54s, against 4m 22s one after another: 2.3 times as fast
Cost    $0.29 of $5.00: plan $0.04, task $0.24, resolve $0.01

Remarks
  builder: writes what docs owns: a.md

Next
  git diff 8fde84b0c1...swarm/links-expire-3f9c/merged  what the run changed
  git switch swarm/links-expire-3f9c/merged             try it
  git merge swarm/links-expire-3f9c/merged              take it
  git log -1 swarm/links-expire-3f9c/researcher         what researcher found
"""

NARROW = """\
links-expire-3f9c  merged and verified

  Task        Outcome    Time   Cost
✓ researcher  noted      2.6s  $0.08
✓ builder     done     1m 13s  $0.08
✓ docs        done        33s  $0.08
  each on its branch,
  swarm/links-expire-3f9c/TASK

Conflicts  2 hunks in 1 file
✓ README.md  content, between builder
    and docs
    hunk 1  model (0.92): Both sections
      are kept: the table gains the
      sweep, and the paragraph on ttl
      stands before it.
    hunk 2  rule:version: the higher
      version

Merged  swarm/links-expire-3f9c/merged
Verify  passed in 12s  python -m pytest
        -q
Time    1m 54s, against 4m 22s one after
        another: 2.3 times as fast
Cost    $0.29 of $5.00: plan $0.04, task
        $0.24, resolve $0.01

Remarks
  builder: writes what docs owns: a.md

Next
  what the run changed
    git diff 8fde84b0c1...swarm/links-expire-3f9c/merged
  try it
    git switch swarm/links-expire-3f9c/merged
  take it
    git merge swarm/links-expire-3f9c/merged
  what researcher found
    git log -1 swarm/links-expire-3f9c/researcher
"""

NEEDS = """\
links-expire-3f9c  finished, but needs you: the merged branch fails its check, 2 conflicts
open, 1 task timed out, 1 task skipped

  Task        Role        Outcome  Commits    Time  Tokens in  Cached  Tokens out   Cost
✓ researcher              noted          1    2.6s      45.2k    91 %        1.3k  $0.08
✓ builder                 done           1  1m 13s      45.2k    91 %        1.3k  $0.08
! docs        documenter  timeout           5m 00s      45.2k    91 %        1.3k      ?
- tester                  skipped
  each on its branch, swarm/links-expire-3f9c/TASK

! docs: no reply within 300 s
- tester: it depends on "docs", which failed

Conflicts  2 hunks in 2 files
! README.md  content, between builder and researcher
    hunk 2  open (0.30): seconds and minutes: only the owner knows
    hunk 1  model (0.90): both are kept
! old.md  modify/delete, between builder and researcher
    open: one side deleted it

Set aside  left out of the merged branch, nothing lost
! builder  waits for a decision on README.md and old.md

Merged  swarm/links-expire-3f9c/merged
Verify  failed, 2 tries, 3.2s  python -m pytest -q
    ....F
        def test_sweep():
    >       assert 0 == 1
    1 failed
Time    1m 54s, against 4m 22s one after another: 2.3 times as fast
Cost    ?: plan $0.04, task ?, not every price is known

Remarks
  builder: writes what docs owns: a.md
  docs: its worktree is kept, something in it needs you: /home/ada/signpost.swarm/docs

Next
  git diff 8fde84b0c1...swarm/links-expire-3f9c/merged  what the run changed
  git switch swarm/links-expire-3f9c/merged             try it
  git swarm continue links-expire-3f9c                  decide by hand
  git log -1 swarm/links-expire-3f9c/researcher         what researcher found
  git swarm show links-expire-3f9c docs                 what went wrong
  git swarm resume links-expire-3f9c                    try again
"""
