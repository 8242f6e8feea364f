"""LiveState: what a run's tasks do right now, in a plain file for watchers in other processes.

The file may be stale or gone at any time: what must survive is in the ledger.
"""

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from gitswarm.progress import Event, TaskEnded, TaskProgressed, TaskStarted
from gitswarm.repo.ledger import run_folder
from gitswarm.repo.objects import RunId
from gitswarm.repo.repository import Repository

INTERVAL_SECONDS = 0.5
"""How often the file is written at most, but for the start and the end of a task."""


class LiveStateWriter:
    """A watcher that keeps the file up to date."""

    def __init__(self, repository: Repository, run: RunId) -> None:
        self._path = _path(repository, run)
        self._tasks: dict[str, dict[str, Any]] = {}
        self._written = 0.0

    def watch(self, event: Event) -> None:
        now = time.time()
        match event:
            case TaskStarted():
                self._tasks[event.task] = {"state": "running", "started_at": now}
            case TaskProgressed():
                self._tasks.setdefault(event.task, {}).update(
                    state=event.state, output_tokens=event.output_tokens, cost_usd=event.cost_usd
                )
                if now - self._written < INTERVAL_SECONDS:
                    return
            case TaskEnded():
                self._tasks.setdefault(event.task, {})["state"] = event.outcome
            case _:
                return
        self._written = now
        with suppress(OSError):
            draft = self._path.with_suffix(".new")
            draft.write_text(json.dumps(self._tasks), "utf-8")
            draft.replace(self._path)

    def close(self) -> None:
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
