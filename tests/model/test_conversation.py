"""Conversations with the real client against the tests' own server."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from gitswarm.errors import (
    ContextOverflowError,
    RefusedError,
    RequestRefusedError,
    UnfinishedError,
)
from gitswarm.model import (
    CallProgress,
    Model,
    OnProgress,
    Prefix,
    Reply,
    Request,
    Tool,
    ToolCall,
    Usage,
)
from gitswarm.model.claude import ClaudeModel
from gitswarm.model.conversation import (
    CONTINUATIONS,
    ROUND_CHARACTERS,
    TOOL_ROUNDS,
    Conversation,
    ToolAnswer,
)
from gitswarm.repo.objects import RunId
from tests.messages_api import Call, MessagesApi, Scripted
from tests.model.conftest import MODEL

READ_FILE = Tool("read_file", "Read a file.", {"type": "object", "properties": {"path": {}}})


def converse(model: Model, **rest: Any) -> Conversation:
    return Conversation(
        model=model,
        model_name=MODEL,
        prefix=Prefix("You are a test.", (READ_FILE,)),
        run=RunId("jwt-auth-7f3a"),
        **rest,
    )


def script(api: MessagesApi, *replies: Scripted | str) -> None:
    """Answer the calls one after the other."""
    api.respond = lambda call: replies[call.index]


def messages(call: Call) -> list[tuple[str, Any]]:
    """Role and content of what was sent, without cache breakpoints; text alone as text."""
    told = []
    for message in call.body["messages"]:
        blocks = [
            {key: value for key, value in block.items() if key != "cache_control"}
            for block in message["content"]
        ]
        only_text = len(blocks) == 1 and blocks[0]["type"] == "text"
        told.append((message["role"], blocks[0]["text"] if only_text else blocks))
    return told


def shout(call: ToolCall) -> ToolAnswer:
    return ToolAnswer(f"{call.arguments['path'].upper()}!")


async def test_turns_are_appended_and_never_changed(api: MessagesApi, model: ClaudeModel) -> None:
    script(api, "first", "second")
    conversation = converse(model, task="builder", effort="low")

    replies = [
        await conversation.ask("role", "task", purpose="task"),
        await conversation.ask("again", purpose="repair"),
    ]

    assert [reply.text for reply in replies] == ["first", "second"]
    asked = [{"type": "text", "text": "role"}, {"type": "text", "text": "task"}]
    assert messages(api.calls[0]) == [("user", asked)]
    assert messages(api.calls[1]) == [("user", asked), ("assistant", "first"), ("user", "again")]
    assert [(call.purpose, call.task) for call in api.calls] == [
        ("task", "builder"),
        ("repair", "builder"),
    ]
    assert [call.body["output_config"] for call in api.calls] == [{"effort": "low"}] * 2


async def test_all_calls_of_a_reply_are_carried_out_side_by_side_and_answered_in_order(
    api: MessagesApi, model: ClaudeModel
) -> None:
    both = threading.Barrier(2, timeout=10)

    def answer(call: ToolCall) -> ToolAnswer:
        both.wait()
        return replace(shout(call), is_error=call.arguments["path"] == "b")

    script(
        api,
        Scripted.tools(("read_file", {"path": "a"}), ("read_file", {"path": "b"})),
        "done",
    )

    reply = await converse(model, answer=answer).ask("go", purpose="task")

    assert reply.text == "done"
    assert messages(api.calls[1])[1:] == [
        (
            "assistant",
            [
                {"type": "tool_use", "id": "toolu_0", "name": "read_file", "input": {"path": "a"}},
                {"type": "tool_use", "id": "toolu_1", "name": "read_file", "input": {"path": "b"}},
            ],
        ),
        (
            "user",
            [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_0",
                    "content": "A!",
                    "is_error": False,
                },
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": "B!",
                    "is_error": True,
                },
            ],
        ),
    ]


async def test_results_that_are_too_long_together_are_left_out_and_said_so(
    api: MessagesApi, model: ClaudeModel
) -> None:
    half = ROUND_CHARACTERS // 2
    calls = [("read_file", {"path": path}) for path in ("long", "long", "short", "long")]
    script(api, Scripted.tools(*calls), "done")

    def answer(call: ToolCall) -> ToolAnswer:
        return ToolAnswer("x" * (half - 1 if call.arguments["path"] == "long" else 2))

    await converse(model, answer=answer).ask("go", purpose="task")

    results = messages(api.calls[1])[-1][1]
    lengths = [(len(result["content"]), result["is_error"]) for result in results[:3]]
    assert lengths == [(half - 1, False), (half - 1, False), (2, False)]
    assert results[3]["is_error"]
    assert "too long together" in results[3]["content"]


async def test_blocks_beside_a_tool_call_are_asked_for_again(
    api: MessagesApi, model: ClaudeModel
) -> None:
    block = {"type": "text", "text": "Here:\n````python path=a.py\nx\n````\n"}
    call = {"type": "tool_use", "id": "t", "name": "read_file", "input": {"path": "a"}}
    script(api, Scripted((block, call)), "done")

    reply = await converse(model, answer=shout).ask("go", purpose="task")

    assert reply.text == "done"
    last = messages(api.calls[1])[-1][1][-1]
    assert last["type"] == "text"
    assert "do not count" in last["text"]


async def test_a_model_that_goes_on_calling_tools_is_told_to_answer_and_then_given_up(
    api: MessagesApi, model: ClaudeModel
) -> None:
    api.respond = lambda call: Scripted.tools(("read_file", {"path": str(call.index)}))
    answered = []

    def answer(call: ToolCall) -> ToolAnswer:
        answered.append(call.arguments["path"])
        return ToolAnswer("fine")

    conversation = converse(model, answer=answer)
    with pytest.raises(UnfinishedError, match=f"still called tools after {TOOL_ROUNDS + 1} rounds"):
        await conversation.ask("go", purpose="task")

    assert answered == [str(n) for n in range(TOOL_ROUNDS)]
    told = ["Answer now" in call.last_text for call in api.calls]
    assert told == [False] * TOOL_ROUNDS + [True] * 2
    assert len(conversation.replies) == TOOL_ROUNDS + 2


async def test_a_tool_is_refused_where_there_are_none(api: MessagesApi, model: ClaudeModel) -> None:
    script(api, Scripted.tools(("read_file", {"path": "a"})), "done")

    reply = await converse(model).ask("go", purpose="task")

    assert reply.text == "done"
    (result,) = messages(api.calls[1])[-1][1]
    assert result["is_error"]


async def test_a_cut_reply_is_continued_and_its_parts_are_one_text(
    api: MessagesApi, model: ClaudeModel
) -> None:
    whole = "0123456789" * 10
    parts = [whole, whole[40:], whole[80:]]
    script(api, *parts)

    reply = await converse(model, max_tokens=10).ask("go", purpose="task")

    assert reply.text == whole
    assert reply.stop_reason == "end_turn"
    assert [message for message in messages(api.calls[2]) if message[0] == "assistant"] == [
        ("assistant", whole[:40]),
        ("assistant", whole[40:80]),
    ]
    assert "0123456789" in api.calls[2].last_text
    assert "very next character" in api.calls[2].last_text


async def test_a_reply_that_never_ends_is_given_up(api: MessagesApi, model: ClaudeModel) -> None:
    api.respond = lambda call: "x" * 100

    conversation = converse(model, max_tokens=10)
    with pytest.raises(UnfinishedError, match="cut off at 10 tokens"):
        await conversation.ask("go", purpose="task")

    assert len(api.calls) == len(conversation.replies) == CONTINUATIONS + 1


async def test_a_tool_call_that_was_cut_is_not_carried_out(
    api: MessagesApi, model: ClaudeModel
) -> None:
    script(api, Scripted.tools(("read_file", {"path": "a" * 100})), "done")

    reply = await converse(model, max_tokens=10, answer=shout).ask("go", purpose="task")

    assert reply.text == "done"
    assert [role for role, _ in messages(api.calls[1])] == ["user", "user"]
    assert "reached the length limit" in api.calls[1].last_text


async def test_whole_tool_calls_of_a_reply_that_was_cut_are_carried_out(
    api: MessagesApi, model: ClaudeModel
) -> None:
    script(api, replace(Scripted.tools(("read_file", {"path": "a"})), stop_reason="max_tokens"), "")

    await converse(model, answer=shout).ask("go", purpose="task")

    (result,) = messages(api.calls[1])[-1][1]
    assert result["content"] == "A!"


async def test_thinking_goes_back_unchanged_and_a_reply_without_text_is_asked_for(
    api: MessagesApi, model: ClaudeModel
) -> None:
    thinking = {"type": "thinking", "thinking": "hm", "signature": "s1gned"}
    script(api, Scripted((thinking,), stop_reason="max_tokens"), "done")

    reply = await converse(model).ask("go", purpose="task")

    assert reply.text == "done"
    assert messages(api.calls[1])[1] == ("assistant", [thinking])


async def test_an_empty_reply_leaves_nothing_that_the_api_would_refuse(
    api: MessagesApi, model: ClaudeModel
) -> None:
    script(api, Scripted(()), "ok")
    conversation = converse(model)

    assert (await conversation.ask("go", purpose="task")).text == ""
    assert (await conversation.ask("well?", purpose="repair")).text == "ok"
    assert messages(api.calls[1]) == [("user", "go"), ("user", "well?")]


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        (
            Scripted((), stop_reason="refusal", stop_details={"category": "cyber"}),
            RefusedError,
            "the model refused to answer: cyber",
        ),
        (
            Scripted.text("half an ans", stop_reason="model_context_window_exceeded"),
            ContextOverflowError,
            f"the conversation grew longer than {MODEL} can read",
        ),
    ],
)
async def test_a_reply_that_is_no_answer_is_an_error_and_still_kept_and_paid(
    api: MessagesApi,
    model: ClaudeModel,
    reply: Scripted,
    error: type[Exception],
    message: str,
) -> None:
    script(api, reply)
    conversation = converse(model)
    with pytest.raises(error) as raised:
        await conversation.ask("go", purpose="task")

    assert str(raised.value) == message
    assert len(conversation.replies) == 1
    assert conversation.cost_usd == pytest.approx(api.cost_usd)


async def test_what_it_took_adds_up_for_the_answer_and_for_the_conversation(
    api: MessagesApi, model: ClaudeModel
) -> None:
    script(api, Scripted.tools(("read_file", {"path": "a"})), "done", "more")
    seen: list[CallProgress] = []
    conversation = converse(model, answer=shout, on_progress=seen.append)

    first = await conversation.ask("go", purpose="task")
    second = await conversation.ask("and?", purpose="repair")

    assert first.usage + second.usage == conversation.usage
    assert first.usage == conversation.replies[0].usage + conversation.replies[1].usage
    assert first.seconds + second.seconds == pytest.approx(conversation.seconds)
    assert conversation.cost_usd == pytest.approx(api.cost_usd)
    assert {progress.state for progress in seen} >= {"waiting", "streaming"}


async def test_the_cost_is_unknown_where_one_reply_has_no_price() -> None:
    costs = iter([0.5, None])

    class Priceless:
        async def ask(self, request: Request, on_progress: OnProgress | None = None) -> Reply:
            said = {"type": "text", "text": "ok"}
            return Reply((said,), "end_turn", Usage(), MODEL, next(costs))

    conversation = converse(Priceless())
    assert conversation.cost_usd == 0.0
    await conversation.ask("go", purpose="task")
    assert conversation.cost_usd == 0.5
    await conversation.ask("go", purpose="task")
    assert conversation.cost_usd is None


async def test_a_call_that_failed_leaves_no_trace(api: MessagesApi, model: ClaudeModel) -> None:
    script(api, Scripted.error(400), "ok")
    conversation = converse(model)

    with pytest.raises(RequestRefusedError):
        await conversation.ask("go", purpose="task")
    await conversation.ask("once more", purpose="task")

    assert messages(api.calls[1]) == [("user", "once more")]
