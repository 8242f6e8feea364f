"""The page of a backtest: what replay and each rule were worth."""

from rich.text import Text

from gitswarm.merge.backtest import BORNE_OUT, LEAST_MERGES, Backtest
from gitswarm.screen.sheet import Column, Sheet
from gitswarm.screen.text import several


def write_backtest(sheet: Sheet, found: Backtest) -> None:
    sheet.paragraph(
        f"{several(found.merges, 'merge')}, {found.conflicted} with conflicts of"
        f" {several(found.hunks, 'hunk')}; what was committed can be told for {found.recovered}."
    )
    if found.unmergeable:
        sheet.paragraph(f"git cannot make {several(found.unmergeable, 'merge')} again.")
    columns = [
        Column("rung"),
        *(Column(title, right=True) for title in ("n", "exact", "words", "at least")),
        Column(),
    ]
    rows = [
        [
            Text(name),
            Text(str(score.answered)),
            Text(_share(score.exact, score.answered)),
            Text(_share(score.words, score.answered)),
            Text(f"{100 * score.lower_bound:.0f} %" if score.answered else "-"),
            Text("borne out" if score.is_borne_out else ""),
        ]
        for name, score in found.scores.items()
    ]
    sheet.table(columns, rows)
    sheet.paragraph(
        '"at least" is the lower bound of exact at 95 % (Wilson, one-sided);'
        f" {100 * BORNE_OUT:.0f} % in {LEAST_MERGES} merges or more bear a rule out."
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"
