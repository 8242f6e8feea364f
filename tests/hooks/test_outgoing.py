"""What a push adds to a remote."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitswarm.hooks.outgoing import Outgoing, RefUpdate, outgoing
from gitswarm.repo.objects import Oid
from tests.conftest import RepositoryBuilder


def pushed(repo: RepositoryBuilder, *heads: str, remote: str = "origin") -> list[Outgoing]:
    updates = tuple(
        RefUpdate(f"refs/heads/{n}", Oid(head), f"refs/heads/{n}", None)
        for n, head in enumerate(heads)
    )
    return list(outgoing(repo.repository, updates, remote))


def know(repo: RepositoryBuilder, *commits: Oid) -> None:
    """Let `origin` have these commits."""
    for number, commit in enumerate(commits):
        repo.git("update-ref", f"refs/remotes/origin/{number}", commit)


def test_a_ref_adds_what_those_before_it_do_not(repo: RepositoryBuilder) -> None:
    base = repo.commit({"a": "1"})
    know(repo, base)
    first = repo.commit({"a": "2"}, on=base)
    second = repo.commit({"a": "3"}, on=first)
    beside = repo.commit({"b": "1"}, on=first)

    found = pushed(repo, second, beside, first, second)

    assert [(one.base, one.head, one.commits) for one in found] == [
        (base, second, (second, first)),
        (first, beside, ()),
    ]


@pytest.mark.parametrize(
    ("name", "is_noted", "is_known"),
    [("trunk", True, True), ("main", False, True), ("trunk", False, False)],
)
def test_what_was_merged_from_the_default_branch_is_none_of_a_push(
    repo: RepositoryBuilder, name: str, is_noted: bool, is_known: bool
) -> None:
    """
    base -- main ------ head   origin/NAME
       `--- feature --'        origin/feature
    """
    base = repo.commit({"a": "1"})
    main = repo.commit({"b": "2"}, on=base)
    feature = repo.commit({"a": "2"}, on=base)
    tree = repo.repository.tree(repo.commit({"a": "2"}, on=main))
    head = repo.repository.commit_tree(tree, [feature, main], "merge")
    repo.git("update-ref", f"refs/remotes/origin/{name}", main)
    repo.git("update-ref", "refs/remotes/origin/feature", feature)
    if is_noted:
        repo.git("symbolic-ref", "refs/remotes/origin/HEAD", f"refs/remotes/origin/{name}")
    update = RefUpdate("refs/heads/feature", head, "refs/heads/feature", feature)

    [found] = outgoing(repo.repository, (update,), "origin")

    assert (found.base, found.commits) == (main if is_known else feature, ())


def test_a_tag_of_what_is_no_commit_adds_nothing(repo: RepositoryBuilder) -> None:
    commit = repo.commit({"a": "1"})
    repo.git("tag", "-a", "-m", "tree", "tree", f"{commit}^{{tree}}")

    blob, tag = repo.git("rev-parse", f"{commit}:a", "tree").split()

    assert pushed(repo, blob, tag, commit)[0].head == commit


@given(st.data())
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_new_commit_is_looked_at_once(repo: RepositoryBuilder, data: st.DataObject) -> None:
    commits: list[Oid] = []
    for number in range(data.draw(st.integers(1, 7))):
        parents = data.draw(st.sets(st.sampled_from(commits), max_size=2)) if commits else set()
        tree = repo.repository.tree(repo.commit({"a": f"{number}"}))
        message = f"{number} {data.draw(st.integers())}"
        commits.append(repo.repository.commit_tree(tree, sorted(parents), message))
    there = data.draw(st.sets(st.sampled_from(commits)))
    know(repo, *there)
    heads = data.draw(st.lists(st.sampled_from(commits), max_size=5))

    found = pushed(repo, *heads)

    looked_at = [commit for one in found for commit in one.commits or [one.head]]
    new = repo.git("rev-list", "--no-merges", *heads, "--not", *there).split() if heads else []
    merges = repo.git("rev-list", "--merges", *heads, "--not", *there).split() if heads else []
    assert sorted(set(looked_at) - set(merges)) == sorted(new)
    assert len(looked_at) == len(set(looked_at))
    for ref in repo.git("for-each-ref", "--format=%(refname)", "refs/remotes").split():
        repo.git("update-ref", "-d", ref)
