import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from gitswarm.errors import ModelError
from gitswarm.model import CallProgress, OnProgress, Reply, Request, Usage
from gitswarm.model.replay import RecordingModel, ReplayModel, record
from tests.model.conftest import MODEL, ask


def reply(text: str, **rest: object) -> Reply:
    values: dict[str, object] = {
        "blocks": (
            {"type": "thinking", "thinking": "", "signature": "c2ln"},
            {"type": "text", "text": text},
            {"type": "tool_use", "id": "toolu_1", "name": "search", "input": {"under": None}},
        ),
        "stop_reason": "tool_use",
        "usage": Usage(812, 96, 0, 20_480),
        "model": MODEL,
        "cost_usd": 0.0067,
        "seconds": 3.1,
        **rest,
    }
    return Reply(**values)  # type: ignore[arg-type]


class Answers:
    """A model that gives these replies in turn, or raises."""

    def __init__(self, *replies: Reply | ModelError) -> None:
        self.replies = iter(replies)

    async def ask(self, request: Request, on_progress: OnProgress | None = None) -> Reply:
        answer = next(self.replies)
        if isinstance(answer, ModelError):
            raise answer
        return answer


CALLS = (
    ask("x", purpose="plan"),
    ask("x", task="builder"),
    ask("y", task="builder"),
    ask("x", task="tester"),
    ask("x", purpose="resolve", label="src/a.py"),
    ask("x", purpose="resolve", label="src-a.py"),
    ask("x", purpose="resolve", label="src/a.py"),
)


async def recorded(directory: Path, calls: Sequence[Request]) -> list[Reply]:
    model = RecordingModel(Answers(*(reply(f"reply {n}") for n in range(len(calls)))), directory)
    return [await model.ask(call) for call in calls]


async def test_every_recorded_reply_answers_the_call_it_was_recorded_for(tmp_path: Path) -> None:
    replies = await recorded(tmp_path / "replies", CALLS)
    assert [one.seconds for one in replies] == [3.1] * len(CALLS)

    model = ReplayModel(tmp_path / "replies")
    in_another_order = (4, 3, 0, 1, 5, 6, 2)
    answers = {n: await model.ask(CALLS[n]) for n in in_another_order}

    for n, answer in answers.items():
        assert answer.seconds < 3.1
        assert answer == reply(f"reply {n}", seconds=answer.seconds)


async def test_a_recording_is_readable_json(tmp_path: Path) -> None:
    await recorded(tmp_path, CALLS[:1])
    (path,) = tmp_path.iterdir()
    assert path.name == "plan-00.json"
    assert json.loads(path.read_text()) == {
        "purpose": "plan",
        "task": "",
        "label": "",
        "ordinal": 0,
        "reply": {
            "blocks": [
                {"type": "thinking", "thinking": "", "signature": "c2ln"},
                {"type": "text", "text": "reply 0"},
                {
                    "type": "tool_use",
                    "id": "toolu_1",
                    "name": "search",
                    "input": {"under": None},
                },
            ],
            "stop_reason": "tool_use",
            "usage": {"input": 812, "output": 96, "cache_write": 0, "cache_read": 20480},
            "model": MODEL,
            "cost_usd": 0.0067,
            "seconds": 3.1,
            "refusal": "",
            "request_id": "",
        },
    }


async def test_a_failed_call_leaves_no_gap_in_the_recording(tmp_path: Path) -> None:
    model = RecordingModel(Answers(ModelError("busy"), reply("at last")), tmp_path)
    with pytest.raises(ModelError, match="busy"):
        await model.ask(CALLS[1])
    await model.ask(CALLS[1])
    assert (await ReplayModel(tmp_path).ask(CALLS[1])).text == "at last"


async def test_a_call_without_a_recording_is_named(tmp_path: Path) -> None:
    await recorded(tmp_path, [CALLS[4]])
    model = ReplayModel(tmp_path)
    await model.ask(CALLS[4])
    with pytest.raises(ModelError) as raised:
        await model.ask(CALLS[4])
    assert raised.value.message == "no reply is recorded for this call: resolve, src/a.py, call 1"
    with pytest.raises(ModelError) as raised:
        await model.ask(CALLS[3])
    assert raised.value.message == "no reply is recorded for this call: task, task tester, call 0"


async def test_a_file_that_is_no_recording_is_named(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"purpose": "plan"}')
    with pytest.raises(ModelError, match=r"plan\.json is not a recorded reply"):
        await ReplayModel(tmp_path).ask(CALLS[0])


async def test_two_replies_for_one_call_are_refused(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_bytes(record(CALLS[0], reply("x")))
    with pytest.raises(ModelError) as raised:
        await ReplayModel(tmp_path).ask(CALLS[0])
    assert raised.value.message == (
        f"{tmp_path / 'b.json'} records a second reply for one call: plan, call 0"
    )


async def test_a_paced_reply_streams_for_its_time_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(record(CALLS[0], reply("x")))
    seen: list[CallProgress] = []
    model = ReplayModel(tmp_path, pace=lambda request, answer: answer.seconds / 10)
    answer = await model.ask(CALLS[0], seen.append)
    assert answer.seconds >= 0.31
    assert seen == [CallProgress("streaming", tokens) for tokens in (0, 32, 64)]
