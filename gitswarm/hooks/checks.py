"""What can be said of a push without a model: it looks at lines and records, never at words."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitswarm.hooks.outgoing import Outgoing, RefUpdate
from gitswarm.plan.keys import keys_in
from gitswarm.plan.path_text import spell
from gitswarm.repo.attributes import marker_sizes_here
from gitswarm.repo.objects import Oid, RefName, RepoPath, RunId
from gitswarm.repo.repository import Repository
from gitswarm.review.patch import PATCH_OPTIONS, Hunk, read_log
from gitswarm.settings import Settings

if TYPE_CHECKING:
    from gitswarm.repo.ledger import LedgerReader

_SWARM_BRANCH = re.compile(r"refs/heads/swarm/(?P<run>[^/]+)/(?P<task>[^/]+)")


@dataclass(frozen=True, slots=True)
class Objection:
    """Why something should not leave this machine."""

    place: str
    """A file and a line, or a branch."""
    why: str

    def __str__(self) -> str:
        return f"{self.place}: {self.why}"


def check_push(repository: Repository, outgoing: Iterable[Outgoing]) -> Iterator[Objection]:
    """Objections to the contents of what is pushed: its end for conflict markers, each of its
    commits for secrets, since the remote gets them all."""
    for one in outgoing:
        result = _between(repository, one.base, one.head)
        yield from _markers(repository, result)
        yield from _leaks([*result, *_of_each(repository, one.commits)])


def check_staged(repository: Repository, base: Oid, tree: Oid) -> Iterator[Objection]:
    """Objections to what is about to be committed."""
    staged = _between(repository, base, tree)
    yield from _markers(repository, staged)
    yield from _leaks(staged)


Change = tuple[Oid, RepoPath, Hunk]
"""A hunk, its file, and the commit that made it; that is empty for what several came to."""


def _between(repository: Repository, base: Oid, head: Oid) -> list[Change]:
    return list(read_log(_diff(repository, base, head)))


def _of_each(repository: Repository, commits: Iterable[Oid]) -> Iterator[Change]:
    asked = "".join(f"{commit}\n" for commit in commits).encode()
    return read_log(_diff(repository, "--stdin", "--root", input=asked)) if asked else iter(())


def _diff(repository: Repository, *args: str, input: bytes = b"") -> bytes:
    command = ("diff-tree", *PATCH_OPTIONS, "--unified=0", *args)
    return repository.git(*command, input=input, work_tree=repository.git_dir).stdout


# -- conflict markers


def _markers(repository: Repository, changes: Iterable[Change]) -> Iterator[Objection]:
    suspects = [
        (path, number, line)
        for _, path, hunk in changes
        for number, line in hunk.added
        if line.startswith(_MARKS)
    ]
    sizes = marker_sizes_here(repository, dict.fromkeys(path for path, _, _ in suspects))
    for path, number, line in suspects:
        mark = line.split(" ", 1)[0].rstrip("\r")
        if len(mark) == sizes[path] and mark == mark[0] * len(mark):
            yield Objection(f"{spell(path)}:{number}", "a conflict marker")


_MARKS = ("<<<<<<<", ">>>>>>>", "|||||||")
"""Not `=======`, which underlines headings."""


# -- secrets


def _leaks(changes: Iterable[Change]) -> Iterator[Objection]:
    told: set[tuple[RepoPath, str, str]] = set()
    for commit, path, hunk in changes:
        added = list(hunk.added)
        for key in keys_in("\n".join(text for _, text in added)) if added else ():
            number, text = added[key.line]
            if (path, text, key.kind) not in told:
                told.add((path, text, key.kind))
                where = f" in {commit[:10]}" if commit else ""
                yield Objection(f"{spell(path)}:{number}{where}", f"a secret ({key.kind})")


# -- branches of runs


def check_branches(
    repository: Repository, settings: Settings, updates: Iterable[RefUpdate]
) -> Iterator[Objection]:
    """Objections to pushing a branch of a run, going by the run's record in this repository; a
    branch without one says nothing of itself."""
    for update in updates:
        if update.local is None:
            continue
        local_ref = _checked_out(repository) if update.local_ref == "HEAD" else update.local_ref
        found = _SWARM_BRANCH.fullmatch(local_ref) or _SWARM_BRANCH.fullmatch(update.remote_ref)
        if found is None:
            continue
        run, task = RunId(found["run"]), found["task"]
        if repository.ref(RefName(f"refs/swarm/{run}")) is None:
            continue
        from gitswarm.repo.ledger import LedgerReader

        record = LedgerReader(repository, run)
        why = _why_not(repository, settings, record, task, update.local)
        if why:
            yield Objection(f"swarm/{run}/{task}", why)


def _checked_out(repository: Repository) -> str:
    """The branch that `HEAD` is on, by its full name; empty where it is on none."""
    return os.fsdecode(
        repository.git("symbolic-ref", "--quiet", "HEAD", ok=(0, 1)).stdout.rstrip(b"\n")
    )


def _why_not(
    repository: Repository, settings: Settings, record: "LedgerReader", task: str, tip: Oid
) -> str:
    report = (record.load("run.json") or {}).get("report")
    if task != "merged":
        is_open = report is not None and task in _set_aside(repository, report)
        return "its conflicts are open" if is_open else ""
    if report is None:
        return "its run has not come to its end"
    if aside := _set_aside(repository, report):
        return f"it lacks {', '.join(aside)}, whose conflicts are open"
    verdict = record.load(f"verdicts/{repository.tree(tip)}.json")
    if verdict is None:
        return "swarm.verify is set and has not run on it" if settings.verify else ""
    failed = _FAILED.get(verdict["outcome"])
    return f"{failed}: {verdict['command']}" if failed else ""


_FAILED = {"failed": "its verify failed", "base_failed": "its verify failed, as on the base"}


def _set_aside(repository: Repository, report: dict[str, Any]) -> list[str]:
    """The tasks that had a conflict and are not part of what was merged."""
    merged = (report["merged"] or {}).get("commit")
    conflicting = {task for conflict in report["conflicts"] for task in conflict["between"]}
    return [
        task["id"]
        for task in report["tasks"]
        if task["id"] in conflicting and task["commits"]
        if merged is None or not repository.is_ancestor(task["commits"][-1], merged)
    ]
