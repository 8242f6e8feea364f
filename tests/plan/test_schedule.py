"""What starts when."""

from hypothesis import given
from hypothesis import strategies as st

from gitswarm.plan.schedule import Schedule
from gitswarm.plan.tasks import Plan, Task, overlaps
from gitswarm.repo.objects import TaskId
from tests.plan.test_tasks import task


def names(tasks: list[Task]) -> list[str]:
    return [task.id for task in tasks]


def test_a_task_is_ready_at_the_moment_its_last_dependency_ends() -> None:
    #   a ──┬── c ── d
    #   b ──┘
    #   e
    tasks = (task("e"), task("d", after="c"), task("c", after="a b"), task("b"), task("a"))
    schedule = Schedule(Plan("g", tasks))

    assert names(schedule.ready()) == ["e", "b", "a"]
    assert names(schedule.ready()) == []
    schedule.done(TaskId("a"))
    assert names(schedule.ready()) == []
    schedule.done(TaskId("b"))
    assert names(schedule.ready()) == ["c"]
    schedule.done(TaskId("c"))
    assert names(schedule.ready()) == ["d"]


def test_a_failed_task_takes_its_dependents_with_it_and_nobody_else() -> None:
    #   a ── b ── d        c depends on b and e
    tasks = (task("d", after="b"), task("a"), task("c", after="e b"), task("b", after="a"))
    schedule = Schedule(Plan("g", (*tasks, task("e"))))
    schedule.ready()

    assert [(task.id, why) for task, why in schedule.failed(TaskId("a"))] == [
        ("d", 'it depends on "b", which waited for "a", which did not succeed'),
        ("c", 'it depends on "b", which waited for "a", which did not succeed'),
        ("b", 'it depends on "a", which did not succeed'),
    ]
    assert schedule.failed(TaskId("e")) == []
    assert schedule.ready() == []


def test_overlapping_tasks_take_turns_when_asked_to() -> None:
    tasks = (task("a", owns="src"), task("b", owns="src/x"), task("c", owns="docs"))
    plan = Plan("g", tasks)

    assert names(Schedule(plan).ready()) == ["a", "b", "c"]

    schedule = Schedule(plan, serialize_overlaps=True)
    assert names(schedule.ready()) == ["a", "c"]
    schedule.done(TaskId("c"))
    assert names(schedule.ready()) == []
    assert schedule.failed(TaskId("a")) == []
    assert names(schedule.ready()) == ["b"]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Tasks in any order; each may depend on some that were drawn before it."""
    drawn: list[Task] = []
    for n in range(draw(st.integers(1, 7))):
        needed = draw(st.lists(st.sampled_from(range(n)), unique=True)) if n else []
        owns = draw(st.sampled_from(["", "src", "src/a", "docs", "**/a"]))
        drawn.append(task(f"t{n}", after=" ".join(f"t{m}" for m in needed), owns=owns))
    return Plan("g", tuple(draw(st.permutations(drawn))))


@given(st.data(), plans(), st.booleans())
def test_every_task_ends_once_and_never_starts_before_what_it_needs(
    data: st.DataObject, plan: Plan, serialize: bool
) -> None:
    schedule = Schedule(plan, serialize_overlaps=serialize)
    apart = set(overlaps(plan)) if serialize else set()
    running: list[TaskId] = []
    done: set[TaskId] = set()
    ended: list[TaskId] = []
    while True:
        for started in schedule.ready():
            assert set(started.depends_on) <= done
            assert not any({(started.id, o), (o, started.id)} & apart for o in running)
            running.append(started.id)
        if not running:
            break
        one = running.pop(data.draw(st.integers(0, len(running) - 1)))
        ended.append(one)
        if data.draw(st.booleans()):
            schedule.done(one)
            done.add(one)
        else:
            ended += [task.id for task, _ in schedule.failed(one)]

    assert sorted(ended) == sorted(task.id for task in plan.tasks)
