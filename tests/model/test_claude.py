import asyncio
import json
import re
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import get_args

import pytest
import trustme

from gitswarm.errors import (
    BudgetError,
    CredentialsError,
    ModelError,
    ModelNotFoundError,
    RequestRefusedError,
    UnreachableError,
)
from gitswarm.model import CallProgress, Prefix, Reply, Tool, ToolCall, Turn, Usage
from gitswarm.model.claude import ClaudeModel
from gitswarm.model.limits import Budget, Limiter
from gitswarm.model.prices import Prices
from gitswarm.model.wire import estimated_tokens
from tests.messages_api import Call, Fault, MessagesApi, Scripted
from tests.model.clock import SkippingClock
from tests.model.conftest import MODEL, ask

FAULTS: tuple[Fault, ...] = get_args(Fault)
TOOLS = (
    Tool("read_file", "Read a file.", {"type": "object", "properties": {"path": {}}}),
    Tool("list_files", "List files – all.", {"type": "object", "properties": {}}),
)
CONTEXT = Prefix("You work on this code base.\n" + "def f(): return 'ü'\n" * 400, TOOLS)
LONG = "A line of the reply.\n" * 40


def in_turn(api: MessagesApi, *answers: Scripted | str) -> None:
    """Answer the calls with these in order; a further call fails the test."""
    left = iter(answers)
    api.respond = lambda call: next(left)


@asynccontextmanager
async def answering(answer: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """The address of a server that answers whatever it is asked with these bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if length := re.search(rb"content-length: (\d+)", head, re.I):
            await reader.readexactly(int(length[1]))
        writer.write(answer.encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"


async def error_of(model: ClaudeModel, asked: str = MODEL) -> ModelError:
    with pytest.raises(ModelError) as raised:
        await model.ask(ask("Hello", model=asked))
    return raised.value


async def test_a_reply_is_read_whole_with_its_usage_and_cost(
    api: MessagesApi, model: ClaudeModel
) -> None:
    api.respond = lambda call: Scripted(
        (
            {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk"},
            {"type": "text", "text": LONG},
            {"type": "tool_use", "id": "toolu_0", "name": "read_file", "input": {"path": None}},
        )
    )
    reply = await model.ask(ask("Hello", prefix=CONTEXT, task="builder"))

    (call,) = api.calls
    assert call.usage is not None
    assert reply == Reply(
        blocks=(
            {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk"},
            {"type": "text", "text": LONG},
            {"type": "tool_use", "id": "toolu_0", "name": "read_file", "input": {"path": None}},
        ),
        stop_reason="tool_use",
        usage=Usage(
            call.usage["input_tokens"],
            call.usage["output_tokens"],
            call.usage["cache_creation_input_tokens"],
            call.usage["cache_read_input_tokens"],
        ),
        model=MODEL,
        cost_usd=reply.cost_usd,
        seconds=reply.seconds,
        request_id="req_0",
    )
    assert reply.cost_usd == pytest.approx(call.cost_usd)
    assert reply.text == LONG
    assert reply.tool_calls == (ToolCall("toolu_0", "read_file", {"path": None}),)
    assert call.headers["x-swarm-run"] == "jwt-auth-7f3a"
    assert (call.purpose, call.task) == ("task", "builder")
    assert call.body.keys() == {"model", "max_tokens", "tools", "system", "messages", "stream"}


async def test_a_conversation_goes_on_with_the_blocks_as_they_came(
    api: MessagesApi, model: ClaudeModel
) -> None:
    thought = {"type": "thinking", "thinking": "", "signature": "c2lnbmVk"}
    called = {"type": "tool_use", "id": "toolu_0", "name": "list_files", "input": {}}
    in_turn(api, Scripted((thought, {"type": "text", "text": ""}, called)), "done")
    request = ask("Hello", prefix=CONTEXT)
    reply = await model.ask(request)
    result = {"type": "tool_result", "tool_use_id": "toolu_0", "content": "a.py"}
    turns = (*request.turns, Turn("assistant", reply.blocks), Turn("user", (result,)))
    assert (await model.ask(ask(*turns, prefix=CONTEXT))).text == "done"

    assert api.calls[1].body["messages"][1]["content"] == [thought, called]


async def test_calls_that_share_a_prefix_send_the_same_bytes_and_read_the_cache(
    api: MessagesApi, model: ClaudeModel
) -> None:
    def part(call: Call, name: str) -> bytes:
        """A part of the body, byte for byte as it was sent."""
        text = json.dumps(call.body[name], ensure_ascii=False, separators=(",", ":"))
        assert call.raw.count(f'"{name}":{text}'.encode()) == 1
        return text.encode()

    await model.ask(ask("Plan it.", prefix=CONTEXT, purpose="plan"))
    await asyncio.gather(
        *(model.ask(ask(f"Task {n}", prefix=CONTEXT, task=f"t{n}", max_tokens=9)) for n in range(4))
    )

    assert len({(part(call, "tools"), part(call, "system")) for call in api.calls}) == 1
    first, *others = [call.usage for call in api.calls if call.usage]
    assert first["cache_read_input_tokens"] == 0
    shared = {usage["cache_read_input_tokens"] for usage in others}
    assert len(shared) == 1
    assert 2_000 < shared.pop() < first["cache_creation_input_tokens"]


async def test_a_conversation_with_many_blocks_reads_all_but_its_last_turn(
    api: MessagesApi, model: ClaudeModel
) -> None:
    many = {f"toolu_{n}": f"src/{n}.py" for n in range(15)}
    api.respond = lambda call: Scripted.tools(*(("read_file", {"path": p}) for p in many.values()))
    request = ask("Hello", prefix=CONTEXT)
    for _ in range(3):
        reply = await model.ask(request)
        results = Turn(
            "user",
            tuple(
                {"type": "tool_result", "tool_use_id": name, "content": path}
                for name, path in many.items()
            ),
        )
        request = ask(*request.turns, Turn("assistant", reply.blocks), results, prefix=CONTEXT)

    usages = [call.usage for call in api.calls if call.usage]
    prompts = [u["cache_read_input_tokens"] + u["cache_creation_input_tokens"] for u in usages]
    assert [u["cache_read_input_tokens"] for u in usages] == [0, *prompts[:2]]
    assert [u["input_tokens"] for u in usages] == [0, 0, 0]


async def test_effort_is_sent_where_it_is_set(api: MessagesApi, model: ClaudeModel) -> None:
    await model.ask(ask("Hello", effort="low"))
    assert api.calls[0].body["output_config"] == {"effort": "low"}


async def test_a_refusal_is_a_reply_that_says_why(api: MessagesApi, model: ClaudeModel) -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "It looks like malware."}
    api.respond = lambda call: Scripted(stop_reason="refusal", stop_details=details)
    reply = await model.ask(ask("Hello"))
    assert (reply.blocks, reply.stop_reason) == ((), "refusal")
    assert reply.refusal == "cyber: It looks like malware."


async def test_a_reply_cut_at_max_tokens_is_a_reply(api: MessagesApi, model: ClaudeModel) -> None:
    api.respond = lambda call: Scripted(
        (
            {"type": "text", "text": "Reading."},
            {"type": "tool_use", "id": "toolu_0", "name": "x", "input": {"path": "a" * 400}},
        )
    )
    reply = await model.ask(ask("Hello", max_tokens=20))
    assert (reply.text, reply.tool_calls, reply.stop_reason) == ("Reading.", (), "max_tokens")


async def test_a_watcher_sees_the_call_wait_stream_and_grow(
    api: MessagesApi, model: ClaudeModel
) -> None:
    seen: list[CallProgress] = []
    in_turn(api, Scripted.text(LONG, fault="reset"), LONG)
    reply = await model.ask(ask("Hello"), seen.append)
    retrying = seen.index(CallProgress("retrying"))
    assert seen[retrying].detail == "the connection broke off (ReadError)"
    for waiting, sending, *streaming in (seen[:retrying], seen[retrying + 1 :]):
        assert (waiting, sending) == (CallProgress("waiting"), CallProgress("sending"))
        assert {progress.state for progress in streaming} == {"streaming"}
    estimates = [progress.output_tokens for progress in seen[retrying + 3 :]]
    assert estimates[:-2] == sorted(estimates[:-2])
    assert estimates[-1] == -(-len(LONG) // 4)
    assert reply.text == LONG


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_stream_that_breaks_is_asked_again_and_its_cost_is_counted(
    api: MessagesApi, clock: SkippingClock, fault: Fault
) -> None:
    in_turn(api, Scripted.text("half " * 200, fault=fault), LONG)
    budget = Budget()
    async with ClaudeModel(
        limiter=Limiter(2, clock=clock), prices=Prices.load(), budget=budget, silence=0.3
    ) as model:
        reply = await model.ask(ask("Hello", prefix=CONTEXT))

    assert (reply.text, reply.stop_reason) == (LONG, "end_turn")
    broken, whole = api.calls
    assert broken.body == whole.body
    assert broken.usage is not None
    assert whole.usage is not None
    assert reply.usage.cache_write == broken.usage["cache_creation_input_tokens"]
    assert reply.usage.cache_read == whole.usage["cache_read_input_tokens"] > 0
    assert reply.usage.output > broken.usage["output_tokens"] + whole.usage["output_tokens"]
    assert reply.cost_usd is not None
    assert api.cost_usd < reply.cost_usd < 1.5 * api.cost_usd
    assert budget.spent_usd == pytest.approx(reply.cost_usd)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("reset", "the connection broke off (ReadError)"),
        ("stall", "nothing came for 0.1 s"),
        ("malformed", "the reply is not what the Messages API sends"),
        ("early_end", "the reply ended before it was complete"),
    ],
)
async def test_a_stream_that_always_breaks_is_given_up(
    api: MessagesApi, clock: SkippingClock, fault: Fault, reason: str
) -> None:
    api.respond = lambda call: Scripted.text(LONG, fault=fault)
    budget = Budget()
    async with ClaudeModel(
        limiter=Limiter(2, clock=clock), prices=Prices.load(), budget=budget, silence=0.1
    ) as model:
        error = await error_of(model)
    assert type(error) is UnreachableError
    assert error.message == f"no reply in 5 tries; at last {reason}"
    assert len(api.calls) == 5
    assert error.cost_usd == pytest.approx(budget.spent_usd)
    assert budget.spent_usd > api.cost_usd > 0
    assert [round(wait, 1) for wait in clock.slept] == pytest.approx(
        [0.45, 0.9, 1.75, 3.5], rel=0.2
    )


async def test_an_answer_that_does_not_begin_is_given_up(
    api: MessagesApi, clock: SkippingClock
) -> None:
    api.respond = lambda call: Scripted(latency=30)
    limiter = Limiter(2, clock=clock)
    async with ClaudeModel(limiter=limiter, prices=Prices.load(), silence=0.1) as model:
        error = await error_of(model)
    assert error.message == "no reply in 5 tries; at last nothing came for 0.1 s"


async def test_a_call_that_may_have_been_billed_unanswered_counts_its_whole_prompt(
    api: MessagesApi, clock: SkippingClock
) -> None:
    api.respond = lambda call: Scripted(latency=30)
    request = ask("Hello", prefix=CONTEXT)
    price = Prices.load().of(MODEL)
    assert price
    prompt_usd = price.worst_case(estimated_tokens(request), 0)
    budget = Budget()
    lost: list[CallProgress] = []
    async with ClaudeModel(
        limiter=Limiter(2, clock=clock), prices=Prices.load(), budget=budget, silence=0.1, faults=1
    ) as model:
        with pytest.raises(UnreachableError) as raised:
            await model.ask(request)
        assert len(api.calls) == 2
        assert raised.value.cost_usd == pytest.approx(2 * prompt_usd)

        call = asyncio.ensure_future(model.ask(request, lost.append))
        while len(api.calls) < 3:
            await asyncio.sleep(0.01)
        call.cancel()
        await asyncio.wait([call])
    assert lost[-1].cost_usd == pytest.approx(prompt_usd)
    assert budget.spent_usd == pytest.approx(3 * prompt_usd)


async def test_a_service_that_is_always_overloaded_is_given_up(
    api: MessagesApi, model: ClaudeModel
) -> None:
    api.respond = lambda call: Scripted.text(LONG, fault="error_event")
    error = await error_of(model)
    assert type(error) is UnreachableError
    assert error.message == "no reply in 11 tries; at last the service answered 529 Overloaded"
    assert error.hint == "try again later"


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
async def test_a_service_that_is_busy_or_broken_is_asked_again(
    api: MessagesApi, model: ClaudeModel, status: int
) -> None:
    in_turn(api, Scripted.error(status), Scripted.error(status), "at last")
    reply = await model.ask(ask("Hello"))
    assert reply.text == "at last"
    assert reply.cost_usd == pytest.approx(api.calls[2].cost_usd)
    assert [call.status for call in api.calls] == [status, status, 200]


@pytest.mark.parametrize("status", [429, 503, 529])
async def test_the_wait_that_the_service_asks_for_is_kept(
    api: MessagesApi, model: ClaudeModel, clock: SkippingClock, status: int
) -> None:
    in_turn(api, Scripted.error(status, retry_after="30"), "at last")
    reply = await model.ask(ask("Hello"))
    assert clock.slept == [30.0]
    assert reply.seconds == 30.0


async def test_a_service_that_will_be_out_for_long_is_not_waited_for(api: MessagesApi) -> None:
    api.respond = lambda call: Scripted.error(429, retry_after="7200")
    limiter = Limiter(2, clock=SkippingClock(), patience=600)
    async with ClaudeModel(limiter=limiter, prices=Prices.load()) as model:
        error = await error_of(model)
    assert type(error) is UnreachableError
    assert error.message == "the model service accepts no calls before 2026-11-18 13:06 UTC"
    assert len(api.calls) == 1


async def test_the_service_decides_whether_to_retry_where_it_says_so(
    api: MessagesApi, model: ClaudeModel
) -> None:
    in_turn(
        api,
        Scripted.error(400, "come back", x_should_retry="true"),
        Scripted.error(500, "broken for good", x_should_retry="false"),
    )
    error = await error_of(model)
    assert type(error) is UnreachableError
    assert error.message == "the service answered 500 broken for good"


@pytest.mark.parametrize(
    ("status", "kind", "exit_code", "message"),
    [
        (400, RequestRefusedError, 1, "the API refused the request: 400 scripted"),
        (413, RequestRefusedError, 1, "the API refused the request: 413 scripted"),
        (422, RequestRefusedError, 1, "the API refused the request: 422 scripted"),
        (401, CredentialsError, 2, "the credentials are not accepted: 401 scripted"),
        (403, CredentialsError, 2, "the credentials are not accepted: 403 scripted"),
        (402, CredentialsError, 2, "the account cannot pay for this call: 402 scripted"),
        (404, ModelNotFoundError, 2, f"the API at 127.0.0.1 has no model {MODEL}: 404 scripted"),
    ],
)
async def test_what_no_retry_can_mend_is_said_at_once(
    api: MessagesApi,
    model: ClaudeModel,
    status: int,
    kind: type[ModelError],
    exit_code: int,
    message: str,
) -> None:
    api.respond = lambda call: Scripted.error(status)
    error = await error_of(model)
    assert (type(error), error.exit_code, error.message) == (kind, exit_code, message)
    assert len(api.calls) == 1
    assert error.cost_usd == 0.0


async def test_billing_is_told_from_a_bad_key_where_both_are_forbidden(
    model: ClaudeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = {"type": "billing_error", "message": "Billing is not set up"}
    body = json.dumps({"type": "error", "error": error})
    async with answering(
        f"HTTP/1.1 403 Forbidden\r\ncontent-length: {len(body)}\r\n\r\n{body}"
    ) as url:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        said = await error_of(model)
    assert type(said) is CredentialsError
    assert said.message == "the account cannot pay for this call: 403 Billing is not set up"
    assert said.hint == "see the account's billing settings"


async def test_an_unknown_model_is_named_with_the_setting(
    api: MessagesApi, model: ClaudeModel
) -> None:
    error = await error_of(model, "claude-nonsense-9")
    assert type(error) is ModelNotFoundError
    assert error.message == (
        "the API at 127.0.0.1 has no model claude-nonsense-9: 404 model: claude-nonsense-9"
    )
    assert error.hint == 'choose one with "git config swarm.model MODEL"'
    assert error.cost_usd == 0.0


@pytest.mark.filterwarnings("ignore:The model 'claude-sonnet-4-20250514' is deprecated")
async def test_a_model_past_its_end_of_life_is_said_to_be(
    api: MessagesApi, model: ClaudeModel
) -> None:
    error = await error_of(model, "claude-sonnet-4-20250514")
    assert error.message == (
        "the API at 127.0.0.1 has no model claude-sonnet-4-20250514 (its end of life is 2026-06-15)"
    )


async def test_a_model_of_unknown_price_answers_at_unknown_cost(
    api: MessagesApi, clock: SkippingClock
) -> None:
    async with ClaudeModel(
        limiter=Limiter(2, clock=clock), prices=Prices(Prices.load().as_of, {})
    ) as model:
        reply = await model.ask(ask("Hello"))
        assert (reply.text, reply.cost_usd) == ("ok", None)
        api.respond = lambda call: Scripted.text(LONG, fault="early_end")
        assert (await error_of(model)).cost_usd is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1", "127.0.0.1 cannot be reached: All connection attempts failed"),
        ("http://swarm.invalid", "swarm.invalid cannot be reached: [Errno -"),
    ],
)
async def test_an_endpoint_that_cannot_be_reached_is_named_after_a_few_tries(
    model: ClaudeModel, monkeypatch: pytest.MonkeyPatch, url: str, reason: str
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
    error = await error_of(model)
    assert type(error) is UnreachableError
    assert error.message.startswith(f"no reply in 5 tries; at last {reason}")
    assert error.hint == "check the network, ANTHROPIC_BASE_URL and the proxy variables"
    assert error.cost_usd == 0


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://[::1", "the model client cannot be set up: Invalid port: ':1'"),
        ("http://127.0.0.1:99999", "127.0.0.1 cannot be reached: connect(): port must be"),
    ],
)
async def test_an_address_that_is_none_is_told(
    model: ClaudeModel, monkeypatch: pytest.MonkeyPatch, url: str, reason: str
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
    error = await error_of(model)
    assert type(error) is UnreachableError
    assert reason in error.message
    assert error.hint == "check the network, ANTHROPIC_BASE_URL and the proxy variables"


async def test_a_certificate_that_nobody_vouches_for_is_said_at_once(
    model: ClaudeModel, monkeypatch: pytest.MonkeyPatch, clock: SkippingClock
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    async with answering("", tls) as url:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        error = await error_of(model)
    assert type(error) is UnreachableError
    assert "certificate verify failed" in error.message
    assert error.hint == "set SSL_CERT_FILE to a file with the certificate that signed it"
    assert clock.slept == []


async def test_a_proxy_that_refuses_is_what_is_to_blame(
    model: ClaudeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with answering("HTTP/1.1 403 Forbidden by policy\r\ncontent-length: 0\r\n\r\n") as url:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://example.invalid")
        monkeypatch.setenv("HTTPS_PROXY", url)
        error = await error_of(model)
    assert type(error) is UnreachableError
    assert error.message == (
        "no reply in 5 tries; at last the proxy makes no connection to example.invalid: 403"
        " Forbidden by policy"
    )


async def test_an_endpoint_without_tls_is_no_endpoint(
    api: MessagesApi, model: ClaudeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url.replace("http:", "https:"))
    error = await error_of(model)
    assert type(error) is UnreachableError
    assert "127.0.0.1 cannot be reached: [SSL" in error.message


async def test_a_proxy_that_is_not_there_is_no_way_to_the_endpoint(
    model: ClaudeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://example.invalid")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    error = await error_of(model)
    assert type(error) is UnreachableError
    assert "example.invalid cannot be reached: All connection attempts failed" in error.message


async def test_an_address_without_a_scheme_is_said_at_once(
    model: ClaudeModel, monkeypatch: pytest.MonkeyPatch, clock: SkippingClock
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "localhost:80")
    error = await error_of(model)
    assert type(error) is UnreachableError
    assert "unsupported protocol" in error.message
    assert clock.slept == []


async def test_missing_credentials_are_said_with_what_to_set(
    api: MessagesApi, model: ClaudeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    error = await error_of(model)
    assert (type(error), error.exit_code) == (CredentialsError, 2)
    assert error.message == "no credentials for the model API"
    assert error.hint == "set ANTHROPIC_API_KEY to a valid key of the Claude API"
    assert api.calls == []


async def test_a_profile_that_is_not_there_is_said(
    api: MessagesApi, model: ClaudeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("ANTHROPIC_PROFILE", "nope")
    error = await error_of(model)
    assert type(error) is CredentialsError
    assert "profile 'nope'" in error.message


async def test_a_key_with_a_line_break_is_said_and_not_shown(
    api: MessagesApi, model: ClaudeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret\n")
    error = await error_of(model)
    assert type(error) is CredentialsError
    assert error.message == "a request header holds what cannot be sent, such as a line break"
    assert "secret" not in error.message + error.hint
    assert error.__suppress_context__


async def test_text_that_is_not_unicode_is_refused_before_it_is_sent(
    api: MessagesApi, model: ClaudeModel
) -> None:
    with pytest.raises(RequestRefusedError) as raised:
        await model.ask(ask("half \ud800 a pair"))
    assert raised.value.message == "the request holds half a surrogate pair, not text"


async def test_an_endpoint_that_is_no_messages_api_is_no_reply(
    model: ClaudeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "<html>Please log in</html>"
    async with answering(f"HTTP/1.1 200 OK\r\ncontent-length: {len(page)}\r\n\r\n{page}") as url:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        error = await error_of(model)
    assert error.message == "no reply in 5 tries; at last the reply ended before it was complete"


async def test_an_account_that_takes_few_calls_at_once_loses_none(
    api: MessagesApi, clock: SkippingClock
) -> None:
    api.max_in_flight = 5
    api.respond = lambda call: Scripted.text(call.last_text, seconds=0.05)
    limiter = Limiter(40, clock=clock)
    async with ClaudeModel(limiter=limiter, prices=Prices.load()) as model:
        replies = await asyncio.gather(*(model.ask(ask(f"call {n}")) for n in range(40)))
    assert [reply.text for reply in replies] == [f"call {n}" for n in range(40)]
    assert api.most_in_flight == 5
    assert limiter.width <= 10


async def test_no_more_calls_than_jobs_are_sent_at_once(
    api: MessagesApi, clock: SkippingClock
) -> None:
    api.respond = lambda call: Scripted.text("ok", latency=0.02)
    async with ClaudeModel(limiter=Limiter(3, clock=clock), prices=Prices.load()) as model:
        await asyncio.gather(*(model.ask(ask("Hello")) for _ in range(12)))
    assert api.most_in_flight == 3


async def test_fifty_agents_at_once_never_cost_more_than_the_budget(
    api: MessagesApi, clock: SkippingClock
) -> None:
    api.respond = lambda call: Scripted.text("word " * (200 + 40 * call.index), seconds=0.01)
    budget = Budget(0.25)
    async with ClaudeModel(
        limiter=Limiter(50, clock=clock), prices=Prices.load(), budget=budget
    ) as model:
        await model.ask(ask("Plan it.", prefix=CONTEXT, purpose="plan"))
        outcomes = await asyncio.gather(
            *(model.ask(ask(f"Task {n}", prefix=CONTEXT, max_tokens=4_000)) for n in range(50)),
            return_exceptions=True,
        )
    done = [one for one in outcomes if isinstance(one, Reply)]
    refused = [one for one in outcomes if isinstance(one, BudgetError)]
    assert len(done) + len(refused) == 50
    assert done
    assert refused
    assert 0.2 < api.cost_usd <= 0.25
    assert budget.spent_usd == pytest.approx(api.cost_usd)
    assert min(call.body["max_tokens"] for call in api.calls) < 4_000


async def test_a_cancelled_call_gives_back_its_place_and_its_money(
    api: MessagesApi, clock: SkippingClock
) -> None:
    api.respond = lambda call: Scripted.text(LONG, seconds=5 if call.index == 0 else 0)
    budget = Budget(0.20)
    async with ClaudeModel(
        limiter=Limiter(1, clock=clock), prices=Prices.load(), budget=budget
    ) as model:
        streaming = asyncio.Event()
        seen: list[CallProgress] = []

        def watch(progress: CallProgress) -> None:
            seen.append(progress)
            if progress.state == "streaming":
                streaming.set()

        first = asyncio.ensure_future(model.ask(ask("Hello"), watch))
        second = asyncio.ensure_future(model.ask(ask("Hello")))
        await streaming.wait()
        first.cancel()
        later = await second
    assert later.text == LONG
    assert first.cancelled()
    assert seen[-1].state == "lost"
    assert (later.cost_usd or 0) + (seen[-1].cost_usd or 0) == pytest.approx(budget.spent_usd)
    assert api.cost_usd <= budget.spent_usd < 0.01


async def test_a_model_that_was_closed_can_be_asked_again(
    api: MessagesApi, model: ClaudeModel
) -> None:
    await model.ask(ask("Hello"))
    await model.aclose()
    assert (await model.ask(ask("Hello"))).text == "ok"


def in_a_new_process(program: str) -> str:
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stderr == ""
    return run.stdout


def test_the_client_is_imported_only_when_something_is_sent(api: MessagesApi) -> None:
    program = """
import asyncio, sys
import gitswarm.model.replay
from gitswarm.model import Prefix, Request, Turn
from gitswarm.model.claude import ClaudeModel, start_import
from gitswarm.model.limits import Limiter
from gitswarm.model.prices import Prices

async def main():
    async with ClaudeModel(limiter=Limiter(1), prices=Prices.load()) as model:
        print("anthropic" in sys.modules)
        start_import()
        turns = (Turn.user("Hello"),)
        request = Request("claude-sonnet-5-5", Prefix("x"), turns, "plan", "run-0000")
        print((await model.ask(request)).text, "anthropic" in sys.modules)

asyncio.run(main())
"""
    assert in_a_new_process(program) == "False\nok True\n"
