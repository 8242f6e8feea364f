"""The tests' own server behaves as the API is known to behave."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from gitswarm.model.prices import Prices
from tests.api_rules import ApiError, check
from tests.prompt_cache import Json, Lookup, PromptCache

MODEL = "claude-sonnet-5-5"
MARK = {"type": "ephemeral"}
PRICE = check({"model": MODEL, "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]})


def text(words: int, *, mark: Json | None = None) -> Json:
    """A block of as many tokens as words."""
    block = {"type": "text", "text": "wor " * words}
    return block if mark is None else {**block, "cache_control": mark}


def body(*blocks: Json, system: Json | None = None, **rest: Any) -> Json:
    messages = [{"role": "user", "content": list(blocks) or "Hello"}]
    whole: Json = {"model": MODEL, "max_tokens": 100, "messages": messages}
    return whole | ({"system": [system]} if system else {}) | rest


def said(role: str, content: Any) -> Json:
    return {"role": role, "content": content}


CALL = {"type": "tool_use", "id": "t1", "name": "x", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "y"}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, None),
        ({"temperature": 0.2}, 400),
        ({"temperature": 0.2, "model": "claude-haiku-4-5"}, None),
        ({"top_p": 0.9}, 400),
        ({"tool_choice": {"type": "any"}}, 400),
        ({"tool_choice": {"type": "auto"}}, None),
        ({"thinking": {"type": "enabled", "budget_tokens": 2_000}}, 400),
        ({"thinking": {"type": "disabled"}}, 400),
        ({"thinking": {"type": "adaptive"}}, None),
        ({"output_config": {"effort": "max"}}, None),
        ({"output_config": {"effort": "utmost"}}, 400),
        ({"max_tokens": None}, 400),
        ({"max_tokens": 128_001}, 400),
        ({"model": "claude-nonsense-9"}, 404),
        ({"model": "claude-opus-4-20250514"}, 404),
        ({"messages": []}, 400),
        ({"messages": [said("assistant", "x")]}, 400),
        ({"messages": [said("user", "x"), said("assistant", "y")]}, 400),
        ({"messages": [said("user", " ")]}, 400),
        ({"messages": [said("user", [])]}, 400),
        ({"messages": [said("user", [text(1, mark=MARK) for _ in range(5)])]}, 400),
        ({"messages": [said("user", [text(1, mark=MARK) for _ in range(4)])]}, None),
        ({"messages": [said("user", "x"), said("assistant", [CALL]), said("user", "z")]}, 400),
        ({"messages": [said("user", [RESULT])]}, 400),
        (
            {"messages": [said("user", "x"), said("assistant", [CALL]), said("user", [RESULT])]},
            None,
        ),
        ({"messages": [said("user", [text(1_000_001)])]}, 400),
        ({"messages": [said("user", [{**text(1), "citations": None}])]}, 400),
    ],
)
def test_requests_are_refused_as_the_api_refuses_them(changes: Json, status: int | None) -> None:
    request = {**body(), **changes}
    if status is None:
        assert check(request) is not None
        return
    with pytest.raises(ApiError) as raised:
        check(request)
    assert raised.value.status == status


def counts(lookup: Lookup) -> tuple[int, int, int]:
    """Uncached, read and written tokens."""
    return lookup.uncached, lookup.read, lookup.written_5m + lookup.written_1h


def test_an_entry_is_read_only_after_the_answer_that_wrote_it_has_begun() -> None:
    cache = PromptCache()
    request = body(text(10), system=text(600, mark=MARK))
    first, beside = cache.look_up(request, PRICE), cache.look_up(request, PRICE)
    assert counts(first) == counts(beside) == (10, 0, 600)
    cache.write(first)
    assert counts(cache.look_up(request, PRICE)) == (10, 600, 0)


def test_any_byte_before_a_breakpoint_counts_and_so_does_the_model() -> None:
    cache = PromptCache()
    cache.write(cache.look_up(body(system=text(600, mark=MARK)), PRICE))
    tools = [{"name": "x", "input_schema": {}}]
    assert cache.look_up(body(system=text(601, mark=MARK)), PRICE).read == 0
    assert cache.look_up(body(system=text(600, mark=MARK), tools=tools), PRICE).read == 0
    assert (
        cache.look_up(body(system=text(600, mark=MARK), model="claude-sonnet-5"), PRICE).read == 0
    )
    assert cache.look_up(body(system=text(600, mark={**MARK, "ttl": "1h"})), PRICE).read == 600


def test_a_prefix_below_the_minimum_is_not_cached() -> None:
    cache = PromptCache()
    request = body(system=text(511, mark=MARK))
    assert counts(cache.look_up(request, PRICE)) == (513, 0, 0)


@pytest.mark.parametrize(("between", "read"), [(19, 600), (20, 0)])
def test_a_breakpoint_looks_back_over_twenty_blocks(between: int, read: int) -> None:
    cache = PromptCache()
    cache.write(cache.look_up(body(text(600, mark=MARK)), PRICE))
    later = [text(1) for _ in range(between - 1)] + [text(1, mark=MARK)]
    assert cache.look_up(body(text(600), *later), PRICE).read == read


def test_every_kind_of_token_is_billed_at_its_rate() -> None:
    cache = PromptCache()
    mark = {**MARK, "ttl": "1h"}
    request = body(text(1_000, mark=MARK), text(100), system=text(2_000, mark=mark))
    lookup = cache.look_up(request, PRICE)
    assert lookup.usage == {
        "input_tokens": 100,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 3_000,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 1_000,
            "ephemeral_1h_input_tokens": 2_000,
        },
    }
    assert lookup.cost(PRICE, output=50) == pytest.approx(
        (100 * 2 + 1_000 * 2.5 + 2_000 * 4 + 50 * 10) / 1e6
    )
    cache.write(lookup)
    assert cache.look_up(request, PRICE).cost(PRICE, output=0) == pytest.approx(
        (100 * 2 + 3_000 * 0.2) / 1e6
    )


def test_the_server_runs_as_a_process_with_a_script(tmp_path: Path) -> None:
    script, port_file = tmp_path / "script.py", tmp_path / "port"
    script.write_text(
        "from tests.messages_api import Scripted\n"
        "def respond(call):\n"
        "    return Scripted.text(call.last_text.upper())\n"
    )
    command = [sys.executable, "-m", "tests.messages_api"]
    command += ["--script", str(script), "--port-file", str(port_file)]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("READY ").strip()
        assert url == f"http://127.0.0.1:{port_file.read_text()}"
        headers = {"authorization": "Bearer test", "anthropic-version": "2026-10-21"}
        data = json.dumps({**body(), "stream": True}).encode()
        with urlopen(Request(f"{url}/v1/messages", data, headers)) as response:
            assert '"text": "HELL"' in response.read().decode()
        with urlopen(f"{url}/calls") as response:
            (call,) = json.load(response)
        assert (call["status"], call["body"]["model"], call["client_left"]) == (200, MODEL, False)
        assert call["cost_usd"] == pytest.approx(
            Prices.load().models[MODEL].rates[0].input * 2e-6 + 2e-5
        )
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=10)
    assert process.returncode == 0
