"""Leaks: secrets in lines of text, found by the forms that providers give their keys.

The detectors are those of detect-secrets but for the ones that guess, by entropy or by the name of
a variable: they are wrong too often to hold up a push. A line with the comment that detect-secrets
knows (`pragma: allowlist secret`) is passed over.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detect_secrets.plugins.base import BasePlugin

_DETECTORS = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "BasicAuthDetector",
    "CloudantDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "IbmCloudIamDetector",
    "IbmCosHmacDetector",
    "JwtTokenDetector",
    "MailchimpDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "SoftlayerDetector",
    "SquareOAuthDetector",
    "StripeDetector",
    "TelegramBotTokenDetector",
    "TwilioKeyDetector",
)

_OWN = Path(__file__).with_name("anthropic_key.py")

Line = tuple[int, str]
"""A number and a text."""


def leaks(blocks: Iterable[Sequence[Line]]) -> Iterator[tuple[int, Line, str]]:
    """The index of the block, the line and the kind of whatever looks like a secret.

    The import takes 0.1 s, so it waits for a first line.
    """
    filled = [(index, block) for index, block in enumerate(blocks) if block]
    if not filled:
        return
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import get_plugins, transient_settings

    own = {"name": "AnthropicKeyDetector", "path": _OWN.as_uri()}
    with transient_settings({"plugins_used": [*({"name": n} for n in _DETECTORS), own]}):
        detectors = get_plugins()
        for index, block in filled:
            for line in _suspects(block, detectors):
                for kind in sorted({secret.type for secret in scan_line(line[1])}):
                    yield index, line, kind


def _suspects(block: Sequence[Line], detectors: Sequence["BasePlugin"]) -> Iterator[Line]:
    """The lines with something that a detector knows, found in all of them at once: line by line
    takes a hundred times as long."""
    whole = "\n".join(text for _, text in block)
    found = {secret for detector in detectors for secret in detector.analyze_string(whole)}
    return (line for line in block if any(secret in line[1] for secret in found))
