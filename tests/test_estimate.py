"""What a plan will take."""

from dataclasses import replace

import pytest

from gitswarm.estimate import ASSUMED, Experience, estimate
from gitswarm.model import Usage
from gitswarm.model.prices import FREE, Price, Prices
from gitswarm.plan.roles import load_builtin_roles
from gitswarm.plan.tasks import Plan, Task
from gitswarm.repo.objects import TaskId

ROLES = load_builtin_roles()
PRICE = Prices.load().of("claude-sonnet-5-5")


def task(id: str, role: str, *depends_on: str) -> Task:
    return Task(TaskId(id), role, "prompt", depends_on=tuple(map(TaskId, depends_on)))


def plan(*tasks: Task) -> Plan:
    return Plan("goal", tasks)


def test_without_past_runs_what_is_assumed_is_said() -> None:
    found = estimate(
        plan(task("a", "builder"), task("b", "researcher")),
        ROLES,
        Experience([]),
        prefix_tokens=5_000,
        jobs=8,
        price=PRICE,
    )

    assert (found.seconds, found.sequential_seconds) == (
        ASSUMED[True].seconds,
        ASSUMED[True].seconds + ASSUMED[False].seconds,
    )
    assert found.basis == (
        "assumed 120 s and 6,000 tokens of replies for a task that writes, 90 s and 2,500 for one"
        " that reports"
    )


def test_time_is_that_of_the_longest_chain() -> None:
    seen = Experience([("builder", 10.0, Usage()), ("tester", 5.0, Usage())])

    found = estimate(
        plan(task("a", "builder"), task("b", "tester", "a"), task("c", "tester")),
        ROLES,
        seen,
        prefix_tokens=5_000,
        jobs=8,
        price=PRICE,
    )

    assert (found.seconds, found.sequential_seconds) == (15.0, 20.0)
    assert found.basis == "going by 2 tasks of past runs here"


def test_no_more_tasks_than_jobs_are_at_work_at_once() -> None:
    seen = Experience([("builder", 10.0, Usage()), ("tester", 4.0, Usage())])
    five = plan(*(task(f"t{n}", "builder") for n in range(5)), task("z", "tester", "t0"))

    took = {
        jobs: estimate(five, ROLES, seen, prefix_tokens=0, jobs=jobs, price=PRICE).seconds
        for jobs in (1, 2, 5, 50)
    }

    assert took == {1: 54.0, 2: 30.0, 5: 14.0, 50: 14.0}


def test_each_role_is_paid_at_the_price_of_its_own_model() -> None:
    two = plan(task("a", "builder"), task("b", "tester"))
    assert PRICE
    dear = replace(PRICE, rates=(replace(PRICE.rates[0], output=100.0),))
    own: dict[str, Price | None] = {"builder": dear, "tester": FREE}

    found, same = (
        estimate(
            two,
            ROLES,
            Experience([]),
            prefix_tokens=1_000,
            jobs=8,
            price=PRICE,
            price_of=price_of,
        )
        for price_of in (lambda role: own[role.name], None)
    )

    assert found.sequential_usd == same.sequential_usd
    assert found.cost_usd is not None
    assert same.cost_usd is not None
    assert found.cost_usd - same.cost_usd / 2 == pytest.approx(6_000 * 90 / 1e6)
    own["tester"] = None
    unknown = estimate(
        two,
        ROLES,
        Experience([]),
        prefix_tokens=1_000,
        jobs=8,
        price=PRICE,
        price_of=lambda role: own[role.name],
    )
    assert unknown.cost_usd is None


def test_one_conversation_pays_for_reading_back_what_it_has_said() -> None:
    five = plan(*(task(f"t{n}", "builder") for n in range(5)))
    found = estimate(five, ROLES, Experience([]), prefix_tokens=10_000, jobs=8, price=PRICE)

    assert found.cost_usd is not None
    assert found.sequential_usd is not None
    assert found.cost_usd < found.sequential_usd


def test_a_single_task_costs_the_same_either_way() -> None:
    found = estimate(
        plan(task("a", "builder")), ROLES, Experience([]), prefix_tokens=10_000, jobs=8, price=PRICE
    )

    assert found.cost_usd == found.sequential_usd
    assert found.seconds == found.sequential_seconds


def test_past_runs_count_by_their_median() -> None:
    seen = Experience(
        ("builder", seconds, Usage(input=100, output=output, cache_write=900, cache_read=20_000))
        for seconds, output in ((10.0, 1_000), (20.0, 3_000), (900.0, 2_000))
    )

    effort = seen.effort(ROLES["builder"], 10_000)

    assert effort is not None
    assert (effort.seconds, effort.calls, effort.prompt, effort.output) == (20.0, 2, 1_000, 2_000)


def test_a_price_that_is_not_known_leaves_the_cost_open() -> None:
    found = estimate(
        plan(task("a", "builder")), ROLES, Experience([]), prefix_tokens=10_000, jobs=8, price=None
    )

    assert (found.cost_usd, found.sequential_usd) == (None, None)
    assert found.lines()[0] == (
        "about 2 min, at a price not known; as one conversation 2 min, at a price not known"
    )
