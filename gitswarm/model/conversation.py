"""Conversation: turns over a model that are only ever appended to, so that the cache holds.

One `ask` is a question and everything it takes to get the whole answer: calls of tools and their
results, and going on where a reply was cut off.
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gitswarm.errors import ContextOverflowError, RefusedError, UnfinishedError
from gitswarm.model import (
    Block,
    CallProgress,
    Model,
    OnProgress,
    Prefix,
    Purpose,
    Reply,
    Request,
    ToolCall,
    Turn,
    Usage,
)
from gitswarm.repo.objects import RunId

TOOL_ROUNDS = 20
"""How often in one `ask` the results of tools go back to the model."""

CONTINUATIONS = 4
"""How often in one `ask` a reply that was cut at `max_tokens` is continued."""

ROUND_CHARACTERS = 150_000
"""How much all tool results of one round may come to."""


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What a call of a tool came to, as the model reads it; never empty."""

    text: str
    is_error: bool = False


AnswerCall = Callable[[ToolCall], ToolAnswer]
"""Carries out one call of a tool. It runs in a thread, beside the other calls of that reply."""


class Conversation:
    """What was said between us and the model so far, and what it cost."""

    def __init__(
        self,
        *,
        model: Model,
        model_name: str,
        prefix: Prefix,
        run: RunId,
        task: str | None = None,
        answer: AnswerCall | None = None,
        max_tokens: int = 16_000,
        effort: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._model = model
        self._form = Request(
            model=model_name,
            prefix=prefix,
            turns=(),
            purpose="task",
            run=run,
            task=task,
            max_tokens=max_tokens,
            effort=effort,
        )
        self._answer = answer
        self._on_progress = on_progress
        self.turns: tuple[Turn, ...] = ()
        self.replies: tuple[Reply, ...] = ()
        """Every message of the model, as it came."""
        self._lost: tuple[CallProgress, ...] = ()

    @property
    def usage(self) -> Usage:
        """Of every call, also of those that brought no reply."""
        return _usage((*self.replies, *self._lost))

    @property
    def cost_usd(self) -> float | None:
        """Of every call; None where the price of one is not known."""
        return _cost_usd((*self.replies, *self._lost))

    @property
    def seconds(self) -> float:
        """What the calls to the model took, without what happened between them."""
        return sum(reply.seconds for reply in self.replies)

    async def ask(self, *texts: str, purpose: Purpose) -> Reply:
        """Ask, and return the model's whole answer: its last message, or where that was cut off,
        all its parts as one.

        Usage, cost and seconds of the answer are those of every call it took. Raises
        `RefusedError`, `ContextOverflowError`, `UnfinishedError`, and what the model raises.
        """
        before = len(self.replies)
        parts: list[str] = []
        rounds = continuations = 0
        turn = Turn.user(*texts)
        while True:
            reply = await self._send(turn, purpose)
            parts.append(reply.text)
            if reply.tool_calls:
                rounds += 1
                turn = await self._tool_results(reply, rounds, unheard="".join(parts))
                parts.clear()
            elif reply.stop_reason == "max_tokens":
                continuations += 1
                turn = self._going_on("".join(parts), continuations)
            else:
                return _as_one(parts, self.replies[before:])

    async def _send(self, turn: Turn, purpose: Purpose) -> Reply:
        """One call. What failed leaves no trace in the conversation."""
        turns = (*self.turns, turn)
        request = replace(self._form, turns=turns, purpose=purpose)
        reply = await self._model.ask(request, self._watch)
        self.turns = (*turns, Turn("assistant", reply.blocks)) if reply.blocks else turns
        self.replies = (*self.replies, reply)
        if reply.stop_reason == "refusal":
            raise RefusedError(
                f"the model refused to answer: {reply.refusal or 'it gave no reason'}",
                hint='word the goal differently, or choose a model: "git config swarm.model MODEL"',
            )
        if reply.stop_reason == "model_context_window_exceeded":
            raise ContextOverflowError(
                f"the conversation grew longer than {self._form.model} can read",
                hint="split the work into smaller tasks",
            )
        return reply

    def _watch(self, progress: CallProgress) -> None:
        if progress.state == "lost":
            self._lost = (*self._lost, progress)
        elif self._on_progress is not None:
            self._on_progress(progress)

    async def _tool_results(self, reply: Reply, rounds: int, *, unheard: str) -> Turn:
        """The turn that answers all calls of a reply. `unheard` is the text that came with them,
        which is no part of the answer."""
        calls = reply.tool_calls
        if rounds > TOOL_ROUNDS + 1:
            raise UnfinishedError(
                f"the model still called tools after {rounds - 1} rounds, told to answer",
                hint="say in the goal where to look, or split it",
            )
        if rounds > TOOL_ROUNDS or self._answer is None:
            answers = [ToolAnswer(_NO_MORE_CALLS, is_error=True)] * len(calls)
        else:
            answers = await asyncio.gather(
                *(asyncio.to_thread(self._answer, call) for call in calls)
            )
        blocks = [
            _tool_result(call, answer)
            for call, answer in zip(calls, _within_bounds(answers), strict=True)
        ]
        if rounds >= TOOL_ROUNDS:
            blocks.append({"type": "text", "text": _NO_MORE_CALLS})
        if _FENCE.search(unheard):
            blocks.append({"type": "text", "text": _UNHEARD})
        return Turn("user", tuple(blocks))

    def _going_on(self, text: str, continuations: int) -> Turn:
        """The turn that asks for the rest of a message."""
        if continuations > CONTINUATIONS:
            raise UnfinishedError(
                f"the reply was cut off at {self._form.max_tokens:,} tokens {continuations} times",
                hint="split the work into smaller tasks",
            )
        if not text:
            return Turn.user(_ANSWER_SHORTER)
        return Turn.user(_GO_ON.format(tail=json.dumps(text[-80:], ensure_ascii=False)))


_GO_ON = """\
Your message was cut off at the length limit. As a JSON string, it ends with

    {tail}

Go on with the very next character, as if you had not been interrupted, blocks that are open \
included: no introduction, nothing repeated, no new opening of an open block."""

_ANSWER_SHORTER = """\
You reached the length limit before you wrote anything of your answer. Give it now; think less."""

_NO_MORE_CALLS = "There are no more tool calls for this answer. Answer now with what you know."

_UNHEARD = """\
Blocks in a message that also calls tools do not count. Once you have what you need, give all \
blocks in one message that calls no tool."""

_TOO_MUCH = "Left out: the results of this round were too long together. Ask again for less."

_FENCE = re.compile(r"^ {0,3}(```|~~~)", re.M)


def _tool_result(call: ToolCall, answer: ToolAnswer) -> Block:
    return {
        "type": "tool_result",
        "tool_use_id": call.id,
        "content": answer.text,
        "is_error": answer.is_error,
    }


def _within_bounds(answers: Iterable[ToolAnswer]) -> Iterator[ToolAnswer]:
    """The first answers as they are; those that would make the round too long are left out."""
    room = ROUND_CHARACTERS
    for answer in answers:
        if len(answer.text) > room:
            yield ToolAnswer(_TOO_MUCH, is_error=True)
        else:
            room -= len(answer.text)
            yield answer


def _as_one(parts: Sequence[str], replies: Sequence[Reply]) -> Reply:
    """The last of some replies, with the text of all parts and what all of them cost."""
    last = replies[-1]
    blocks = last.blocks if len(parts) == 1 else ({"type": "text", "text": "".join(parts)},)
    return replace(
        last,
        blocks=blocks,
        usage=_usage(replies),
        cost_usd=_cost_usd(replies),
        seconds=sum(reply.seconds for reply in replies),
    )


def _usage(calls: Iterable[Reply | CallProgress]) -> Usage:
    return sum((call.usage for call in calls), Usage())


def _cost_usd(calls: Iterable[Reply | CallProgress]) -> float | None:
    total = 0.0
    for call in calls:
        if call.cost_usd is None:
            return None
        total += call.cost_usd
    return total
