"""Merging many branches of a large repository: in memory, and with `git merge` in a checkout.

    python -m bench.integrate [FOLDER]

In a repository of 100,000 files below FOLDER (a temporary one), 10 and 50 branches each change ten
files of their own, and, where it says `shared`, other lines of one file that all change. Both roads
merge them into one commit after another and come to the same tree, or this fails.

    ratio     our time over that of `git merge`. Wanted: under 0.10 for 10 branches
    growth    our time for 50 branches over that for 10. Wanted: about 5

The last line is a file with 1,000 conflicting hunks, split and spliced. Wanted: under a second.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.worktrees import make_repository
from gitswarm.integrate.engine import IntegrationEngine
from gitswarm.integrate.memory import Memory
from gitswarm.merge.ask import Answer
from gitswarm.merge.conflicts import ConflictedText
from gitswarm.merge.question import Question
from gitswarm.merge.whole_question import WholeQuestion
from gitswarm.plan.tasks import Plan, Task
from gitswarm.progress import Event
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.ledger import Ledger, Step
from gitswarm.repo.objects import FILE_MODE, BranchName, Oid, RefName, RepoPath, RunId, TaskId
from gitswarm.repo.repository import Repository
from gitswarm.swarm.collector import Collected
from gitswarm.swarm.messages import Authorship
from gitswarm.swarm.results import Outcome, Result

BRANCHES = (10, 50)
OWN_FILES = 10
SHARED_LINES = 1_000
HUNKS = 1_000


def make_branches(repository: Repository, base: Oid, count: int, *, shared: bool) -> list[Oid]:
    tips = []
    for branch in range(count):
        changes = {
            RepoPath(f"module{branch:03}/package{n}/added.py".encode()): b"new = True\n"
            for n in range(OWN_FILES)
        }
        if shared:
            lines = [b"line %d\n" % n for n in range(SHARED_LINES)]
            lines[branch * SHARED_LINES // count] = b"changed by %d\n" % branch
            changes[RepoPath(b"shared.txt")] = b"".join(lines)
        tree = repository.edit_tree(
            repository.tree(base),
            {path: (FILE_MODE, repository.write_blob(data)) for path, data in changes.items()},
        )
        tips.append(repository.commit_tree(tree, [base], f"branch {branch}"))
    return tips


def merge_in_memory(repository: Repository, base: Oid, tips: list[Oid]) -> tuple[float, Oid]:
    """The engine as a run has it, from the first look at the branches to the merged commit."""
    tasks = tuple(Task(TaskId(f"task-{n}"), "builder", "do it") for n in range(len(tips)))
    run = RunId(f"bench-{tips[0][:4]}")
    ledger = Ledger(repository, run)

    async def refuse(question: Question | WholeQuestion, *, task: TaskId | None) -> Answer:
        raise AssertionError(f"{task} is in conflict in {question.path!r}")

    async def integrate(attributes: Attributes) -> Oid:
        async def record(step: Step) -> None:
            await ledger.record(step)

        engine = IntegrationEngine(
            repository=repository,
            base=base,
            plan=Plan("merge", tasks),
            attributes=attributes,
            resolve=refuse,
            rules=(),
            authorship=Authorship(run),
            memory=Memory(record),
            record=record,
            watch=_nobody,
        )
        for task, tip in zip(tasks, tips, strict=True):
            branch = BranchName(f"swarm/{run}/{task.id}")
            result = Result(task.id, "builder", Outcome.DONE, branch, base, commits=(tip,))
            engine.restore(Collected(task, result, repository.changed_paths(base, tip)))
        return (await engine.integrate()).tree

    began = time.monotonic()
    with Attributes.of(repository, base) as attributes:
        tree = asyncio.run(integrate(attributes))
    return time.monotonic() - began, tree


def _nobody(event: Event) -> None:
    """Nobody watches."""


def merge_in_checkout(folder: Path, base: Oid, tips: list[Oid]) -> tuple[float, str]:
    """`git merge` for each branch; the checkout itself is made before the clock starts."""

    def git(*args: str) -> str:
        command = ["git", "-C", str(folder), *args]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("switch", "--quiet", "--detach", base)
    git("status", "--porcelain")
    began = time.monotonic()
    for tip in tips:
        git("merge", "--quiet", "--no-ff", "--no-edit", tip)
    return time.monotonic() - began, git("rev-parse", "HEAD^{tree}")


def split_and_splice() -> float:
    marker = b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>"
    hunk = b"%s\nours\n%s\nbase\n%s\ntheirs\n%s\n" % marker
    text = b"".join(b"line %d\n" % n * 5 + hunk for n in range(HUNKS))
    began = time.monotonic()
    conflicted = ConflictedText.parse(text, 7)
    conflicted.splice({one.number: b"both\n" for one in conflicted.hunks}).write()
    return time.monotonic() - began


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        folder = Path(name)
        make_repository(folder)
        for key, value in (("user.name", "A"), ("user.email", "a@example.org")):
            subprocess.run(["git", "-C", folder, "config", key, value], check=True)
        subprocess.run(["git", "-C", folder, "reset", "--quiet", "--hard"], check=True)
        repository = Repository.discover(folder)
        shared = b"".join(b"line %d\n" % n for n in range(SHARED_LINES))
        first = repository.commit_oid("main")
        change = {RepoPath(b"shared.txt"): (FILE_MODE, repository.write_blob(shared))}
        tree = repository.edit_tree(repository.tree(first), change)
        base = repository.commit_tree(tree, [first], "base")
        repository.update_ref(RefName("refs/heads/base"), base, None)
        for is_shared in (False, True):
            took = {}
            for count in BRANCHES:
                tips = make_branches(repository, base, count, shared=is_shared)
                took[count], merged = merge_in_memory(repository, base, tips)
                git_took, expected = merge_in_checkout(folder, base, tips)
                assert merged == expected, "the two roads lead to different trees"
                print(
                    f"{count} branches{', shared' if is_shared else ''}: {took[count]:.2f} s,"
                    f" git merge {git_took:.2f} s, ratio {took[count] / git_took:.3f}"
                )
            few, many = BRANCHES
            print(f"growth {took[many] / took[few]:.1f} times for {many / few:.0f}")
    print(f"{HUNKS} hunks: {split_and_splice():.3f} s")


if __name__ == "__main__":
    main()
