"""RecordedModel: every reply is in the ledger before anything follows from it, and what is there is
not paid again."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from gitswarm.model import Model, OnProgress, Purpose, Reply, Request
from gitswarm.repo.ledger import Step
from gitswarm.swarm.results import usage_to_json

Record = Callable[[Step], Awaitable[None]]
"""Returns once a step is in the repository."""

RUN_TURNS = "turns"
"""The folder, in the ledger's tree, of what no single task asked: the plan, resolutions."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A reply that was received before, as the ledger has it."""

    conversation: str
    """Names all that went before the reply, see `conversation_key`."""
    purpose: Purpose
    reply: Reply


@dataclass
class Turns:
    """The replies of one run: those that were received before, by the folder of the ledger's tree
    that holds them, and those that come in."""

    record: Record
    received: Mapping[str, tuple[Exchange, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._counts = Counter({folder: len(some) for folder, some in self.received.items()})
        self._known = {
            (folder, one.conversation): one.reply
            for folder, exchanges in self.received.items()
            for one in exchanges
        }

    def recall(self, request: Request) -> Reply | None:
        """The reply that this very request was given before."""
        if not self._known:
            return None
        return self._known.get((turns_folder(request), conversation_key(request)))

    async def keep(self, request: Request, reply: Reply) -> None:
        folder = turns_folder(request)
        self._counts[folder] += 1
        path = f"{folder}/{self._counts[folder]:04}.json"
        exchange: dict[str, Any] = {
            "purpose": request.purpose,
            "conversation": conversation_key(request),
            "asked": [dict(block) for block in request.turns[-1].blocks],
            "reply": [dict(block) for block in reply.blocks],
            "stop_reason": reply.stop_reason,
            "refusal": reply.refusal,
            "model": reply.model,
            "usage": usage_to_json(reply.usage),
            "cost_usd": reply.cost_usd,
            "seconds": round(reply.seconds, 3),
        }
        await self.record(Step(f"reply received: {path}", {path: exchange}))


@dataclass(frozen=True, slots=True)
class RecordedModel:
    """A model whose replies are kept."""

    model: Model
    turns: Turns

    async def ask(self, request: Request, on_progress: OnProgress | None = None) -> Reply:
        reply = self.turns.recall(request)
        if reply is None:
            reply = await self.model.ask(request, on_progress)
            await self.turns.keep(request, reply)
        return reply


def task_turns(task: str) -> str:
    """The folder of an agent's conversation."""
    return f"tasks/{task}/turns"


def turns_folder(request: Request) -> str:
    is_agents = request.task is not None and request.purpose in ("task", "repair")
    return task_turns(request.task or "") if is_agents else RUN_TURNS


def conversation_key(request: Request) -> str:
    """What identifies a request within its folder: its model and every turn, whole."""
    said = [[turn.role, [dict(block) for block in turn.blocks]] for turn in request.turns]
    text = json.dumps([request.model, said], sort_keys=True)
    return sha256(text.encode()).hexdigest()[:40]
