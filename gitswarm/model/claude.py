"""The Anthropic client: requests sent, streams read to their end, failures retried or explained.

The client takes about a second to import, so only the functions that send import it.
"""

import asyncio
import gc
import importlib
import math
import ssl
import threading
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from gitswarm.errors import (
    CredentialsError,
    ModelError,
    ModelNotFoundError,
    RequestRefusedError,
    UnreachableError,
)
from gitswarm.model import CallProgress, OnProgress, Reply, Request, Usage
from gitswarm.model.limits import Budget, Limiter, Slot, asked_wait
from gitswarm.model.prices import Price, Prices
from gitswarm.model.wire import Incoming, estimated_tokens, request_body, request_headers

if TYPE_CHECKING:
    from anthropic import APIStatusError, AsyncAnthropic, AsyncStream
    from anthropic.types import RawMessageStreamEvent

FAULTS = 4
"""How often one call is repeated after the connection, the stream or the service failed."""

REFUSALS = 10
"""How often one call is repeated that the service was too busy to take. That costs nothing, and
meanwhile all calls are held back."""

CONNECT_SECONDS = 10.0

SILENCE = 60.0
"""Seconds without a byte of an answer after which it is given up."""

STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status an error would have come with, had it not come in a stream that began with 200."""

CREDENTIALS_HINT = "set ANTHROPIC_API_KEY to a valid key of the Claude API"
NETWORK_HINT = "check the network, ANTHROPIC_BASE_URL and the proxy variables"
CERTIFICATE_HINT = "set SSL_CERT_FILE to a file with the certificate that signed it"


def start_import() -> None:
    """Begin to import the client in a thread; the first `ask` waits for what is left of it."""
    threading.Thread(target=_import, name="import anthropic", daemon=True).start()


def _import() -> None:
    """The client is 150,000 objects that stay. The garbage collector is told so: to look through
    them again and again would cost a fifth of the import, and hold up every call later for a tenth
    of a second each time."""
    gc.disable()
    try:
        importlib.import_module("anthropic")
        gc.freeze()
    finally:
        gc.enable()


class ClaudeModel:
    """Asks Claude over the network; one per process, closed by `async with` or `aclose`.

    Credentials and endpoint are found by the client itself, in the environment or in its profile.

    A call that fails on the way is asked again from the start; what had come of the reply is
    dropped. It may have been billed all the same, so `Reply.usage` and `Reply.cost_usd` include it:
    the prompt as the stream reported it when it began, the output by an estimate that is rather too
    high. Of a try that was sent and got no answer before it was broken off, the whole prompt is
    counted, by its estimate; one that was refused or never reached the service counts nothing. When
    no reply is to be had, a last `CallProgress` says what the tries cost, and the error's
    `cost_usd`; the budget has them in any case.
    """

    def __init__(
        self,
        *,
        limiter: Limiter,
        prices: Prices,
        budget: Budget | None = None,
        silence: float = SILENCE,
        faults: int = FAULTS,
    ) -> None:
        """`faults` is how often a call is repeated that failed on the way. `silence` is the longest
        gap, in seconds, between two bytes of an answer. A stream that is only slow is not cut off:
        the service sends pings while the model thinks."""
        self._limiter = limiter
        self._prices = prices
        self._budget = budget or Budget()
        self._silence = silence
        self._faults = faults
        self._client: AsyncAnthropic | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. A later `ask` opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def ask(self, request: Request, on_progress: OnProgress | None = None) -> Reply:
        """Raises `CredentialsError`, `ModelNotFoundError`, `RequestRefusedError`,
        `UnreachableError` when every try failed, or `BudgetError`."""
        call = _Call(request, self._prices.of(request.model), on_progress)
        call.tell("waiting")
        try:
            return await self._ask(await self._open(), call)
        except ModelError as error:
            error.cost_usd = call.cost_usd
            call.tell_lost()
            raise
        except asyncio.CancelledError:
            call.tell_lost()
            raise

    async def _open(self) -> "AsyncAnthropic":
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(_client, self._silence)
        return self._client

    async def _ask(self, client: "AsyncAnthropic", call: "_Call") -> Reply:
        clock = self._limiter.clock
        faults = refusals = 0
        while True:
            try:
                reply = await self._try(client, call)
            except _TransientError as failure:
                refusals += failure.refused
                faults += not failure.refused
                if faults > self._faults or refusals > REFUSALS:
                    raise UnreachableError(
                        f"no reply in {faults + refusals} tries; at last {failure}",
                        hint=failure.hint,
                    ) from failure
                call.tell("retrying", detail=str(failure))
                if not failure.refused:
                    await self._limiter.back_off(faults)
                call.tell("waiting")
            else:
                seconds = clock.monotonic() - call.sent_at
                return replace(reply, usage=call.usage, cost_usd=call.cost_usd, seconds=seconds)

    async def _try(self, client: "AsyncAnthropic", call: "_Call") -> Reply:
        """Send the call once. Raises `_TransientError` for a failure that may pass."""
        message = Incoming()
        async with (
            self._budget.reserve(
                call.request.model,
                call.price,
                prompt=call.prompt,
                max_tokens=call.request.max_tokens,
            ) as reservation,
            self._limiter.slot() as slot,
        ):
            call.tell("sending")
            call.sent_at = min(call.sent_at, self._limiter.clock.monotonic())
            try:
                return await self._receive(client, call, message, slot, reservation.max_tokens)
            except (_UnansweredError, asyncio.CancelledError):
                message.assume_prompt(call.prompt)
                raise
            finally:
                reservation.cost_usd = call.account(message.usage)

    async def _receive(
        self,
        client: "AsyncAnthropic",
        call: "_Call",
        message: Incoming,
        slot: Slot,
        max_tokens: int,
    ) -> Reply:
        import anthropic
        import httpx2

        try:
            stream = await _send(client, call, max_tokens)
            async with stream:
                slot.accepted(stream.response.headers)
                async for event in stream:
                    message.add(event)
                    call.tell("streaming", message.output_tokens)
            if message.stop_reason is None:
                raise _TransientError("the reply ended before it was complete")
            return Reply(
                blocks=message.blocks(),
                stop_reason=message.stop_reason,
                usage=message.usage,
                model=message.model,
                cost_usd=None,
                refusal=message.refusal,
                request_id=stream.response.headers.get("request-id", ""),
            )
        except anthropic.APIStatusError as error:
            raise _answered(error, call, slot) from error
        except anthropic.APIConnectionError as error:
            cause = error.__cause__ or error
            if isinstance(cause, httpx2.LocalProtocolError):
                # its text shows the header, which is most often the key
                raise CredentialsError(
                    "a request header holds what cannot be sent, such as a line break",
                    hint="look at ANTHROPIC_API_KEY and ANTHROPIC_CUSTOM_HEADERS",
                ) from None
            raise _unconnected(cause, client, self._silence) from error
        except httpx2.TimeoutException as error:
            raise _UnansweredError(f"nothing came for {self._silence:g} s") from error
        except httpx2.HTTPError as error:
            raise _UnansweredError(f"the connection broke off ({_said(error)})") from error
        except (anthropic.APIError, ValueError, LookupError, AttributeError) as error:
            # the SDK checks nothing of what it reads: a field that is missing is missing here
            raise _TransientError("the reply is not what the Messages API sends") from error


class _Call:
    """One `ask` over all its tries: what is sent, and what it has cost so far."""

    def __init__(
        self, request: Request, price: Price | None, on_progress: OnProgress | None
    ) -> None:
        self.request = request
        self.price = price
        self.body = request_body(request)
        self.prompt = estimated_tokens(request)
        self.usage = Usage()
        self.cost_usd: float | None = 0.0
        self.sent_at = math.inf
        self._on_progress = on_progress

    def tell(
        self,
        state: Literal["waiting", "sending", "streaming", "retrying"],
        output_tokens: int = 0,
        detail: str = "",
    ) -> None:
        if self._on_progress is not None:
            self._on_progress(CallProgress(state, output_tokens, detail))

    def tell_lost(self) -> None:
        if self._on_progress is not None:
            self._on_progress(CallProgress("lost", usage=self.usage, cost_usd=self.cost_usd))

    def account(self, usage: Usage) -> float:
        """Add one try; returns its cost, 0 where the price is not known."""
        if usage == Usage():
            return 0.0
        self.usage += usage
        if self.price is None or self.cost_usd is None:
            self.cost_usd = None
            return 0.0
        cost = self.price.cost(usage)
        self.cost_usd += cost
        return cost


class _TransientError(Exception):
    """A try that came to nothing, for a reason that may pass."""

    def __init__(self, reason: str, *, refused: bool = False, hint: str = NETWORK_HINT) -> None:
        super().__init__(reason)
        self.refused = refused
        """The limiter was told to hold calls back; else this call backs off by itself."""
        self.hint = hint


class _UnansweredError(_TransientError):
    """A try that was on its way, or further, when the connection gave out: it may be billed."""


def _client(silence: float) -> "AsyncAnthropic":
    """The client with the settings of the environment; takes a second where it is not imported."""
    import anthropic
    import httpx2

    try:
        return anthropic.AsyncAnthropic(
            max_retries=0, timeout=anthropic.Timeout(silence, connect=min(CONNECT_SECONDS, silence))
        )
    except anthropic.CredentialsError as error:
        raise CredentialsError(str(error), hint=CREDENTIALS_HINT) from error
    except (ValueError, ImportError, httpx2.InvalidURL) as error:  # of the service, or of a proxy
        raise UnreachableError(
            f"the model client cannot be set up: {error}", hint=NETWORK_HINT
        ) from error


async def _send(
    client: "AsyncAnthropic", call: _Call, max_tokens: int
) -> "AsyncStream[RawMessageStreamEvent]":
    """Send the request and return once the answer begins. The SDK looks for credentials only now,
    and says with a `TypeError` that it found none."""
    import anthropic

    body = {**call.body, "max_tokens": max_tokens}
    try:
        stream: AsyncStream[RawMessageStreamEvent] = await client.messages.create(
            **body, stream=True, extra_headers=request_headers(call.request)
        )
    except TypeError as error:
        if "authentication" not in str(error):
            raise
        raise CredentialsError("no credentials for the model API", hint=CREDENTIALS_HINT) from error
    except anthropic.CredentialsError as error:
        raise CredentialsError(str(error), hint=CREDENTIALS_HINT) from error
    except UnicodeEncodeError as error:
        raise RequestRefusedError("the request holds half a surrogate pair, not text") from error
    return stream


def _unconnected(
    cause: BaseException, client: "AsyncAnthropic", silence: float
) -> ModelError | _TransientError:
    """What it means that a request got no answer."""
    import httpx2

    if isinstance(cause, httpx2.ReadTimeout):
        return _UnansweredError(f"nothing came for {silence:g} s")
    host = client.base_url.host or "the API"
    if isinstance(cause, httpx2.ProxyError):
        return _TransientError(f"the proxy makes no connection to {host}: {_said(cause)}")
    unreachable = f"{host} cannot be reached: {_said(cause)}"
    if isinstance(cause, httpx2.UnsupportedProtocol):
        return UnreachableError(unreachable, hint=NETWORK_HINT)
    if _is_mistrusted(cause):
        return UnreachableError(unreachable, hint=CERTIFICATE_HINT)
    if isinstance(cause, (httpx2.ReadError, httpx2.RemoteProtocolError)):
        return _UnansweredError(unreachable)
    return _TransientError(unreachable)


def _is_mistrusted(error: BaseException | None) -> bool:
    """Whether it is the certificate of the other side that is not accepted."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _answered(error: "APIStatusError", call: _Call, slot: Slot) -> ModelError | _TransientError:
    """What an error of the service means, told to the limiter where it concerns other calls."""
    headers = error.response.headers
    status = error.status_code
    if status == 200:
        status = STATUS_OF_TYPE.get(error.type or "", 500)
    said = f"{status} {error.api_message or error.response.reason_phrase}".rstrip()
    is_billing = error.type == "billing_error" or status == 402
    if is_billing or (error.error_code or "").endswith("spend_limit_reached"):
        return CredentialsError(
            f"the account cannot pay for this call: {said}",
            hint="see the account's billing settings",
        )
    if status in (401, 403):
        return CredentialsError(f"the credentials are not accepted: {said}", hint=CREDENTIALS_HINT)
    if status == 404:
        ended = call.price is not None and call.price.end_of_life
        return ModelNotFoundError(
            f"the API at {error.request.url.host} has no model {call.request.model}"
            + (f" (its end of life is {ended})" if ended else f": {said}"),
            hint='choose one with "git config swarm.model MODEL"',
        )
    may_pass = status in (408, 409, 429) or status >= 500
    if headers.get("x-should-retry") in ("true", "false"):
        may_pass = headers["x-should-retry"] == "true"
    if may_pass:
        refused = status in (429, 529) or asked_wait(headers, 0.0) is not None
        if refused:
            slot.refused(headers)
        return _TransientError(
            f"the service answered {said}", refused=refused, hint="try again later"
        )
    if status == 429 or status >= 500:
        return UnreachableError(f"the service answered {said}", hint="try again later")
    return RequestRefusedError(f"the API refused the request: {said}")


def _said(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):  # which says only that there is something in it
        error = error.exceptions[0]
    return str(error) or type(error).__name__
