"""Spending: what the calls of a run cost, by purpose."""

from collections import defaultdict

from gitswarm.model import Model, OnProgress, Purpose, Reply, Request, Usage


class Spending:
    """A model that passes everything on and adds up what it costs."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._known: dict[Purpose, float] = defaultdict(float)
        self._unknown: set[Purpose] = set()
        self.usage = Usage()

    async def ask(self, request: Request, on_progress: OnProgress | None = None) -> Reply:
        reply = await self._model.ask(request, on_progress)
        self.usage += reply.usage
        if reply.cost_usd is None:
            self._unknown.add(request.purpose)
        else:
            self._known[request.purpose] += reply.cost_usd
        return reply

    @property
    def by_purpose(self) -> dict[Purpose, float | None]:
        """US dollars; None for a purpose with a call whose price is not known."""
        known = {purpose: round(usd, 6) for purpose, usd in self._known.items()}
        return {**known, **dict.fromkeys(self._unknown)}
