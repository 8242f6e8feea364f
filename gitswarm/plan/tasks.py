"""Task, Plan: the work and its order, as plain values."""

import json
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import combinations
from typing import Any

from gitswarm.plan.pathspecs import may_meet
from gitswarm.repo.objects import TaskId


@dataclass(frozen=True, slots=True)
class Task:
    """One agent's work."""

    id: TaskId
    role: str
    prompt: str
    title: str = ""
    """One line."""
    depends_on: tuple[TaskId, ...] = ()
    owns: tuple[str, ...] = ()
    """Git glob pathspecs, from the repository's root, of what this task is to write."""
    reads: tuple[str, ...] = ()
    """Files it should see before it starts."""
    timeout_seconds: float = 300


@dataclass(frozen=True, slots=True)
class Plan:
    """A goal's tasks, in the order they were planned."""

    goal: str
    tasks: tuple[Task, ...]
    parallelize: bool = True
    """False: the goal is better served by one agent, and there is one task."""
    reason: str = ""
    """Why it is not to be parallelized."""


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan as the value that its JSON spells."""
    return {
        "version": 1,
        "goal": plan.goal,
        "parallelize": plan.parallelize,
        "reason": plan.reason,
        "tasks": [
            {
                "id": task.id,
                "role": task.role,
                "title": task.title,
                "prompt": task.prompt,
                "depends_on": list(task.depends_on),
                "owns": list(task.owns),
                "reads": list(task.reads),
                "timeout_seconds": _whole(task.timeout_seconds),
            }
            for task in plan.tasks
        ],
    }


def dump_plan(plan: Plan) -> str:
    """The plan as JSON, as `read_plan` reads it."""
    return json.dumps(plan_json(plan), ensure_ascii=False, indent=2) + "\n"


def _whole(number: float) -> float:
    return int(number) if number == int(number) else number


def overlaps(plan: Plan) -> tuple[tuple[TaskId, TaskId], ...]:
    """The pairs of tasks, in plan order, that may write the same path at the same time.

    Two tasks of which one depends on the other, directly or not, are no such pair; neither are
    tasks that do not say what they own.
    """
    before = _ancestors(plan)
    return tuple(
        (one.id, other.id)
        for one, other in combinations(plan.tasks, 2)
        if one.id not in before[other.id]
        and other.id not in before[one.id]
        and any(may_meet(mine, theirs) for mine in one.owns for theirs in other.owns)
    )


def _ancestors(plan: Plan) -> dict[TaskId, set[TaskId]]:
    """The tasks that each task waits for, directly or not."""
    needs = {task.id: task.depends_on for task in plan.tasks}
    before: dict[TaskId, set[TaskId]] = {}
    for task in TopologicalSorter(needs).static_order():
        before[task] = set(needs[task]).union(*(before[needed] for needed in needs[task]))
    return before
