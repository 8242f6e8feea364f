"""LiveState: what a run's tasks do right now, in a plain file for watchers in other processes.

The file may be stale or gone at any time: what must survive is in the ledger.
"""

import asyncio
import json
import math
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from gitswarm.progress import Event, TaskEnded, TaskProgressed, TaskStarted
from gitswarm.repo.ledger import run_folder
from gitswarm.repo.objects import RunId
from gitswarm.repo.repository import Repository

INTERVAL_SECONDS = 0.5
"""How long the file may be behind, and so how often it is written at most."""


class LiveStateWriter:
    """A watcher that keeps the file up to date, in the event loop that it is told of events in."""

    def __init__(self, repository: Repository, run: RunId) -> None:
        self._path = _path(repository, run)
        self._tasks: dict[str, dict[str, Any]] = {}
        self._written = -math.inf
        self._due: asyncio.TimerHandle | None = None

    def watch(self, event: Event) -> None:
        match event:
            case TaskStarted():
                self._tasks[event.task] = {"state": "running", "started_at": time.time()}
            case TaskProgressed():
                self._tasks.setdefault(event.task, {}).update(
                    state=event.state, output_tokens=event.output_tokens, cost_usd=event.cost_usd
                )
            case TaskEnded():
                self._tasks.setdefault(event.task, {})["state"] = event.outcome
            case _:
                return
        if self._due is None:
            loop = asyncio.get_running_loop()
            at = max(loop.time(), self._written + INTERVAL_SECONDS)
            self._due = loop.call_at(at, self._write)

    def _write(self) -> None:
        self._due = None
        self._written = asyncio.get_running_loop().time()
        with suppress(OSError):
            draft = self._path.with_suffix(".new")
            draft.write_text(json.dumps(self._tasks), "utf-8")
            draft.replace(self._path)

    def close(self) -> None:
        if self._due is not None:
            self._due.cancel()
        self._path.unlink(missing_ok=True)


def load_live_state(repository: Repository, run: RunId) -> dict[str, dict[str, Any]]:
    """What each task that has begun is doing; empty where nobody said."""
    try:
        tasks = json.loads(_path(repository, run).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return tasks if isinstance(tasks, dict) else {}


def _path(repository: Repository, run: RunId) -> Path:
    return run_folder(repository, run) / "live.json"
