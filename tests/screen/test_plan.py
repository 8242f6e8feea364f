"""The plan as it is shown for a yes."""

import pytest

from gitswarm.plan.tasks import Plan, Task
from gitswarm.screen.plan import write_plan
from gitswarm.screen.sheet import Sheet
from tests.screen.runs import BUILDER, DOCS, HOSTILE, PLAN
from tests.screen.terminal import File, set_terminal


def page(
    monkeypatch: pytest.MonkeyPatch, columns: int, plan: Plan = PLAN, *, beside: bool = True
) -> str:
    set_terminal(monkeypatch, columns=columns)
    file = File()
    estimate = ["about 3 min and $0.40, at most $1.20"] if beside else []
    write_plan(Sheet(file), plan, estimate, [(BUILDER, DOCS)] if beside else [])
    return file.getvalue()


def test_a_wide_terminal_gets_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    assert page(monkeypatch, 100) == WIDE


@pytest.mark.parametrize("columns", [72, 80])
def test_a_table_that_would_break_its_paths_becomes_a_list(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    assert "    owns signpost/store.py, signpost/api.py\n" in page(monkeypatch, columns)


def test_a_narrow_terminal_gets_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    assert page(monkeypatch, 40) == NARROW


def test_a_goal_that_is_not_split_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "It is one small change in one file,\nand every part of it needs the others."
    plan = Plan("g", PLAN.tasks[:1], parallelize=False, reason=reason)

    assert page(monkeypatch, 60, plan, beside=False) == ONE_AGENT


def test_many_overlaps_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    set_terminal(monkeypatch)
    file = File()

    write_plan(Sheet(file), PLAN, [], [(BUILDER, DOCS)] * 10)

    assert file.getvalue().splitlines()[-2:] == [
        "! builder and docs may write the same files at the same time",
        "! and 2 such pairs more",
    ]


def test_hostile_words_of_a_plan_are_shown_as_words(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan("g", (Task(BUILDER, HOSTILE, HOSTILE, HOSTILE, (), (HOSTILE,)),))
    words = "[red]boo[/red] second"

    assert page(monkeypatch, 120, plan, beside=False) == (
        "Plan  1 task\n"
        "\n"
        "  Task     Role                   Title                     Owns\n"
        f"  builder  {words}  {words}     {words}\n"
    )


WIDE = """\
Plan  3 tasks

  Task        Role        Title                                        After       Owns
  researcher              How other stores expire
  builder                 Add expiry to the store, the HTTP API and    researcher  signpost/store.py
                          the command line, with a sweep                           signpost/api.py
  docs        documenter  Document the ttl field.                                  README.md

  about 3 min and $0.40, at most $1.20
! builder and docs may write the same files at the same time
"""

NARROW = """\
Plan  3 tasks

  researcher
    How other stores expire
  builder
    Add expiry to the store, the HTTP
    API and the command line, with a
    sweep
    after researcher
    owns signpost/store.py,
      signpost/api.py
  docs  documenter
    Document the ttl field.
    owns README.md

  about 3 min and $0.40, at most $1.20
! builder and docs may write the same
  files at the same time
"""

ONE_AGENT = """\
Plan  one agent
  Not worth splitting: It is one small change in one file,
  and every part of it needs the others.

  Task        Title
  researcher  How other stores expire
"""
