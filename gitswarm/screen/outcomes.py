"""How an outcome looks: one sign and one colour, the same in every page."""

from collections.abc import Sequence

from gitswarm.screen.sheet import Glyphs, Piece, Sheet
from gitswarm.screen.text import one_line
from gitswarm.swarm.results import Outcome

WELL = "green"
ATTENTION = "yellow"
FAILED = "red"
ASIDE = "dim"

ERROR_LIMIT = 600


def sign(outcome: str, glyphs: Glyphs) -> Piece:
    """The sign before a task; blank for a state that is no outcome yet."""
    match outcome:
        case Outcome.DONE | Outcome.NOTED:
            return glyphs.well, WELL
        case Outcome.EMPTY | Outcome.TIMEOUT:
            return glyphs.attention, ATTENTION
        case Outcome.FAILED:
            return glyphs.failed, FAILED
        case Outcome.SKIPPED | Outcome.CANCELLED:
            return glyphs.idle, ASIDE
    return " "


def write_errors(sheet: Sheet, errors: Sequence[tuple[str, str, str]]) -> None:
    """Why tasks did not end well: each task, its outcome, and the error."""
    told = [one for one in errors if one[2]]
    if told:
        sheet.blank()
    for task, outcome, error in told:
        mark = sign(outcome, sheet.glyphs)
        sheet.paragraph(mark, " ", (task, "bold"), f": {one_line(error, ERROR_LIMIT)}", hang=4)
