"""What must not leave this machine with a description."""

import pytest

from gitswarm.publish.secrets import REMOVED, Secrets

PRIVATE = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("deploy with value-of-token now", f"deploy with {REMOVED} now"),
        ("https://ada:hunter2@db.example/x", "https://db.example/x"),
        (f"a\n{PRIVATE}\nb", f"a\n-----{REMOVED}\nb"),
        (f"a\n{PRIVATE[:50]}", f"a\n-----{REMOVED}"),
        (
            f"x ghp_{'a1' * 18} y # pragma: allowlist secret",
            f"x {REMOVED} y # pragma: allowlist secret",
        ),
        ("short words and innocent ones stay", "short words and innocent ones stay"),
    ],
)
def test_secrets_are_taken_out(text: str, left: str) -> None:
    secrets = Secrets(
        {"DEPLOY_TOKEN": "value-of-token", "API_KEY": "words", "HOME": "innocent ones"}
    )

    assert secrets.out_of(text) == left
    assert secrets.out_of_json({"a": [text, 1, None]}) == {"a": [left, 1, None]}
