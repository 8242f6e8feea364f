"""TurnLog: what a conversation received, kept in the ledger before anything follows from it."""

from collections.abc import Awaitable, Callable

from gitswarm.model import Reply, Turn
from gitswarm.repo.ledger import Step
from gitswarm.swarm.results import usage_to_json

Record = Callable[[Step], Awaitable[None]]
"""Returns once a step is in the repository."""


class TurnLog:
    """Numbers the turns below one folder of the ledger's tree."""

    def __init__(self, record: Record, folder: str) -> None:
        self._record = record
        self._folder = folder
        self._count = 0

    async def add(self, turn: Turn, reply: Reply) -> None:
        """Record one exchange: the user's turn and the reply it got."""
        self._count += 1
        path = f"{self._folder}/{self._count:04}.json"
        exchange = {
            "asked": [dict(block) for block in turn.blocks],
            "reply": [dict(block) for block in reply.blocks],
            "stop_reason": reply.stop_reason,
            "model": reply.model,
            "usage": usage_to_json(reply.usage),
            "cost_usd": reply.cost_usd,
            "seconds": round(reply.seconds, 3),
        }
        await self._record(Step(f"reply received: {path}", {path: exchange}))
