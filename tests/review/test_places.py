"""Where findings stand to the change."""

import pytest

from gitswarm.findings import Finding, Severity
from gitswarm.repo.objects import SYMLINK_MODE
from gitswarm.review.change import load_change
from gitswarm.review.findings import Found
from gitswarm.review.places import Source, placed
from tests.conftest import RepositoryBuilder


def found(path: str, lines: tuple[int, int] | None) -> Found:
    finding = Finding(Severity.CRITICAL, path, lines, "access", "A way in", "It is open.")
    return Found(finding, ("security-reviewer",))


def test_a_symbolic_link_is_a_place_of_the_change(repo: RepositoryBuilder) -> None:
    base = repo.commit({"a": "1\n"})
    head = repo.commit({"link": "/etc/passwd"}, on=base, modes={"link": SYMLINK_MODE})
    source = Source(repo.repository, head)

    there = placed(found("link", (1, 1)), load_change(repo.repository, base, head), source)

    assert there == found("link", (1, 1))
    assert source.shown(there) == ((1, "/etc/passwd"),)


def test_a_submodule_that_was_moved_is_a_place_without_lines(repo: RepositoryBuilder) -> None:
    base = repo.commit({"a": "1\n"})
    repo.checkout(base)
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{base},lib")
    repo.git("commit", "--quiet", "-m", "lib")
    head = repo.repository.commit_oid("HEAD")

    there = placed(
        found("lib", (1, 1)),
        load_change(repo.repository, base, head),
        Source(repo.repository, head),
    )

    assert there == found("lib", None)


@pytest.mark.parametrize(("lines", "place"), [((3, 3), (2, 2)), ((3, 4), (2, 2)), ((2, 3), (2, 2))])
def test_what_went_from_the_end_of_a_file_is_found_at_its_last_line(
    repo: RepositoryBuilder, lines: tuple[int, int], place: tuple[int, int]
) -> None:
    base = repo.commit({"a.py": "def a():\n    b()\n    check()\n"})
    head = repo.commit({"a.py": "def a():\n    b()\n"}, on=base)

    there = placed(
        found("a.py", lines),
        load_change(repo.repository, base, head),
        Source(repo.repository, head),
    )

    assert (there.finding.lines, there.in_diff) == (place, True)
