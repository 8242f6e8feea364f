"""Where a remote leads, told from its URL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitswarm.errors import UsageError
from gitswarm.publish.remote import Address, choose_remote, without_passwords
from tests.conftest import RepositoryBuilder


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (
            "https://github.com/ada/project.git",
            Address("https", "github.com", None, "ada/project"),
        ),
        (
            "https://Ada:p%40ss@GitHub.com:8443/ada/project/",
            Address("https", "github.com", 8443, "ada/project", "Ada", "p@ss"),
        ),
        (
            "https://token@github.com/ada/project",
            Address("https", "github.com", None, "ada/project", "token"),
        ),
        (
            "git@github.com:ada/project.git",
            Address("ssh", "github.com", None, "ada/project", "git"),
        ),
        ("work:/ada/project", Address("ssh", "work", None, "ada/project")),
        ("git@[::1]:ada/project", Address("ssh", "::1", None, "ada/project", "git")),
        (
            "ssh://git@gitlab.example.com:2222/group/sub/project.git",
            Address("ssh", "gitlab.example.com", 2222, "group/sub/project", "git"),
        ),
        (
            "ssh://git@ssh.github.com:443/ada/project.git",
            Address("ssh", "github.com", None, "ada/project", "git"),
        ),
        ("http://[::1]:8080/a/b.git", Address("http", "::1", 8080, "a/b")),
        ("git://host.example/a/b", Address("git", "host.example", None, "a/b")),
    ],
)
def test_every_form_of_url_is_taken_apart(url: str, address: Address) -> None:
    assert Address.parse(url) == address


@pytest.mark.parametrize(
    "url",
    ["/srv/git/x.git", "../x", "file:///srv/x", "C/x:y", "ext::sh -c x", "http://host:port/x", ""],
)
def test_what_leads_to_no_host_has_no_address(url: str) -> None:
    assert Address.parse(url) is None


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://127.0.0.1:8080/a/b", "http://127.0.0.1:8080"),
        ("ssh://git@forge.example:2222/a/b", "https://forge.example"),
        ("git@[::1]:a/b", "https://[::1]"),
    ],
)
def test_a_browser_finds_the_forge_at_its_origin(url: str, origin: str) -> None:
    address = Address.parse(url)
    assert address is not None
    assert address.origin == origin


def test_a_password_is_in_no_form_of_an_address() -> None:
    address = Address.parse("https://ada:hunter2@host/x")
    assert "hunter2" not in f"{address} {address!r}"


@given(st.text(st.characters(exclude_characters='/@"<>', exclude_categories=["Z", "C"])))
def test_no_login_stays_in_a_text(login: str) -> None:
    text = f"fatal: could not read from 'https://{login}@host.example/x', see http://b.example/@c"
    assert without_passwords(text) == (
        "fatal: could not read from 'https://host.example/x', see http://b.example/@c"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("'http://ada:p@ss/w@127.0.0.1:1/x'", "'http://127.0.0.1:1/x'"),
        ("https://ada:pa/s:s@host/x", "https://host/x"),
        ("https://me:pw@code.example/new?x=@foo", "https://code.example/new?x=@foo"),
        ("http://host:8080/@ada/x@1", "http://host:8080/@ada/x@1"),
        ("https://host/x?private_token=abc&b=1", "https://host/x?private_token=***&b=1"),
        (
            "https://host/x?branch=keys&access_token=a",
            "https://host/x?branch=keys&access_token=***",
        ),
    ],
)
def test_nothing_secret_stays_in_an_address(text: str, shown: str) -> None:
    assert without_passwords(text) == shown


@pytest.mark.parametrize(
    ("remotes", "config", "chosen"),
    [
        (["origin", "fork"], {}, "origin"),
        (["upstream"], {}, "upstream"),
        (["origin", "fork"], {"remote.pushDefault": "fork"}, "fork"),
    ],
)
def test_the_remote_is_the_one_that_git_would_push_to(
    repo: RepositoryBuilder, remotes: list[str], config: dict[str, str], chosen: str
) -> None:
    for name in remotes:
        repo.git("remote", "add", name, f"https://host.example/{name}")
    for key, value in config.items():
        repo.git("config", key, value)

    remote = choose_remote(repo.repository, None)

    assert (remote.name, remote.url) == (chosen, f"https://host.example/{chosen}")


def test_among_several_unusual_remotes_none_is_guessed(repo: RepositoryBuilder) -> None:
    repo.git("remote", "add", "one", "https://host.example/1")
    repo.git("remote", "add", "two", "https://host.example/2")

    with pytest.raises(UsageError, match=r"several remotes \(one, two\)"):
        choose_remote(repo.repository, None)


def test_the_url_is_the_one_that_is_pushed_to(repo: RepositoryBuilder) -> None:
    repo.git("remote", "add", "origin", "work:ada/project")
    repo.git("config", "url.ssh://git@host.example/.pushInsteadOf", "work:")

    assert choose_remote(repo.repository, None).url == "ssh://git@host.example/ada/project"
