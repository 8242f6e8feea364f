"""A plan's JSON read into a Plan.

It comes from a model or from a file of the user's. A model's slips are mended where the meaning is
plain (how an id is spelled, keys nobody asked for) and noted; a file is taken at its word. What
cannot be carried out is refused, all problems at once, one sentence each.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails, from_json

from gitswarm.errors import PlanError, PlanFileError
from gitswarm.plan.pathspecs import alternatives, pathspec, plain_path
from gitswarm.plan.tasks import Plan, Task
from gitswarm.repo.objects import TASK_ID, TaskId

Source = Literal["model", "file"]

RESERVED_ID = "merged"
"""The branch `swarm/RUN/merged` is the merge of them all."""


def read_plan(
    data: str, *, source: Source, roles: Collection[str], max_tasks: int | None
) -> tuple[Plan, tuple[str, ...]]:
    """The plan that a JSON text holds, and a note on everything that was mended or ignored.

    Raises `PlanError`, for a file `PlanFileError`, whose message has one line for each problem.
    """
    reading = _Reading(source, frozenset(roles), max_tasks)
    plan = reading.read(data)
    if plan is not None and not reading.problems:
        return plan, tuple(reading.notes)
    message = "\n".join(reading.problems)
    if source == "file":
        raise PlanFileError(message, hint="correct the plan file and run it again")
    raise PlanError(message)


# -- what the JSON may say, field by field


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _task_id(text: str) -> str:
    if text == RESERVED_ID:
        raise ValueError(f'is "{text}", which is the name of the merged branch')
    if not TASK_ID.fullmatch(text):
        raise ValueError(f'is "{text}", which does not match {TASK_ID.pattern}')
    return text


def _known_role(role: str, info: ValidationInfo) -> str:
    assert isinstance(info.context, frozenset)
    if role not in info.context:
        raise ValueError(f'is "{role}", which is none of {", ".join(sorted(info.context))}')
    return role


def _without_braces(pathspecs: list[str]) -> list[str]:
    return [pathspec(one) for braced in pathspecs for one in alternatives(braced)]


class _TaskText(BaseModel):
    model_config = ConfigDict(strict=True)

    id: Annotated[str, AfterValidator(_task_id)]
    role: Annotated[str, AfterValidator(_known_role)]
    prompt: Annotated[str, AfterValidator(_said)]
    title: Annotated[str, AfterValidator(_one_line)] = ""
    depends_on: list[str] = []
    owns: Annotated[
        list[Annotated[str, AfterValidator(pathspec)]], AfterValidator(_without_braces)
    ] = []
    reads: list[Annotated[str, AfterValidator(plain_path)]] = []
    timeout_seconds: float = Field(default=300, gt=0, allow_inf_nan=False)

    def task(self) -> Task:
        return Task(
            TaskId(self.id),
            self.role,
            self.prompt,
            self.title,
            tuple(TaskId(needed) for needed in dict.fromkeys(self.depends_on)),
            tuple(self.owns),
            tuple(self.reads),
            self.timeout_seconds,
        )


class _PlanText(BaseModel):
    model_config = ConfigDict(strict=True)

    goal: Annotated[str, AfterValidator(_said)]
    tasks: list[Any]
    version: Literal[1] = 1
    parallelize: bool = True
    reason: str = ""


_EXPECTED = {
    "missing": "is missing",
    "string_type": "must be text",
    "list_type": "must be a list",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than": "must be greater than 0",
    "literal_error": "must be 1; no other version is known",
    "model_type": "must be a JSON object",
}


def _sentence(what: str, error: ErrorDetails) -> str:
    """A problem that pydantic found, in our words."""
    if error["type"] == "value_error":
        says = str(error["ctx"]["error"])
    else:
        says = _EXPECTED.get(error["type"], error["msg"])
    if not error["loc"]:
        return f"{what} {says}"
    key, *places = error["loc"]
    return f'{what}: "{key}"{"".join(f" item {int(n) + 1}" for n in places)} {says}'


# -- what it means as a whole

T = TypeVar("T", bound=BaseModel)


@dataclass
class _Reading:
    """One plan being read; what is wrong with it adds up."""

    source: Source
    roles: frozenset[str]
    max_tasks: int | None
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def read(self, data: str) -> Plan | None:
        """The plan, which is good only where there are no problems."""
        try:
            text = data.removeprefix("\ufeff").encode("utf-8", "surrogatepass")
            value = from_json(text, allow_inf_nan=False)
        except ValueError as error:
            self.problems.append(f"the plan is not JSON: {error}")
            return None
        whole = self._validate(_PlanText, value, "the plan")
        listed = value.get("tasks") if isinstance(value, dict) else None
        if not isinstance(listed, list):
            return None
        tasks = self._tasks(listed)
        if whole is None:
            return None
        if not whole.parallelize and (len(listed) != 1 or not whole.reason.strip()):
            self.problems.append('a plan with "parallelize": false has one task and a reason')
        return Plan(whole.goal, tasks, whole.parallelize, whole.reason)

    def _tasks(self, listed: list[Any]) -> tuple[Task, ...]:
        if not listed:
            self.problems.append("the plan has no tasks")
        if self.max_tasks is not None and len(listed) > self.max_tasks:
            self.problems.append(f"the plan has {len(listed)} tasks, more than {self.max_tasks}")
        if self.source == "model":
            listed = [self._with_spelled_ids(value) for value in listed]
        texts = [
            self._validate(_TaskText, value, _name(value, n)) for n, value in enumerate(listed, 1)
        ]
        self._check_order([value for value in listed if isinstance(value, dict)])
        return tuple(text.task() for text in texts if text is not None)

    def _validate(self, kind: type[T], value: Any, what: str) -> T | None:
        unknown = sorted(set(value) - set(kind.model_fields)) if isinstance(value, dict) else []
        for key in unknown:
            if self.source == "file":
                self.problems.append(f'{what}: "{key}" is not a key that is known')
            else:
                self.notes.append(f'{what}: the key "{key}" was ignored')
        try:
            return kind.model_validate(value, context=self.roles)
        except ValidationError as error:
            self.problems.extend(_sentence(what, one) for one in error.errors())
            return None

    def _with_spelled_ids(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        spelled = dict(value)
        given = value.get("id")
        if isinstance(given, str):
            spelled["id"] = spell_id(given)
            if spelled["id"] != given:
                self.notes.append(f'the id "{given}" was changed to "{spelled["id"]}"')
        if isinstance(needs := value.get("depends_on"), list):
            spelled["depends_on"] = [spell_id(id) if isinstance(id, str) else id for id in needs]
        return spelled

    def _check_order(self, tasks: list[dict[str, Any]]) -> None:
        """Ids that are not unique, dependencies that lead nowhere or in a circle. It looks at the
        raw values, so that a task with another fault is still there to depend on."""
        ids = [task["id"] for task in tasks if isinstance(task.get("id"), str)]
        self.problems.extend(
            f'{count} tasks have the id "{id}"' for id, count in Counter(ids).items() if count > 1
        )
        needs: dict[str, list[str]] = {id: [] for id in ids}
        for task in tasks:
            id, listed = task.get("id"), task.get("depends_on")
            if not isinstance(id, str) or not isinstance(listed, list):
                continue
            for needed in dict.fromkeys(name for name in listed if isinstance(name, str)):
                if needed == id:
                    self.problems.append(f'task "{id}" depends on itself')
                elif needed not in needs:
                    self.problems.append(f'task "{id}" depends on "{needed}", which is no task')
                else:
                    needs[id].append(needed)
        if circle := _circle(needs):
            self.problems.append(f"tasks wait for each other: {' -> '.join(circle)}")


def _name(task: Any, n: int) -> str:
    """How a sentence calls a task: by its id, or by its place where it has none."""
    id = task.get("id") if isinstance(task, dict) else None
    return f'task "{id}"' if isinstance(id, str) and id else f"task {n}"


def spell_id(id: str) -> str:
    """An id in the letters that ids have; empty where nothing of it is left."""
    letters = unicodedata.normalize("NFKD", id).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:40].rstrip("-")


def _circle(needs: dict[str, list[str]]) -> list[str]:
    """Tasks that each depend on the next, the first of the plan at both ends; or nothing."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        order = list(needs)
        circle: list[str] = error.args[1][:0:-1]
        start = circle.index(min(circle, key=order.index))
        return [*circle[start:], *circle[: start + 1]]
    return []
