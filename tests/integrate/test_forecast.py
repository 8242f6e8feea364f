"""Which of many branches will not merge, against what git makes of every pair of them."""

from collections.abc import Mapping
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitswarm.integrate.forecast import Forecast
from gitswarm.merge.threeway import conflicting_paths, merge, merge_disjoint
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.objects import Oid, RepoPath
from tests.conftest import Content, RepositoryBuilder

BASE: Mapping[str, Content] = {
    "pay/cash.py": "cash\n" * 9,
    "pay/card.py": "card\n" * 9,
    "notes.md": "notes\n" * 9,
}

BRANCHES: Mapping[str, Mapping[str, Content]] = {
    "edits": {"pay/cash.py": "cash\n" * 8 + "paid\n"},
    "edits the same": {"pay/cash.py": "cash\n" * 8 + "owed\n"},
    "edits another": {"notes.md": "notes\n" * 8 + "more\n"},
    "adds a file": {"docs": "a file\n"},
    "adds a folder": {"docs/index.md": "a folder\n"},
    "adds below": {"pay/gift/voucher.py": "voucher\n"},
    "adds to the folder": {"pay/cheque.py": "cheque\n"},
    "renames the folder": {
        "pay/cash.py": None,
        "pay/card.py": None,
        "money/cash.py": "cash\n" * 9,
        "money/card.py": "card\n" * 9,
    },
    "renames a file": {"notes.md": None, "NOTES": "notes\n" * 9},
    "removes": {"pay/card.py": None},
}


@pytest.mark.parametrize(("one", "other"), list(combinations(BRANCHES, 2)))
def test_every_pair_is_told_as_git_merges_it(repo: RepositoryBuilder, one: str, other: str) -> None:
    base = repo.commit(BASE)
    tips = [repo.commit(BRANCHES[name], on=base) for name in (one, other)]
    with Attributes.of(repo.repository, base) as attributes:
        [told] = Forecast(repo.repository, base, attributes).against(tips[0], tips[1:])
        pair = (min(tips), max(tips))
        assert told == conflicting_paths(repo.repository, [pair], attributes)[pair]


def test_some_pairs_conflict_in_every_way_that_needs_no_common_path(
    repo: RepositoryBuilder,
) -> None:
    base = repo.commit(BASE)
    tips = {name: repo.commit(files, on=base) for name, files in BRANCHES.items()}
    with Attributes.of(repo.repository, base) as attributes:
        forecast = Forecast(repo.repository, base, attributes)
        [file_and_folder] = forecast.against(tips["adds a file"], [tips["adds a folder"]])
        [moved] = forecast.against(tips["renames the folder"], [tips["adds to the folder"]])
    assert file_and_folder is not None
    assert moved == (RepoPath(b"money/cheque.py"),)


def test_what_a_branch_took_back_of_its_dependency_counts_as_touched(
    repo: RepositoryBuilder,
) -> None:
    base = repo.commit(BASE)
    dependency = repo.commit(BRANCHES["edits"], on=base)
    takes_back = repo.commit({"pay/cash.py": BASE["pay/cash.py"], "a": "a\n"}, on=dependency)
    goes_on = repo.commit(BRANCHES["edits the same"], on=dependency)
    with Attributes.of(repo.repository, base) as attributes:
        told = Forecast(repo.repository, base, attributes).against(takes_back, [goes_on])
    assert told == [(RepoPath(b"pay/cash.py"),)]


def test_branches_that_conflict_least_come_first_and_ties_stay(repo: RepositoryBuilder) -> None:
    base = repo.commit(BASE)
    names = ["edits", "adds a file", "edits the same", "adds below", "edits another"]
    tips: dict[str, Oid] = {name: repo.commit(BRANCHES[name], on=base) for name in names}
    with Attributes.of(repo.repository, base) as attributes:
        order = Forecast(repo.repository, base, attributes).order(list(tips.values()))
    named = {tip: name for name, tip in tips.items()}
    assert [named[tip] for tip in order] == [
        "adds a file",
        "adds below",
        "edits another",
        "edits",
        "edits the same",
    ]


changes = st.dictionaries(
    st.sampled_from(["pay/cash.py", "notes.md", "a", "a/b", "a/b/c", "a/d", "pay/new.py", "z"]),
    st.sampled_from(["one\n", "other\n", None]),
    min_size=1,
    max_size=3,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes, changes)
def test_where_it_is_certain_the_changes_of_both_are_what_git_merges(
    repo: RepositoryBuilder, ours: Mapping[str, Content], theirs: Mapping[str, Content]
) -> None:
    base = repo.commit(BASE)
    one, other = (
        repo.commit(
            {
                path: text
                for path, text in files.items()
                if not any(longer.startswith(f"{path}/") for longer in files)
                and (text is not None or path in BASE)
            },
            on=base,
        )
        for files in (ours, theirs)
    )
    with Attributes.of(repo.repository, base) as attributes:
        if Forecast(repo.repository, base, attributes).is_certain(other, [one]):
            disjoint = merge_disjoint(repo.repository, base, one, other)
            assert disjoint == merge(repo.repository, one, other, attributes)
