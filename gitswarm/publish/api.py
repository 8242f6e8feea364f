"""Api: a forge's REST API, asked through `gh` or directly."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from gitswarm.errors import PublishError


class NoAnswerError(PublishError):
    """The forge could not be reached, or the connection broke before its answer was there: what was
    asked for may have been done."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Any
    """Parsed; a text where it is not JSON, None where it is empty."""


class Api(Protocol):
    """Each may raise `NoAnswerError`; any status of HTTP is an answer."""

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """`path` is below the API's root and has no slash in front."""
        ...

    def graphql(self, query: str, variables: Mapping[str, Any]) -> Answer: ...


def parsed(text: str) -> Any:
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        return text
