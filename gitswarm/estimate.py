"""Estimate: what a plan will take, in time and money, before it is agreed to.

The measure is what tasks of the same role came to in this repository's past runs; without any, what
is assumed is said. The same calls are reckoned twice: as agents side by side that share a cached
prefix, and as one conversation that does one task after another and reads back all it has said.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from statistics import median

from gitswarm.model import Usage
from gitswarm.model.prices import Price
from gitswarm.plan.roles import Role, Writes
from gitswarm.plan.tasks import Plan, Task
from gitswarm.repo.objects import TaskId


@dataclass(frozen=True, slots=True)
class Effort:
    """What one task takes."""

    seconds: float
    calls: int
    """Of the model: rounds of tools, the reply, repairs."""
    prompt: int
    """Tokens of its own, beside the shared prefix: the briefing and what its tools show it."""
    output: int
    """Tokens of all its replies."""


ASSUMED: Mapping[bool, Effort] = {
    True: Effort(seconds=120, calls=4, prompt=12_000, output=6_000),
    False: Effort(seconds=90, calls=4, prompt=15_000, output=2_500),
}
"""For a role that writes, and for one that only reports."""


@dataclass(frozen=True, slots=True)
class Estimate:
    seconds: float
    """From the first task's start to the last one's end."""
    sequential_seconds: float
    cost_usd: float | None
    """None where the price of the model is not known."""
    sequential_usd: float | None
    """As one long conversation."""
    basis: str

    def lines(self) -> list[str]:
        """For people, to go with the plan."""
        parallel = _about(self.seconds, self.cost_usd)
        alone = _about(self.sequential_seconds, self.sequential_usd)
        return [f"about {parallel}; as one conversation {alone}", self.basis]


class Experience:
    """What tasks came to in past runs, by role."""

    def __init__(self, results: Iterable[tuple[str, float, Usage]]) -> None:
        """Of each task that ended well its role, its seconds and its tokens."""
        self._seen: dict[str, list[tuple[float, Usage]]] = defaultdict(list)
        for role, seconds, usage in results:
            self._seen[role].append((seconds, usage))

    def effort(self, role: Role, prefix_tokens: int) -> Effort | None:
        """The median of what this role took; None where it has not been seen."""
        seen = self._seen.get(role.name)
        if not seen:
            return None
        usages = [usage for _, usage in seen]
        return Effort(
            seconds=median(seconds for seconds, _ in seen),
            calls=max(1, round(median(u.cache_read for u in usages) / max(1, prefix_tokens))),
            prompt=int(median(usage.input + usage.cache_write for usage in usages)),
            output=int(median(usage.output for usage in usages)),
        )

    @property
    def tasks(self) -> int:
        return sum(map(len, self._seen.values()))


def estimate(
    plan: Plan,
    roles: Mapping[str, Role],
    experience: Experience,
    *,
    prefix_tokens: int,
    jobs: int,
    price: Price | None,
    price_of: Callable[[Role], Price | None] | None = None,
) -> Estimate:
    """What the plan will take with so many tasks at work at once, the planning itself not counted:
    that is over. `price` is that of one conversation, and of the roles for which `price_of` says
    no other."""
    efforts: dict[str, Effort] = {}
    assumed = 0
    for task in plan.tasks:
        seen = experience.effort(roles[task.role], prefix_tokens)
        assumed += seen is None
        efforts[task.id] = seen or ASSUMED[roles[task.role].writes is not Writes.NOTHING]
    all_efforts = [efforts[task.id] for task in plan.tasks]
    own_prices = [price_of(roles[task.role]) if price_of else price for task in plan.tasks]
    costs = [
        None if own is None else _cost([efforts[task.id]], prefix_tokens, own)
        for task, own in zip(plan.tasks, own_prices, strict=True)
    ]
    return Estimate(
        seconds=_duration(plan.tasks, efforts, jobs),
        sequential_seconds=sum(effort.seconds for effort in all_efforts),
        cost_usd=None if None in costs else sum(filter(None, costs)),
        sequential_usd=None if price is None else _cost(all_efforts, prefix_tokens, price),
        basis=_basis(len(plan.tasks), assumed, experience.tasks),
    )


def _duration(tasks: Sequence[Task], efforts: Mapping[str, Effort], jobs: int) -> float:
    """Seconds until the last task ends, each begun as soon as those it needs have ended and one of
    so many places is free."""
    order = TopologicalSorter({task.id: task.depends_on for task in tasks})
    order.prepare()
    ready: deque[TaskId] = deque()
    working: list[tuple[float, TaskId]] = []
    now = 0.0
    while order.is_active():
        ready.extend(order.get_ready())
        while ready and len(working) < jobs:
            id = ready.popleft()
            heappush(working, (now + efforts[id].seconds, id))
        now, ended = heappop(working)
        order.done(ended)
    return now


def _cost(efforts: Sequence[Effort], prefix_tokens: int, price: Price) -> float:
    """US dollars for a conversation that does these one after another, its prefix being warm: every
    call reads what came before and writes what is new."""
    said = prefix_tokens
    total = 0.0
    for effort in efforts:
        new = (effort.prompt + effort.output) / effort.calls
        for _ in range(effort.calls):
            usage = Usage(
                cache_read=int(said),
                cache_write=int(effort.prompt / effort.calls),
                output=int(effort.output / effort.calls),
            )
            total += price.cost(usage)
            said += int(new)
    return total


def _basis(tasks: int, assumed: int, seen: int) -> str:
    if assumed == 0:
        return f"going by {seen} tasks of past runs here"
    what = "assumed" if assumed == tasks else f"going by {seen} tasks of past runs here, else"
    writing, reporting = ASSUMED[True], ASSUMED[False]
    return (
        f"{what} {writing.seconds:g} s and {writing.output:,} tokens of replies for a task that"
        f" writes, {reporting.seconds:g} s and {reporting.output:,} for one that reports"
    )


def _about(seconds: float, usd: float | None) -> str:
    time = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
    return f"{time} and ${usd:.2f}" if usd is not None else f"{time}, at a price not known"
