"""Settings: what `git config` says of `swarm.*`, read once and checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TypeVar

from gitswarm.errors import SettingsError
from gitswarm.findings import Severity

DEFAULT_MODEL = "claude-sonnet-5-5"

T = TypeVar("T")

CheckoutMode = Literal["auto", "full", "sparse"]


KEYS: Mapping[str, str] = {
    "swarm.model": "model",
    "swarm.jobs": "jobs",
    "swarm.budget": "budget_usd",
    "swarm.timeout": "timeout_seconds",
    "swarm.verify": "verify",
    "swarm.check": "check",
    "swarm.setup": "setup",
    "swarm.setup.copy": "setup_copy",
    "swarm.setup.link": "setup_link",
    "swarm.agentCommand": "agent_command",
    "swarm.worktreeDir": "worktree_dir",
    "swarm.checkout": "checkout",
    "swarm.overlap": "overlap",
    "swarm.coAuthor": "co_author",
    "swarm.rules": "rules",
    "swarm.regenerate": "regenerate",
    "swarm.resolve.minConfidence": "min_confidence",
    "swarm.review.mode": "review_mode",
    "swarm.review.blockOn": "review_block_on",
    "swarm.review.onError": "review_on_error",
    "swarm.review.timeout": "review_seconds",
    "swarm.forge": "forge",
    "swarm.forgeUrl": "forge_url",
}
"""Keys of `git config` and the fields of `Settings` that they set."""

RULES = ("version", "superseded", "whitespace", "token", "additions", "imports", "keys")
"""The names of the rules that may settle a conflict, from the top of the ladder."""


class Config(Protocol):
    """Where settings come from; `Repository` is one."""

    def config(self, key: str) -> str | None: ...

    def config_all(self, key: str) -> list[str]: ...

    def config_keys(self, prefix: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """What `swarm.role.NAME.*` says of one role."""

    model: str | None = None
    check: str | None = None
    """Empty: none, whatever `swarm.check` says; so with the agent's command."""
    agent_command: str | None = None


ROLE_KEYS: Mapping[str, str] = {
    "model": "model",
    "check": "check",
    "agentCommand": "agent_command",
}
"""What may follow `swarm.role.NAME.`, and the fields of `RoleSettings` that it sets."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting has the value that holds where `git config` is silent."""

    model: str = DEFAULT_MODEL
    roles: Mapping[str, RoleSettings] = field(default_factory=dict)
    jobs: int = 8
    """How many agents work at once."""
    budget_usd: float | None = None
    timeout_seconds: float = 600.0
    """The longest that any single thing is waited for: a verify command, a rate limit."""
    verify: str | None = None
    """A shell command that decides whether the merged tree is good."""
    check: str | None = None
    """A shell command that decides whether the commit of one task is good."""
    setup: str | None = None
    """A shell command that makes a new worktree ready for use."""
    setup_copy: tuple[str, ...] = ()
    """Files and folders that a new worktree gets from the user's checkout, from its root."""
    setup_link: tuple[str, ...] = ()
    """The same, as symbolic links."""
    agent_command: str | None = None
    """A program that does the tasks in place of the model."""
    worktree_dir: str | None = None
    checkout: CheckoutMode = "auto"
    """How much of the tree an agent's worktree has as files."""
    overlap: Literal["warn", "serialize"] = "warn"
    co_author: str | None = None
    """`Name <address>` for `Co-authored-by:`; empty omits the trailer, None names the model."""
    rules: tuple[str, ...] = ("version",)
    """The rules that settle a conflict unasked; the others are offered to the model."""
    regenerate: str | None = None
    """A shell command that writes lock files and snapshots anew."""
    min_confidence: float = 0.5
    """A resolution less sure than this is left to a human."""
    review_mode: Literal["warn", "block"] = "warn"
    """Whether a finding at the threshold holds up a push."""
    review_block_on: Severity = Severity.CRITICAL
    """The threshold of a review."""
    review_on_error: Literal["allow", "block"] = "allow"
    """What becomes of a push whose review did not come to its end."""
    review_seconds: float = 60.0
    """The longest that a push waits for its review."""
    forge: Literal["github", "gitlab", "gitea", "forgejo", "none"] | None = None
    """What the host of the remote is; None finds out."""
    forge_url: str | None = None
    """Where a browser finds the forge, where the remote's own URL does not say."""
    max_tokens: int = 16_000
    """The longest single reply that is asked for."""

    @classmethod
    def load(cls, config: Config) -> "Settings":
        """Raises `SettingsError` that names the key and what it takes."""

        def read(key: str, parse: Callable[[str], T], default: T) -> T:
            value = config.config(key)
            if value is None:
                return default
            try:
                return parse(value)
            except ValueError as error:
                raise SettingsError(
                    f"{key} is {value!r}, but {error}",
                    hint=f'run "git config {key} VALUE", or "git config --unset {key}"',
                ) from None

        default = cls()
        return replace(
            default,
            model=read("swarm.model", _word, default.model),
            roles=_roles(config),
            jobs=read("swarm.jobs", _count, default.jobs),
            budget_usd=read("swarm.budget", dollars, default.budget_usd),
            timeout_seconds=read("swarm.timeout", _seconds, default.timeout_seconds),
            verify=read("swarm.verify", str, default.verify) or None,
            check=read("swarm.check", str, default.check) or None,
            setup=read("swarm.setup", str, default.setup) or None,
            setup_copy=_paths(config, "swarm.setup.copy"),
            setup_link=_paths(config, "swarm.setup.link"),
            agent_command=read("swarm.agentCommand", str, default.agent_command) or None,
            worktree_dir=read("swarm.worktreeDir", _word, default.worktree_dir),
            checkout=read("swarm.checkout", _checkout, default.checkout),
            overlap=read("swarm.overlap", _overlap, default.overlap),
            co_author=read("swarm.coAuthor", str, default.co_author),
            rules=read("swarm.rules", _rules, default.rules),
            regenerate=read("swarm.regenerate", str, default.regenerate) or None,
            min_confidence=read("swarm.resolve.minConfidence", _share, default.min_confidence),
            review_mode=read("swarm.review.mode", _review_mode, default.review_mode),
            review_block_on=read("swarm.review.blockOn", _severity, default.review_block_on),
            review_on_error=read("swarm.review.onError", _on_error, default.review_on_error),
            review_seconds=read("swarm.review.timeout", _seconds, default.review_seconds),
            forge=read("swarm.forge", _forge, default.forge),
            forge_url=read("swarm.forgeUrl", _url, default.forge_url),
        )

    def by_key(self) -> dict[str, str]:
        """Every setting as `git config` would spell it; empty where there is none."""
        values = {key: getattr(self, field) for key, field in KEYS.items()}
        values |= {
            f"swarm.role.{name}.{key}": getattr(role, field)
            for name, role in self.roles.items()
            for key, field in ROLE_KEYS.items()
            if getattr(role, field) is not None
        }
        return {key: _spelled(value) for key, value in values.items()}

    def model_for(self, role: str, preferred: str | None = None) -> str:
        """The model of a role: git config for the role, the role's own wish, the general one."""
        configured = self.roles.get(role, RoleSettings()).model
        return configured or preferred or self.model

    def check_for(self, role: str) -> str | None:
        """The check of a role's tasks; None where there is none."""
        own = self.roles.get(role, RoleSettings()).check
        return (self.check if own is None else own) or None

    def agent_command_for(self, role: str) -> str | None:
        """The program that does a role's tasks; None: the model does."""
        own = self.roles.get(role, RoleSettings()).agent_command
        return (self.agent_command if own is None else own) or None


def _roles(config: Config) -> dict[str, RoleSettings]:
    fields = {key.lower(): field for key, field in ROLE_KEYS.items()}
    roles: dict[str, dict[str, str | None]] = {}
    for key in config.config_keys("swarm.role."):
        name, _, setting = key.removeprefix("swarm.role.").rpartition(".")
        if name and setting in fields:
            roles.setdefault(name, {})[fields[setting]] = config.config(key)
    return {name: RoleSettings(**values) for name, values in roles.items()}


def _paths(config: Config, key: str) -> tuple[str, ...]:
    """Paths from the root of the checkout, each given by a line of its own."""
    paths = config.config_all(key)
    for path in paths:
        names = path.rstrip("/").split("/")
        if not path or path.startswith("/") or {"", ".", "..", ".git"} & set(names):
            raise SettingsError(
                f"{key} is {path!r}, but it takes a path inside the checkout, from its root",
                hint=f'run "git config --unset-all {key}", then "git config --add {key} PATH"',
            )
    return tuple(path.rstrip("/") for path in paths)


def _spelled(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(value)
    return "" if value is None else f"{value}"


def _rules(value: str) -> tuple[str, ...]:
    named = value.replace(",", " ").split()
    for name in named:
        if name not in RULES:
            raise SettingsError(
                f"swarm.rules names {name!r}, but there is no such rule",
                hint=f"the rules are {', '.join(RULES)}; empty for none",
            )
    return tuple(name for name in RULES if name in named)


def _word(value: str) -> str:
    if not value.strip():
        raise ValueError("it must not be empty")
    return value.strip()


def _count(value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise ValueError("it takes a whole number of at least 1")
    return int(value)


def dollars(value: str) -> float:
    """An amount of money. Raises `ValueError` that says what it takes."""
    what = "an amount in US dollars above 0, such as 2.50"
    return _number(value, what, lambda amount: amount > 0)


def _seconds(value: str) -> float:
    return _number(value, "a number of seconds above 0", lambda seconds: seconds > 0)


def _share(value: str) -> float:
    return _number(value, "a number from 0 to 1", lambda share: 0 <= share <= 1)


def _number(value: str, what: str, fits: Callable[[float], bool]) -> float:
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"it takes {what}") from None
    if not fits(number) or number in (float("inf"), float("-inf")):
        raise ValueError(f"it takes {what}")
    return number


def _checkout(value: str) -> CheckoutMode:
    if value not in _CHECKOUTS:
        raise ValueError(f"it takes one of {', '.join(_CHECKOUTS)}")
    return _CHECKOUTS[value]


_CHECKOUTS: Mapping[str, CheckoutMode] = {"auto": "auto", "full": "full", "sparse": "sparse"}


def _overlap(value: str) -> Literal["warn", "serialize"]:
    if value == "warn":
        return "warn"
    if value == "serialize":
        return "serialize"
    raise ValueError('it takes "warn" or "serialize"')


def _review_mode(value: str) -> Literal["warn", "block"]:
    if value == "warn":
        return "warn"
    if value == "block":
        return "block"
    raise ValueError('it takes "warn" or "block"')


def _on_error(value: str) -> Literal["allow", "block"]:
    if value == "allow":
        return "allow"
    if value == "block":
        return "block"
    raise ValueError('it takes "allow" or "block"')


def _severity(value: str) -> Severity:
    try:
        return Severity(value)
    except ValueError:
        raise ValueError(f"it takes {', '.join(Severity)}") from None


def _forge(value: str) -> Literal["github", "gitlab", "gitea", "forgejo", "none"] | None:
    match value.lower():
        case "":
            return None
        case "github" | "gitlab" | "gitea" | "forgejo" | "none" as forge:
            return forge
    raise ValueError('it takes "github", "gitlab", "gitea", "forgejo" or "none"')


def _url(value: str) -> str | None:
    if value and not value.startswith(("https://", "http://")):
        raise ValueError("it takes an address that begins with https:// or http://")
    return value or None
