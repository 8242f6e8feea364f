"""`git swarm` as a user runs it: a process in a real repository, against the tests' own API."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gitswarm.repo.objects import Oid
from tests.conftest import RepositoryBuilder
from tests.messages_api import Call, MessagesApi, Scripted

Answer = str | Scripted | Callable[[Call], str | Scripted]


def plan_reply(*tasks: Mapping[str, Any], **facts: Any) -> str:
    """A planner's reply; a task needs `id` and `role`, its prompt is made up."""
    value = {
        "goal": "the goal",
        "tasks": [{"prompt": f"Do what {task['id']} does.", **task} for task in tasks],
        **facts,
    }
    return f"Here is the plan.\n\n````plan\n{json.dumps(value, indent=1)}\n````\n"


def file_reply(files: Mapping[str, str], note: str = "Done.") -> str:
    """A reply that gives files whole."""
    blocks = [f"````text path={path}\n{text}````\n" for path, text in files.items()]
    return "\n".join([note, "", *blocks])


@dataclass
class Script:
    """Who answers what: by purpose for planner and resolver, by id for tasks."""

    answers: dict[str, Answer] = field(default_factory=dict)

    def __call__(self, call: Call) -> str | Scripted:
        key = f"{call.purpose}:{call.task}" if call.task else call.purpose
        answer = self.answers.get(key, self.answers.get(call.purpose))
        if answer is None:
            return Scripted.error(400, f"the script has no answer for {key}")
        return answer(call) if callable(answer) else answer


@dataclass
class Finished:
    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


@dataclass
class Swarm:
    """A repository with one commit checked out, a scripted API, and the command."""

    repo: RepositoryBuilder
    api: MessagesApi
    script: Script
    base: Oid

    def __call__(self, *args: str, cwd: Path | None = None, **environ: str) -> Finished:
        done = subprocess.run(
            self.command(*args),
            cwd=cwd or self.repo.path,
            env=self.environ(**environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )
        return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-c", "from gitswarm.cli import main; main()", *args]

    def environ(self, **more: str) -> dict[str, str]:
        return {**os.environ, **self.api.environment(), "COLUMNS": "100", **more}

    def purposes(self) -> list[str]:
        return [call.purpose for call in self.api.calls]


@pytest.fixture
def swarm(repo: RepositoryBuilder) -> Iterator[Swarm]:
    base = repo.commit({"app.py": "one\ntwo\nthree\n", "README.md": "# Project\n"})
    repo.checkout(base)
    script = Script()
    with MessagesApi(script).serving() as api:
        yield Swarm(repo, api, script, base)
