"""Fixes: what reviewers would put in place of the lines they found wrong, as one commit."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gitswarm.errors import UsageError
from gitswarm.findings import Finding
from gitswarm.plan.roles import Writes
from gitswarm.repo.objects import BranchName, Oid, RefName, RepoPath, RunId, TaskId, show
from gitswarm.repo.repository import Repository
from gitswarm.review.findings import Found
from gitswarm.review.places import path_of
from gitswarm.review.review import Review
from gitswarm.swarm.messages import Authorship, write_message
from gitswarm.swarm.paths import refusal
from gitswarm.swarm.textfile import Line, TextFile, line_texts

TASK = TaskId("fixes")

ALL = "all"

Numbered = tuple[int, Found]
"""A finding with its number in the review."""


@dataclass(frozen=True, slots=True)
class Choice:
    fixes: tuple[Numbered, ...] = ()
    """They go together, each into a text."""
    left: tuple[tuple[int, str], ...] = ()
    """The numbers of those that `all` passed over, and why."""


def choose(repository: Repository, review: Review, words: str) -> Choice:
    """The fixes that `1,3` or `all` mean. Raises `UsageError` for one that was asked for by its
    number and cannot be applied."""
    numbered = tuple(enumerate(review.findings, 1))
    if words == ALL:
        wanted = [one for one in numbered if one[1].finding.fix is not None]
    else:
        wanted = [numbered[number - 1] for number in _numbers(words, len(numbered))]
    fixes: list[Numbered] = []
    left = []
    for number, found in wanted:
        why = _why_not(repository, review.change.head, found, [other for _, other in fixes])
        if why is None:
            fixes.append((number, found))
        elif words == ALL:
            left.append((number, why))
        else:
            raise UsageError(f"finding {number} cannot be applied: {why}")
    return Choice(tuple(fixes), tuple(left))


def _numbers(words: str, last: int) -> list[int]:
    numbers = []
    for word in words.split(","):
        if not word.strip().isdecimal() or not 1 <= int(word) <= last:
            raise UsageError(
                f'"{word.strip()}" is no number of a finding, of which there are {last}',
                hint="--apply 1,3 or --apply all",
            )
        numbers.append(int(word))
    return list(dict.fromkeys(numbers))


def _why_not(
    repository: Repository, head: Oid, found: Found, others: Iterable[Found]
) -> str | None:
    """Why a fix cannot be applied beside those of others; None if it can."""
    if found.finding.fix is None:
        return "its reviewer has no fix"
    if found.finding.lines is None:
        return "it names no lines"
    if not found.in_diff:
        return "it is outside the change"
    path = path_of(found)
    refused = refusal(path, Writes.CODE, lambda path: repository.entry(head, path))
    if refused:
        return refused.removesuffix(".")
    try:
        _read(repository, head, path)
    except UnicodeDecodeError:
        return f"{show(path)} is not UTF-8, so that no text can be put into it"
    if any(path_of(other) == path and _meet(found, other) for other in others):
        return "another one mends the same lines"
    return None


def _meet(one: Found, other: Found) -> bool:
    (first, last), (others_first, others_last) = _lines(one.finding), _lines(other.finding)
    return first <= others_last and others_first <= last


def _lines(finding: Finding) -> tuple[int, int]:
    assert finding.lines is not None
    return finding.lines


def apply_fixes(
    repository: Repository,
    head: Oid,
    fixes: Sequence[Numbered],
    *,
    run: RunId,
    model: str,
    co_author: str | None,
) -> tuple[BranchName, Oid]:
    """Commit fixes that go together on top of `head`, on a branch of their own, and touch nothing
    else."""
    by_path: dict[RepoPath, list[Found]] = defaultdict(list)
    for _, found in fixes:
        by_path[path_of(found)].append(found)
    changes = {path: _mended(repository, head, path, ones) for path, ones in by_path.items()}
    tree = repository.edit_tree(repository.tree(head), changes)
    reviewers = dict.fromkeys(name for _, found in fixes for name in found.reviewers)
    trailers = Authorship(run, co_author).task_trailers(TASK, ", ".join(reviewers), model)
    subject, body = _message([found for _, found in fixes])
    commit = repository.commit_tree(tree, [head], write_message(subject, body, trailers))
    branch = BranchName(f"swarm/{run}/{TASK}")
    repository.update_ref(RefName(f"refs/heads/{branch}"), commit, None)
    return branch, commit


def _read(repository: Repository, head: Oid, path: RepoPath) -> tuple[str, TextFile]:
    """Mode and text of a file. Raises `UnicodeDecodeError`."""
    entry = repository.entry(head, path)
    assert entry is not None
    return entry.mode, TextFile.read(repository.blob(entry.oid).decode("utf-8"))


def _mended(
    repository: Repository, head: Oid, path: RepoPath, found: Iterable[Found]
) -> tuple[str, Oid]:
    mode, file = _read(repository, head, path)
    lines = list(file.lines)
    for finding in sorted((one.finding for one in found), key=_lines, reverse=True):
        first, last = _lines(finding)
        lines[first - 1 : last] = [Line(text, "") for text in line_texts(finding.fix or "")]
    return mode, repository.write_blob(file.with_lines(lines).write().encode())


def _message(chosen: Iterable[Found]) -> tuple[str, str]:
    titles = [found.finding.title for found in chosen]
    if len(titles) == 1:
        return f"Fix: {titles[0]}", ""
    return f"Fix {len(titles)} findings of a review", "\n".join(f"* {title}" for title in titles)
