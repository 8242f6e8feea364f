"""A small server that speaks the Messages API, for tests and benchmarks.

In a test, on a thread of its own:

    with MessagesApi(lambda call: "hello").serving() as api:
        os.environ.update(api.environment())

As a process, which prints `READY URL` and leaves on SIGTERM or SIGINT:

    python -m tests.messages_api --script FILE --port-file FILE

The script is Python with `respond(call)`, which may be async and returns a `Scripted` or a text.
Requests are checked, cut at `max_tokens`, cached and billed as the API does it; `GET /calls` shows
them all. Prices and limits are those of `gitswarm.model.prices`; four characters are a token.
"""

import argparse
import asyncio
import contextlib
import importlib.util
import inspect
import json
import signal
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from aiohttp import web

from gitswarm.model.prices import Price
from tests.api_rules import ApiError, check
from tests.prompt_cache import Json, Lookup, PromptCache, blocks_of, tokens_in

Fault = Literal["reset", "stall", "malformed", "error_event", "early_end"]


@dataclass(frozen=True)
class Scripted:
    """What the server answers one call with."""

    blocks: tuple[Json, ...] = ()
    stop_reason: str | None = None
    """None: `tool_use` when there is a tool call, else `end_turn`."""
    stop_details: Json | None = None
    latency: float = 0.0
    """Seconds until the first byte."""
    seconds: float = 0.0
    """Seconds from the first byte to the last."""
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault | None = None
    """What goes wrong when half of the content has been sent."""
    status: int = 200
    message: str = ""
    """Of an error, where `status` is one."""

    @classmethod
    def text(cls, text: str, **rest: Any) -> "Scripted":
        return cls(({"type": "text", "text": text},), **rest)

    @classmethod
    def tools(cls, *calls: tuple[str, Json], **rest: Any) -> "Scripted":
        """Calls of tools, each with its arguments; ids are `toolu_0`, `toolu_1`, ..."""
        return cls(
            tuple(
                {"type": "tool_use", "id": f"toolu_{n}", "name": name, "input": arguments}
                for n, (name, arguments) in enumerate(calls)
            ),
            **rest,
        )

    @classmethod
    def error(cls, status: int, message: str = "scripted", **headers: str) -> "Scripted":
        """An HTTP error; `retry_after="3"` is the header `retry-after: 3`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status=status, message=message, headers=named)


@dataclass
class Call:
    """A request as it came, and what became of it."""

    index: int
    headers: dict[str, str]
    """Names in lower case."""
    raw: bytes
    in_flight: int
    """Calls that were open when this one came, and this one; refused ones are not open."""
    arrived: float
    body: Json = field(default_factory=dict)
    began: float | None = None
    """When the first byte of a message was sent; times are of the monotonic clock."""
    ended: float | None = None
    status: int | None = None
    fault: Fault | None = None
    usage: Json | None = None
    cost_usd: float = 0.0
    client_left: bool = False
    is_open: bool = False

    @property
    def purpose(self) -> str:
        return self.headers.get("x-swarm-purpose", "")

    @property
    def task(self) -> str:
        return self.headers.get("x-swarm-task", "")

    @property
    def last_text(self) -> str:
        """The text of the last message."""
        blocks = blocks_of(self.body["messages"][-1]["content"])
        return "".join(block["text"] for block in blocks if block["type"] == "text")


Respond = Callable[[Call], Scripted | str | Awaitable[Scripted | str]]


class MessagesApi:
    """The server. `respond` may be replaced at any time; `calls` has every request in order."""

    def __init__(
        self,
        respond: Respond = lambda call: "ok",
        *,
        port: int = 0,
        max_in_flight: int | None = None,
    ) -> None:
        """More than `max_in_flight` calls at once are answered with 429. Port 0 is any free one."""
        self.respond = respond
        self.port = port
        self.max_in_flight = max_in_flight
        self.calls: list[Call] = []
        self.cache = PromptCache()
        self._in_flight = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def most_in_flight(self) -> int:
        """The most calls that were answered, not refused, at once."""
        return max((call.in_flight for call in self.calls if call.status != 429), default=0)

    @property
    def cost_usd(self) -> float:
        return sum(call.cost_usd for call in self.calls)

    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to be served here."""
        return {
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "test",
            "NO_PROXY": "127.0.0.1,localhost",
        }

    @contextlib.contextmanager
    def serving(self) -> Iterator["MessagesApi"]:
        """Serve from a thread."""
        ready = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self.serve(ready.set)))
        thread.start()
        assert ready.wait(10)
        try:
            yield self
        finally:
            self.stop()
            thread.join()

    async def serve(self, on_ready: Callable[[], object]) -> None:
        """Serve until `stop` is called."""
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=32 * 2**20)
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_get("/calls", self._show_calls)
        runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True
        )
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        self.port = runner.addresses[0][1]
        on_ready()
        await self._stopped.wait()
        await runner.cleanup()

    def stop(self) -> None:
        """Make `serve` end; from any thread."""
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def _show_calls(self, request: web.Request) -> web.Response:
        return web.json_response([{**asdict(call), "raw": None} for call in self.calls])

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        call = Call(
            index=len(self.calls),
            headers={name.lower(): value for name, value in request.headers.items()},
            raw=raw,
            in_flight=self._in_flight + 1,
            arrived=time.monotonic(),
        )
        self.calls.append(call)
        try:
            call.body = _read(call)
            if self.max_in_flight is not None and self._in_flight >= self.max_in_flight:
                raise ApiError(429, "too many requests at once", {"retry-after": "1"})
            self._in_flight += 1
            call.is_open = True
            return await self._answer(request, call)
        except ApiError as error:
            call.status = error.status
            return web.json_response(error.body, status=error.status, headers=error.headers)
        except (ConnectionError, asyncio.CancelledError):
            call.client_left = True
            raise
        finally:
            self._close(call)

    def _close(self, call: Call) -> None:
        if call.is_open:
            call.is_open = False
            call.ended = time.monotonic()
            self._in_flight -= 1

    async def _answer(self, request: web.Request, call: Call) -> web.StreamResponse:
        price = check(call.body)
        lookup = self.cache.look_up(call.body, price)
        scripted = await self._scripted(call)
        await asyncio.sleep(scripted.latency)
        if scripted.status != 200:
            raise ApiError(scripted.status, scripted.message, scripted.headers)
        call.status, call.fault, call.began = 200, scripted.fault, time.monotonic()
        self.cache.write(lookup)
        return await self._stream(request, call, scripted, lookup, price)

    async def _scripted(self, call: Call) -> Scripted:
        try:
            answer = self.respond(call)
            if inspect.isawaitable(answer):
                answer = await answer
        except Exception as error:
            raise ApiError(400, f"the script failed: {error!r}") from error
        scripted = Scripted.text(answer) if isinstance(answer, str) else answer
        return _cut(scripted, call.body["max_tokens"])

    async def _stream(
        self,
        request: web.Request,
        call: Call,
        scripted: Scripted,
        lookup: Lookup,
        price: Price,
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={
                "content-type": "text/event-stream",
                "request-id": f"req_{call.index}",
                **scripted.headers,
            }
        )
        await response.prepare(request)
        events = list(_content_events(scripted.blocks))
        if scripted.fault:
            del events[len(events) // 2 :]
        began, sent = time.monotonic(), 0

        def bill() -> Json:
            call.usage = {**lookup.usage, "output_tokens": max(sent, 1)}
            call.cost_usd = lookup.cost(price, call.usage["output_tokens"])
            return call.usage

        start = _message(call, bill())
        await response.write(_sse("message_start", message=start) + _sse("ping"))
        for n, (data, tokens) in enumerate(events):
            await asyncio.sleep(began + scripted.seconds * n / len(events) - time.monotonic())
            sent += tokens
            bill()
            await response.write(data)
        if scripted.fault:
            return await _fail(scripted.fault, request, response)
        await asyncio.sleep(began + scripted.seconds - time.monotonic())
        delta = {
            "stop_reason": scripted.stop_reason,
            "stop_sequence": None,
            "stop_details": scripted.stop_details,
        }
        usage = bill()
        self._close(call)  # before the client can know that its call is over
        await response.write(
            _sse("message_delta", delta=delta, usage={"output_tokens": usage["output_tokens"]})
            + _sse("message_stop")
        )
        await response.write_eof()
        return response


def _read(call: Call) -> Json:
    if not {"authorization", "x-api-key"} & call.headers.keys():
        raise ApiError(401, "authentication is required")
    if "anthropic-version" not in call.headers:
        raise ApiError(400, "anthropic-version: header is required")
    try:
        body = json.loads(call.raw)
    except ValueError as error:
        raise ApiError(400, f"the body is not JSON: {error}") from error
    if not isinstance(body, dict) or not body.get("stream"):
        raise ApiError(400, "this server answers only requests for a stream")
    return body


def _cut(scripted: Scripted, max_tokens: int) -> Scripted:
    """The answer as long as `max_tokens` allows, with its stop reason."""
    blocks: list[Json] = []
    left = max_tokens
    for block in scripted.blocks:
        key, text = _body_of(block)
        if tokens_in(text) > left:
            if left:
                blocks.append({**block, key: text[: left * 4]})
            return replace(scripted, blocks=tuple(blocks), stop_reason="max_tokens")
        blocks.append(block)
        left -= tokens_in(text)
    calls_tool = any(block["type"] == "tool_use" for block in blocks)
    reason = scripted.stop_reason or ("tool_use" if calls_tool else "end_turn")
    return replace(scripted, blocks=tuple(blocks), stop_reason=reason)


def _body_of(block: Json) -> tuple[str, str]:
    """The field of a block that comes in pieces, and its text. The input of a tool call may be
    given as text, which need not be JSON."""
    if block["type"] in ("text", "thinking"):
        return block["type"], block[block["type"]]
    arguments = block["input"]
    return "input", arguments if isinstance(arguments, str) else json.dumps(arguments)


def _content_events(blocks: tuple[Json, ...]) -> Iterator[tuple[bytes, int]]:
    """Events and the output tokens each stands for."""
    deltas = {
        "text": ("text_delta", "text"),
        "thinking": ("thinking_delta", "thinking"),
        "input": ("input_json_delta", "partial_json"),
    }
    for index, block in enumerate(blocks):
        key, text = _body_of(block)
        kind, name = deltas[key]
        begin = {**block, key: {} if key == "input" else ""}
        signature = begin.pop("signature", None)
        if key == "thinking":
            begin["signature"] = ""
        yield _sse("content_block_start", index=index, content_block=begin), 0
        for piece in _pieces(text):
            delta = {"type": kind, name: piece}
            yield _sse("content_block_delta", index=index, delta=delta), tokens_in(piece)
        if signature is not None:
            delta = {"type": "signature_delta", "signature": signature}
            yield _sse("content_block_delta", index=index, delta=delta), 0
        yield _sse("content_block_stop", index=index), 0


def _pieces(text: str) -> list[str]:
    """At most 40 pieces of whole tokens, at least two where there are so many tokens."""
    size = 4 * max(1, min(-(-tokens_in(text) // 2), 16), -(-tokens_in(text) // 40))
    return [text[at : at + size] for at in range(0, len(text), size)]


def _message(call: Call, usage: Json) -> Json:
    return {
        "id": f"msg_{call.index}",
        "type": "message",
        "role": "assistant",
        "model": call.body["model"],
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _sse(event: str, **data: Any) -> bytes:
    return f"event: {event}\ndata: {json.dumps({'type': event, **data})}\n\n".encode()


async def _fail(
    fault: Fault, request: web.Request, response: web.StreamResponse
) -> web.StreamResponse:
    if fault == "stall":
        await asyncio.sleep(3600)  # until the client leaves
    if fault == "reset" and request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
        return response
    if fault == "malformed":
        await response.write(b'event: content_block_delta\ndata: {"type": "content_bl\n\n')
    if fault == "error_event":
        await response.write(_sse("error", error=ApiError(529, "Overloaded").body["error"]))
    await response.write_eof()
    return response


def _script(path: Path) -> Respond:
    spec = importlib.util.spec_from_file_location("script", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    respond: Respond = module.respond
    return respond


async def _run(api: MessagesApi, port_file: Path | None) -> None:
    def ready() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, api.stop)
        if port_file is not None:
            unfinished = port_file.with_suffix(".part")
            unfinished.write_text(str(api.port))
            unfinished.replace(port_file)
        print(f"READY {api.url}", flush=True)

    await api.serve(ready)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.messages_api")
    parser.add_argument("--script", type=Path, required=True, help="Python with respond(call)")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", type=Path, help="where to write the port once it listens")
    parser.add_argument("--max-in-flight", type=int, help="429 for more calls at once")
    given = parser.parse_args()
    api = MessagesApi(_script(given.script), port=given.port, max_in_flight=given.max_in_flight)
    asyncio.run(_run(api, given.port_file))


if __name__ == "__main__":
    main()
