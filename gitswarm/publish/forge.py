"""Forge: what a remote's host is, told apart by what the user says, its name, `gh` and itself."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from gitswarm.publish.remote import Address


class ForgeKind(StrEnum):
    """A way in which pull requests are asked for."""

    GITHUB = "github"
    """By its API."""
    GITLAB = "gitlab"
    """By push options."""
    GITEA = "gitea"
    """By a push to `refs/for/BASE`, as Gitea and Forgejo take it."""
    NONE = "none"
    """Not at all: a branch is pushed, and what the host prints is shown."""


HOSTS: Mapping[str, ForgeKind] = {
    "github.com": ForgeKind.GITHUB,
    "github.localhost": ForgeKind.GITHUB,
    "gitlab.com": ForgeKind.GITLAB,
    "codeberg.org": ForgeKind.GITEA,
    "gitea.com": ForgeKind.GITEA,
}

_FIRST_LABELS: Mapping[str, ForgeKind] = {
    "github": ForgeKind.GITHUB,
    "ghe": ForgeKind.GITHUB,
    "gitlab": ForgeKind.GITLAB,
    "gitea": ForgeKind.GITEA,
    "forgejo": ForgeKind.GITEA,
    "codeberg": ForgeKind.GITEA,
}
"""How people name the host on which they run one."""

TENANTS = ".ghe.com"
"""Hosts of GitHub's own for one enterprise each."""

LOCALHOST = "github.localhost"
"""The name to which `gh` speaks plain HTTP."""


@dataclass(frozen=True, slots=True)
class Forge:
    kind: ForgeKind
    host: str
    origin: str
    """Where a browser finds it, such as `https://github.com`."""
    named_by_user: bool
    """Whether the user says what it is, rather than its name or the host itself: only then does it
    get a token that was not meant for exactly this host."""
    path: str = ""
    """Of the repository, such as `ada/project`."""

    @property
    def shown(self) -> str:
        """Host and path; empty for a folder on this machine."""
        return f"{self.origin.partition('://')[2]}/{self.path}" if self.origin else ""


def recognise(
    address: Address | None,
    *,
    setting: ForgeKind | None,
    url: str | None,
    environ: Mapping[str, str],
    gh_knows: Callable[[str], bool],
    host_says: Callable[[str], ForgeKind | None],
) -> Forge:
    """What a remote leads to. The first that has an answer counts: the settings `swarm.forge` and
    `swarm.forgeUrl`, `GH_HOST` and the variables of GitHub Actions, the host's name, whether `gh`
    is logged in there, what the host itself answers at `origin`."""
    origin = (url or "").rstrip("/") or (address.origin if address else "")
    host = _host(url, address)
    path = address.path if address else ""

    def forge(kind: ForgeKind, *, named_by_user: bool) -> Forge:
        return Forge(kind, host, origin, named_by_user, path)

    if setting is not None:
        return forge(setting, named_by_user=True)
    if address is None:
        return forge(ForgeKind.NONE, named_by_user=False)
    by_environment = {environ.get("GH_HOST", ""), environ.get("GITHUB_SERVER_URL", "").rstrip("/")}
    if by_environment & {host, address.netloc, origin}:
        return forge(ForgeKind.GITHUB, named_by_user=True)
    by_name = HOSTS.get(host) or _FIRST_LABELS.get(host.partition(".")[0])
    if host.endswith(TENANTS):
        by_name = ForgeKind.GITHUB
    if by_name is not None:
        return forge(by_name, named_by_user=False)
    if gh_knows(host):
        return forge(ForgeKind.GITHUB, named_by_user=True)
    asked = host_says(origin) if address.scheme != "git" else None
    return forge(asked or ForgeKind.NONE, named_by_user=False)


def _host(url: str | None, address: Address | None) -> str:
    given = Address.parse(url) if url else None
    return given.host if given else address.host if address else ""


def github_api(forge: Forge, environ: Mapping[str, str] = os.environ) -> str:
    """Where GitHub's REST API is for a host, without a slash at its end."""
    scheme, _, netloc = forge.origin.partition("://")
    told = environ.get("GITHUB_API_URL", "").rstrip("/")
    server = environ.get("GITHUB_SERVER_URL", "").rstrip("/")
    if told and server in ("", forge.origin):
        return told
    if forge.host == "github.com":
        return "https://api.github.com"
    if forge.host == LOCALHOST:
        return f"http://api.{netloc if scheme == 'http' else LOCALHOST}"
    if forge.host.endswith(TENANTS):
        return f"https://api.{forge.host}"
    return f"{forge.origin}/api/v3"


def graphql_of(api: str) -> str:
    """Where the GraphQL API is that belongs to a REST API."""
    return f"{api.removesuffix('/v3')}/graphql" if api.endswith("/api/v3") else f"{api}/graphql"


def gh_reaches(forge: Forge, api: str, *, gh_gets_answer: Callable[[str], bool]) -> bool:
    """Whether `gh`, which takes a host and no port, would ask at the same place; of a port on this
    very machine it may know by its `http_unix_socket`."""
    if forge.host == LOCALHOST:
        return urlsplit(forge.origin).port is None or gh_gets_answer(forge.host)
    return api in (
        "https://api.github.com",
        f"https://api.{forge.host}",
        f"https://{forge.host}/api/v3",
    )
