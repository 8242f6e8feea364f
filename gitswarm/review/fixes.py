"""Fixes: what reviewers would put in place of the lines they found wrong, as one commit."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from gitswarm.errors import UsageError
from gitswarm.plan.roles import Writes
from gitswarm.repo.objects import BranchName, Oid, RefName, RepoPath, RunId, TaskId
from gitswarm.repo.repository import Repository
from gitswarm.review.findings import Found
from gitswarm.review.places import path_of
from gitswarm.review.review import Review
from gitswarm.swarm.messages import Authorship, write_message
from gitswarm.swarm.paths import refusal
from gitswarm.swarm.textfile import Line, TextFile, line_texts

TASK = TaskId("fixes")

Numbered = tuple[int, Found]
"""A finding with its number in the review."""


def choose(review: Review, words: str) -> tuple[Numbered, ...]:
    """The findings that `1,3` or `all` (those that have a fix) mean. Raises `UsageError`."""
    numbered = tuple(enumerate(review.findings, 1))
    if words == "all":
        return tuple(one for one in numbered if _why_not(one[1]) is None)
    chosen = []
    for word in words.split(","):
        if not word.strip().isdecimal() or not 1 <= int(word) <= len(numbered):
            raise UsageError(
                f'"{word.strip()}" is no number of a finding, of which there are {len(numbered)}',
                hint="--apply 1,3 or --apply all",
            )
        one = numbered[int(word) - 1]
        if why := _why_not(one[1]):
            raise UsageError(f"finding {one[0]} cannot be applied: {why}")
        chosen.append(one)
    return tuple(dict.fromkeys(chosen))


def _why_not(found: Found) -> str | None:
    if found.finding.fix is None:
        return "its reviewer has no fix"
    if found.finding.lines is None:
        return "it names no lines"
    return None if found.in_diff else "it is outside the change"


def apply_fixes(
    repository: Repository,
    head: Oid,
    chosen: Sequence[Numbered],
    *,
    run: RunId,
    model: str,
    co_author: str | None,
) -> tuple[BranchName, Oid]:
    """Commit the fixes on top of `head`, on a branch of their own, and touch nothing else. Raises
    `UsageError` for fixes that exclude each other."""
    by_path: dict[RepoPath, list[Numbered]] = defaultdict(list)
    for one in chosen:
        by_path[path_of(one[1])].append(one)
    changes = {path: _mended(repository, head, path, ones) for path, ones in by_path.items()}
    tree = repository.edit_tree(repository.tree(head), changes)
    reviewers = dict.fromkeys(name for _, found in chosen for name in found.reviewers)
    trailers = Authorship(run, co_author).task_trailers(TASK, ", ".join(reviewers), model)
    subject, body = _message([found for _, found in chosen])
    commit = repository.commit_tree(tree, [head], write_message(subject, body, trailers))
    branch = BranchName(f"swarm/{run}/{TASK}")
    repository.update_ref(RefName(f"refs/heads/{branch}"), commit, None)
    return branch, commit


def _mended(
    repository: Repository, head: Oid, path: RepoPath, chosen: Sequence[Numbered]
) -> tuple[str, Oid]:
    refused = refusal(path, Writes.CODE, lambda path: repository.entry(head, path))
    if refused:
        raise UsageError(refused)
    entry = repository.entry(head, path)
    assert entry is not None
    try:
        file = TextFile.read(repository.blob(entry.oid).decode("utf-8"))
    except UnicodeDecodeError:
        name = path.decode(errors="replace")
        raise UsageError(f"{name} is not UTF-8, so that no text can be put into it") from None
    lines = list(file.lines)
    end = len(lines) + 1
    for number, found in sorted(chosen, key=lambda one: one[1].finding.lines or (), reverse=True):
        assert found.finding.lines is not None
        first, last = found.finding.lines
        if last >= end:
            raise UsageError(f"finding {number} and another one would mend the same lines")
        end = first
        lines[first - 1 : last] = [Line(text, "") for text in line_texts(found.finding.fix or "")]
    data = file.with_lines(lines).write().encode()
    return entry.mode, repository.write_blob(data)


def _message(chosen: Iterable[Found]) -> tuple[str, str]:
    titles = [found.finding.title for found in chosen]
    if len(titles) == 1:
        return f"Fix: {titles[0]}", ""
    return f"Fix {len(titles)} findings of a review", "\n".join(f"* {title}" for title in titles)
