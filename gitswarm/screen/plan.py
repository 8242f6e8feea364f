"""The page that shows a plan, for a yes or a no."""

from collections.abc import Sequence

from gitswarm.plan.tasks import Plan, Task
from gitswarm.repo.objects import TaskId
from gitswarm.screen.outcomes import ATTENTION
from gitswarm.screen.sheet import Column, Sheet, styled
from gitswarm.screen.text import one_line, several

TITLE_LIMIT = 200
REASON_LIMIT = 600
OVERLAPS_SHOWN = 8


def write_plan(
    sheet: Sheet, plan: Plan, estimate: Sequence[str], overlaps: Sequence[tuple[TaskId, TaskId]]
) -> None:
    if plan.parallelize:
        sheet.line(("Plan", "bold"), ("  " + several(len(plan.tasks), "task"), "dim"))
    else:
        sheet.line(("Plan", "bold"), ("  one agent", "dim"))
        reason = one_line(plan.reason, REASON_LIMIT) or "the planner gave no reason"
        sheet.paragraph(f"Not worth splitting: {reason}", indent=2)
    sheet.blank()
    _write_tasks(sheet, plan.tasks)
    if estimate or overlaps:
        sheet.blank()
    for line in estimate:
        sheet.paragraph((one_line(line), "dim"), indent=2, hang=2)
    mark = (sheet.glyphs.attention, ATTENTION)
    for one, other in overlaps[:OVERLAPS_SHOWN]:
        clash = f" {one} and {other} may write the same files at the same time"
        sheet.paragraph(mark, clash, hang=2)
    if len(overlaps) > OVERLAPS_SHOWN:
        more = several(len(overlaps) - OVERLAPS_SHOWN, "such pair")
        sheet.paragraph(mark, f" and {more} more", hang=2)


def _write_tasks(sheet: Sheet, tasks: Sequence[Task]) -> None:
    columns = [
        Column("Task"),
        Column("Role"),
        Column("Title", yields="wrap", least=24),
        Column("After"),
        Column("Owns"),
    ]
    rows = [
        [
            styled((task.id, "bold")),
            styled(_role(task)),
            styled(_title(task)),
            styled(("\n".join(task.depends_on), "dim")),
            styled(("\n".join(map(one_line, task.owns)), "dim")),
        ]
        for task in tasks
    ]
    if sheet.fits(columns, rows, indent=2):
        sheet.table(columns, rows, indent=2)
    else:
        for task in tasks:
            _write_task(sheet, task)


def _write_task(sheet: Sheet, task: Task) -> None:
    """A task line by line, where a table has no room."""
    sheet.paragraph((task.id, "bold"), (f"  {_role(task)}", "dim"), indent=2)
    sheet.paragraph(_title(task), indent=4)
    if task.depends_on:
        sheet.paragraph((f"after {', '.join(task.depends_on)}", "dim"), indent=4, hang=2)
    if task.owns:
        sheet.paragraph((f"owns {', '.join(map(one_line, task.owns))}", "dim"), indent=4, hang=2)


def _role(task: Task) -> str:
    """Its role, where the task is not simply named after it."""
    return "" if task.role == task.id else one_line(task.role)


def _title(task: Task) -> str:
    return one_line(task.title or task.prompt.strip().partition("\n")[0], TITLE_LIMIT)
