"""Replies with the usual faults: almost all land within the repair turns, none wrongly."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gitswarm.errors import PlanError
from gitswarm.plan.goal import read_planned
from gitswarm.plan.roles import load_builtin_roles
from gitswarm.swarm.author import REPAIRS
from gitswarm.swarm.briefing import repair_request
from gitswarm.swarm.edits import EditsRefused
from tests.swarm.replies import changes

FOLDER = Path(__file__).with_name("replies")
CASES = sorted(FOLDER.glob("*.txt"))
PLAN_REPAIRS = 1


@dataclass
class Case:
    """One file of the folder, read."""

    files: dict[str, str] = field(default_factory=dict)
    replies: list[str] = field(default_factory=list)
    says: list[list[str]] = field(default_factory=list)
    """Of each reply that is sent back."""
    becomes: dict[str, str | None] = field(default_factory=dict)
    tasks: list[str] | None = None

    @classmethod
    def read(cls, path: Path) -> "Case":
        case = cls()
        for section in re.split(r"^==== ", path.read_text("utf-8"), flags=re.M)[1:]:
            head, _, body = section.partition("\n")
            kind, _, rest = head.partition(" ")
            name, text = shaped(rest, body)
            match kind:
                case "file":
                    case.files[name] = text
                case "reply":
                    case.replies.append(text)
                case "says":
                    case.says.append(body.splitlines())
                case "becomes":
                    case.becomes[name] = text
                case "gone":
                    case.becomes[name] = None
                case "tasks":
                    case.tasks = body.split()
                case _:
                    raise AssertionError(f"{path.name}: {head}")
        return case

    @property
    def lands(self) -> bool:
        allowed = REPAIRS if self.tasks is None else PLAN_REPAIRS
        return len(self.says) < len(self.replies) <= allowed + 1


def shaped(head: str, body: str) -> tuple[str, str]:
    """A section's path, and its text with the habits that its head names."""
    name = re.sub(r" (crlf|unended|blanks|times=\d+)\b", "", f" {head}").strip()
    if times := re.search(r" times=(\d+)", head):
        body *= int(times[1])
    if " unended" in f" {head}":
        body = body.removesuffix("\n")
    if " crlf" in f" {head}":
        body = body.replace("\n", "\r\n")
    return name, body


def outcome(case: Case, reply: str) -> dict[str, str | None] | list[str]:
    """What a reply comes to: the files it changes, or the ids of its plan."""
    if case.tasks is None:
        return {
            change.path.decode(): change.data.decode() if change.mode else None
            for change in changes(reply, case.files)
        }
    plan, _ = read_planned(reply, load_builtin_roles().values(), max_tasks=None)
    return [task.id for task in plan.tasks]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_recorded_reply_comes_to_what_it_must(path: Path) -> None:
    case = Case.read(path)

    for reply, said in zip(case.replies, case.says, strict=False):
        with pytest.raises((EditsRefused, PlanError)) as refused:
            outcome(case, reply)
        error = refused.value
        told = repair_request(error.problems) if isinstance(error, EditsRefused) else str(error)
        assert [line for line in said if line not in told] == []

    if case.lands:
        wanted = case.becomes if case.tasks is None else case.tasks
        assert outcome(case, case.replies[-1]) == wanted


def test_almost_all_replies_land_within_the_repair_turns() -> None:
    landing = [case.lands for case in map(Case.read, CASES)]
    assert len(landing) >= 60
    assert sum(landing) / len(landing) >= 0.95
