"""Spending: what the calls of a run cost, by purpose."""

from collections import defaultdict

from gitswarm.errors import ModelError
from gitswarm.model import Model, OnProgress, Purpose, Reply, Request


class Spending:
    """A model that passes everything on and adds up what it costs."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._known: dict[Purpose, float] = defaultdict(float)
        self._unknown: set[Purpose] = set()

    async def ask(self, request: Request, on_progress: OnProgress | None = None) -> Reply:
        try:
            reply = await self._model.ask(request, on_progress)
        except ModelError as error:
            self._add(request.purpose, error.cost_usd)
            raise
        self._add(request.purpose, reply.cost_usd)
        return reply

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
