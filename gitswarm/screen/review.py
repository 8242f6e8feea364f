"""The page of a review: each finding with its lines, then what was not looked at."""

from collections import defaultdict
from collections.abc import Sequence

from gitswarm.findings import Severity
from gitswarm.plan.path_text import spell
from gitswarm.review.findings import Found
from gitswarm.review.places import Source
from gitswarm.review.review import Review
from gitswarm.screen.outcomes import ATTENTION
from gitswarm.screen.sheet import Sheet
from gitswarm.screen.text import listed, money, one_line, several

LINES_SHOWN = 12
FIX_LINES_SHOWN = 20

_STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.MAJOR: "red",
    Severity.MINOR: "yellow",
    Severity.NOTE: "dim",
}


def write_review(sheet: Sheet, review: Review, source: Source) -> None:
    for number, found in enumerate(review.findings, 1):
        _write_finding(sheet, number, found, source.shown(found))
        sheet.blank()
    for accepted in review.accepted:
        finding = accepted.found.finding
        words = f"{_place(accepted.found)}  {one_line(finding.title)}: {one_line(accepted.why)}"
        sheet.paragraph(("accepted  ", "dim"), words, hang=2)
    _write_gaps(sheet, review)
    sheet.paragraph(_summary(review))


def _write_finding(
    sheet: Sheet, number: int, found: Found, lines: Sequence[tuple[int, str]]
) -> None:
    finding = found.finding
    style = _STYLES[finding.severity]
    sheet.line(
        f"{number}. ",
        (finding.severity.value, style),
        ("  ", ""),
        (_place(found), "bold"),
        ("" if found.in_diff else "  outside the change", ATTENTION),
    )
    sheet.paragraph(one_line(finding.title), indent=3, hang=2)
    for line_number, text in lines[:LINES_SHOWN]:
        sheet.line((f"   {line_number:>5} | ", "dim"), one_line_of_code(text))
    if len(lines) > LINES_SHOWN:
        sheet.line((f"         | and {several(len(lines) - LINES_SHOWN, 'more line')}", "dim"))
    if finding.reason.strip():
        sheet.paragraph(one_line(finding.reason), indent=3)
    if finding.fix is not None:
        fix = finding.fix.rstrip("\n").split("\n") if finding.fix else []
        sheet.line(("   fix" if fix else "   fix: without these lines", "green"))
        for text in fix[:FIX_LINES_SHOWN]:
            sheet.line(("         | ", "dim"), one_line_of_code(text))
        if len(fix) > FIX_LINES_SHOWN:
            more = several(len(fix) - FIX_LINES_SHOWN, "more line")
            sheet.line((f"         | and {more}", "dim"))
    about = [one_line(finding.category), ", ".join(found.reviewers), *map(one_line, found.remarks)]
    sheet.paragraph(("; ".join(about), "dim"), indent=3, hang=2)


def one_line_of_code(text: str) -> str:
    """A line as it is; what would break it or hide in it is cleaned by the sheet."""
    return text.rstrip().expandtabs(4).replace("\r", "")


def _place(found: Found) -> str:
    finding = found.finding
    if finding.lines is None:
        return one_line(finding.path)
    first, last = finding.lines
    return f"{one_line(finding.path)}:{first}" + (f"-{last}" if last != first else "")


def _write_gaps(sheet: Sheet, review: Review) -> None:
    mark = (sheet.glyphs.attention + " ", ATTENTION)
    left_out: dict[str, list[str]] = defaultdict(list)
    for file in review.change.left_out:
        left_out[file.left_out].append(spell(file.path))
    for why, paths in left_out.items():
        sheet.paragraph(("not reviewed  ", "dim"), f"{listed(paths)}: {why}", hang=2)
    for one in review.unreviewed:
        files = listed(one.paths, most=3)
        sheet.paragraph(mark, f"{one.reviewer} has not seen {files}: {one_line(one.why)}", hang=2)
    for note in review.notes:
        sheet.paragraph((one_line(note), "dim"), hang=2)


def _summary(review: Review) -> str:
    files = list(review.change.reviewed)
    if not files:
        return "Nothing to review."
    found = several(len(review.findings), "finding") if review.findings else "No findings"
    seen = (
        f"{several(len(files), 'file')}, {several(sum(f.changed for f in files), 'changed line')}"
    )
    paid = f"{money(review.cost_usd)} for {several(review.asked, 'verdict')}"
    known = f", {review.remembered} remembered" if review.remembered else ""
    whole = "" if review.is_whole else "; not everything was reviewed"
    return f"{found} in {seen}; {paid}{known}{whole}."
