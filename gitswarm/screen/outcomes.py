"""How an outcome looks: one sign and one colour, the same in every page."""

from gitswarm.screen.sheet import Glyphs, Piece
from gitswarm.swarm.results import Outcome

WELL = "green"
ATTENTION = "yellow"
FAILED = "red"
ASIDE = "dim"


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
