"""Which worktrees are sparse."""

import pytest

from gitswarm.swarm import checkout
from gitswarm.swarm.checkout import is_sparse
from tests.conftest import RepositoryBuilder


@pytest.mark.parametrize(
    ("tasks", "sparse"), [(2, False), (3, True)], ids=["that fit", "that do not"]
)
@pytest.mark.parametrize("limit", ["WHOLE_FILES", "WHOLE_BYTES"])
def test_worktrees_are_whole_unless_all_of_them_are_too_much(
    repo: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch, limit: str, tasks: int, sparse: bool
) -> None:
    base = repo.commit({"a": "12", "b/c": "345", "b/d": "", "e": "", "f": ""})
    monkeypatch.setattr(checkout, limit, 10)

    assert is_sparse("auto", repo.repository, base, tasks=tasks) == sparse
    assert is_sparse("sparse", repo.repository, base, tasks=tasks)
    assert not is_sparse("full", repo.repository, base, tasks=tasks)
