"""Plans as values: written as JSON, and who may get into whose way."""

from gitswarm.plan.tasks import Plan, Task, dump_plan, overlaps
from gitswarm.repo.objects import TaskId


def task(id: str, *, after: str = "", owns: str = "") -> Task:
    needed = tuple(TaskId(name) for name in after.split())
    return Task(TaskId(id), "builder", "Do it.", depends_on=needed, owns=tuple(owns.split()))


def test_a_plan_is_written_with_every_key_in_the_order_of_the_format() -> None:
    first = Task(TaskId("builder"), "builder", "Größe\nzwei", timeout_seconds=300.0)
    second = Task(
        TaskId("docs"),
        "documenter",
        "Write.",
        title="Words",
        depends_on=(TaskId("builder"),),
        owns=("docs/**",),
        reads=("README.md",),
        timeout_seconds=1.5,
    )

    assert (
        dump_plan(Plan("Grow", (first, second)))
        == """\
{
  "version": 1,
  "goal": "Grow",
  "parallelize": true,
  "reason": "",
  "tasks": [
    {
      "id": "builder",
      "role": "builder",
      "title": "",
      "prompt": "Größe\\nzwei",
      "depends_on": [],
      "owns": [],
      "reads": [],
      "timeout_seconds": 300
    },
    {
      "id": "docs",
      "role": "documenter",
      "title": "Words",
      "prompt": "Write.",
      "depends_on": [
        "builder"
      ],
      "owns": [
        "docs/**"
      ],
      "reads": [
        "README.md"
      ],
      "timeout_seconds": 1.5
    }
  ]
}
"""
    )


def test_tasks_that_may_write_the_same_path_overlap() -> None:
    plan = Plan(
        "g",
        (
            task("c", owns="src/a.py docs/*"),
            task("a", owns="tests/**"),
            task("b", owns="**/*.py"),
            task("silent"),
        ),
    )

    assert overlaps(plan) == (("c", "b"), ("a", "b"))


def test_tasks_of_which_one_waits_for_the_other_do_not_overlap() -> None:
    #   a ── b ── c        d beside them, all in src
    plan = Plan(
        "g",
        (
            task("c", after="b", owns="src"),
            task("b", after="a", owns="src"),
            task("a", owns="src"),
            task("d", owns="src"),
        ),
    )

    assert overlaps(plan) == (("c", "d"), ("b", "d"), ("a", "d"))
