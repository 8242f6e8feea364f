"""Proposal and Opened: what a forge is asked for, and what it made of that."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gitswarm.repo.objects import BranchName, Oid, RunId


@dataclass(frozen=True, slots=True)
class Proposal:
    """The pull request of a run, as it should be."""

    run: RunId
    title: str
    """One line."""
    description: str
    """Markdown, ours."""
    template: str
    """Markdown, the repository's own for pull requests; empty where it has none."""
    base: BranchName
    branch: BranchName
    """What is proposed, by the name it has here and on the remote."""
    commit: Oid
    draft: bool


class Action(StrEnum):
    OPENED = "opened"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    """There was nothing that the forge had not got already."""
    PUSHED = "pushed"
    """The branch is there, and no pull request is known of."""


@dataclass(frozen=True, slots=True)
class Opened:
    action: Action
    number: int | None = None
    address: str | None = None
    draft: bool = False
    title: str | None = None
    """The one it has now, where it is not the proposal's."""
    remarks: tuple[str, ...] = ()
    """What the user should know of it."""


@dataclass(frozen=True, slots=True)
class Published:
    """What was published of a run the last time, as its ledger keeps it: `publish.json`."""

    remote: str
    forge: str
    place: str
    """Host and path of the repository."""
    base: BranchName
    commit: Oid
    title: str
    number: int | None
    address: str | None

    @classmethod
    def from_json(cls, value: Any) -> "Published | None":
        """None for what is not there, or was written by another version."""
        try:
            return cls(**value)
        except TypeError:
            return None

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}
