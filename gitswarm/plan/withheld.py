"""Withheld: which tracked files are kept out of every prompt and tool, and why.

The attribute `swarm` decides first, see gitattributes(5), as the trusted commit has it: unset
(`-swarm`), a file is withheld; set, it is shown whatever it holds. Of the others a file is withheld
that holds a key or a credential. Those are found by detect-secrets, with the plugins that know one
service's form of key; what guesses by entropy or by the name of a variable would take half of the
test fixtures for secrets, and is asked only about files that exist to hold them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from gitswarm.plan.path_text import spell
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.objects import RepoPath

if TYPE_CHECKING:
    from detect_secrets.plugins.base import RegexBasedDetector

ATTRIBUTE = "swarm"

_SECRET_FILE = re.compile(
    rb"(?:.*/)?(?:\.env(?:\..+)?|[^/]*\.env|\.(?:netrc|pgpass|pypirc|npmrc|htpasswd)"
    rb"|(?:.*[-_.])?(?:secrets?|credentials?)(?:\.(?:ya?ml|json|toml|ini|cfg|conf|properties|txt))?)",
    re.I,
)
"""Files that hold settings of one place, passwords among them."""
_TEMPLATE = re.compile(
    rb".*[-_.](?:examples?|samples?|templates?|dist|defaults?)(?:\.[^/]*)?", re.I
)


class Withheld:
    """Decides of each file whether its text may be shown. Safe to use from threads."""

    def __init__(self, attributes: Attributes) -> None:
        self._attributes = attributes
        self._states: dict[RepoPath, str] = {}
        self._secrets: dict[RepoPath, str] = {}

    @property
    def secrets(self) -> Mapping[str, str]:
        """What was found so far: paths as people read them, and the kind of key, in path order."""
        return {spell(path): self._secrets[path] for path in sorted(self._secrets)}

    def by_attribute(self, paths: Iterable[RepoPath]) -> frozenset[RepoPath]:
        """Those of the paths that are `-swarm`."""
        wanted = list(dict.fromkeys(paths))
        unknown = [path for path in wanted if path not in self._states]
        if unknown:
            self._states.update(self._attributes.values(ATTRIBUTE, unknown))
        return frozenset(path for path in wanted if self._states[path] == "unset")

    def why(self, path: RepoPath, data: bytes) -> str | None:
        """Why this content of a file is not shown, going on from its name; None if it may be."""
        if self.by_attribute([path]):
            return 'is kept from models by the attribute "-swarm"'
        if self._states[path] == "set":
            return None
        kind = _secret_in(path, data)
        if kind is None:
            return None
        self._secrets[path] = kind
        return f"is kept from models: it holds a secret ({kind})"


def _secret_in(path: RepoPath, data: bytes) -> str | None:
    """What kind of key or credential a file holds; None if none was found."""
    text = data.decode("utf-8", "replace")
    kinds = (plugin.secret_type for plugin in _key_plugins() if _is_found(plugin, text))
    kind = next(kinds, None)
    if kind is None and _SECRET_FILE.fullmatch(path) and not _TEMPLATE.fullmatch(path):
        kind = next(_kinds_of_settings(text), None)
    return kind


def _is_found(plugin: "RegexBasedDetector", text: str) -> bool:
    """Whether a key is in the text, on a line that no `pragma: allowlist secret` excuses."""
    found = (found for regex in plugin.denylist for found in regex.finditer(text))
    return any(_is_meant(key) and not _EXCUSED.search(_line_of(key)) for key in found)


def _is_meant(key: re.Match[str]) -> bool:
    """Whether it is a key, not what only looks like one: a part of a longer word, such as a gene,
    or the first line of private keys in a program that looks for them."""
    before, after = (
        key.string[max(0, key.start() - 1) : key.start()],
        key.string[key.end() : key.end() + 1],
    )
    if key[0].isalnum() and (before.isalnum() or after.isalnum()):
        return False
    if "PRIVATE KEY" in key[0]:
        return _KEY_FOLLOWS.match(key.string, key.end()) is not None
    return True


_EXCUSED = re.compile(r"pragma: ?(?:allowlist|whitelist)[ -]secret")
_KEY_FOLLOWS = re.compile(r"-----(?:\s|\\[rn])+[\w+/=]")
"""A private key, not only its first line in a program that looks for one."""


def _line_of(found: re.Match[str]) -> str:
    text = found.string
    end = text.find("\n", found.start())
    return text[text.rfind("\n", 0, found.start()) + 1 : len(text) if end < 0 else end]


def _kinds_of_settings(text: str) -> Iterator[str]:
    """What kinds of credentials stand behind the names of settings, and in URLs."""
    from detect_secrets.filters.heuristic import is_prefixed_with_dollar_sign, is_templated_secret
    from detect_secrets.plugins.basic_auth import BasicAuthDetector
    from detect_secrets.plugins.keyword import CONFIG_DENYLIST_REGEX_TO_GROUP, KeywordDetector

    by_name, by_url = KeywordDetector(), BasicAuthDetector()
    for line in text.splitlines():
        if len(line) > _WIDEST or _EXCUSED.search(line):
            continue
        named = by_name.analyze_string(line, CONFIG_DENYLIST_REGEX_TO_GROUP)
        for plugin, values in ((by_name, named), (by_url, by_url.analyze_string(line))):
            if any(
                not is_templated_secret(value) and not is_prefixed_with_dollar_sign(value)
                for value in values
            ):
                yield plugin.secret_type


_WIDEST = 2_000
"""Characters of a line that may be a setting."""


@cache
def _key_plugins() -> tuple["RegexBasedDetector", ...]:
    """Each knows the keys of one service. Importing them takes a tenth of a second."""
    from detect_secrets.plugins.aws import AWSKeyDetector
    from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
    from detect_secrets.plugins.base import RegexBasedDetector
    from detect_secrets.plugins.discord import DiscordBotTokenDetector
    from detect_secrets.plugins.github_token import GitHubTokenDetector
    from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
    from detect_secrets.plugins.mailchimp import MailchimpDetector
    from detect_secrets.plugins.npm import NpmDetector
    from detect_secrets.plugins.openai import OpenAIDetector
    from detect_secrets.plugins.private_key import PrivateKeyDetector
    from detect_secrets.plugins.pypi_token import PypiTokenDetector
    from detect_secrets.plugins.sendgrid import SendGridDetector
    from detect_secrets.plugins.slack import SlackDetector
    from detect_secrets.plugins.square_oauth import SquareOAuthDetector
    from detect_secrets.plugins.stripe import StripeDetector
    from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
    from detect_secrets.plugins.twilio import TwilioKeyDetector

    class AnthropicKeyDetector(RegexBasedDetector):
        """The key that gitswarm itself is used with, which the package does not know."""

        secret_type = "Anthropic API Key"
        denylist = (re.compile(r"sk-ant-[a-z]+[0-9]{2}-[\w-]{20,}"),)

    return (
        AWSKeyDetector(),
        AnthropicKeyDetector(),
        AzureStorageKeyDetector(),
        DiscordBotTokenDetector(),
        GitHubTokenDetector(),
        GitLabTokenDetector(),
        MailchimpDetector(),
        NpmDetector(),
        OpenAIDetector(),
        PrivateKeyDetector(),
        PypiTokenDetector(),
        SendGridDetector(),
        SlackDetector(),
        SquareOAuthDetector(),
        StripeDetector(),
        TelegramBotTokenDetector(),
        TwilioKeyDetector(),
    )
