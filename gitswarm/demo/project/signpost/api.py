"""Redirects and the JSON API, as one WSGI application."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from signpost import SignpostError
from signpost.settings import Settings
from signpost.store import CodeTaken, InvalidLink, Link, LinkStore, NoSuchLink

MAX_BODY = 16 * 1024


@dataclass(frozen=True)
class Response:
    status: HTTPStatus
    body: Any = None  # sent as JSON; None only with 204 No Content
    headers: dict[str, str] = field(default_factory=dict)


class RequestError(SignpostError):
    """Ends a request with `status`, `headers` and the message."""

    def __init__(
        self, status: HTTPStatus, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


Answer = Callable[[WSGIEnvironment], Response]


class Api:
    def __init__(self, links: LinkStore, settings: Settings) -> None:
        self._links = links
        self._settings = settings

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response = self._respond(environ)
        headers = dict(response.headers)
        content = b""
        if response.body is not None:
            content = json.dumps(response.body).encode() + b"\n"
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
        start_response(f"{response.status.value} {response.status.phrase}", list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]

    def _respond(self, environ: WSGIEnvironment) -> Response:
        try:
            return self._answer(environ)(environ)
        except RequestError as error:
            return Response(error.status, {"error": str(error)}, error.headers)
        except InvalidLink as error:
            return Response(HTTPStatus.BAD_REQUEST, {"error": str(error)})
        except NoSuchLink as error:
            return Response(HTTPStatus.NOT_FOUND, {"error": str(error)})
        except CodeTaken as error:
            return Response(HTTPStatus.CONFLICT, {"error": str(error)})

    def _answer(self, environ: WSGIEnvironment) -> Answer:
        answers = self._answers(environ.get("PATH_INFO", ""))
        if not answers:
            raise RequestError(HTTPStatus.NOT_FOUND, "there is nothing here")
        answer = answers.get(environ["REQUEST_METHOD"])
        if answer is None:
            allowed = ", ".join(answers)
            raise RequestError(
                HTTPStatus.METHOD_NOT_ALLOWED, f"allowed here: {allowed}", {"Allow": allowed}
            )
        return answer

    def _answers(self, path: str) -> dict[str, Answer]:
        """What answers at this path, by method."""
        match path.split("/")[1:]:
            case ["healthz"]:
                return {"GET": self._health}
            case ["api", "links"]:
                return {"GET": self._list, "POST": self._create}
            case ["api", "links", code]:
                return {"GET": partial(self._show, code), "DELETE": partial(self._remove, code)}
            case [code] if code:
                # Chat programs preview a link with HEAD, which is no visit.
                return {
                    "GET": partial(self._redirect, code, self._links.follow),
                    "HEAD": partial(self._redirect, code, self._links.get),
                }
        return {}

    def _health(self, environ: WSGIEnvironment) -> Response:
        return Response(HTTPStatus.OK, {"status": "ok"})

    def _list(self, environ: WSGIEnvironment) -> Response:
        links = [self._described(link) for link in self._links.newest_first()]
        return Response(HTTPStatus.OK, {"links": links})

    def _create(self, environ: WSGIEnvironment) -> Response:
        asked = read_object(environ)
        url, code = asked.get("url"), asked.get("code")
        if not isinstance(url, str) or not isinstance(code, str | None):
            raise RequestError(
                HTTPStatus.BAD_REQUEST, '"url" must be a string, "code" a string or absent'
            )
        link = self._links.add(url, code)
        location = {"Location": f"/api/links/{link.code}"}
        return Response(HTTPStatus.CREATED, self._described(link), location)

    def _show(self, code: str, environ: WSGIEnvironment) -> Response:
        return Response(HTTPStatus.OK, self._described(self._links.get(code)))

    def _remove(self, code: str, environ: WSGIEnvironment) -> Response:
        self._links.remove(code)
        return Response(HTTPStatus.NO_CONTENT)

    def _redirect(
        self, code: str, find: Callable[[str], Link], environ: WSGIEnvironment
    ) -> Response:
        url = find(code).url
        # A cached redirect would hide visits and outlive a removed link.
        return Response(
            HTTPStatus.FOUND, {"url": url}, {"Location": url, "Cache-Control": "no-store"}
        )

    def _described(self, link: Link) -> dict[str, str | int]:
        return {
            "code": link.code,
            "short_url": self._settings.short_url(link.code),
            "url": link.url,
            "created": link.created,
            "hits": link.hits,
        }


def read_object(environ: WSGIEnvironment) -> dict[str, Any]:
    """The JSON object that a request carries."""
    length = environ.get("CONTENT_LENGTH", "")
    if not length.isdecimal():
        raise RequestError(HTTPStatus.LENGTH_REQUIRED, "send a Content-Length")
    if int(length) > MAX_BODY:
        raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have {MAX_BODY} bytes")
    try:
        value = json.loads(environ["wsgi.input"].read(int(length)))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise RequestError(HTTPStatus.BAD_REQUEST, "the body must be a JSON object")
    return value
