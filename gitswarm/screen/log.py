"""Log: a run told line by line, for files, pipes and terminals that cannot go back."""

from gitswarm.plan.tasks import Plan
from gitswarm.progress import (
    BranchMerged,
    BranchSetAside,
    ConflictForecast,
    Event,
    Resolving,
    RunStarted,
    StageStarted,
    TaskEnded,
    TaskProgressed,
    TaskStarted,
    Warned,
)
from gitswarm.screen.sheet import Sheet
from gitswarm.screen.text import duration, listed, money, one_line, several, tokens

SHORT_OID = 10
ERROR_LIMIT = 400


class Log:
    """One line for each event that matters; how far an agent has come is none."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    def expect(self, plan: Plan) -> None:
        """Lines need no room made for them."""

    def watch(self, event: Event) -> None:
        if words := sentence(event):
            self._sheet.line(words)

    def pause(self) -> None:
        """Nothing is drawn that would have to be taken away."""


def sentence(event: Event) -> str:
    """The event in one line; empty where it is not worth one."""
    match event:
        case RunStarted():
            return f"run {event.run} from {event.base[:SHORT_OID]}"
        case StageStarted():
            return f"{event.stage}: {one_line(event.detail)}" if event.detail else event.stage
        case TaskStarted():
            role = f" as {one_line(event.role)}" if event.role != event.task else ""
            title = f": {one_line(event.title)}" if event.title else ""
            return f"{event.task} started{role}{title}"
        case TaskProgressed():
            return ""
        case TaskEnded():
            return _ending(event)
        case ConflictForecast():
            return forecast(event)
        case Resolving():
            return f"resolving {several(event.hunks, 'hunk')} in {one_line(event.path)}"
        case BranchMerged():
            resolved = f", {several(event.hunks, 'hunk')} resolved" if event.hunks else ""
            return f"merged {event.task}{resolved}"
        case BranchSetAside():
            return set_aside(event)
        case Warned():
            return f"warning: {one_line(event.message)}"


def forecast(event: ConflictForecast) -> str:
    paths = listed([one_line(path) for path in event.paths])
    return f"{event.first} and {event.second} will conflict in {paths}"


def set_aside(event: BranchSetAside) -> str:
    paths = listed([one_line(path) for path in event.paths])
    return f"{event.task} is set aside: the conflict in {paths} is open"


def _ending(event: TaskEnded) -> str:
    spent = ""
    if event.seconds:
        spent = (
            f" after {duration(event.seconds)}, {tokens(event.output_tokens)} tokens,"
            f" {money(event.cost_usd)}"
        )
    error = f": {one_line(event.error, ERROR_LIMIT)}" if event.error else ""
    return f"{event.task} {event.outcome}{spent}{error}"
