"""Secrets: what must not leave this machine with a description."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gitswarm.overview import TaskView
from gitswarm.plan.keys import without_keys
from gitswarm.publish.remote import without_passwords
from gitswarm.repo.environment import is_secret

REMOVED = "[removed: a secret]"

_SHORTEST = 8
"""Characters; a shorter value would blot out innocent words."""


class Secrets:
    """The values of variables that by their names are secrets, keys of known forms, and passwords
    in URLs. They are taken out of words before these are cut or escaped, when they can still be
    recognised."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        values = {value.strip() for name, value in environ.items() if is_secret(name)}
        self._values = sorted((v for v in values if len(v) >= _SHORTEST), key=len, reverse=True)

    def out_of(self, text: str) -> str:
        for value in self._values:
            text = text.replace(value, REMOVED)
        return without_keys(without_passwords(text), REMOVED)

    def out_of_json(self, value: Any) -> Any:
        """The same value with nothing secret in any text of it."""
        match value:
            case str():
                return self.out_of(value)
            case Mapping():
                return {key: self.out_of_json(inner) for key, inner in value.items()}
            case list():
                return [self.out_of_json(inner) for inner in value]
        return value

    def out_of_task(self, task: TaskView) -> TaskView:
        """What a description tells of a task."""
        commits = tuple(replace(c, subject=self.out_of(c.subject)) for c in task.commits)
        title, note, error = map(self.out_of, (task.title, task.note, task.error))
        return replace(task, title=title, note=note, error=error, commits=commits)
