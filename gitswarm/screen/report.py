"""The page at the end of a run. It claims no more than the exit code does."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from gitswarm.findings import Finding
from gitswarm.integrate.values import MergeConflict
from gitswarm.integrate.verify import Verdict, VerifyOutcome
from gitswarm.model import Usage
from gitswarm.report import PURPOSES, Report
from gitswarm.screen.log import SHORT_OID
from gitswarm.screen.outcomes import ATTENTION, ERROR_LIMIT, FAILED, WELL, sign, write_errors
from gitswarm.screen.sheet import Column, Piece, Sheet, styled
from gitswarm.screen.text import (
    duration,
    last_lines,
    listed,
    money,
    one_line,
    several,
    tokens,
)
from gitswarm.swarm.results import Outcome, Result

REASON_LIMIT = 240
TASK_WIDTH = 30
"""So much of a task's id stays in one line, to be copied, before other columns do."""
HUNKS_SHOWN = 12
"""Of one file; open hunks come first."""
STEPS_SHOWN = 3
"""Of one kind."""
OUTPUT_LINES = 20
OUTPUT_LINE_LIMIT = 400


def write_report(sheet: Sheet, report: Report) -> None:
    words, style = headline(report)
    sheet.paragraph((report.run, "bold"), "  ", (words, style))
    if report.results:
        sheet.blank()
        _write_tasks(sheet, report)
    if report.conflicts:
        _write_conflicts(sheet, report.conflicts)
    _write_findings(sheet, report.findings)
    _write_set_aside(sheet, report)
    sheet.blank()
    if report.merged and report.merged_branch:
        sheet.fact("Merged", report.merged_branch)
    _write_verdict(sheet, report)
    _write_time_and_cost(sheet, report)
    _write_remarks(sheet, report)
    _write_withheld(sheet, report.withheld)
    _write_next(sheet, report)


def headline(report: Report) -> tuple[str, str]:
    """What became of the run in one line, and its colour."""
    if report.interrupted_by is not None:
        return "interrupted; what was finished is kept", ATTENTION
    if report.stopped and not report.results:
        return f"nothing was run: {one_line(report.stopped, ERROR_LIMIT)}", ATTENTION
    if report.exit_code != 0:
        return f"finished, but needs you: {', '.join(_needs(report))}", ATTENTION
    if report.merged is None:
        return "nothing to merge: no task changed a file", WELL
    if report.verdict is None:
        return "merged, not verified", WELL
    if report.verdict.outcome is VerifyOutcome.FLAKY:
        return "merged; its check failed once and then passed", ATTENTION
    return "merged and verified", WELL


def _needs(report: Report) -> list[str]:
    """What a person has to look at."""
    needs = [one_line(report.stopped, ERROR_LIMIT)] if report.stopped else []
    if report.verdict and report.verdict.outcome is VerifyOutcome.FAILED:
        needs.append("the merged branch fails its check")
    if report.verdict and report.verdict.outcome is VerifyOutcome.BASE_FAILED:
        needs.append("the check fails on the base too")
    open_conflicts = [conflict for conflict in report.conflicts if conflict.is_open]
    if open_conflicts:
        needs.append(f"{several(len(open_conflicts), 'conflict')} open")
    if report.integration and (unparsable := report.integration.unparsable):
        needs.append(f"{several(len(unparsable), 'merged file')} cannot be parsed")
    count = Counter(result.outcome for result in report.results)
    needs += [
        f"{several(count[outcome], 'task')} {words}"
        for outcome, words in _IN_WORDS.items()
        if count[outcome]
    ]
    return needs


_IN_WORDS = {
    Outcome.FAILED: "failed",
    Outcome.TIMEOUT: "timed out",
    Outcome.EMPTY: "changed nothing",
    Outcome.SKIPPED: "skipped",
    Outcome.CANCELLED: "cancelled",
}


def _write_tasks(sheet: Sheet, report: Report) -> None:
    run, results = report.run, report.results
    longest = max(len(result.task) for result in results)
    columns = [
        Column("  Task", yields="wrap", least=min(longest + 2, TASK_WIDTH)),
        Column("Role", spare=3),
        Column("Outcome"),
        Column("Commits", right=True, spare=2),
        Column("Time", right=True),
        Column("Tokens in", right=True, spare=4),
        Column("Cached", right=True, spare=2),
        Column("Tokens out", right=True, spare=1),
        Column("Cost", right=True),
    ]
    rows = [
        [
            styled(sign(result.outcome, sheet.glyphs), " ", result.task),
            styled((result.role if result.role != result.task else "", "dim")),
            styled("dropped" if result.task in report.dropped else result.outcome.value),
            styled(str(len(result.commits)) if result.commits else ""),
            styled(duration(result.seconds) if result.seconds else ""),
            styled((tokens(result.usage.prompt) if result.seconds else "", "dim")),
            styled((_hit_rate(result.usage) if result.seconds else "", "dim")),
            styled((tokens(result.usage.output) if result.seconds else "", "dim")),
            styled(money(result.cost_usd) if result.seconds else ""),
        ]
        for result in results
    ]
    sheet.table(columns, rows)
    if any(result.branch for result in results):
        sheet.paragraph((f"each on its branch, swarm/{run}/TASK", "dim"), indent=2)
    write_errors(sheet, [(result.task, result.outcome, result.error) for result in results])


def _write_conflicts(sheet: Sheet, conflicts: Sequence[MergeConflict]) -> None:
    sheet.blank()
    hunks = sum(len(one.hunks) for one in conflicts if one.kind in _WITH_HUNKS)
    files = several(len(conflicts), "file")
    told = f"{several(hunks, 'hunk')} in {files}" if hunks else files
    sheet.line(("Conflicts", "bold"), ("  " + told, "dim"))
    for conflict in conflicts:
        first, second = conflict.between
        open_sign: Piece = (sheet.glyphs.attention, ATTENTION)
        well_sign: Piece = (sheet.glyphs.well, WELL)
        sheet.paragraph(
            open_sign if conflict.is_open else well_sign,
            f" {one_line(conflict.path)}",
            (f"  {conflict.kind}, between {first} and {second}", "dim"),
            hang=4,
        )
        _write_hunks(sheet, conflict)


def _write_hunks(sheet: Sheet, conflict: MergeConflict) -> None:
    hunks = conflict.hunks
    ordered = sorted(hunks, key=lambda hunk: hunk.by is not None)
    for hunk in ordered[:HUNKS_SHOWN]:
        by: Piece = ("open", ATTENTION) if hunk.by is None else hunk.by
        sure = "" if hunk.confidence is None else f" ({hunk.confidence:.2f})"
        number = f"hunk {hunk.n}  " if conflict.kind in _WITH_HUNKS else ""
        sheet.paragraph((number, "dim"), by, (sure, "dim"), _because(hunk.reason), indent=4, hang=2)
    if len(hunks) > HUNKS_SHOWN:
        more = f"and {len(hunks) - HUNKS_SHOWN} more, told in the merge commits' trailers"
        sheet.paragraph((more, "dim"), indent=4)


_WITH_HUNKS = ("content", "add/add")


def _because(reason: str) -> str:
    return f": {one_line(reason, REASON_LIMIT)}" if reason.strip() else ""


def _write_findings(sheet: Sheet, findings: Sequence[Finding]) -> None:
    if not findings:
        return
    sheet.blank()
    sheet.line(("Findings", "bold"), ("  in the merged branch", "dim"))
    for finding in findings:
        line = f":{finding.lines[0]}" if finding.lines else ""
        sheet.paragraph(
            (sheet.glyphs.attention, ATTENTION),
            f" {one_line(finding.path)}{line}  {one_line(finding.title, REASON_LIMIT)}",
            (f"  {finding.severity}, {one_line(finding.category)}", "dim"),
            hang=4,
        )
        sheet.paragraph((one_line(finding.reason, REASON_LIMIT), "dim"), indent=4, hang=2)


def _write_set_aside(sheet: Sheet, report: Report) -> None:
    if report.integration is None or not report.integration.set_aside:
        return
    sheet.blank()
    sheet.paragraph(("Set aside", "bold"), ("  left out of the merged branch, nothing lost", "dim"))
    for task in report.integration.set_aside:
        paths = [
            one_line(conflict.path)
            for conflict in report.conflicts
            if conflict.is_open and task in conflict.between
        ]
        where = f"  waits for a decision on {listed(paths)}" if paths else ""
        sheet.paragraph((sheet.glyphs.attention, ATTENTION), f" {task}", (where, "dim"), hang=4)


def _write_verdict(sheet: Sheet, report: Report) -> None:
    verdict = report.verdict
    if verdict is None:
        if report.unverified and report.stopped:
            sheet.fact("Verify", ("nothing was verified", ATTENTION))
        elif report.unverified:
            sheet.fact("Verify", ("nothing was verified", ATTENTION), ": no check is configured")
            sheet.fact("", 'git config swarm.verify "COMMAND"')
        return
    words, style = _verdict_words(verdict)
    sheet.fact("Verify", (words, style), f"  {one_line(verdict.command, REASON_LIMIT)}")
    if verdict.outcome is not VerifyOutcome.PASSED:
        for line in last_lines(verdict.output, OUTPUT_LINES, OUTPUT_LINE_LIMIT):
            sheet.line(f"    {line}")


def _verdict_words(verdict: Verdict) -> tuple[str, str]:
    took = duration(verdict.seconds)
    match verdict.outcome:
        case VerifyOutcome.PASSED:
            return f"passed in {took}", WELL
        case VerifyOutcome.FLAKY:
            return "flaky: failed once, then passed on the same tree", ATTENTION
        case VerifyOutcome.BASE_FAILED:
            return "fails with and without this run's changes", FAILED
    if verdict.timed_out:
        return f"did not end in time, {several(verdict.runs, 'try', 'tries')}, {took}", FAILED
    return f"failed, {several(verdict.runs, 'try', 'tries')}, {took}", FAILED


def _write_time_and_cost(sheet: Sheet, report: Report) -> None:
    gained = ""
    if report.speedup is not None:
        alone = duration(report.sequential_seconds)
        gained = f", against {alone} one after another: {report.speedup:.1f} times as fast"
    sheet.fact("Time", duration(report.seconds), (gained, "dim"))
    allowed = "" if report.budget_usd is None else f" of {money(report.budget_usd)}"
    spent = [
        f"{purpose} {money(report.spend[purpose])}"
        for purpose in PURPOSES
        if report.spend.get(purpose, 0.0) != 0.0
    ]
    unknown = "" if report.cost_usd is not None else ", not every price is known"
    on = f": {', '.join(spent)}" if spent else ""
    sheet.fact("Cost", money(report.cost_usd), allowed, (on + unknown, "dim"))
    if sent := report.usage.prompt:
        written = tokens(report.usage.cache_write)
        sheet.fact(
            "Cache",
            f"{_hit_rate(report.usage)} of {tokens(sent)} prompt tokens read from it",
            (f", {written} written", "dim"),
        )


def _hit_rate(usage: Usage) -> str:
    """How much of the prompts was read from the cache."""
    return f"{100 * usage.cache_read / usage.prompt:.0f} %" if usage.prompt else ""


def _write_remarks(sheet: Sheet, report: Report) -> None:
    results = report.results
    remarks = [(str(result.task), remark) for result in results for remark in result.remarks]
    remarks += [
        (result.task, f"its worktree is kept, something in it needs you: {result.kept_worktree}")
        for result in results
        if result.kept_worktree
    ]
    if report.integration:
        remarks += [("warning", said) for said in report.integration.warnings]
    if not remarks:
        return
    sheet.blank()
    sheet.line(("Remarks", "bold"))
    for about, remark in remarks:
        sheet.paragraph((about, "bold"), f": {one_line(remark, ERROR_LIMIT)}", indent=2, hang=2)


def _write_withheld(sheet: Sheet, withheld: Mapping[str, str]) -> None:
    if not withheld:
        return
    sheet.blank()
    sheet.line(("Shown to no model", "bold"), (", because they hold secrets", "dim"))
    for path, kind in withheld.items():
        sheet.paragraph(one_line(path), f" ({kind})", indent=2, hang=2)


def _write_next(sheet: Sheet, report: Report) -> None:
    steps = list(next_steps(report))
    if not steps:
        return
    sheet.blank()
    sheet.line(("Next", "bold"))
    longest = max(len(command) for command, _ in steps)
    beside = all(longest + len(why) + 4 <= sheet.width for _, why in steps)
    for command, why in steps:
        if beside:
            sheet.line(f"  {command:{longest}}  ", (why, "dim"))
        else:
            sheet.line((f"  {why}", "dim"))
            sheet.line(f"    {command}")


def next_steps(report: Report) -> Iterator[tuple[str, str]]:
    """Commands to type now, each with what it is for."""
    if report.merged is not None and report.merged_branch is not None:
        branch = report.merged_branch
        yield f"git diff {report.base[:SHORT_OID]}...{branch}", "what the run changed"
        yield f"git switch {branch}", "try it"
        if report.exit_code == 0:
            yield f"git merge {branch}", "take it"
            if report.has_remote:
                draft = " --draft" if report.unverified else ""
                yield f"git swarm pr {report.run}{draft}", "open its pull request"
    if report.merge_folder is not None:
        yield f"cd {shlex.quote(str(report.merge_folder))}", "resolve what is open there, then"
    if any(conflict.is_open for conflict in report.conflicts):
        yield f"git swarm continue {report.run}", "decide by hand"
    for result in _first(report.results, lambda result: result.outcome is Outcome.NOTED):
        yield f"git log -1 {result.branch}", f"what {result.task} found"
    wrong = (Outcome.FAILED, Outcome.TIMEOUT, Outcome.EMPTY)
    for result in _first(report.results, lambda result: result.outcome in wrong):
        yield f"git swarm show {report.run} {result.task}", "what went wrong"
    if report.stopped and (report.results or report.can_go_on):
        yield f"git swarm resume {report.run}", "go on with it"
    elif any(result.outcome in _UNENDED for result in report.counted):
        yield f"git swarm resume {report.run}", "try again"
    elif report.integration is not None and report.integration.was_unreached:
        yield f"git swarm resume {report.run}", "ask again about what is open"
    if report.stopped and report.results:
        yield f"git swarm status {report.run}", "how far it came"


_UNENDED = (Outcome.FAILED, Outcome.TIMEOUT, Outcome.CANCELLED)


def _first(results: Sequence[Result], which: Callable[[Result], bool]) -> list[Result]:
    """Enough of these results to show what can be done with each."""
    return list(islice(filter(which, results), STEPS_SHOWN))
