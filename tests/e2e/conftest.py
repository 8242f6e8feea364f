"""`git swarm` as a user runs it: a process in a real repository, against the tests' own API."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import gitswarm
from gitswarm.repo.objects import Oid
from tests.conftest import Content, RepositoryBuilder, seal
from tests.messages_api import Call, MessagesApi, Scripted

Answer = str | Scripted | Callable[[Call], str | Scripted]

SCHEMAS = Path(gitswarm.__file__).parent / "schemas"

COMMAND = (sys.executable, "-c", "from gitswarm.cli import main; main()")


def plan_json(*tasks: Mapping[str, Any], **facts: Any) -> str:
    """A plan as a file or a planner's block holds it; a task needs `id` and `role`, its prompt is
    made up."""
    value = {
        "goal": "the goal",
        "tasks": [{"prompt": f"Do what {task['id']} does.", **task} for task in tasks],
        **facts,
    }
    return json.dumps(value, indent=1)


def plan_reply(*tasks: Mapping[str, Any], **facts: Any) -> str:
    """A planner's reply."""
    return f"Here is the plan.\n\n````plan\n{plan_json(*tasks, **facts)}\n````\n"


def file_reply(files: Mapping[str, str], note: str = "Done.") -> str:
    """A reply that gives files whole."""
    blocks = [f"````text path={path}\n{text}````\n" for path, text in files.items()]
    return "\n".join([note, "", *blocks])


def in_turn(*answers: str | Scripted) -> Answer:
    """One answer after another; the last one for ever."""
    left = list(answers)
    return lambda call: left.pop(0) if len(left) > 1 else left[0]


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


def check(answer: Any) -> None:
    """Hold what `--json` printed against the schema that it names, such as `gitswarm/run/1`."""
    name, version = answer["schema"].removeprefix("gitswarm/").split("/")
    schema = json.loads((SCHEMAS / f"{name}-{version}.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(answer)


@dataclass
class Finished:
    status: int
    stdout: str
    stderr: str

    @cached_property
    def json(self) -> Any:
        """What `--json` printed: one object, which is what the schema that it names says."""
        answer = json.loads(self.stdout)
        check(answer)
        return answer

    @property
    def outcomes(self) -> dict[str, str]:
        """What each task came to, in plan order."""
        return {task["id"]: task["outcome"] for task in self.json["tasks"]}

    def task(self, id: str) -> Any:
        return next(task for task in self.json["tasks"] if task["id"] == id)


@dataclass
class Swarm:
    """A repository with one commit checked out, a scripted API, and the command."""

    repo: RepositoryBuilder
    api: MessagesApi
    script: Script
    base: Oid

    def __call__(self, *args: str | Path, cwd: Path | None = None, **environ: str) -> Finished:
        with self.start(*args, cwd=cwd, **environ) as process:
            return finish(process)

    @contextmanager
    def start(
        self, *args: str | Path, cwd: Path | None = None, **environ: str
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """The command while it runs; ended at the latest when the block is left."""
        process = subprocess.Popen(
            [*COMMAND, *map(str, args)],
            cwd=cwd or self.repo.path,
            env={**os.environ, **self.api.environment(), "COLUMNS": "100", **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    def carry_out(
        self,
        *tasks: Mapping[str, Any],
        options: tuple[str, ...] = (),
        cwd: Path | None = None,
        **environ: str,
    ) -> Finished:
        """`git swarm run --json` on a plan of these tasks."""
        return self("run", self.save_plan(*tasks), "--json", *options, cwd=cwd, **environ)

    def save_plan(self, *tasks: Mapping[str, Any]) -> Path:
        file = self.repo.path.parent / "plan.json"
        file.write_text(plan_json(*tasks))
        return file

    def purposes(self) -> list[str]:
        return [call.purpose for call in self.api.calls]

    def calls(self, purpose: str, task: str = "") -> list[Call]:
        return [c for c in self.api.calls if c.purpose == purpose and c.task == task]

    def commit(self, files: Mapping[str, Content]) -> Oid:
        """One more commit, checked out, from which runs start."""
        self.base = self.repo.commit(files, on=self.base)
        self.repo.checkout(self.base)
        return self.base

    def ledger(self) -> dict[str, Any]:
        """What the only run has recorded so far, by the file's path; nothing before its start."""
        for ref in self.repo.repository.refs("refs/swarm/"):
            names = git(self.repo.path, "ls-tree", "-r", "--name-only", ref).splitlines()
            return {name: json.loads(self.repo.text(ref, name)) for name in names}
        return {}

    def recorded_outcomes(self) -> dict[str, str]:
        results = (file for name, file in self.ledger().items() if name.endswith("/result.json"))
        return {result["id"]: result["outcome"] for result in results}

    @property
    def worktrees(self) -> Path:
        """Where agents have theirs."""
        return self.repo.path.with_name(f"{self.repo.path.name}.swarm")


def finish(process: "subprocess.Popen[bytes]") -> Finished:
    stdout, stderr = process.communicate(timeout=60)
    return Finished(process.returncode, os.fsdecode(stdout), os.fsdecode(stderr))


def git(folder: Path, *args: str) -> str:
    """Run git as a user in that folder would."""
    done = subprocess.run(["git", *args], cwd=folder, capture_output=True, check=True)
    return os.fsdecode(done.stdout)


def is_alive(pid: int) -> bool:
    """Whether a process still runs; one that has ended but was not waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    unreaped = Path(f"/proc/{pid}/stat")
    return not unreaped.exists() or " Z " not in unreaped.read_text()


@contextmanager
def swarm_in(folder: Path) -> Iterator[Swarm]:
    folder.mkdir()
    repo = RepositoryBuilder(folder)
    base = repo.commit({"app.py": "one\ntwo\nthree\n", "README.md": "# Project\n"})
    repo.checkout(base)
    script = Script()
    with MessagesApi(script).serving() as api:
        yield Swarm(repo, api, script, base)


@pytest.fixture
def swarm(tmp_path: Path) -> Iterator[Swarm]:
    with swarm_in(tmp_path / "project") as swarm:
        yield swarm


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swarm]:
    """One for all tests of a module, which look at the same runs: each costs a second or two."""
    with pytest.MonkeyPatch.context() as environment:
        seal(tmp_path_factory.mktemp("home"), environment)
        with swarm_in(tmp_path_factory.mktemp("shared") / "project") as swarm:
            yield swarm
