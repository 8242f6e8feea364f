"""What is kept from models: by the attribute, and because it holds a key."""

import pytest

from gitswarm.repo.objects import RepoPath
from tests.conftest import RepositoryBuilder

AWS_KEY = "AKIA" + "IOSFODNN7EXAMPLE"
GITHUB_TOKEN = "ghp_" + "a1B2" * 9
ANTHROPIC_KEY = "sk-ant-" + "api03-" + "a1B2_" * 18
PEM = "-----BEGIN RSA PRIVATE KEY-----"
NAMED = "is kept from models: it holds a secret ({})"


def why(repo: RepositoryBuilder, path: str, text: str, attributes: str = "") -> str | None:
    withheld = repo.withheld(repo.commit({".gitattributes": attributes}))
    return withheld.why(RepoPath(path.encode()), text.encode())


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        ("src/a.py", f'KEY = "{AWS_KEY}"\n', "AWS Access Key"),
        ("ci.sh", f"export TOKEN={GITHUB_TOKEN}\n", "GitHub Token"),
        ("ci.yml", "token: github_pat_" + "a1" * 11 + "_" + "b" * 59, "GitHub Token"),
        ("ci.yml", f"token: github_pat_{'a1' * 11}_{'b2' * 29}c\n", "GitHub Token"),
        ("notes.md", f"The key is {ANTHROPIC_KEY}.\n", "Anthropic API Key"),
        ("id_rsa", f"{PEM}\nMIIEpAIBAAKCAQEA1\n", "Private Key"),
        ("account.json", f'{{"key": "{PEM}\\nMIIEpAIBAAKCAQEA1"}}', "Private Key"),
        (".env", "DB_PASSWORD=hunter22\n", "Secret Keyword"),
        ("deploy/prod.env", "URL=postgres://app:hunter22@db/app\n", "Basic Auth Credentials"),
        (".env", 'export API_TOKEN="hunter22"\n', "Secret Keyword"),
        ("prod.tfvars", 'db_password = "hunter22"\n', "Secret Keyword"),
        ("deploy/.netrc", "machine a.example login ada password hunter22\n", "Credentials"),
        ("config/secrets.yml", "password: hunter22\n", "Secret Keyword"),
    ],
)
def test_a_file_with_a_key_is_withheld_by_its_kind(
    repo: RepositoryBuilder, path: str, text: str, kind: str
) -> None:
    assert why(repo, path, text) == NAMED.format(kind)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("tests/test_login.py", 'login("ada", password="hunter22")\n'),
        ("README.md", "postgres://user:password@localhost/app\n"),
        ("gene.fasta", "ACCAGGTACGATCGATCGATCGATTAGACCAGGTACGATCGATCGA\n"),
        ("src/pem.py", f'if line.startswith("{PEM}"):\n    load(line)\n'),
        ("digests.txt", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n"),
        ("tests/keys.py", f'KEY = "{AWS_KEY}"  # pragma: allowlist secret\n'),
        (".env.example", "DB_PASSWORD=change-me\n"),
        (".env", "DB_PASSWORD=${VAULT_PASSWORD}\nPORT=3000\nAPI_KEY=$VAULT_API_KEY\nAUTH=off\n"),
        (".netrc", "\n"),
        ("src/secrets.py", 'def token(password: str = "x") -> str: ...\n'),
    ],
)
def test_what_only_looks_like_a_key_is_shown(repo: RepositoryBuilder, path: str, text: str) -> None:
    assert why(repo, path, text) is None


def test_the_attribute_decides_before_the_detector(repo: RepositoryBuilder) -> None:
    attributes = "private/** -swarm\ntests/keys.py swarm\n"
    key = f'KEY = "{AWS_KEY}"\n'

    assert why(repo, "private/plan.md", "plain", attributes) == (
        'is kept from models by the attribute "-swarm"'
    )
    assert why(repo, "tests/keys.py", key, attributes) is None
    assert why(repo, "src/keys.py", key, attributes) == NAMED.format("AWS Access Key")


def test_only_the_files_that_hold_keys_are_remembered(repo: RepositoryBuilder) -> None:
    withheld = repo.withheld(repo.commit({".gitattributes": "private/** -swarm\n"}))
    for path in (b"private/a", b"src/b.py", b"src/a\n.py"):
        withheld.why(RepoPath(path), AWS_KEY.encode())
    withheld.why(RepoPath(b"src/c.py"), b"nothing")

    assert list(withheld.secrets.items()) == [
        ("src/a\\x0a.py", "AWS Access Key"),
        ("src/b.py", "AWS Access Key"),
    ]
