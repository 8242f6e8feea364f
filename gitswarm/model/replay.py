"""A model that answers from recorded replies, and the wrapper that records them.

A recording is a directory of JSON files, one for each reply; their names are for people only:

    {"purpose": "task", "task": "builder", "label": "", "ordinal": 0,
     "reply": {"blocks": [{"type": "text", "text": "..."}], "stop_reason": "end_turn",
               "usage": {"input": 812, "output": 96, "cache_write": 0, "cache_read": 20480},
               "model": "claude-sonnet-5-5", "cost_usd": 0.0067, "seconds": 3.1,
               "refusal": "", "request_id": ""}}

A reply is found again by purpose, task, label and ordinal, which counts from 0 the calls that have
the other three in common. What was asked is not compared.
"""

import asyncio
import hashlib
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from gitswarm.errors import ModelError
from gitswarm.model import CallProgress, Model, OnProgress, Purpose, Reply, Request

Pace = Callable[[Request, Reply], float]
"""How many seconds a recorded reply takes to stream."""

_TICK = 0.1
"""Seconds between two reports of progress."""


@dataclass(frozen=True, slots=True)
class Key:
    """Which of the recorded replies answers a call."""

    purpose: Purpose
    task: str
    label: str
    ordinal: int

    def __str__(self) -> str:
        parts = (self.purpose, self.task and f"task {self.task}", self.label)
        return f"{', '.join(filter(None, parts))}, call {self.ordinal}"


@dataclass(frozen=True, slots=True)
class Recording:
    """One reply as it is kept in a file."""

    purpose: Purpose
    reply: Reply
    task: str = ""
    label: str = ""
    ordinal: int = 0

    @property
    def key(self) -> Key:
        return Key(self.purpose, self.task, self.label, self.ordinal)


class _Ordinals:
    """Numbers the calls of each purpose, task and label."""

    def __init__(self) -> None:
        self._calls: Counter[tuple[str, str, str]] = Counter()

    def next(self, request: Request) -> Key:
        task = request.task or ""
        same = (request.purpose, task, request.label)
        self._calls[same] += 1
        return Key(request.purpose, task, request.label, self._calls[same] - 1)


class ReplayModel:
    """Answers from the recordings in a directory, at the pace it is given, else at once."""

    def __init__(self, directory: Path, *, pace: Pace | None = None) -> None:
        self._directory = directory
        self._pace = pace
        self._ordinals = _Ordinals()

    async def ask(self, request: Request, on_progress: OnProgress | None = None) -> Reply:
        """`Reply.seconds` is what the replay took. Raises `ModelError` that names the call when
        nothing is recorded for it."""
        started = time.monotonic()
        key = self._ordinals.next(request)
        reply = self._replies.get(key)
        if reply is None:
            raise ModelError(f"no reply is recorded for this call: {key}")
        if self._pace is not None:
            await _stream(reply, self._pace(request, reply), on_progress)
        return replace(reply, seconds=time.monotonic() - started)

    @cached_property
    def _replies(self) -> dict[Key, Reply]:
        replies: dict[Key, Reply] = {}
        for path in sorted(self._directory.glob("*.json")):
            try:
                recording = _form().validate_json(path.read_bytes())
            except ValidationError as error:
                raise ModelError(f"{path} is not a recorded reply: {error}") from error
            if recording.key in replies:
                raise ModelError(f"{path} records a second reply for one call: {recording.key}")
            replies[recording.key] = recording.reply
        return replies


class RecordingModel:
    """Asks another model and keeps each reply in a directory, for `ReplayModel` to answer from."""

    def __init__(self, model: Model, directory: Path) -> None:
        self._model = model
        self._directory = directory
        self._ordinals = _Ordinals()

    async def ask(self, request: Request, on_progress: OnProgress | None = None) -> Reply:
        reply = await self._model.ask(request, on_progress)
        key = self._ordinals.next(request)
        self._directory.mkdir(parents=True, exist_ok=True)
        (self._directory / _file_name(key)).write_bytes(record(request, reply, key.ordinal))
        return reply


def record(request: Request, reply: Reply, ordinal: int = 0) -> bytes:
    """The content of the file that keeps a reply."""
    recording = Recording(request.purpose, reply, request.task or "", request.label, ordinal)
    return _form().dump_json(recording, indent=2) + b"\n"


@cache
def _form() -> TypeAdapter[Recording]:
    return TypeAdapter(Recording)


def _file_name(key: Key) -> str:
    label = ""
    if key.label:
        digest = hashlib.sha256(key.label.encode()).hexdigest()[:8]
        label = f"{re.sub(r'[^A-Za-z0-9.]+', '-', key.label)[:40]}-{digest}"
    return f"{'-'.join(filter(None, (key.purpose, key.task, label)))}-{key.ordinal:02}.json"


async def _stream(reply: Reply, seconds: float, on_progress: OnProgress | None) -> None:
    """Let time pass as if the reply were coming in, and say so."""
    ticks = max(1, round(seconds / _TICK))
    for tick in range(ticks):
        if on_progress is not None:
            on_progress(CallProgress("streaming", reply.usage.output * tick // ticks))
        await asyncio.sleep(seconds / ticks)
