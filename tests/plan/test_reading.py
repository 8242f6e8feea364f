"""Plans read from JSON: what is mended, what is refused, and in which words."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitswarm.errors import PlanError, PlanFileError
from gitswarm.plan.reading import Source, read_plan
from gitswarm.plan.tasks import Plan, Task, dump_plan
from gitswarm.repo.objects import TASK_ID, TaskId

ROLES = ("builder", "tester")


def plan(*tasks: Any, **rest: Any) -> str:
    return json.dumps({"goal": "g", "tasks": tasks, **rest})


def a(id: str = "a", **rest: Any) -> dict[str, Any]:
    return {"id": id, "role": "builder", "prompt": "Do it.", **rest}


def read(
    data: str, source: Source = "model", max_tasks: int | None = None
) -> tuple[Plan, tuple[str, ...]]:
    return read_plan(data, source=source, roles=ROLES, max_tasks=max_tasks)


def problems(data: str, source: Source = "model", max_tasks: int | None = None) -> list[str]:
    with pytest.raises(PlanError) as refused:
        read(data, source, max_tasks)
    assert isinstance(refused.value, PlanFileError) == (source == "file")
    return refused.value.message.splitlines()


def test_what_is_left_out_has_the_default_of_the_format() -> None:
    expected = Plan("g", (Task(TaskId("a"), "builder", "Do it.", "", (), (), (), 300),))
    assert read(plan(a())) == (expected, ())
    assert read(plan(a()), "file") == (expected, ())


def test_a_file_may_begin_with_a_byte_order_mark() -> None:
    assert read("\ufeff" + plan(a()), "file") == read(plan(a()))


def test_paths_are_plain_and_dependencies_named_once() -> None:
    given = plan(
        a(title=" Two\nlines ", owns=["./src//x/", ":(glob)**/*.py", "{a,b}/*"], reads=["./a/./b"]),
        a("b", depends_on=["a", "a"]),
    )
    one, two = read(given, "file")[0].tasks
    assert (one.title, one.reads) == ("Two lines", ("a/b",))
    assert one.owns == ("src/x", "**/*.py", "a/*", "b/*")
    assert two.depends_on == ("a",)


def test_a_models_spelling_of_ids_is_mended_and_references_follow() -> None:
    read_as, notes = read(
        plan(a("Build_API (v2)"), a("Prüfer", depends_on=["build api v2", "Build_API (v2)"]))
    )

    assert [(task.id, task.depends_on) for task in read_as.tasks] == [
        ("build-api-v2", ()),
        ("prufer", ("build-api-v2",)),
    ]
    assert notes == (
        'the id "Build_API (v2)" was changed to "build-api-v2"',
        'the id "Prüfer" was changed to "prufer"',
    )


def test_a_models_unknown_keys_are_ignored_and_noted() -> None:
    read_as, notes = read(plan(a(priority=1), mood="good"))

    assert read_as == read(plan(a()))[0]
    assert notes == (
        'the plan: the key "mood" was ignored',
        'task "a": the key "priority" was ignored',
    )


def test_a_files_unknown_keys_and_bad_ids_are_refused_by_name() -> None:
    assert problems(plan(a("Build API", priority=1), mood="good"), "file") == [
        'the plan: "mood" is not a key that is known',
        'task "Build API": "priority" is not a key that is known',
        'task "Build API": "id" is "Build API", which does not match [a-z0-9][a-z0-9-]{0,39}',
    ]


@pytest.mark.parametrize("source", ["model", "file"])
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("[]", "the plan must be a JSON object"),
        ("3", "the plan must be a JSON object"),
        (plan(), "the plan has no tasks"),
        ('{"goal": "g"}', 'the plan: "tasks" is missing'),
        (plan(a(), goal=" "), 'the plan: "goal" is empty'),
        (plan(a(), version=2), 'the plan: "version" must be 1; no other version is known'),
        (plan(a(), parallelize="no"), 'the plan: "parallelize" must be true or false'),
        (plan("a"), "task 1 must be a JSON object"),
        (plan(a(), {"id": "b"}), 'task "b": "role" is missing'),
        (plan(a(prompt="")), 'task "a": "prompt" is empty'),
        (plan(a(role="king")), 'task "a": "role" is "king", which is none of builder, tester'),
        (plan(a(role=3)), 'task "a": "role" must be text'),
        (plan(a(), a()), '2 tasks have the id "a"'),
        (
            plan(a("merged")),
            'task "merged": "id" is "merged", which is the name of the merged branch',
        ),
        (plan(a(depends_on=["a"])), 'task "a" depends on itself'),
        (plan(a(depends_on=["b"])), 'task "a" depends on "b", which is no task'),
        (plan(a(depends_on="b")), 'task "a": "depends_on" must be a list'),
        (plan(a(owns=["/etc"])), 'task "a": "owns" item 1 is "/etc", not a path from the root'),
        (plan(a(owns=["x", ".."])), 'task "a": "owns" item 2 is "..", which leads outside'),
        (plan(a(reads=[".git/x"])), 'task "a": "reads" item 1 is ".git/x", which is inside ".git"'),
        (plan(a(owns=["{..,a}/x"])), 'task "a": "owns" is "../x", which leads outside'),
        (plan(a(owns=[":!x"])), 'task "a": "owns" item 1 is ":!x", with pathspec magic'),
        (plan(a(reads=[3])), 'task "a": "reads" item 1 must be text'),
        (plan(a(timeout_seconds=0)), 'task "a": "timeout_seconds" must be greater than 0'),
        (plan(a(timeout_seconds="9")), 'task "a": "timeout_seconds" must be a number'),
        (plan(a(timeout_seconds=True)), 'task "a": "timeout_seconds" must be a number'),
        (
            plan(a(timeout_seconds=9)).replace("9", "1e999"),
            'task "a": "timeout_seconds" must be a finite number',
        ),
        (
            plan(a(), parallelize=False),
            'a plan with "parallelize": false has one task and a reason',
        ),
        (
            plan(a(), a("b"), parallelize=False, reason="small"),
            'a plan with "parallelize": false has one task and a reason',
        ),
    ],
)
def test_what_cannot_be_carried_out_is_refused(data: str, problem: str, source: Source) -> None:
    assert any(found.startswith(problem) for found in problems(data, source)), problems(data)


@pytest.mark.parametrize(
    "data", ["", "not json", "{", '{"goal": NaN}', "[" * 100_000, "9" * 5_000, '"\ud800"']
)
def test_what_is_not_json_is_refused_by_place(data: str) -> None:
    (problem,) = problems(data, "file")
    assert problem.startswith("the plan is not JSON: ")


def test_a_circle_is_named_from_the_first_task_of_the_plan() -> None:
    tasks = [
        a("x", depends_on=["c"]),
        a("a", depends_on=["b"]),
        a("b", depends_on=["c"]),
        a("c", depends_on=["a"]),
    ]
    assert problems(plan(*tasks)) == ["tasks wait for each other: a -> b -> c -> a"]


def test_a_plan_may_have_too_many_tasks() -> None:
    assert problems(plan(a(), a("b"), a("c")), max_tasks=2) == ["the plan has 3 tasks, more than 2"]
    assert len(read(plan(a(), a("b")), max_tasks=2)[0].tasks) == 2


def test_a_plan_for_one_agent_has_its_reason() -> None:
    read_as, _ = read(plan(a(), parallelize=False, reason="It is one line."))
    assert (read_as.parallelize, read_as.reason) == (False, "It is one line.")


def test_all_problems_are_told_at_once() -> None:
    tasks = [
        a("a", role="king", timeout_seconds=-1, depends_on=["nobody"]),
        {"id": "b", "role": "tester", "depends_on": ["a", "b"], "owns": ["../x"]},
    ]
    assert problems(plan(*tasks, parallelize=3)) == [
        'the plan: "parallelize" must be true or false',
        'task "a": "role" is "king", which is none of builder, tester',
        'task "a": "timeout_seconds" must be greater than 0',
        'task "b": "prompt" is missing',
        'task "b": "owns" item 1 is "../x", which leads outside',
        'task "a" depends on "nobody", which is no task',
        'task "b" depends on itself',
    ]


# -- whatever comes

SCRAPS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
IDS = st.sampled_from(["a", "b", "A b", "merged", "", "-"]) | st.text(max_size=5)
TASKS = st.fixed_dictionaries(
    {},
    optional={
        "id": IDS | SCRAPS,
        "role": st.sampled_from(ROLES) | SCRAPS,
        "prompt": st.text(max_size=3) | SCRAPS,
        "title": st.text(max_size=3) | SCRAPS,
        "depends_on": st.lists(IDS, max_size=3) | SCRAPS,
        "owns": st.lists(st.text("a/.*:\\[]\0", max_size=5), max_size=2) | SCRAPS,
        "reads": st.lists(st.text(max_size=3), max_size=2) | SCRAPS,
        "timeout_seconds": st.floats() | SCRAPS,
        "x": SCRAPS,
    },
)
PLANS = st.fixed_dictionaries(
    {},
    optional={
        "goal": st.text(max_size=3) | SCRAPS,
        "tasks": st.lists(TASKS | SCRAPS, max_size=3) | SCRAPS,
        "version": st.just(1) | SCRAPS,
        "parallelize": st.booleans() | SCRAPS,
        "reason": st.text(max_size=3) | SCRAPS,
        "x": SCRAPS,
    },
)


@given(PLANS.map(json.dumps) | SCRAPS.map(json.dumps) | st.text(max_size=30))
@pytest.mark.parametrize("source", ["model", "file"])
def test_nonsense_is_a_plan_error_and_nothing_else(source: Source, data: str) -> None:
    try:
        read_as, _ = read(data, source)
    except PlanFileError:
        assert source == "file"
    except PlanError:
        assert source == "model"
    else:
        assert all(TASK_ID.fullmatch(task.id) for task in read_as.tasks)


@st.composite
def good_plans(draw: st.DrawFn) -> Plan:
    ids = draw(
        st.lists(st.from_regex(TASK_ID, fullmatch=True), min_size=1, max_size=4, unique=True)
    )
    said = st.text(min_size=1, max_size=9).filter(lambda text: bool(text.strip()))
    paths = st.lists(st.sampled_from(["a", "src/**", "ü b/*.py", "[x]"]), max_size=2).map(tuple)
    tasks = tuple(
        Task(
            TaskId(id),
            draw(st.sampled_from(ROLES)),
            draw(said),
            " ".join(draw(said).split()),
            tuple(TaskId(i) for i in draw(st.lists(st.sampled_from(ids[:n]), unique=True)))
            if n
            else (),
            draw(paths),
            draw(paths),
            draw(st.floats(min_value=1e-3, max_value=1e9) | st.integers(1, 10**6)),
        )
        for n, id in enumerate(ids)
        if id != "merged"
    )
    alone = len(tasks) == 1 and draw(st.booleans())
    return Plan(draw(said), tasks, not alone, draw(said) if alone else "")


@given(good_plans().filter(lambda plan: bool(plan.tasks)))
def test_what_is_written_is_read_back_the_same(plan: Plan) -> None:
    assert read(dump_plan(plan), "file") == (plan, ())
    assert read(dump_plan(plan), "model")[0].goal == plan.goal
