"""Requests that the Messages API refuses, and the errors it answers them with."""

from collections.abc import Mapping
from datetime import date

from gitswarm.model.prices import Price, Prices
from tests.prompt_cache import Json, blocks_of, prefixes, prompt

ALWAYS_THINKS = frozenset({"claude-sonnet-5-5", "claude-opus-5-5", "claude-fable-5-1"})
"""Models that refuse sampling parameters, prefill, forced tools and switches for thinking."""

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class ApiError(Exception):
    """An answer with an error status."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}

    @property
    def body(self) -> Json:
        kind = ERROR_TYPES.get(self.status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": str(self)}}


def check(body: Json) -> Price:
    """Refuse with `ApiError` what the API refuses; returns the price of the model."""
    for required in ("model", "max_tokens", "messages"):
        if body.get(required) in (None, "", []):
            raise ApiError(400, f"{required}: Field required")
    model = body["model"]
    price = Prices.load().of(model)
    if price is None or price.ended(date.today()):
        raise ApiError(404, f"model: {model}")
    if price.max_output is not None and body["max_tokens"] > price.max_output:
        raise ApiError(400, f"max_tokens: {body['max_tokens']} > {price.max_output}")
    if model in ALWAYS_THINKS:
        _check_current(body)
    effort = body.get("output_config", {}).get("effort", "high")
    if effort not in ("low", "medium", "high", "xhigh", "max"):
        raise ApiError(400, f"output_config.effort: unexpected value {effort!r}")
    _check_blocks(body)
    _check_turns(body["messages"])
    tokens = prefixes(body)[1][-1]
    if price.context is not None and tokens > price.context:
        raise ApiError(400, f"prompt is too long: {tokens} tokens > {price.context} maximum")
    return price


def _check_current(body: Json) -> None:
    for name in ("temperature", "top_p", "top_k"):
        if name in body:
            raise ApiError(400, f"`{name}` is not supported for this model")
    if body.get("tool_choice", {}).get("type") in ("any", "tool"):
        raise ApiError(400, "tool_choice: forcing a tool is not supported for this model")
    if body.get("thinking", {}).get("type") in ("enabled", "disabled"):
        raise ApiError(400, "thinking: only adaptive thinking is supported for this model")
    if body["messages"][-1]["role"] == "assistant":
        raise ApiError(400, "messages: this model does not support prefill")


def _check_blocks(body: Json) -> None:
    breakpoints = 0
    for place, block in prompt(body):
        if block.get("type") == "text" and not block["text"].strip():
            raise ApiError(400, f"{place}: text content blocks must be non-empty")
        if None in block.values():
            raise ApiError(400, f"{place}: a field is null: {block}")
        breakpoints += "cache_control" in block
    if breakpoints > 4:
        raise ApiError(400, f"at most 4 blocks may have cache_control, found {breakpoints}")


def _check_turns(messages: list[Json]) -> None:
    """The first turn is the user's, and every tool call has its result in the turn after it."""
    if messages[0]["role"] != "user":
        raise ApiError(400, "messages: first message must use the user role")
    open_calls: set[str] = set()
    for n, message in enumerate(messages):
        blocks = blocks_of(message["content"])
        if not blocks:
            raise ApiError(400, f"messages.{n}: content must not be empty")
        results = {b["tool_use_id"] for b in blocks if b["type"] == "tool_result"}
        if results != open_calls:
            raise ApiError(400, f"messages.{n}: tool calls {open_calls}, tool results {results}")
        open_calls = {block["id"] for block in blocks if block["type"] == "tool_use"}
