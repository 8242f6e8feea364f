"""Gh: the API of GitHub through its own command line, with the login that the user gave it."""

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from typing import Any

from gitswarm.process import Ran, run_program
from gitswarm.publish.api import Answer, NoAnswerError, parsed

_TOKENS = ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
_QUIET = {
    "GH_PROMPT_DISABLED": "1",
    "GH_NO_UPDATE_NOTIFIER": "1",
    "GH_PAGER": "cat",
    "GH_DEBUG": "",
    "DEBUG": "",
    "NO_COLOR": "1",
    "CLICOLOR_FORCE": "0",
    "GH_FORCE_TTY": "",
}
_SECONDS = 60.0


class Gh:
    """`gh api`, see gh-api(1), for one host. Only to be used where it `is_logged_in`."""

    def __init__(self, host: str) -> None:
        self._host = host

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        return self._api(method, path, body)

    def graphql(self, query: str, variables: Mapping[str, Any]) -> Answer:
        return self._api("POST", "graphql", {"query": query, "variables": dict(variables)})

    def _api(self, method: str, path: str, body: Mapping[str, Any] | None) -> Answer:
        given = [] if body is None else ["--input", "-"]
        ran = _run(
            ["api", "--hostname", self._host, "--include", "--method", method, *given, path],
            json.dumps(body).encode() if body is not None else b"",
        )
        head, _, text = (
            ran.stdout.decode("utf-8", "replace").replace("\r\n", "\n").partition("\n\n")
        )
        status, *fields = head.split("\n")
        code = status.split(" ")[1:2]
        if not status.startswith("HTTP/") or not code or not code[0].isdigit():
            reason = ran.stderr.decode("utf-8", "replace").strip() or f"it ended with {ran.status}"
            raise NoAnswerError(f"{self._host} does not answer gh: {reason}")
        pairs = (field.partition(":") for field in fields)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        return Answer(int(code[0]), headers, parsed(text))


def is_logged_in(host: str, *, by_itself: bool = False) -> bool:
    """Whether `gh` is installed and has a token for a host; `by_itself`: one that it was given for
    this host, not one from the environment, which it takes for any."""
    if shutil.which("gh") is None:
        return False
    hidden = dict.fromkeys(_TOKENS, "") if by_itself else {}
    ran = _run(["auth", "token", "--hostname", host], env=hidden)
    return ran.status == 0 and bool(ran.stdout.strip())


def gets_answer(host: str) -> bool:
    """Whether anything answers `gh` at a host, whatever it says."""
    try:
        Gh(host).request("GET", "meta")
    except NoAnswerError:
        return False
    return True


def _run(args: list[str], input: bytes = b"", env: Mapping[str, str] | None = None) -> Ran:
    environ = {**os.environ, **_QUIET, **(env or {})}
    return asyncio.run(run_program(["gh", *args], input=input, timeout=_SECONDS, environ=environ))
