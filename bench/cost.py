"""What working side by side costs: five tasks as agents, and as one long conversation.

    python -m bench.cost

Both do the same over the same prefix: for each task the same briefing, the same calls of tools
with the same results, the same last reply; the conversation does one task after the other. The
repository is so large that its overview fills what gitswarm gives to it. A local server caches and
bills as the Messages API does, four characters a token, and what it says is printed:

    cost      US dollars; `ratio` is over the conversation's. Wanted: at most 1.10
    prefix    calls that wrote the shared prefix to the cache, by model. Wanted: one for each
    hits      tokens read from the cache, of all prompts together

`planned` is the same with a planner that comes first and warms the cache; its own calls are told
apart. In `two models` the tester and the documenter use another model than the rest.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gitswarm.model import Prefix
from gitswarm.model.claude import ClaudeModel
from gitswarm.model.conversation import AnswerCall, Conversation
from gitswarm.model.limits import Limiter
from gitswarm.model.prices import Prices
from gitswarm.plan.context import build_context, prefix
from gitswarm.plan.tools import ReadOnlyTools
from gitswarm.plan.withheld import Withheld
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.objects import RunId
from gitswarm.repo.repository import Repository
from gitswarm.settings import DEFAULT_MODEL
from tests.messages_api import Call, MessagesApi, Scripted
from tests.prompt_cache import prefixes

ROLES = ("researcher", "builder", "tester", "documenter", "deployer")
OTHER_MODEL = "claude-haiku-4-5"
ROUNDS = 5
"""Replies of each task that call tools, before the one that does the work."""

GOAL = "Let the shop take orders in several currencies"
MODULES = 900
LINES = 60
PLAN = json.dumps(
    {
        "version": 1,
        "goal": GOAL,
        "tasks": [
            {
                "id": role,
                "role": role,
                "title": f"The {role}'s part",
                "prompt": f"Do what falls to a {role}. "
                + "Amounts keep the currency in which they were entered. " * 8,
                "owns": [] if role == "researcher" else [f"work/{role}.py"],
            }
            for role in ROLES
        ],
    }
)


def respond(call: Call) -> Scripted:
    """The reply that is due after so many replies of this conversation."""
    earlier = sum(message["role"] == "assistant" for message in call.body["messages"])
    if call.purpose == "plan":
        if earlier == 0:
            return _look("planner", ROLES.index("builder"), 0, earlier)
        return _said(f"A plan.\n\n````plan\n{PLAN}\n````\n")
    if call.task:
        role, done = call.task, earlier
    else:
        nth, done = divmod(earlier, ROUNDS + 1)
        role = ROLES[nth]
    if done < ROUNDS:
        return _look(role, ROLES.index(role), done, earlier)
    text = f"What I found: {'amounts are plain numbers throughout. ' * 30}"
    if role != "researcher":
        lines = "".join(f"rate_{n} = {n}  # set by the {role}\n" for n in range(60))
        text += f"\n\n````python path=work/{role}.py\n{lines}````\n"
    return _said(text)


def _look(role: str, nth: int, done: int, earlier: int) -> Scripted:
    """A search at first, then files, two at a time; every other task reads the same."""
    if done == 0:
        calls = [("search", {"pattern": f"amount_{nth}\\b", "glob": "shop/area1/*.py"})]
    else:
        files = (10 * (nth % 2) + 2 * done + n for n in range(2))
        calls = [("read_file", {"path": module_path(file)}) for file in files]
    blocks = [
        {"type": "tool_use", "id": f"toolu_{earlier}_{n}", "name": name, "input": arguments}
        for n, (name, arguments) in enumerate(calls)
    ]
    thought = f"As the {role} I have to see how amounts get here before I change anything."
    return Scripted(({"type": "text", "text": thought}, *blocks), latency=0.1, seconds=0.1)


def _said(text: str) -> Scripted:
    return Scripted.text(text, latency=0.1, seconds=0.1)


def module_path(number: int) -> str:
    return f"shop/area{number % 30}/orders_and_invoices_{number}.py"


def make_repository(folder: Path) -> None:
    for number in range(MODULES):
        file = folder / module_path(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = (f"amount_{n} = {number * n}  # in cents, as it was entered" for n in range(LINES))
        file.write_text("\n".join(lines) + "\n")
    for name in ("AGENTS.md", "README.md", "CONTRIBUTING.md"):
        rules = (f"{n}. In {name}: an amount is never rounded twice." for n in range(600))
        (folder / name).write_text("\n".join(rules) + "\n")
    for command in (
        ("init", "-q"),
        ("config", "user.name", "bench"),
        ("config", "user.email", "bench@example.org"),
        ("add", "."),
        ("commit", "-qm", "base"),
    ):
        subprocess.run(["git", "-C", folder, *command], check=True)


@dataclass(frozen=True)
class Bill:
    """What the server says of some calls."""

    calls: int
    cost_usd: float
    prefix_writes: dict[str, int]
    hit_rate: float
    prefix_tokens: int
    system: str

    @classmethod
    def of(cls, calls: Sequence[Call]) -> "Bill":
        writes: Counter[str] = Counter()
        read = prompt = 0
        for call in calls:
            assert call.usage is not None
            cached = call.usage["cache_read_input_tokens"]
            written = call.usage["cache_creation_input_tokens"]
            shared = prefix_tokens(call)
            writes[call.body["model"]] += cached < shared <= cached + written
            read += cached
            prompt += cached + written + call.usage["input_tokens"]
        return cls(
            calls=len(calls),
            cost_usd=sum(call.cost_usd for call in calls),
            prefix_writes=dict(writes),
            hit_rate=read / prompt,
            prefix_tokens=prefix_tokens(calls[0]),
            system=calls[0].body["system"][0]["text"],
        )


def prefix_tokens(call: Call) -> int:
    """Of the tools and the system prompt, by the server's count."""
    shared = {**call.body, "messages": []}
    return prefixes(shared)[1][-1]


def run_agents(folder: Path, *arguments: str) -> list[Call]:
    """The calls of a run of the command."""
    with MessagesApi(respond).serving() as api:
        command = [sys.executable, "-c", "from gitswarm.cli import main; main()"]
        done = subprocess.run(
            [*command, *arguments, "-y", "--json"],
            cwd=folder,
            env={**os.environ, **api.environment()},
            capture_output=True,
            check=True,
        )
    outcomes = {task["id"]: task["outcome"] for task in json.loads(done.stdout)["tasks"]}
    assert outcomes == {role: "noted" if role == "researcher" else "done" for role in ROLES}
    return api.calls


def run_conversation(folder: Path, briefings: Sequence[str]) -> list[Call]:
    """The calls of one conversation that is given a briefing after the other."""
    repository = Repository.discover(folder)
    commit = repository.commit_oid("HEAD")

    async def converse(shared: Prefix, answer: AnswerCall) -> None:
        async with ClaudeModel(limiter=Limiter(1), prices=Prices.load()) as model:
            conversation = Conversation(
                model=model,
                model_name=DEFAULT_MODEL,
                prefix=shared,
                run=RunId("bench"),
                answer=answer,
            )
            for briefing in briefings:
                await conversation.ask(briefing, purpose="task")

    with MessagesApi(respond).serving() as api:
        os.environ.update(api.environment())
        with Attributes.of(repository, commit) as attributes:
            withheld = Withheld(attributes)
            shared = prefix(build_context(repository, commit, withheld, goal=GOAL))
            answer = ReadOnlyTools(repository, commit, withheld, base=commit).answer
            asyncio.run(converse(shared, answer))
    return api.calls


def briefing_of(role: str, calls: Sequence[Call]) -> str:
    """What the agent of a role was told first."""
    first = next(call for call in calls if call.task == role)
    text: str = first.body["messages"][0]["content"][0]["text"]
    return text


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, plan = Path(name) / "project", Path(name) / "plan.json"
        folder.mkdir()
        make_repository(folder)
        plan.write_text(PLAN)
        calls = run_agents(folder, "run", str(plan))
        parallel = Bill.of(calls)
        conversation = Bill.of(
            run_conversation(folder, [briefing_of(role, calls) for role in ROLES])
        )
        calls = run_agents(folder, GOAL)
        planner = Bill.of([call for call in calls if call.purpose == "plan"])
        planned = Bill.of(calls)
        for role in ("tester", "documenter"):
            setting = f"swarm.role.{role}.model"
            subprocess.run(["git", "-C", folder, "config", setting, OTHER_MODEL], check=True)
        mixed = Bill.of(run_agents(folder, "run", str(plan)))
    assert parallel.system == conversation.system == planned.system == mixed.system
    print(f"shared prefix: {parallel.prefix_tokens:,} tokens\n")
    for title, bill in (
        ("conversation", conversation),
        ("parallel", parallel),
        ("planned", planned),
        ("two models", mixed),
    ):
        writes = ", ".join(f"{n} {model}" for model, n in sorted(bill.prefix_writes.items()))
        print(
            f"{title:<13}${bill.cost_usd:.4f} {bill.calls:3} calls, hits {bill.hit_rate:.0%},"
            f" prefix written: {writes}"
        )
    print(f"\nratio        {parallel.cost_usd / conversation.cost_usd:.2f} times the conversation")
    agents = planned.cost_usd - planner.cost_usd
    print(f"             {agents / conversation.cost_usd:.2f} planned, its agents alone")
    print(f"             {planned.cost_usd / conversation.cost_usd:.2f} planned, planner included")


if __name__ == "__main__":
    main()
