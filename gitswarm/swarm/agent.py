"""Agent: one task at work: ask, edit, commit, until done or stopped."""

import asyncio
import time
from dataclasses import dataclass, replace

from gitswarm.errors import GitError, GitswarmError, ModelError
from gitswarm.model.conversation import Conversation
from gitswarm.model.reply import read_reply
from gitswarm.plan.roles import Role, Writes
from gitswarm.plan.tasks import Task
from gitswarm.plan.withheld import Withheld
from gitswarm.progress import TaskProgressed, Watch
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.ledger import Step
from gitswarm.repo.objects import BranchName, Oid, RefName
from gitswarm.repo.repository import Repository
from gitswarm.swarm.briefing import repair_request
from gitswarm.swarm.checkout import Checkout
from gitswarm.swarm.commit_files import CommitFiles
from gitswarm.swarm.edits import Change, Edits, EditsRefused, apply_edits, read_edits
from gitswarm.swarm.messages import Authorship, write_message
from gitswarm.swarm.results import Outcome, Result
from gitswarm.swarm.turns import Record

REPAIRS = 3
"""How often a reply that could not be applied is asked for again."""


@dataclass
class Agent:
    """One task in one worktree, with one conversation.

    `work` always comes back with a result: what goes wrong with the model, with git or with time
    is the outcome of this task and of no other.
    """

    task: Task
    role: Role
    model: str
    base: Oid
    branch: BranchName
    checkout: Checkout
    repository: Repository
    attributes: Attributes
    withheld: Withheld
    conversation: Conversation
    briefing: str
    authorship: Authorship
    record: Record
    watch: Watch

    async def work(self) -> Result:
        began = time.monotonic()
        limit = asyncio.timeout(self.task.timeout_seconds)
        try:
            async with limit:
                result = await self._carry_out()
        except TimeoutError:
            if not limit.expired():
                raise
            result = self._result(
                Outcome.TIMEOUT, error=f"not done after {self.task.timeout_seconds:g} s"
            )
        except asyncio.CancelledError:
            result = self._result(Outcome.CANCELLED, error="the run stopped")
        except (ModelError, GitError, UnusableReplyError) as error:
            result = self._result(Outcome.FAILED, error=error.message)
        kept = await self.checkout.leave()
        return replace(
            result,
            usage=self.conversation.usage,
            cost_usd=self.conversation.cost_usd,
            seconds=time.monotonic() - began,
            kept_worktree=kept,
        )

    async def _carry_out(self) -> Result:
        edits, changes = await self._ask_for_edits()
        return await self._commit(edits, changes)

    async def _ask_for_edits(self) -> tuple[Edits, tuple[Change, ...]]:
        """The edits of the first reply that can be applied as a whole."""
        files = CommitFiles(self.repository, self.base, self.attributes, self.withheld)
        reply = await self.conversation.ask(self.briefing, purpose="task")
        for attempt in range(REPAIRS + 1):
            try:
                writing = self.role.writes is not Writes.NOTHING
                edits = read_edits(read_reply(reply.text), writing=writing)
                changes = await asyncio.to_thread(
                    apply_edits, edits, files, writes=self.role.writes
                )
                return edits, changes
            except EditsRefused as refused:
                problems = refused.problems
            if attempt < REPAIRS:
                self._say("repairing")
                reply = await self.conversation.ask(repair_request(problems), purpose="repair")
        raise UnusableReplyError(
            f"its reply could not be applied after {REPAIRS} repairs: {' '.join(problems)}"
        )

    async def _commit(self, edits: Edits, changes: tuple[Change, ...]) -> Result:
        self._say("committing")
        tree = await asyncio.to_thread(self._write_tree, changes)
        changed = tree != await asyncio.to_thread(self.repository.tree, self.base)
        outcome = self._outcome(edits, changed=changed)
        message = self._message(edits, outcome)
        commit = await asyncio.to_thread(self.repository.commit_tree, tree, [self.base], message)
        result = self._result(
            outcome,
            commits=(commit,),
            note=edits.note or edits.nothing or "",
            remarks=tuple(remark for change in changes for remark in change.remarks),
        )
        await self.record(Step(f"{self.task.id}: {outcome.value}", {}, (commit,)))
        try:
            await self.checkout.opened()
            has_worktree = True
        except GitError as error:
            has_worktree = False
            missing = f"it has no worktree: {error.message}"
            result = replace(result, remarks=(*result.remarks, missing))
        try:
            await self._advance_branch(commit, has_worktree=has_worktree)
        except GitError as error:
            told = f"its commit {commit[:12]} is not on its branch: {error.message}"
            return replace(result, outcome=Outcome.FAILED, error=told)
        return result

    def _write_tree(self, changes: tuple[Change, ...]) -> Oid:
        repository = self.repository
        return repository.edit_tree(
            repository.tree(self.base),
            {
                change.path: (change.mode, repository.write_blob(change.data))
                if change.mode is not None
                else None
                for change in changes
            },
        )

    def _outcome(self, edits: Edits, *, changed: bool) -> Outcome:
        if changed:
            return Outcome.DONE
        if self.role.writes is Writes.NOTHING or edits.nothing is not None:
            return Outcome.NOTED
        return Outcome.EMPTY

    def _message(self, edits: Edits, outcome: Outcome) -> str:
        trailers = self.authorship.task_trailers(self.task.id, self.role.name, self.model)
        title = self.task.title or f"{self.role.name}: {self.task.id}"
        if edits.commit_message and outcome is Outcome.DONE:
            subject, _, body = edits.commit_message.partition("\n")
            return write_message(subject, body, trailers)
        note = "\n\n".join(part for part in (edits.nothing, edits.note) if part)
        return write_message(title, note, trailers)

    async def _advance_branch(self, commit: Oid, *, has_worktree: bool) -> None:
        """Files first, then the branch: a crash in between leaves the branch behind the ledger,
        which knows the commit. So does a person who has changed the same files meanwhile."""
        branch = RefName(f"refs/heads/{self.branch}")
        at: Oid | None = self.base
        if has_worktree:
            await self.checkout.move_to(self.base, commit)
        else:
            at = await asyncio.to_thread(self.repository.ref, branch) and self.base
        await asyncio.to_thread(self.repository.update_ref, branch, commit, at)

    def _result(self, outcome: Outcome, **facts: object) -> Result:
        return Result(
            self.task.id,
            self.role.name,
            outcome,
            branch=self.branch,
            base=self.base,
            **facts,  # type: ignore[arg-type]
        )

    def _say(self, state: str) -> None:
        spent = self.conversation
        self.watch(TaskProgressed(self.task.id, state, spent.usage.output, spent.cost_usd))


class UnusableReplyError(GitswarmError):
    """The model's replies could not be used."""
