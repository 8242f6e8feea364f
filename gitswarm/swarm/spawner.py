"""AgentSpawner: gives a task its branch, its worktree and its model."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gitswarm.errors import GitError
from gitswarm.model import CallProgress, Model, Prefix
from gitswarm.model.conversation import Conversation
from gitswarm.plan.roles import Role, Writes
from gitswarm.plan.tasks import Plan, Task
from gitswarm.plan.tools import ReadOnlyTools
from gitswarm.plan.withheld import Withheld
from gitswarm.progress import TaskProgressed, TaskStarted, Watch
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.objects import (
    EXECUTABLE_MODE,
    FILE_MODE,
    BranchName,
    Oid,
    RepoPath,
    RunId,
    TaskId,
)
from gitswarm.repo.repository import Repository
from gitswarm.settings import Settings
from gitswarm.swarm.agent import Agent
from gitswarm.swarm.author import Author
from gitswarm.swarm.briefing import Briefing
from gitswarm.swarm.checkout import Checkouts
from gitswarm.swarm.messages import Authorship
from gitswarm.swarm.program import Program, program_prompt
from gitswarm.swarm.results import Result
from gitswarm.swarm.role_tools import Answer, RoleTools
from gitswarm.swarm.setup import Setup
from gitswarm.swarm.turns import Record
from gitswarm.swarm.work import Worker
from gitswarm.swarm.working_time import WorkingTime
from gitswarm.swarm.workplace import Workplace

READ_LIMIT = 200_000
"""Bytes of one file that a task `reads`; what is longer is left to the agent's tools."""

READS_LIMIT = 400_000
"""Bytes of all of them together."""


def task_branch(run: RunId, task: TaskId | str) -> BranchName:
    return BranchName(f"swarm/{run}/{task}")


def worktree_folder(repository: Repository, settings: Settings, run: RunId) -> Path:
    """Where the worktrees of a run live: beside the repository, or where `swarm.worktreeDir` says,
    or in the user's state folder where neither can be written. `GitError` when nothing can.

    Beside a submodule would be inside the checkout of the repository that holds it.
    """
    name = f"{repository.name}.swarm"
    if settings.worktree_dir:
        configured = Path(settings.worktree_dir).expanduser()
        configured = repository.folder / configured
        if _can_hold(configured):
            return configured / run
        raise GitError(
            f"swarm.worktreeDir {configured} cannot be written",
            hint='run "git config swarm.worktreeDir FOLDER" with one that can',
        )
    if not repository.is_submodule and _can_hold(repository.folder.parent / name):
        return repository.folder.parent / name / run
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
    if _can_hold(state / "gitswarm" / name):
        return state / "gitswarm" / name / run
    raise GitError(
        f"no folder for worktrees: neither {repository.folder.parent} nor {state} can be written",
        hint='run "git config swarm.worktreeDir FOLDER" with one that can',
    )


def _can_hold(folder: Path) -> bool:
    nearest = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


@dataclass
class AgentSpawner:
    """Everything that the agents of one run have in common."""

    run: RunId
    plan: Plan
    run_base: Oid
    roles: Mapping[str, Role]
    repository: Repository
    attributes: Attributes
    settings: Settings
    checkouts: Checkouts
    model: Model
    prefix: Prefix
    withheld: Withheld
    record: Record
    watch: Watch

    async def spawn(self, task: Task, base: Oid, done: Mapping[TaskId, Result]) -> Agent:
        """An agent that starts from `base`; `done` holds the results it depends on."""
        role = self.roles[task.role]
        branch = task_branch(self.run, task.id)
        self.watch(TaskStarted(task.id, role.name, task.title))
        briefing = await asyncio.to_thread(self._briefing, task, role, base, done)
        checkout = self.checkouts.open(task.id, branch, base, map(_repo_path, task.reads))
        workplace = Workplace(checkout, Setup.configured(self.settings, self.repository))
        working_time = WorkingTime(task.timeout_seconds)
        writes = role.writes is not Writes.NOTHING
        return Agent(
            task=task,
            role=role,
            base=base,
            branch=branch,
            workplace=workplace,
            repository=self.repository,
            worker=self._worker(task, role, base, briefing, workplace, working_time),
            check=self.settings.check_for(role.name) if writes else None,
            check_seconds=self.settings.timeout_seconds,
            working_time=working_time,
            record=self.record,
            watch=self.watch,
        )

    def _worker(
        self,
        task: Task,
        role: Role,
        base: Oid,
        briefing: Briefing,
        workplace: Workplace,
        working_time: WorkingTime,
    ) -> Worker:
        """The program that is configured for the role, else the model."""
        command = self.settings.agent_command_for(role.name)
        if command is not None:
            return Program(
                command=command,
                task=task,
                role=role,
                branch=task_branch(self.run, task.id),
                repository=self.repository,
                workplace=workplace,
                prompt=program_prompt(briefing),
                authorship=Authorship(self.run, self.settings.co_author or ""),
            )
        model = self.settings.model_for(role.name, role.model)
        tools = RoleTools(role, self._tools_at(base))
        authorship = Authorship(self.run, self.settings.co_author)
        conversation = self._conversation(task, role, model, tools, working_time)
        return Author(
            task=task,
            role=role,
            repository=self.repository,
            attributes=self.attributes,
            withheld=self.withheld,
            conversation=conversation,
            tools=tools,
            tools_at=self._tools_at,
            briefing=briefing.text(),
            trailers=authorship.task_trailers(task.id, role.name, model),
            say=lambda state: self.watch(
                TaskProgressed(task.id, state, conversation.usage.output, conversation.cost_usd)
            ),
        )

    def _tools_at(self, commit: Oid) -> Answer:
        tools = ReadOnlyTools(self.repository, commit, self.withheld, base=self.run_base)
        return tools.answer

    def _conversation(
        self, task: Task, role: Role, model: str, tools: RoleTools, working_time: WorkingTime
    ) -> Conversation:
        def tell(progress: CallProgress) -> None:
            working_time.watch(progress)
            tokens = conversation.usage.output + progress.output_tokens
            self.watch(TaskProgressed(task.id, progress.state, tokens, conversation.cost_usd))

        conversation = Conversation(
            model=self.model,
            model_name=model,
            prefix=self.prefix,
            run=self.run,
            task=task.id,
            answer=tools.answer,
            max_tokens=self.settings.max_tokens,
            effort=role.effort,
            on_progress=tell,
        )
        return conversation

    def _briefing(
        self, task: Task, role: Role, base: Oid, done: Mapping[TaskId, Result]
    ) -> Briefing:
        reads: dict[str, str] = {}
        missing: list[str] = []
        room = READS_LIMIT
        for path in task.reads:
            text = self._text(base, path, most_bytes=min(READ_LIMIT, room))
            if text is None:
                missing.append(path)
            else:
                reads[path] = text
                room -= len(text.encode())
        notes = {id: done[id].note for id in task.depends_on}
        return Briefing(self.plan, task, role, notes, reads, missing)

    def _text(self, base: Oid, path: str, *, most_bytes: int) -> str | None:
        entry = self.repository.entry(base, _repo_path(path))
        if entry is None or entry.mode not in (FILE_MODE, EXECUTABLE_MODE):
            return None
        if self.repository.sizes([entry.oid])[entry.oid] > most_bytes:
            return None
        data = self.repository.blob(entry.oid)
        if self.withheld.why(entry.path, data) is not None:
            return None
        try:
            return None if b"\0" in data else data.decode("utf-8")
        except UnicodeDecodeError:
            return None


def _repo_path(path: str) -> RepoPath:
    return RepoPath(path.encode("utf-8", "surrogateescape"))
