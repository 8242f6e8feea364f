"""Remote: where a branch is pushed, and where that leads."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from gitswarm.errors import GitError, UsageError
from gitswarm.repo.repository import Repository

_USERINFO = re.compile(r"(?<=://)[^/\s@\"<>]*(?:@[^/\s@\"<>]*)*@")
_BROKEN_USERINFO = re.compile(r"(?<=://)[^/\s@:\"<>]*:(?!\d+[/?#])[^\s\"'<>]*@(?=[\w.\[\]-]+[:/])")
"""One whose password holds a slash that should have been escaped: it ends where a host follows."""
_TOKEN = re.compile(
    r"(?<=[?&])(?P<name>[\w.-]*(?:token|password|passwd|secret|key|auth)[\w.-]*)=[^&\s\"'<>]+",
    re.IGNORECASE,
)
_SCP_LIKE = re.compile(r"(?:(?P<user>[^/@:]+)@)?(?P<host>\[[^\]]+\]|[^/:@\[\]]+):(?P<path>.+)")
_HELPER = re.compile(r"[A-Za-z0-9+.-]+::")
_SCHEMES = {
    "http": "http",
    "https": "https",
    "ssh": "ssh",
    "git+ssh": "ssh",
    "ssh+git": "ssh",
    "git": "git",
}
_SSH_DOORS = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}
"""Hosts that forges keep for ssh on the port of https."""


@dataclass(frozen=True, slots=True)
class Address:
    """A remote's URL, taken apart. See "GIT URLS" in git-fetch(1)."""

    scheme: str
    """`http`, `https`, `ssh` or `git`."""
    host: str
    """In lower case, without port; an IPv6 address without brackets."""
    port: int | None
    path: str
    """Of the repository on the host, such as `ada/project`: no slash at its ends, no `.git`."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> "Address | None":
        """None for what leads to no host: a path on this machine, a remote helper of the user's."""
        if "://" in url:
            return cls._of_url(url)
        scp_like = None if _HELPER.match(url) else _SCP_LIKE.fullmatch(url)
        if scp_like is None:
            return None
        return cls._of("ssh", scp_like["host"], None, scp_like["path"], user=scp_like["user"])

    @classmethod
    def _of_url(cls, url: str) -> "Address | None":
        try:
            parts = urlsplit(url)
            scheme, host, port = _SCHEMES.get(parts.scheme), parts.hostname, parts.port
        except ValueError:
            return None
        if scheme is None or not host:
            return None
        user = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        return cls._of(scheme, host, port, unquote(parts.path), user=user, password=password)

    @classmethod
    def _of(
        cls,
        scheme: str,
        host: str,
        port: int | None,
        path: str,
        *,
        user: str | None,
        password: str | None = None,
    ) -> "Address":
        host = host.strip("[]").lower()
        if scheme == "ssh":
            host, port = _SSH_DOORS.get(host, host), None if host in _SSH_DOORS else port
        path = path.strip("/").removesuffix(".git").rstrip("/")
        return cls(scheme, host, port, path, user, password)

    @property
    def origin(self) -> str:
        """Where the host is looked at with a browser: scheme, host and port. Nothing is known of
        the port where only that of ssh is; then it is the usual one."""
        if self.scheme in ("http", "https"):
            return f"{self.scheme}://{self.netloc}"
        return f"https://{self._bracketed}"

    @property
    def netloc(self) -> str:
        return self._bracketed if self.port is None else f"{self._bracketed}:{self.port}"

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this very machine."""
        return (
            self.host == "localhost"
            or self.host.endswith(".localhost")
            or self.host.startswith("127.")
            or self.host == "::1"
        )


@dataclass(frozen=True, slots=True)
class Remote:
    name: str
    url: str = field(repr=False)
    """As git would push to it, `url.*.insteadOf` applied. It may hold a password: for showing there
    is `shown`."""

    @property
    def shown(self) -> str:
        return without_passwords(self.url)

    @property
    def address(self) -> Address | None:
        return Address.parse(self.url)


def without_passwords(text: str) -> str:
    """The text with nobody's name, password or token in its URLs."""
    return _TOKEN.sub(r"\g<name>=***", _USERINFO.sub("", _BROKEN_USERINFO.sub("", text)))


def choose_remote(repository: Repository, name: str | None) -> Remote:
    """The remote of this name; without one where git itself would push, see `remote.pushDefault` in
    git-config(1), else `origin`, else the only one. Raises `UsageError`."""
    known = repository.git("remote").stdout.decode("utf-8", "surrogateescape").splitlines()
    if not known:
        raise UsageError(
            "this repository has no remote to push to", hint="git remote add origin URL"
        )
    chosen = name or _default(repository, known)
    if chosen is None:
        raise UsageError(
            f"there are several remotes ({', '.join(known)}) and none of them is the usual one",
            hint="name one with --remote, or: git config remote.pushDefault NAME",
        )
    if chosen not in known:
        shown = without_passwords(chosen)
        raise UsageError(
            f'there is no remote "{shown}"', hint=f"the remotes are {', '.join(known)}"
        )
    try:
        urls = repository.git("remote", "get-url", "--push", chosen).stdout
    except GitError:
        raise UsageError(
            f'the remote "{chosen}" has no URL', hint=f"git remote set-url {chosen} URL"
        ) from None
    return Remote(chosen, urls.decode("utf-8", "surrogateescape").splitlines()[0])


def _default(repository: Repository, known: list[str]) -> str | None:
    if configured := repository.config("remote.pushDefault"):
        return configured
    if "origin" in known:
        return "origin"
    return known[0] if len(known) == 1 else None
