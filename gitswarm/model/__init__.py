"""The door to the model: what is asked, what comes back, and the one method between them.

A request is built from a frozen prefix (tools and system prompt, byte for byte the same for
every call that shares it) and turns that are only ever appended to, so that what was cached stays
cached. `ClaudeModel` sends it over the network, `ReplayModel` answers it from recorded replies.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from gitswarm.repo.objects import RunId

Purpose = Literal["plan", "task", "repair", "resolve", "fix", "review"]
"""Why the model is asked; sent as `X-Swarm-Purpose`, and what spending is accounted to."""

Block = Mapping[str, Any]
"""A content block exactly as the Messages API spells it (`type` and its fields). Blocks of a reply
go back unchanged in the next request, thinking included: they are bound to model and order."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call, or of many added up. `input` is only the uncached rest: the whole prompt
    is `prompt`."""

    input: int = 0
    output: int = 0
    cache_write: int = 0
    cache_read: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cache_write + other.cache_write,
            self.cache_read + other.cache_read,
        )

    @property
    def prompt(self) -> int:
        return self.input + self.cache_write + self.cache_read


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool the model may call."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(hash=False)
    """JSON Schema of the arguments."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Prefix:
    """What stays the same over many calls: sent first, with a cache breakpoint at its end."""

    system: str
    tools: tuple[Tool, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    blocks: tuple[Block, ...]

    @classmethod
    def user(cls, *texts: str) -> "Turn":
        return cls("user", tuple({"type": "text", "text": text} for text in texts))


@dataclass(frozen=True, slots=True)
class Request:
    """One call to the model."""

    model: str
    prefix: Prefix
    turns: tuple[Turn, ...]
    purpose: Purpose
    run: RunId
    task: str | None = None
    """Sent as `X-Swarm-Task`."""
    label: str = ""
    """Tells requests of one purpose and task apart (for resolutions: the path). Not sent."""
    max_tokens: int = 16_000
    effort: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete message of the model: it had a stop reason."""

    blocks: tuple[Block, ...]
    stop_reason: str
    """`end_turn`, `tool_use`, `max_tokens`, `refusal`, `model_context_window_exceeded`, ..."""
    usage: Usage
    model: str
    cost_usd: float | None
    """None where the model's price is not known."""
    seconds: float = 0.0
    """From sending to the last byte, waiting for a retry included."""
    refusal: str = ""
    """What the API said of a refusal: its category and explanation."""
    request_id: str = ""

    @property
    def text(self) -> str:
        return "".join(str(block["text"]) for block in self.blocks if block["type"] == "text")

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple(
            ToolCall(str(block["id"]), str(block["name"]), block["input"])
            for block in self.blocks
            if block["type"] == "tool_use"
        )


@dataclass(frozen=True, slots=True)
class CallProgress:
    """What a watcher sees while a call is under way."""

    state: Literal["waiting", "sending", "streaming", "retrying", "lost"]
    """`waiting` for its turn, before it is sent; `retrying`: a try has failed, and some time is
    let pass. `lost`: the call has ended without a reply, because it failed or was cancelled."""
    output_tokens: int = 0
    """An estimate until the reply is complete."""
    detail: str = field(default="", compare=False)
    usage: Usage = field(default_factory=Usage)
    """What a lost call is known to have used."""
    cost_usd: float | None = 0.0
    """What it cost; None where the price is not known."""


OnProgress = Callable[[CallProgress], None]


class Model(Protocol):
    """Anything that answers a request."""

    async def ask(self, request: Request, on_progress: OnProgress | None = None) -> Reply:
        """Return the complete reply. Raises `ModelError` when there is none to be had; a refusal,
        a reply cut at `max_tokens` and a full context window are replies, told by `stop_reason`."""
        ...
