"""Program: an agent that is any command which works in a folder, in place of the model.

What it changed or committed there becomes the commits of its task; what it printed is the note.
The command is the user's, from `git config` alone, and runs with the user's environment.
"""

import asyncio
import re
import shlex
import shutil
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from gitswarm.errors import GitError
from gitswarm.model import Usage
from gitswarm.model.reply import read_reply
from gitswarm.plan.roles import Role
from gitswarm.plan.tasks import Task
from gitswarm.process import Completed
from gitswarm.repo.objects import SUBMODULE_MODE, BranchName, Oid, RefName, show
from gitswarm.repo.repository import Repository
from gitswarm.repo.worktree import Worktree
from gitswarm.swarm.briefing import Briefing
from gitswarm.swarm.checks import FailedCheck
from gitswarm.swarm.condensed import printed_lines
from gitswarm.swarm.messages import Authorship, write_message
from gitswarm.swarm.paths import role_refusal
from gitswarm.swarm.work import TaskFailedError, Version, Work
from gitswarm.swarm.workplace import Workplace

NOTE_CHARACTERS = 10_000
"""Of what it printed, from the end."""

ARGUMENT_BYTES = 128 * 1024 - 1
"""The longest argument that Linux hands to a program (MAX_ARG_STRLEN)."""

_PLACEHOLDER = re.compile(r"""(["']?)\{prompt\}\1""")

PREAMBLE = """\
You work in the current folder, a git worktree made for this task alone, on a branch of its own. \
Change the files in it: what you have changed when you end is committed for you, and what you \
commit yourself is kept as it is. Stay on this branch, push nothing, and leave `.git` and the rest \
of the machine alone.

What you print last is kept as your note, for the person who merges and for tasks that build on \
yours. If your task is to write and nothing needs to be changed, say why in a block of its own:

````nothing
Why nothing is to be changed.
````"""


def program_name(command: str) -> str:
    """What people call the program of a command: its first word, without the folder."""
    return PurePath(_first_word(command)).name


def _first_word(command: str) -> str:
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    return words[0] if words else command


def program_prompt(briefing: Briefing) -> str:
    """A task as a program is told of it: it reads the files for itself, with tools of its own."""
    own = replace(briefing, role=replace(briefing.role, tools=None))
    return f"{PREAMBLE}\n\n{own.text(for_program=True)}"


@dataclass
class Program:
    command: str
    task: Task
    role: Role
    branch: BranchName
    repository: Repository
    workplace: Workplace
    prompt: str
    authorship: Authorship
    usage: Usage = field(default_factory=Usage, init=False)
    cost_usd: float | None = field(default=None, init=False)
    """What a program spends is not known here."""

    async def begin(self, commit: Oid) -> Work:
        title = self.task.title or f"{self.role.name}: {self.task.id}"
        return await self._run(self.prompt, commit, title)

    async def mend(self, commit: Oid, problem: str) -> Work:
        prompt = f"{self.prompt}\n# What came of it so far\n\n{problem}\n"
        return await self._run(prompt, commit, f"Mend what the check of {self.task.id} found")

    async def _run(self, prompt: str, commit: Oid, title: str) -> Work:
        run = await self._start(prompt)
        worktree = await self.workplace.opened()
        note = _note(run.output)
        try:
            work = await asyncio.to_thread(self._collect, worktree, commit, title, note)
        except GitError as error:
            raise ProgramError(
                "its program left its worktree in a state that git cannot read; what it did is in"
                f" {worktree.path}: {error.message}"
            ) from None
        return replace(work, error=self._wrong(run))

    async def _start(self, prompt: str) -> Completed:
        takes_argument = _PLACEHOLDER.search(self.command) is not None
        if takes_argument and len(prompt.encode()) > ARGUMENT_BYTES:
            raise ProgramError(
                f"its prompt is too long for an argument of {self._name}: leave {{prompt}} out of"
                " swarm.agentCommand, then it is given on standard input"
            )
        try:
            return await self.workplace.run_program(
                _PLACEHOLDER.sub('"$1"', self.command),
                arguments=[prompt] if takes_argument else [],
                input=b"" if takes_argument else prompt.encode(),
                seconds=self.task.timeout_seconds,
            )
        except OSError as error:
            raise ProgramError(f"{self._name} could not be started: {error.strerror}") from None

    @property
    def _name(self) -> str:
        return program_name(self.command)

    def _wrong(self, run: Completed) -> str:
        if run.passed:
            return ""
        if run.status == 127 and shutil.which(_first_word(self.command)) is None:
            return f'the program "{self._name}" of swarm.agentCommand was not found'
        return f"its program failed: {FailedCheck(self.command, run).summary}"

    # -- what it left

    def _collect(self, worktree: Worktree, base: Oid, title: str, note: str) -> Work:
        if not worktree.path.is_dir():
            raise ProgramError(f"its program removed its worktree {worktree.path}")
        remarks = []
        if not worktree.is_intact:
            remarks.append("its program changed the .git of its worktree, which was not heeded")
        head, on = worktree.head()
        branch = RefName(f"refs/heads/{self.branch}")
        own: list[Oid] = []
        if self.repository.is_ancestor(base, head):
            own = self.repository.commits_between(base, head)
            if on != branch:
                remarks.append(f"its program left its branch for {on or 'a detached HEAD'}")
        elif on == branch:
            remarks.append("its program rewrote the history of its branch; what it came to is kept")
        else:
            raise ProgramError(
                f"its program switched to {on or head[:12]}, which does not come from where the"
                " task began; what it did is there"
            )
        if any(len(self.repository.commit(commit).parents) != 1 for commit in own):
            remarks.append("its program merged; what it came to is one commit")
            own = []
        tree = worktree.snapshot(self.workplace.left)
        self._require_allowed(base, tree)
        versions = [self._version_of(commit) for commit in own]
        if not versions or versions[-1].tree != tree:
            versions.append(Version(tree, write_message(title, note, self._trailers)))
        return Work(
            tuple(versions),
            note=note,
            reason=_reason(note),
            remarks=tuple(remarks),
            in_place=True,
        )

    def _version_of(self, commit: Oid) -> Version:
        """A commit of the program's, with the trailers that every commit of a run has."""
        made = self.repository.commit(commit)
        subject, _, body = made.message.partition("\n")
        return Version(made.tree, write_message(subject, body, self._trailers))

    def _require_allowed(self, base: Oid, tree: Oid) -> None:
        """Raise `ProgramError` where something is changed that the role may not write."""
        for path in sorted(self.repository.changed_paths(base, tree)):
            if refused := role_refusal(path, self.role.writes):
                raise ProgramError(f"its program changed what it may not: {refused}")
            entry = self.repository.entry(tree, path)
            if entry is not None and entry.mode == SUBMODULE_MODE:
                raise ProgramError(f"its program left a repository of its own in {show(path)}")

    @property
    def _trailers(self) -> list[str]:
        return self.authorship.task_trailers(self.task.id, self.role.name, self._name)


class ProgramError(TaskFailedError):
    """A program did not do what it was started for."""


def _note(output: str) -> str:
    text = "\n".join(printed_lines(output)).strip()
    if len(text) <= NOTE_CHARACTERS:
        return text
    end = text[-NOTE_CHARACTERS:]
    return f"[the beginning is left out]\n{end[end.find(chr(10)) + 1 :]}"


def _reason(note: str) -> str:
    blocks = read_reply(note).of_kind("nothing")
    return blocks[-1].body.strip() if blocks else ""
