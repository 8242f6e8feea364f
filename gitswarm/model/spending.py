"""Spending: what the calls of a run cost, by purpose."""

from collections import defaultdict
from collections.abc import Mapping

from gitswarm.errors import ModelError, SettingsError
from gitswarm.model import CallProgress, Model, OnProgress, Purpose, Reply, Request, Usage

ByPurpose = Mapping[Purpose, float | None]
"""US dollars; None for a purpose with a call whose price is not known."""


def add_spending(one: ByPurpose, other: ByPurpose) -> ByPurpose:
    total: dict[Purpose, float | None] = {}
    for purpose in {**one, **other}:
        costs = one.get(purpose, 0.0), other.get(purpose, 0.0)
        known = [cost for cost in costs if cost is not None]
        total[purpose] = round(sum(known), 6) if len(known) == len(costs) else None
    return total


class Spending:
    """A model that passes everything on and adds up what it costs."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._known: dict[Purpose, float] = defaultdict(float)
        self._unknown: set[Purpose] = set()
        self.usage = Usage()
        """Tokens of every call."""
        self._answered = False
        self._refused: ModelError | None = None

    async def ask(self, request: Request, on_progress: OnProgress | None = None) -> Reply:
        def watch(progress: CallProgress) -> None:
            if progress.state == "lost":
                self.usage += progress.usage
                self._add(request.purpose, progress.cost_usd)
            if on_progress is not None:
                on_progress(progress)

        try:
            reply = await self._model.ask(request, watch)
        except ModelError as error:
            if error.exit_code == SettingsError.exit_code:
                self._refused = self._refused or error
            raise
        self._answered = True
        self.usage += reply.usage
        self._add(request.purpose, reply.cost_usd)
        return reply

    def require_answer(self) -> None:
        """Raise what kept every call from being answered, where that is for the user to set right:
        a key, the name of a model."""
        if self._refused and not self._answered:
            raise self._refused

    def _add(self, purpose: Purpose, cost_usd: float | None) -> None:
        if cost_usd is None:
            self._unknown.add(purpose)
        else:
            self._known[purpose] += cost_usd

    @property
    def by_purpose(self) -> dict[Purpose, float | None]:
        """US dollars; None for a purpose with a call whose price is not known."""
        known = {purpose: round(usd, 6) for purpose, usd in self._known.items()}
        return {**known, **dict.fromkeys(self._unknown)}
