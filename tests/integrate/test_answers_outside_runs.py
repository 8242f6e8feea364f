"""Answers that are given outside of runs: kept, whoever else keeps some at that moment."""

import asyncio

from gitswarm.integrate.earlier import memory_outside_runs
from gitswarm.merge.conflicts import ConflictedText
from gitswarm.merge.resolutions import Resolution
from gitswarm.repo.ledger import ANSWERS, Step, append, run_ids
from gitswarm.repo.objects import RepoPath
from tests.conftest import RepositoryBuilder

PATH = RepoPath(b"a.txt")


def conflict(n: int, base: str = "||||||| base\nbase\n") -> ConflictedText:
    data = f"<<<<<<< ours\nours {n}\n{base}=======\ntheirs {n}\n>>>>>>> theirs\n"
    return ConflictedText.parse(data.encode(), 7)


def answer(n: int) -> Resolution:
    return Resolution(PATH, 1, "model", f"ours {n}\ntheirs {n}\n".encode(), 0.9, "both")


async def test_what_many_keep_at_once_is_all_known_later(repo: RepositoryBuilder) -> None:
    memories = [memory_outside_runs(repo.repository) for _ in range(4)]

    await asyncio.gather(*(memories[n % 4].remember(conflict(n), [answer(n)]) for n in range(12)))

    later = memory_outside_runs(repo.repository)
    known = [later.replay(PATH, conflict(n)) for n in range(12)]
    assert [one[1].text for one in known] == [answer(n).text for n in range(12)]
    assert {one[1].by for one in known} == {"replay"}


async def test_a_hunk_whose_base_is_not_known_is_not_replayed(repo: RepositoryBuilder) -> None:
    """Both sides of it are those of a hunk where each added something to nothing."""
    memory = memory_outside_runs(repo.repository)
    await memory.remember(conflict(1, base="||||||| base\n"), [answer(1)])

    assert [*memory.replay(PATH, conflict(1, base="||||||| base\n"))] == [1]
    assert memory.replay(PATH, conflict(1, base="")) == {}


def test_the_record_of_answers_is_no_run(repo: RepositoryBuilder) -> None:
    append(repo.repository, ANSWERS, Step("resolution", {"resolutions/a.json": {}}))

    assert run_ids(repo.repository) == []
    assert repo.git("log", "--format=%s", "refs/swarm/answers") == "resolution\n"
