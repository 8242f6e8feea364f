"""Every reply is recorded before anything follows from it, and none is asked for twice."""

import json
from dataclasses import replace
from typing import Any

from gitswarm.model import OnProgress, Prefix, Purpose, Reply, Request, Turn, Usage
from gitswarm.repo.ledger import Step
from gitswarm.repo.objects import RunId
from gitswarm.swarm.turns import Exchange, RecordedModel, Turns, conversation_key

REPLY = Reply(({"type": "text", "text": "done"},), "end_turn", Usage(10, 2), "m", 0.5)


class Counting:
    """A model that always says the same."""

    def __init__(self) -> None:
        self.asked = 0

    async def ask(self, request: Request, on_progress: OnProgress | None = None) -> Reply:
        self.asked += 1
        return REPLY


def request(*texts: str, purpose: Purpose = "task", task: str | None = "left") -> Request:
    turns = tuple(Turn.user(text) for text in texts)
    return Request("m", Prefix("p"), turns, purpose, RunId("run-0000"), task)


async def test_a_reply_is_recorded_with_what_it_answers_in_the_folder_of_who_asked() -> None:
    steps: list[Step] = []

    async def record(step: Step) -> None:
        steps.append(step)

    model = RecordedModel(Counting(), Turns(record))
    await model.ask(request("go"))
    await model.ask(request("go", "again", purpose="repair"))
    await model.ask(request("both?", purpose="resolve"))
    await model.ask(request("a goal", purpose="plan", task=None))

    assert {
        path: value["asked"][0]["text"] for step in steps for path, value in step.files.items()
    } == {
        "tasks/left/turns/0001.json": "go",
        "tasks/left/turns/0002.json": "again",
        "turns/0001.json": "both?",
        "turns/0002.json": "a goal",
    }


async def test_a_reply_that_was_received_before_is_neither_asked_for_nor_recorded_again() -> None:
    steps: list[Step] = []

    async def record(step: Step) -> None:
        steps.append(step)

    earlier = Exchange(conversation_key(request("go")), "task", REPLY)
    asked = Counting()
    model = RecordedModel(asked, Turns(record, {"tasks/left/turns": (earlier,)}))

    assert await model.ask(request("go")) == REPLY
    assert (asked.asked, steps) == (0, [])
    others = (
        request("stop"),
        request("go", task="right"),
        replace(request("go"), model="other"),
        request("go", "go"),
    )
    for other in others:
        await model.ask(other)
    paths: list[Any] = [json.dumps([*step.files]) for step in steps]
    assert asked.asked == 4
    assert paths == [
        '["tasks/left/turns/0002.json"]',
        '["tasks/right/turns/0001.json"]',
        '["tasks/left/turns/0003.json"]',
        '["tasks/left/turns/0004.json"]',
    ]
