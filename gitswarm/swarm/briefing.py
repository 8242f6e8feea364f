"""Briefing: what a task's agent is told, after the prefix that all agents share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gitswarm.plan.fence import fenced
from gitswarm.plan.roles import Role
from gitswarm.plan.tasks import Plan, Task
from gitswarm.repo.objects import TaskId
from gitswarm.swarm.role_tools import allowed


@dataclass(frozen=True, slots=True)
class Briefing:
    """Everything that the first message of a task's conversation is made of."""

    plan: Plan
    task: Task
    role: Role
    notes: Mapping[TaskId, str]
    """What the tasks it depends on reported."""
    reads: Mapping[str, str]
    """The files it should read, by path, at the commit it starts from."""
    missing: Sequence[str] = ()
    """Paths it should read that are not shown: nothing is there, or no text that may be."""

    def text(self, *, for_program: bool = False) -> str:
        """`for_program`: for one that has the files, and tools of its own to read them."""
        parts = [
            self._role(),
            f"# The goal of the whole run\n\n{self.plan.goal.strip()}",
            self._siblings(),
            self._dependencies(for_program=for_program),
            self._named_reads() if for_program else self._reads(),
            self._task(),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _role(self) -> str:
        parts = [f"# Your role: {self.role.name}", self.role.prompt.strip(), allowed(self.role)]
        return "\n\n".join(part for part in parts if part)

    def _siblings(self) -> str:
        if len(self.plan.tasks) == 1:
            return ""
        lines = [
            "# Who does what",
            "",
            "Each task works on a branch of its own, most of them at the same time as you. You do"
            " not see their changes, and yours are merged with theirs afterwards: keep to your"
            " part.",
            "",
        ]
        for task in self.plan.tasks:
            you = " (you)" if task.id == self.task.id else ""
            owns = f" It owns: {', '.join(task.owns)}." if task.owns else ""
            after = f" It waits for: {', '.join(task.depends_on)}." if task.depends_on else ""
            lines.append(f"- `{task.id}`{you}, {task.role}: {task.title or task.id}.{owns}{after}")
        return "\n".join(lines)

    def _dependencies(self, *, for_program: bool) -> str:
        if not self.task.depends_on:
            return ""
        overview = ", which `show_diff` shows; the codebase overview above was made before them"
        lines = [
            "# What you build on",
            "",
            "The files that you see already contain the changes of "
            + ", ".join(f"`{task}`" for task in self.task.depends_on)
            + ("" if for_program else overview)
            + ".",
        ]
        for task, note in self.notes.items():
            lines += ["", f"## Note of `{task}`", "", _quoted(note.strip() or "(none)")]
        return "\n".join(lines)

    def _reads(self) -> str:
        if not self.reads and not self.missing:
            return ""
        lines = ["# Files to read first"]
        for path, text in self.reads.items():
            lines += ["", f"## `{path}`", "", fenced(text)]
        if self.missing:
            lines += [
                "",
                "Not there, not text, too long or kept from models: "
                + ", ".join(f"`{p}`" for p in self.missing),
            ]
        return "\n".join(lines)

    def _named_reads(self) -> str:
        if not self.task.reads:
            return ""
        return "# Files to read first\n\n" + ", ".join(f"`{path}`" for path in self.task.reads)

    def _task(self) -> str:
        owns = ""
        if self.task.owns:
            owns = (
                "\n\nYou own these paths: "
                + ", ".join(f"`{path}`" for path in self.task.owns)
                + ". Change others only where your task says so or cannot be done without it, and"
                " name them in your note."
            )
        return f"# Your task: {self.task.title or self.task.id}\n\n{self.task.prompt.strip()}{owns}"


def repair_request(problems: Sequence[str]) -> str:
    """What goes back when a reply could not be applied."""
    listed = "\n".join(f"- {problem}" for problem in problems)
    return (
        "Nothing of your reply was applied, because of this:\n\n"
        f"{listed}\n\n"
        "Send the complete reply again, with every block of it, the good ones too: a reply is"
        " applied as a whole or not at all.\n"
    )


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())
