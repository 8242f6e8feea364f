"""The repository's own template."""

import pytest

from gitswarm.publish.description import merge_body
from gitswarm.publish.forge import ForgeKind
from gitswarm.publish.proposal import Proposal
from gitswarm.publish.template import fill, find_template
from gitswarm.repo.objects import BranchName, Oid, RunId
from tests.conftest import RepositoryBuilder

ALL = {
    "PULL_REQUEST_TEMPLATE.md": "root",
    "docs/pull_request_template.md": "docs",
    ".github/pull_request_template.txt": "github",
    ".gitea/PULL_REQUEST_TEMPLATE.md": "gitea",
    ".GitLab/merge_request_templates/Default.md": "gitlab\r\n",
    ".gitlab/merge_request_templates/Other.md": "other",
}


@pytest.mark.parametrize(
    ("kind", "without", "found"),
    [
        (ForgeKind.GITHUB, "", "github"),
        (ForgeKind.GITEA, "", "gitea"),
        (ForgeKind.GITLAB, "", "gitlab"),
        (ForgeKind.GITHUB, ".github", "root"),
        (ForgeKind.GITLAB, ".GitLab", "github"),
        (ForgeKind.NONE, "", ""),
    ],
)
def test_each_forge_finds_its_own_first_in_any_spelling(
    repo: RepositoryBuilder, kind: ForgeKind, without: str, found: str
) -> None:
    files = {path: text for path, text in ALL.items() if not without or without not in path}

    assert find_template(repo.repository, repo.commit(files), kind) == found


def test_a_repository_without_one_has_none(repo: RepositoryBuilder) -> None:
    commit = repo.commit({"docs/x": "", ".github/workflows/x.yml": ""})

    assert find_template(repo.repository, commit, ForgeKind.GITHUB) == ""


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("", "WORDS"),
        ("- [ ] done", "WORDS\n\n- [ ] done"),
        ("Hi!\n## Description ##\n<!-- x -->\n", "Hi!\n## Description ##\n\nWORDS\n\n<!-- x -->"),
        ("## Type of change\n- [ ] fix", "WORDS\n\n## Type of change\n- [ ] fix"),
        ("# Summary", "# Summary\n\nWORDS"),
    ],
)
def test_a_template_is_filled_in_where_it_asks_for_words(template: str, filled: str) -> None:
    assert fill(template, "WORDS") == filled


def proposal(description: str) -> Proposal:
    return Proposal(
        run=RunId("run-0000"),
        title="title",
        description=description,
        template="## Checklist",
        base=BranchName("main"),
        branch=BranchName("swarm/run-0000/merged"),
        commit=Oid("0" * 40),
        draft=False,
    )


def test_only_our_part_of_a_body_is_replaced() -> None:
    body = merge_body(None, proposal("old"))
    edited = body.replace("\n", "\r\n") + "\r\nTicked by hand."

    again = merge_body(edited, proposal("new"))

    assert again == merge_body(None, proposal("new")) + "\nTicked by hand."


def test_a_body_without_our_part_stays_as_it_is() -> None:
    assert merge_body("Written anew.", proposal("new")) == "Written anew."
    assert merge_body("", proposal("new")) == merge_body(None, proposal("new"))
