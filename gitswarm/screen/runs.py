"""The pages of `git swarm list`, `status` and `show`."""

from collections.abc import Sequence
from datetime import datetime

from gitswarm.overview import RunLine, RunStatus, TaskLine, TaskView
from gitswarm.screen.log import SHORT_OID
from gitswarm.screen.outcomes import FAILED, sign, write_errors
from gitswarm.screen.sheet import Column, Row, Sheet, styled
from gitswarm.screen.text import clean, duration, money, one_line, tokens

GOAL_LIMIT = 300


def write_runs(sheet: Sheet, runs: Sequence[RunLine]) -> None:
    """The runs, in the order given."""
    if not runs:
        sheet.line('no runs in this repository yet; start one with git swarm "GOAL"')
        return
    columns = [
        Column("Run"),
        Column("State"),
        Column("Tasks", right=True, spare=3),
        Column("Cost", right=True, spare=2),
        Column("Started", spare=4),
        Column("Goal", yields="cut", spare=1),
    ]
    sheet.table(columns, [_run_row(run) for run in runs])


def _run_row(run: RunLine) -> Row:
    return [
        styled((run.run, "bold")),
        styled(one_line(run.state)),
        styled(f"{run.tasks_ended}/{run.tasks}" if run.tasks else ""),
        styled(money(run.cost_usd)),
        styled((_moment(run.started_at), "dim")),
        styled(one_line(run.goal, GOAL_LIMIT)),
    ]


def write_status(sheet: Sheet, status: RunStatus) -> None:
    run = status.line
    sheet.paragraph((run.run, "bold"), f"  {one_line(run.state)}")
    sheet.paragraph(one_line(run.goal, GOAL_LIMIT), indent=2)
    began = f", started {_moment(run.started_at)}" if run.started_at else ""
    sheet.paragraph((f"from {status.base[:SHORT_OID]}{began}", "dim"), indent=2)
    if status.stopped:
        sheet.paragraph(f"stopped: {one_line(status.stopped)}", indent=2)
    if status.tasks:
        sheet.blank()
        _write_tasks(sheet, status.tasks)
    sheet.blank()
    _known(sheet, "Merged", status.merged_branch or "")
    _known(sheet, "Verify", status.verify)
    _known(sheet, "Cost", money(run.cost_usd))


def _write_tasks(sheet: Sheet, tasks: Sequence[TaskLine]) -> None:
    columns = [
        Column("  Task", yields="wrap"),
        Column("Role", spare=3),
        Column("State"),
        Column("Time", right=True),
        Column("Tokens out", right=True, spare=2),
        Column("Cost", right=True, spare=1),
        Column("After", yields="wrap", spare=4),
    ]
    sheet.table(columns, [_task_row(task, sheet) for task in tasks])
    write_errors(sheet, [(task.task, task.state, task.error) for task in tasks])


def _task_row(task: TaskLine, sheet: Sheet) -> Row:
    return [
        styled(sign(task.state, sheet.glyphs), " ", task.task),
        styled((task.role if task.role != task.task else "", "dim")),
        styled(one_line(task.state)),
        styled(duration(task.seconds) if task.seconds else ""),
        styled((tokens(task.output_tokens) if task.seconds else "", "dim")),
        styled(money(task.cost_usd) if task.seconds else ""),
        styled((", ".join(task.depends_on), "dim")),
    ]


def write_run(sheet: Sheet, status: RunStatus, tasks: Sequence[TaskView]) -> None:
    write_status(sheet, status)
    for view in tasks:
        sheet.blank()
        sheet.blank()
        write_task(sheet, view)


def write_task(sheet: Sheet, view: TaskView) -> None:
    ended = view.outcome or "not ended"
    sheet.paragraph(
        sign(view.outcome, sheet.glyphs), " ", (view.task, "bold"), f"  {one_line(ended)}", hang=2
    )
    if view.title:
        sheet.paragraph(one_line(view.title), indent=2)
    sheet.blank()
    _known(sheet, "Run", view.run)
    _known(sheet, "Role", view.role)
    _known(sheet, "After", ", ".join(view.depends_on))
    _known(sheet, "Owns", ", ".join(view.owns))
    _known(sheet, "Branch", view.branch or "")
    _known(sheet, "Base", (view.base or "")[:SHORT_OID])
    if view.seconds:
        used = f"{tokens(view.usage.prompt)} tokens in, {tokens(view.usage.output)} out"
        _known(sheet, "Spent", f"{duration(view.seconds)}, {used}, {money(view.cost_usd)}")
    _known(sheet, "Kept", view.kept_worktree)
    if view.error:
        sheet.blank()
        sheet.paragraph(("error: ", FAILED), one_line(view.error), hang=2)
    for title, text in (("Task", view.prompt), ("Note", view.note)):
        if text.strip():
            sheet.blank()
            sheet.line((title, "bold"))
            sheet.paragraph(clean(text).strip(), indent=2)
    if view.remarks:
        sheet.blank()
        sheet.line(("Remarks", "bold"))
        for remark in view.remarks:
            sheet.paragraph(one_line(remark), indent=2, hang=2)
    if view.commits:
        sheet.blank()
        sheet.line(("Commits", "bold"))
        for commit in view.commits:
            sheet.paragraph(
                (commit.oid[:SHORT_OID], "yellow"),
                f"  {one_line(commit.subject)}",
                indent=2,
                hang=2,
            )


def _known(sheet: Sheet, name: str, words: str) -> None:
    if words:
        sheet.fact(name, one_line(words))


def _moment(at: datetime | None) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M") if at else ""
