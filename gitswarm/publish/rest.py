"""Rest: the API of a forge over HTTP, and what a host says of itself."""

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from gitswarm.publish.api import Answer, NoAnswerError, parsed
from gitswarm.publish.forge import ForgeKind, graphql_of

_SECONDS = 30.0
_GLANCE_SECONDS = 5.0


class Rest:
    """GitHub's REST API at `api`, with a token."""

    def __init__(self, api: str, token: str) -> None:
        import httpx2

        self._api = api
        self._client = httpx2.Client(
            timeout=_SECONDS,
            follow_redirects=True,
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "User-Agent": "gitswarm",
            },
        )

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        return self._ask(method, f"{self._api}/{path}", body)

    def graphql(self, query: str, variables: Mapping[str, Any]) -> Answer:
        body = {"query": query, "variables": dict(variables)}
        return self._ask("POST", graphql_of(self._api), body)

    def _ask(self, method: str, url: str, body: Mapping[str, Any] | None) -> Answer:
        import httpx2

        url, headers = _to_loopback(url)
        try:
            response = self._client.request(
                method, url, json=None if body is None else dict(body), headers=headers
            )
        except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError) as error:
            reason = str(error) or type(error).__name__
            raise NoAnswerError(f"{urlsplit(self._api).netloc} does not answer: {reason}") from None
        named = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, named, parsed(response.text))


def _to_loopback(url: str) -> tuple[str, dict[str, str]]:
    """Names below `localhost` are this machine by RFC 6761, also where the system's resolver does
    not know it."""
    parts = urlsplit(url)
    if not (parts.hostname or "").endswith(".localhost"):
        return url, {}
    port = "" if parts.port is None else f":{parts.port}"
    return urlunsplit(parts._replace(netloc=f"127.0.0.1{port}")), {"Host": parts.netloc}


def ask_kind(origin: str) -> ForgeKind | None:
    """What a host says it is, at addresses that a forge of each kind answers without a login. No
    token is sent."""
    import httpx2

    try:
        with httpx2.Client(timeout=_GLANCE_SECONDS, follow_redirects=False) as client:
            gitea = client.get(f"{origin}/api/v1/version")
            if gitea.status_code == 200 and "version" in _object(gitea.text):
                return ForgeKind.GITEA
            gitlab = client.get(f"{origin}/api/v4/version")
            if "x-gitlab-meta" in gitlab.headers:
                return ForgeKind.GITLAB
            github = client.get(f"{origin}/api/v3/meta")
            if any(name.lower().startswith("x-github-") for name in github.headers):
                return ForgeKind.GITHUB
    except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError):
        return None
    return None


def _object(text: str) -> dict[str, Any]:
    value = parsed(text)
    return value if isinstance(value, dict) else {}
