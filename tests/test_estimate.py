"""What a plan will take."""

from gitswarm.estimate import ASSUMED, Experience, estimate
from gitswarm.model import Usage
from gitswarm.model.prices import Prices
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
        price=PRICE,
    )

    assert (found.seconds, found.sequential_seconds) == (15.0, 20.0)
    assert found.basis == "going by 2 tasks of past runs here"


def test_one_conversation_pays_for_reading_back_what_it_has_said() -> None:
    five = plan(*(task(f"t{n}", "builder") for n in range(5)))
    found = estimate(five, ROLES, Experience([]), prefix_tokens=10_000, price=PRICE)

    assert found.cost_usd is not None
    assert found.sequential_usd is not None
    assert found.cost_usd < found.sequential_usd


def test_a_single_task_costs_the_same_either_way() -> None:
    found = estimate(
        plan(task("a", "builder")), ROLES, Experience([]), prefix_tokens=10_000, price=PRICE
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
        plan(task("a", "builder")), ROLES, Experience([]), prefix_tokens=10_000, price=None
    )

    assert (found.cost_usd, found.sequential_usd) == (None, None)
    assert found.lines()[0] == (
        "about 2 min, at a price not known; as one conversation 2 min, at a price not known"
    )
