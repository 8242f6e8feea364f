"""Token: what a forge's API is asked with where `gh` does not do it."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from gitswarm.errors import ForgeCredentialsError
from gitswarm.publish.forge import HOSTS, TENANTS, Forge
from gitswarm.publish.remote import Address
from gitswarm.repo.repository import Repository

_GENERAL = ("GH_TOKEN", "GITHUB_TOKEN")
_ENTERPRISE = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")


def find_token(
    repository: Repository,
    forge: Forge,
    address: Address | None,
    environ: Mapping[str, str],
    *,
    may_ask: bool,
    seconds: float,
) -> str:
    """From the environment, else what git itself would log in with. Raises
    `ForgeCredentialsError`."""
    for name in _variables(forge, address):
        if token := environ.get(name, "").strip():
            return token
    if address is not None and address.password:
        return address.password
    found = _fill(repository, forge, address, may_ask=may_ask, seconds=seconds)
    if found is not None:
        return found
    raise ForgeCredentialsError(
        f"there is no login for {forge.host}, so no pull request can be opened; nothing was pushed",
        hint=_hint(forge, environ),
    )


def _variables(forge: Forge, address: Address | None) -> tuple[str, ...]:
    """The variables whose token may be sent there. One for github.com goes to another host only
    where the user said that it is GitHub's, or where it does not leave this machine."""
    if HOSTS.get(forge.host) or forge.host.endswith(TENANTS):
        return _GENERAL
    if forge.named_by_user or (address is not None and address.is_loopback):
        return (*_ENTERPRISE, *_GENERAL)
    return _ENTERPRISE


def _hint(forge: Forge, environ: Mapping[str, str]) -> str:
    withheld = any(environ.get(name) for name in _GENERAL)
    if withheld:
        return f"say that it is yours: git config swarm.forge github, or GH_HOST={forge.host}"
    return f"gh auth login --hostname {forge.host}, or set GH_TOKEN"


def _fill(
    repository: Repository,
    forge: Forge,
    address: Address | None,
    *,
    may_ask: bool,
    seconds: float,
) -> str | None:
    """The password that git-credential(1) has for the host."""
    parts = urlsplit(forge.origin)
    facts = {"protocol": parts.scheme, "host": parts.netloc}
    if address is not None and address.scheme in ("http", "https"):
        facts["path"] = f"{address.path}.git"
        if address.user:
            facts["username"] = address.user
    question = "".join(f"{name}={value}\n" for name, value in facts.items() if "\n" not in value)
    output = repository.git_over_network(
        "credential", "fill", input=f"{question}\n".encode(), may_ask=may_ask, seconds=seconds
    )
    if output.status != 0:
        return None
    lines = (line.partition("=") for line in output.stdout.decode("utf-8", "replace").splitlines())
    return next((value for name, _, value in lines if name == "password" and value), None)
