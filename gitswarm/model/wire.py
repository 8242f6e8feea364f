"""A request as the Messages API spells it, and a reply put together from the events of its stream.

Everything a provider caches is a prefix, byte for byte, in the order tools, system, messages: so
the body is built from the request alone, in one fixed order.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gitswarm.model import Block, Prefix, Request, Turn, Usage

if TYPE_CHECKING:
    from anthropic.types import Message, RawMessageStreamEvent

_BREAKPOINT = {"type": "ephemeral"}
"""A cache entry that lives for five minutes from its last use."""

_CUT = frozenset({"max_tokens", "model_context_window_exceeded"})
"""Stop reasons that can fall into the middle of a tool call."""


def request_body(request: Request) -> dict[str, Any]:
    """The parameters of `POST /v1/messages`, but for `stream`.

    There are cache breakpoints at the end of the system prompt and of the last two user turns: the
    call before wrote the entry at the earlier one, which is read even if so many blocks lie between
    that the API would not look back as far.
    """
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens,
        **_prefix(request.prefix),
    }
    user_turns = [n for n, turn in enumerate(request.turns) if turn.role == "user"]
    body["messages"] = [
        _message(turn, breakpoint_at_end=n in user_turns[-2:])
        for n, turn in enumerate(request.turns)
    ]
    if request.effort:
        body["output_config"] = {"effort": request.effort}
    return body


def request_headers(request: Request) -> dict[str, str]:
    """What lets a gateway, a bill or a test tell calls apart."""
    headers: dict[str, str] = {"X-Swarm-Run": request.run, "X-Swarm-Purpose": request.purpose}
    if request.task is not None:
        headers["X-Swarm-Task"] = request.task
    return headers


def estimated_tokens(request: Request) -> int:
    """Tokens of a prompt, rather too many: two bytes each, where prose and code have three to
    four, and room for what the API adds to describe tools."""
    turns = sum(_bytes(_message(turn, breakpoint_at_end=False)) for turn in request.turns)
    return (_prefix_bytes(request.prefix) + turns) // 2 + 1_000


@lru_cache
def _prefix_bytes(prefix: Prefix) -> int:
    return _bytes(_prefix(prefix))


def _bytes(part: Mapping[str, Any]) -> int:
    return len(json.dumps(part, ensure_ascii=False).encode(errors="replace"))


def _prefix(prefix: Prefix) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    if prefix.tools:
        parts["tools"] = [
            {
                "name": tool.name,
                "description": tool.description,
                "input_schema": dict(tool.schema),
            }
            for tool in prefix.tools
        ]
    if prefix.system:
        parts["system"] = [{"type": "text", "text": prefix.system, "cache_control": _BREAKPOINT}]
    return parts


def _message(turn: Turn, *, breakpoint_at_end: bool) -> dict[str, Any]:
    blocks = [dict(block) for block in turn.blocks]
    if breakpoint_at_end and blocks:
        blocks[-1]["cache_control"] = _BREAKPOINT
    return {"role": turn.role, "content": blocks}


class Incoming:
    """A message while it comes in. It is complete once it has a stop reason."""

    def __init__(self) -> None:
        self.id = ""
        self.model = ""
        self.stop_reason: str | None = None
        self.refusal = ""
        self._blocks: list[dict[str, Any]] = []
        self._pieces: list[list[str]] = []
        self._usage = Usage()
        self._characters = 0

    def add(self, event: "RawMessageStreamEvent") -> None:
        """Take the next event. Raises `ValueError` for one that does not fit those before, and
        `AttributeError` for one without its fields."""
        match event.type:
            case "message_start":
                self._begin(event.message)
            case "content_block_start":
                if event.index != len(self._blocks):
                    raise ValueError(f"block {event.index} came out of order")
                self._blocks.append(event.content_block.to_dict())
                self._pieces.append([])
            case "content_block_delta":
                self._extend(event.index, event.delta)
            case "message_delta":
                self._end(event)

    def assume_prompt(self, tokens: int) -> None:
        """Count a prompt of so many tokens, all of them written to the cache, unless the stream
        has said what there was."""
        if self._usage == Usage():
            self._usage = Usage(cache_write=tokens)

    @property
    def output_tokens(self) -> int:
        """Exact once the message is complete; before that an estimate, rather too high."""
        if self.stop_reason is not None:
            return self._usage.output
        return max(self._usage.output, -(-self._characters // 3))

    @property
    def usage(self) -> Usage:
        """What the API counts for the message: of a broken one, what is known of it."""
        known = self._usage
        return Usage(known.input, self.output_tokens, known.cache_write, known.cache_read)

    def blocks(self) -> tuple[Block, ...]:
        """The content of a complete message, fit to be sent back: without blocks that hold nothing
        but blanks, which the API refuses, and without a tool call that was cut off. Raises
        `ValueError` for a tool call that is not JSON although it is whole."""
        blocks: list[Block] = []
        for n, block in enumerate(self._blocks):
            text = "".join(self._pieces[n])
            match block["type"]:
                case "text" if not (whole := block["text"] + text).strip():
                    continue
                case "text":
                    block = {**block, "text": whole}
                case "thinking":
                    block = {**block, "thinking": block["thinking"] + text}
                case "tool_use":
                    try:
                        block = {**block, "input": json.loads(text) if text else block["input"]}
                    except ValueError:
                        if self.stop_reason in _CUT:
                            continue
                        raise
            blocks.append({key: value for key, value in block.items() if value is not None})
        return tuple(blocks)

    def _begin(self, message: "Message") -> None:
        self.id, self.model = message.id, message.model
        told = message.usage
        self._usage = Usage(
            told.input_tokens,
            told.output_tokens,
            told.cache_creation_input_tokens or 0,
            told.cache_read_input_tokens or 0,
        )

    def _extend(self, index: int, delta: Any) -> None:
        if index >= len(self._blocks):
            raise ValueError(f"block {index} was continued before it began")
        match delta.type:
            case "text_delta":
                piece = delta.text
            case "thinking_delta":
                piece = delta.thinking
            case "input_json_delta":
                piece = delta.partial_json
            case "signature_delta":
                self._blocks[index]["signature"] = delta.signature
                return
            case _:
                return
        self._pieces[index].append(piece)
        self._characters += len(piece)

    def _end(self, event: Any) -> None:
        self.stop_reason = event.delta.stop_reason
        if details := event.delta.stop_details:
            self.refusal = ": ".join(filter(None, (details.category, details.explanation)))
        told, known = event.usage, self._usage  # totals; what is left out stays as it was
        self._usage = Usage(
            known.input if told.input_tokens is None else told.input_tokens,
            told.output_tokens,
            told.cache_creation_input_tokens or known.cache_write,
            told.cache_read_input_tokens or known.cache_read,
        )
