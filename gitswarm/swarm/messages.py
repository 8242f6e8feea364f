"""Commit messages of a run: what the model wrote of them, and the trailers that only we write."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gitswarm.repo.objects import RunId, TaskId

_OURS = re.compile(r"\s*(?:Swarm-[\w-]*|Signed-off-by|Co-authored-by)\s*:", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

SUBJECT_LENGTH = 72


@dataclass(frozen=True, slots=True)
class Authorship:
    """What the trailers of every commit of a run say."""

    run: RunId
    co_author: str | None = None
    """As `swarm.coAuthor`: None names the model, empty names nobody."""

    def task_trailers(self, task: TaskId, role: str, model: str) -> list[str]:
        trailers = [
            f"Swarm-Run: {self.run}",
            f"Swarm-Task: {task}",
            f"Swarm-Role: {role}",
            f"Swarm-Model: {model}",
        ]
        co_author = self.co_author
        if co_author is None:
            co_author = f"{model} <noreply@anthropic.com>"
        return trailers + ([f"Co-authored-by: {co_author}"] if co_author else [])

    def merge_trailers(
        self, task: TaskId, role: str, resolved: Iterable[tuple[str, int, str]]
    ) -> list[str]:
        """`resolved` holds path, hunk number and who resolved it."""
        return [
            f"Swarm-Run: {self.run}",
            f"Swarm-Task: {task}",
            f"Swarm-Role: {role}",
            *(f"Swarm-Resolved: {_one_line(path)} hunk={n} by={by}" for path, n, by in resolved),
        ]


def write_message(subject: str, body: str, trailers: Sequence[str]) -> str:
    """A message git can read back: subject, body without trailers, and the given trailers."""
    lines = _plain(subject).strip().splitlines() or ["change"]
    subject, rest = lines[0].strip(), "\n".join(lines[1:])
    if len(subject) > SUBJECT_LENGTH:
        cut = subject.rfind(" ", 0, SUBJECT_LENGTH - 3)
        cut = cut if cut > SUBJECT_LENGTH // 2 else SUBJECT_LENGTH - 3
        rest = f"...{subject[cut:].strip()}\n{rest}"
        subject = subject[:cut].rstrip() + "..."
    text = re.sub(r"\n{3,}", "\n\n", f"{rest}\n\n{_plain(body)}").strip()
    parts = [subject, text, "\n".join(trailers)]
    return "\n\n".join(part for part in parts if part) + "\n"


def without_trailers(text: str) -> str:
    """Without the lines that claim to be trailers of ours, or anybody's signature: a model cannot
    sign for people."""
    return "\n".join(line for line in text.split("\n") if not _OURS.match(line))


def _plain(text: str) -> str:
    return without_trailers(_CONTROL.sub("", text))


def _one_line(path: str) -> str:
    return path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
