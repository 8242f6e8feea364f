"""`git swarm config [KEY [VALUE]]`: the settings as they hold here; change one."""

import difflib
import re

import click

from gitswarm.cli import print_json
from gitswarm.commands.options import json_option, open_repository
from gitswarm.console import Console
from gitswarm.errors import SettingsError
from gitswarm.repo.repository import Repository
from gitswarm.settings import KEYS, Settings

_OPEN_KEYS = re.compile(
    r"swarm\.(role\..+\.(model|check|agentcommand)|price\..+\.(input|output|cachewrite|cacheread))",
    re.I,
)


@click.command(
    "config",
    context_settings={"help_option_names": ["-h", "--help"], "ignore_unknown_options": True},
)
@click.argument("key", required=False)
@click.argument("value", required=False)
@json_option
def command(key: str | None, value: str | None, as_json: bool) -> int:
    """Show the settings as they hold in this repository, or KEY alone, or set KEY to VALUE.

    A value is set in the repository's own configuration, once it is known to be a good one.
    """
    repository = open_repository()
    if key is not None:
        key = known_key(key)
    if key is not None and value is not None:
        change(repository, key, value)
        repository = open_repository()
        tell_what_is_missing(repository)
    settings = Settings.load(repository).by_key()
    shown = {known.lower() for known in settings}
    for own in repository.config_keys("swarm."):
        if own.lower() not in shown:
            settings[own] = repository.config(own) or ""
    if key is not None:
        settings = {key: settings.get(key, repository.config(key) or "")}
    if as_json:
        print_json({"schema": "gitswarm/config/1", "settings": settings})
    else:
        Console().show_settings(settings)
    return 0


def known_key(key: str) -> str:
    """The key as it is documented. Raises `SettingsError` for one that means nothing."""
    spelled = {known.lower(): known for known in KEYS}
    if key.lower() in spelled:
        return spelled[key.lower()]
    if _OPEN_KEYS.fullmatch(key):
        section, kind, rest = key.split(".", 2)  # git takes the middle as it is spelled
        return f"{section}.{kind.lower()}.{rest}"
    close = difflib.get_close_matches(key.lower(), spelled, n=1)
    meant = f'did you mean "{spelled[close[0]]}"?' if close else "git swarm config lists them"
    raise SettingsError(f'there is no setting "{key}"', hint=meant)


def change(repository: Repository, key: str, value: str) -> None:
    """Set a value that is a good one. Raises `SettingsError`, and nothing is changed, else."""
    from gitswarm.model.prices import read_rate

    if key.startswith("swarm.price."):
        read_rate(key, value)
    else:
        Settings.load(_With(key, value))
    repository.git("config", key, value)


def tell_what_is_missing(repository: Repository) -> None:
    """A price of which one half is set is no price yet."""
    from gitswarm.model.prices import price_overrides

    try:
        price_overrides(repository)
    except SettingsError as error:
        Console().say(error.message, error.hint)


class _With:
    """A configuration that holds one setting."""

    def __init__(self, key: str, value: str) -> None:
        section, _, name = key.rpartition(".")
        self._key = f"{section}.{name.lower()}"
        self._value = value

    def config(self, key: str) -> str | None:
        section, _, name = key.rpartition(".")
        return self._value if f"{section}.{name.lower()}" == self._key else None

    def config_all(self, key: str) -> list[str]:
        value = self.config(key)
        return [] if value is None else [value]

    def config_keys(self, prefix: str) -> list[str]:
        return [self._key] if self._key.startswith(prefix) else []
