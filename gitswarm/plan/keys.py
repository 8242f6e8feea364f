"""Keys: credentials in a text, told by the form that each service gives its own.

They are found by detect-secrets, with the plugins that know one service's form of key; what guesses
by entropy or by the name of a variable would take half of the test fixtures for secrets.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from gitswarm.plan.suspects import may_hold, suspects

if TYPE_CHECKING:
    from detect_secrets.plugins.base import RegexBasedDetector

EXCUSED = re.compile(r"pragma: ?(?:allowlist|whitelist)[ -]secret")
"""The comment by which detect-secrets passes over a line."""


@dataclass(frozen=True, slots=True)
class Key:
    """Where a key is, and what kind; never what it says."""

    kind: str
    line: int
    """The index of its line in the text, from 0."""


def keys_in(text: str) -> Iterator[Key]:
    """The keys on lines that no `pragma: allowlist secret` excuses, by their kind."""
    for kind, found in _found_in(text):
        if not EXCUSED.search(_line_of(found)):
            yield Key(kind, text.count("\n", 0, found.start()))


def without_keys(text: str, instead: str) -> str:
    """The text with something else in the place of each key, excused or not."""
    parts, at = [], 0
    for start, end in sorted((found.start(), _end(found)) for _, found in _found_in(text)):
        if start >= at:
            parts += [text[at:start], instead]
        at = max(at, end)
    return "".join([*parts, text[at:]])


def _found_in(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Kind and place of each key."""
    for start, end in suspects(text):
        for plugin in _plugins():
            if not may_hold(str(plugin.secret_type), text, start, end):
                continue
            for regex in plugin.denylist:
                for found in regex.finditer(text, start, end):
                    if _is_meant(found):
                        yield str(plugin.secret_type), found


_LAST_LINE = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")


def _end(key: re.Match[str]) -> int:
    """Where a key ends: a private one goes on after what it is known by."""
    if "PRIVATE KEY" not in key[0]:
        return key.end()
    last = _LAST_LINE.search(key.string, key.end())
    return last.end() if last else len(key.string)


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


_KEY_FOLLOWS = re.compile(r"-----(?:\s|\\[rn])+[\w+/=]")
"""A private key, not only its first line in a program that looks for one."""


def _line_of(found: re.Match[str]) -> str:
    text = found.string
    end = text.find("\n", found.start())
    return text[text.rfind("\n", 0, found.start()) + 1 : len(text) if end < 0 else end]


@cache
def _plugins() -> tuple["RegexBasedDetector", ...]:
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

    class FineGrainedTokenDetector(RegexBasedDetector):
        """What GitHub gives out by now; the package knows the older tokens."""

        secret_type = "GitHub Token"
        denylist = (re.compile(r"github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}"),)

    class GitHubFineGrainedTokenDetector(RegexBasedDetector):
        """What GitHub recommends by now; the package knows the tokens from before."""

        secret_type = "GitHub Token"
        denylist = (re.compile(r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),)

    return (
        AWSKeyDetector(),
        AnthropicKeyDetector(),
        AzureStorageKeyDetector(),
        DiscordBotTokenDetector(),
        GitHubFineGrainedTokenDetector(),
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
