"""Author: the model at a task, whose replies are edits of files."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from gitswarm.model import Usage
from gitswarm.model.conversation import Conversation
from gitswarm.model.reply import read_reply
from gitswarm.plan.roles import Role, Writes
from gitswarm.plan.tasks import Task
from gitswarm.plan.withheld import Withheld
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.objects import Oid
from gitswarm.repo.repository import Repository
from gitswarm.swarm.briefing import repair_request
from gitswarm.swarm.commit_files import CommitFiles
from gitswarm.swarm.edits import Change, Edits, EditsRefused, apply_edits, read_edits
from gitswarm.swarm.fragments import fragments
from gitswarm.swarm.messages import write_message
from gitswarm.swarm.role_tools import Answer, RoleTools
from gitswarm.swarm.work import TaskFailedError, Version, Work

REPAIRS = 3
"""How often a reply that could not be applied is asked for again."""


@dataclass
class Author:
    task: Task
    role: Role
    repository: Repository
    attributes: Attributes
    withheld: Withheld
    conversation: Conversation
    tools: RoleTools
    tools_at: Callable[[Oid], Answer]
    """The tools that read the files of a commit."""
    briefing: str
    trailers: list[str]
    say: Callable[[str], None]
    """Tells a watcher what is being done."""

    @property
    def usage(self) -> Usage:
        return self.conversation.usage

    @property
    def cost_usd(self) -> float | None:
        return self.conversation.cost_usd

    async def begin(self, commit: Oid) -> Work:
        reply = await self.conversation.ask(self.briefing, purpose="task")
        title = self.task.title or f"{self.role.name}: {self.task.id}"
        return await self._work(reply.text, commit, title)

    async def mend(self, commit: Oid, problem: str) -> Work:
        self.tools.read_with(self.tools_at(commit))
        ask = f"{problem} Then that goes into a block `nothing`.\n"
        reply = await self.conversation.ask(ask, purpose="repair")
        return await self._work(reply.text, commit, f"Mend what the check of {self.task.id} found")

    async def _work(self, reply: str, commit: Oid, title: str) -> Work:
        edits, changes = await self._edits(
            reply, CommitFiles(self.repository, commit, self.attributes, self.withheld)
        )
        tree = await asyncio.to_thread(self._write_tree, commit, changes)
        changed = tree != await asyncio.to_thread(self.repository.tree, commit)
        return Work(
            (Version(tree, self._message(edits, title, changed=changed)),),
            note=edits.account,
            reason=edits.nothing or "",
            remarks=tuple(remark for change in changes for remark in change.remarks),
        )

    async def _edits(self, reply: str, files: CommitFiles) -> tuple[Edits, tuple[Change, ...]]:
        """The edits of the first reply that can be applied as a whole, and that gives no fragment
        of a file for the whole unless it says so twice."""
        writing = self.role.writes is not Writes.NOTHING
        told: tuple[str, ...] = ()
        for attempt in range(REPAIRS + 1):
            try:
                edits = read_edits(read_reply(reply), writing=writing)
                changes = await asyncio.to_thread(
                    apply_edits, edits, files, writes=self.role.writes
                )
                problems = await asyncio.to_thread(fragments, edits, changes, files)
                if not problems or problems == told:
                    return edits, changes
                told = problems
            except EditsRefused as refused:
                problems = refused.problems
            if attempt < REPAIRS:
                self.say("repairing")
                again = await self.conversation.ask(repair_request(problems), purpose="repair")
                reply = again.text
        raise UnusableReplyError(
            f"its reply could not be applied after {REPAIRS} repairs: {' '.join(problems)}"
        )

    def _write_tree(self, commit: Oid, changes: tuple[Change, ...]) -> Oid:
        repository = self.repository
        return repository.edit_tree(
            repository.tree(commit),
            {
                change.path: (change.mode, repository.write_blob(change.data))
                if change.mode is not None
                else None
                for change in changes
            },
        )

    def _message(self, edits: Edits, title: str, *, changed: bool) -> str:
        if edits.commit_message and changed:
            subject, _, body = edits.commit_message.partition("\n")
            return write_message(subject, body, self.trailers)
        return write_message(title, edits.account, self.trailers)


class UnusableReplyError(TaskFailedError):
    """The model's replies could not be used."""
