from types import SimpleNamespace
from typing import Any

import pytest

from gitswarm.model import Prefix, Tool, Turn, Usage
from gitswarm.model.wire import Incoming, estimated_tokens, request_body, request_headers
from tests.model.conftest import MODEL, ask

BREAKPOINT = {"type": "ephemeral"}
READ_FILE = Tool("read_file", "Read a file.", {"type": "object", "properties": {"path": {}}})


def test_a_request_is_spelled_as_the_api_takes_it() -> None:
    request = ask(
        "Build it.",
        prefix=Prefix("You build.", (READ_FILE,)),
        effort="low",
        max_tokens=4_000,
    )
    assert request_body(request) == {
        "model": MODEL,
        "max_tokens": 4_000,
        "tools": [
            {
                "name": "read_file",
                "description": "Read a file.",
                "input_schema": {"type": "object", "properties": {"path": {}}},
            }
        ],
        "system": [{"type": "text", "text": "You build.", "cache_control": BREAKPOINT}],
        "messages": [
            {
                "role": "user",
                "content": [{"type": "text", "text": "Build it.", "cache_control": BREAKPOINT}],
            }
        ],
        "output_config": {"effort": "low"},
    }


def test_what_is_not_asked_for_is_left_out() -> None:
    assert request_body(ask("Build it.")).keys() == {"model", "max_tokens", "system", "messages"}
    assert "system" not in request_body(ask("Build it.", system=""))


def test_the_breakpoint_moves_with_the_last_user_turn_and_leaves_the_turns_as_they_were() -> None:
    said = Turn("assistant", ({"type": "text", "text": "Reading."},))
    turns = (Turn.user("one", "two"), said, Turn.user("three"), said, Turn.user("four"))
    request = ask(*turns)

    messages = request_body(request)["messages"]

    marked = [
        (n, block["text"])
        for n, message in enumerate(messages)
        for block in message["content"]
        if "cache_control" in block
    ]
    assert marked == [(2, "three"), (4, "four")]
    assert all("cache_control" not in block for turn in request.turns for block in turn.blocks)


def test_headers_tell_calls_apart() -> None:
    assert request_headers(ask("x", purpose="resolve", label="a.py")) == {
        "X-Swarm-Run": "jwt-auth-7f3a",
        "X-Swarm-Purpose": "resolve",
    }
    assert request_headers(ask("x", purpose="fix", task="builder")) == {
        "X-Swarm-Run": "jwt-auth-7f3a",
        "X-Swarm-Purpose": "fix",
        "X-Swarm-Task": "builder",
    }


@pytest.mark.parametrize("text", ["def f():\n    return 1\n" * 500, "日本語" * 2_000, "\ud800"])
def test_a_prompt_is_estimated_rather_too_long(text: str) -> None:
    tokens = estimated_tokens(ask(text))
    assert len(text) / 4 < tokens
    assert tokens < len(text.encode(errors="replace")) + 1_200


class Content(SimpleNamespace):
    """A content block as the client reads it."""

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))


def start(**usage: int | None) -> Any:
    counts = {"cache_creation_input_tokens": None, "cache_read_input_tokens": None, **usage}
    message = SimpleNamespace(id="msg_1", model=MODEL, usage=SimpleNamespace(**counts))
    return SimpleNamespace(type="message_start", message=message)


def block(index: int, **fields: Any) -> Any:
    return SimpleNamespace(type="content_block_start", index=index, content_block=Content(**fields))


def delta(index: int, type: str, **fields: str) -> Any:
    return SimpleNamespace(
        type="content_block_delta", index=index, delta=SimpleNamespace(type=type, **fields)
    )


def end(stop_reason: str, output: int, **usage: int | None) -> Any:
    counts = {
        "input_tokens": None,
        "cache_creation_input_tokens": None,
        "cache_read_input_tokens": None,
        **usage,
    }
    return SimpleNamespace(
        type="message_delta",
        delta=SimpleNamespace(stop_reason=stop_reason, stop_details=None),
        usage=SimpleNamespace(output_tokens=output, **counts),
    )


def received(*events: Any) -> Incoming:
    message = Incoming()
    for event in events:
        message.add(event)
    return message


CUT_CALL = (
    start(input_tokens=10, output_tokens=1),
    block(0, type="text", text="", citations=None),
    delta(0, "text_delta", text="Let me look."),
    block(1, type="tool_use", id="toolu_1", name="read_file", input={}),
    delta(1, "input_json_delta", partial_json='{"path": "src/a'),
)


@pytest.mark.parametrize("reason", ["max_tokens", "model_context_window_exceeded"])
def test_a_tool_call_that_was_cut_off_is_no_call(reason: str) -> None:
    message = received(*CUT_CALL, end(reason, 20))
    assert message.blocks() == ({"type": "text", "text": "Let me look."},)


def test_a_whole_tool_call_that_is_not_json_is_no_message() -> None:
    with pytest.raises(ValueError, match="Unterminated string"):
        received(*CUT_CALL, end("tool_use", 20)).blocks()


def test_blocks_that_hold_only_blanks_are_dropped_but_empty_thinking_is_kept() -> None:
    message = received(
        start(input_tokens=10, output_tokens=1),
        block(0, type="thinking", thinking="", signature=""),
        delta(0, "signature_delta", signature="c2lnbmVk"),
        block(1, type="text", text=""),
        delta(1, "text_delta", text="\n\n"),
        block(2, type="tool_use", id="toolu_1", name="list_files", input={}),
        end("tool_use", 9),
    )
    assert message.blocks() == (
        {"type": "thinking", "thinking": "", "signature": "c2lnbmVk"},
        {"type": "tool_use", "id": "toolu_1", "name": "list_files", "input": {}},
    )


def test_null_arguments_of_a_tool_are_kept() -> None:
    message = received(
        start(input_tokens=10, output_tokens=1),
        block(0, type="tool_use", id="toolu_1", name="search", input={}, caller=None),
        delta(0, "input_json_delta", partial_json='{"under": null, '),
        delta(0, "input_json_delta", partial_json='"text": "x"}'),
        end("tool_use", 9),
    )
    assert message.blocks() == (
        {
            "type": "tool_use",
            "id": "toolu_1",
            "name": "search",
            "input": {"under": None, "text": "x"},
        },
    )


def test_the_last_counts_hold_where_they_are_given() -> None:
    begun = start(
        input_tokens=10,
        output_tokens=1,
        cache_creation_input_tokens=300,
        cache_read_input_tokens=5_000,
    )
    assert received(begun, end("end_turn", 40)).usage == Usage(10, 40, 300, 5_000)
    corrected = end("end_turn", 40, input_tokens=12, cache_creation_input_tokens=298)
    assert received(begun, corrected).usage == Usage(12, 40, 298, 5_000)


def test_the_output_of_a_broken_message_is_estimated_rather_too_high() -> None:
    message = received(
        start(input_tokens=10, output_tokens=1),
        block(0, type="text", text=""),
        delta(0, "text_delta", text="x" * 100),
    )
    assert message.stop_reason is None
    assert message.usage == Usage(input=10, output=34)


@pytest.mark.parametrize(
    "events",
    [
        (block(1, type="text", text=""),),
        (delta(0, "text_delta", text="x"),),
        (block(0, type="text", text=""), delta(1, "text_delta", text="x")),
    ],
)
def test_blocks_out_of_order_are_no_message(events: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="block"):
        received(start(input_tokens=10, output_tokens=1), *events)
