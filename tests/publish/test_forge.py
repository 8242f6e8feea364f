"""How forges are told apart, and which of them gets which token."""

from collections.abc import Mapping

import pytest

from gitswarm.errors import ForgeCredentialsError
from gitswarm.publish.credentials import find_token
from gitswarm.publish.forge import Forge, ForgeKind, gh_reaches, github_api, graphql_of, recognise
from gitswarm.publish.remote import Address
from tests.conftest import RepositoryBuilder


def told(
    url: str,
    *,
    setting: ForgeKind | None = None,
    forge_url: str | None = None,
    environ: Mapping[str, str] | None = None,
    gh: str = "",
    says: ForgeKind | None = None,
) -> Forge:
    return recognise(
        Address.parse(url),
        setting=setting,
        url=forge_url,
        environ=environ or {},
        gh_knows=lambda host: host == gh,
        host_says=lambda origin: says,
    )


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("git@github.com:a/b", ForgeKind.GITHUB),
        ("https://github.localhost:8080/a/b", ForgeKind.GITHUB),
        ("https://acme.ghe.com/a/b", ForgeKind.GITHUB),
        ("https://github.acme.example/a/b", ForgeKind.GITHUB),
        ("https://gitlab.com/a/b", ForgeKind.GITLAB),
        ("git@gitlab.acme.example:a/b", ForgeKind.GITLAB),
        ("https://codeberg.org/a/b", ForgeKind.GITEA),
        ("https://forgejo.acme.example/a/b", ForgeKind.GITEA),
        ("https://git.acme.example/a/b", ForgeKind.NONE),
        ("https://notgithub.com/a/b", ForgeKind.NONE),
        ("/srv/git/x.git", ForgeKind.NONE),
    ],
)
def test_a_host_is_known_by_its_name(url: str, kind: ForgeKind) -> None:
    assert told(url).kind is kind


def test_what_the_user_says_counts_before_everything_else() -> None:
    forge = told("https://github.com/a/b", setting=ForgeKind.GITLAB, says=ForgeKind.GITEA)
    assert (forge.kind, forge.named_by_user) == (ForgeKind.GITLAB, True)


@pytest.mark.parametrize(
    "environ",
    [
        {"GH_HOST": "git.acme.example"},
        {"GITHUB_SERVER_URL": "https://git.acme.example"},
    ],
)
def test_the_environment_may_name_an_enterprise_host(environ: dict[str, str]) -> None:
    forge = told("git@git.acme.example:a/b", environ=environ)
    assert (forge.kind, forge.named_by_user) == (ForgeKind.GITHUB, True)


def test_a_login_of_gh_names_the_host() -> None:
    forge = told("git@git.acme.example:a/b", gh="git.acme.example")
    assert (forge.kind, forge.named_by_user) == (ForgeKind.GITHUB, True)


def test_what_a_host_says_of_itself_counts_last() -> None:
    forge = told("git@git.acme.example:a/b", says=ForgeKind.GITLAB)
    assert (forge.kind, forge.named_by_user) == (ForgeKind.GITLAB, False)


@pytest.mark.parametrize(
    ("url", "forge_url", "environ", "api", "graphql"),
    [
        (
            "git@github.com:a/b",
            None,
            {},
            "https://api.github.com",
            "https://api.github.com/graphql",
        ),
        (
            "http://github.localhost:8080/a/b",
            None,
            {},
            "http://api.github.localhost:8080",
            "http://api.github.localhost:8080/graphql",
        ),
        (
            "https://acme.ghe.com/a/b",
            None,
            {},
            "https://api.acme.ghe.com",
            "https://api.acme.ghe.com/graphql",
        ),
        (
            "ssh://git@git.acme.example:2222/a/b",
            None,
            {},
            "https://git.acme.example/api/v3",
            "https://git.acme.example/api/graphql",
        ),
        (
            "work:a/b",
            "https://git.acme.example/",
            {},
            "https://git.acme.example/api/v3",
            "https://git.acme.example/api/graphql",
        ),
        (
            "https://git.acme.example/a/b",
            None,
            {
                "GITHUB_SERVER_URL": "https://git.acme.example",
                "GITHUB_API_URL": "https://api.acme.example",
            },
            "https://api.acme.example",
            "https://api.acme.example/graphql",
        ),
        (
            "https://git.acme.example/a/b",
            None,
            {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_API_URL": "https://api.github.com"},
            "https://git.acme.example/api/v3",
            "https://git.acme.example/api/graphql",
        ),
    ],
)
def test_the_api_is_where_each_host_has_it(
    url: str, forge_url: str | None, environ: dict[str, str], api: str, graphql: str
) -> None:
    forge = told(url, setting=ForgeKind.GITHUB, forge_url=forge_url)
    assert github_api(forge, environ) == api
    assert graphql_of(api) == graphql


@pytest.mark.parametrize(
    ("url", "answers", "reached"),
    [
        ("git@github.com:a/b", False, True),
        ("https://git.acme.example/a/b", False, True),
        ("http://github.localhost/a/b", False, True),
        ("http://github.localhost:8080/a/b", True, True),
        ("http://github.localhost:8080/a/b", False, False),
        ("https://git.acme.example:8443/a/b", True, False),
        ("http://127.0.0.1:8080/a/b", True, False),
    ],
)
def test_gh_is_asked_only_where_it_would_ask_the_same_server(
    url: str, answers: bool, reached: bool
) -> None:
    forge = told(url, setting=ForgeKind.GITHUB)
    api = github_api(forge, {})
    assert gh_reaches(forge, api, gh_gets_answer=lambda host: answers) is reached


GENERAL = {"GH_TOKEN": "general", "GITHUB_TOKEN": "second"}
ENTERPRISE = {"GITHUB_ENTERPRISE_TOKEN": "enterprise"}


@pytest.mark.parametrize(
    ("url", "setting", "environ", "token"),
    [
        ("https://github.com/a/b", None, {**GENERAL, **ENTERPRISE}, "general"),
        ("https://github.com/a/b", None, {"GITHUB_TOKEN": "second"}, "second"),
        ("https://github.acme.example/a/b", None, {**GENERAL, **ENTERPRISE}, "enterprise"),
        ("https://github.acme.example/a/b", ForgeKind.GITHUB, GENERAL, "general"),
        ("http://127.0.0.1:8080/a/b", None, GENERAL, "general"),
        ("https://x:in-url@github.com/a/b", None, {}, "in-url"),
    ],
)
def test_a_token_is_taken_from_where_it_was_put_for_this_host(
    repo: RepositoryBuilder,
    url: str,
    setting: ForgeKind | None,
    environ: dict[str, str],
    token: str,
) -> None:
    forge, address = told(url, setting=setting), Address.parse(url)

    assert find_token(repo.repository, forge, address, environ, may_ask=False, seconds=5) == token


def test_a_token_for_github_com_is_not_sent_to_a_host_that_only_looks_like_it(
    repo: RepositoryBuilder,
) -> None:
    forge = told("https://github.evil.example/a/b")

    with pytest.raises(ForgeCredentialsError) as refused:
        find_token(
            repo.repository,
            forge,
            Address.parse("https://github.evil.example/a/b"),
            GENERAL,
            may_ask=False,
            seconds=5,
        )

    assert refused.value.hint == (
        "say that it is yours: git config swarm.forge github, or GH_HOST=github.evil.example"
    )
