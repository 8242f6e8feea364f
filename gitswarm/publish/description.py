"""Description: title and body of a pull request, for people who were not there."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from gitswarm.overview import CommitLine, TaskView
from gitswarm.publish.markdown import code, own_words, prose
from gitswarm.publish.proposal import Proposal
from gitswarm.publish.secrets import Secrets
from gitswarm.publish.template import fill
from gitswarm.repo.objects import RepoPath, RunId, TaskId, show
from gitswarm.screen.text import duration, money, one_line, several

TITLE_LIMIT = 100
TITLE_LENGTH = 72
"""Characters beyond which a title is only the first sentence of its line."""
BODY_LIMIT = 40_000
"""Characters; GitHub takes 65,536, of which the template and people's words need some."""
GOAL_LIMIT = 8_000
NOTE_LIMIT = 400
REASON_LIMIT = 240
SUBJECTS_SHOWN = 6
"""Commits of one task."""
SHORT_OID = 10
ITEMS_SHOWN = 30
"""Tasks, conflicts, findings or paths; the rest is counted. Fewer where they are long."""
HUNKS_SHOWN = 12
"""Of one conflict; open ones come first."""

_OUTCOMES = {
    "done": "",
    "noted": "",
    "empty": "changed nothing",
    "failed": "failed",
    "timeout": "ran out of time",
    "skipped": "was skipped",
    "cancelled": "was cancelled",
}

_RESOLVERS = {"model": "the model", "human": "a person", "replay": "an earlier answer"}


def title_of(goal: str, secrets: Secrets) -> str:
    """The first line of the goal; its first sentence where that line is long."""
    lines = (line.lstrip("# ").strip() for line in secrets.out_of(goal).splitlines())
    line = one_line(next(filter(None, lines), "git swarm"))
    if len(line) > TITLE_LENGTH:
        line = _SENTENCE_END.split(line, maxsplit=1)[0].rstrip(".")
    return one_line(line, TITLE_LIMIT)


_SENTENCE_END = re.compile(r"(?<=\w[.!?])\s+(?=[A-Z])")


def describe(
    report: Mapping[str, Any],
    tasks: Sequence[TaskView],
    *,
    left_out: Collection[TaskId],
    verify: Mapping[str, Any] | None,
    ci_paths: Sequence[RepoPath],
    secrets: Secrets,
) -> str:
    """What was asked, what each agent did, and what a reviewer has to know, as Markdown.

    `report` is what `git swarm --json` printed of the run; `left_out` are tasks whose work is not
    in the branch. Only the goal is the user's own text; everything else is put so that a forge acts
    on nothing in it.
    """
    report, verify = secrets.out_of_json(report), secrets.out_of_json(verify)
    tasks = [secrets.out_of_task(task) for task in tasks]
    shown = ITEMS_SHOWN
    while True:
        sections = [
            own_words(report["goal"], GOAL_LIMIT),
            *_section("What each agent did", (_task(t, t.task in left_out) for t in tasks), shown),
            *_section("Conflicts", map(_conflict, report["conflicts"]), shown, "There were none."),
            *_section("Verify", [_verdict(verify)], shown),
            *_section("Findings still open", map(_finding, report["findings"]), shown, "None."),
            *_section("Changes to CI definitions", map(_path, ci_paths), shown),
            *_section("Cost", [_cost(report)], shown),
            f"Made by `git swarm`, run {code(report['run'])}, from {code(report['base'][:12])}.",
        ]
        text = "\n\n".join(sections)
        if len(text) <= BODY_LIMIT or shown == 1:
            return text
        shown //= 2


def _section(title: str, items: Iterable[str], shown: int, none: str = "") -> list[str]:
    """A heading and what is below it; nothing at all where there are no items and nothing is said
    of that."""
    text = "\n".join(_first(list(items), shown, "- ")) or none
    return [f"### {title}", text] if text else []


def _first(items: Sequence[str], count: int, bullet: str) -> list[str]:
    """So many items, and how many there are beyond them."""
    more = len(items) - count
    return [*items[:count], f"{bullet}and {more} more"] if more > 0 else list(items)


def _path(path: RepoPath) -> str:
    return f"- {code(show(path))}"


def _task(task: TaskView, left_out: bool) -> str:
    role = f" ({task.role})" if task.role != task.task else ""
    about = [prose(task.title, REASON_LIMIT).rstrip("."), _outcome(task), _where(task)]
    lines = [
        f"- **{task.task}**{role}: {'. '.join(filter(None, about))}",
        *(["  - **Left out**: its work is not in this branch"] if left_out else []),
    ]
    if not _says_its_title(task):
        lines += _first([*map(_commit, task.commits)], SUBJECTS_SHOWN, "  - ")
    if task.note.strip():
        lines.append(f"  - Note: {prose(_first_words(task.note), NOTE_LIMIT)}")
    return "\n".join(lines)


def _outcome(task: TaskView) -> str:
    """What became of a task, where that is not what was hoped for."""
    words = _OUTCOMES.get(task.outcome, task.outcome) if task.outcome else "did not end"
    because = f": {prose(task.error, REASON_LIMIT)}" if task.error else ""
    return f"**{words}**{because}" if words else ""


def _where(task: TaskView) -> str:
    if not task.branch or not task.commits:
        return ""
    what = several(len(task.commits), "commit")
    if _says_its_title(task):
        what = f"Commit {code(task.commits[0].oid[:SHORT_OID])}"
    return f"{what} on {code(task.branch)}"


def _says_its_title(task: TaskView) -> bool:
    """Whether the task's only commit has no words of its own."""
    return [commit.subject for commit in task.commits] == [task.title]


def _commit(commit: CommitLine) -> str:
    return f"  - {code(commit.oid[:SHORT_OID])} {prose(commit.subject, REASON_LIMIT)}"


def _first_words(note: str) -> str:
    """A note's prose up to its first list, table or code, without headings."""
    words = re.split(r"(?m)^\s*(?:```|~~~|[-*+] |\d+[.)] |\|)", note.strip(), maxsplit=1)[0]
    return re.sub(r"(?m)^#+ .*$", "", words).strip() or re.sub(r"(?m)^#+ +", "", note)


def _conflict(conflict: Mapping[str, Any]) -> str:
    first, second = conflict["between"]
    head = f"- {code(conflict['path'])} ({conflict['kind']}, between {first} and {second})"
    if not conflict["hunks"]:
        return f"{head}: **open**, its branch is left out"
    hunks = sorted(conflict["hunks"], key=lambda hunk: hunk["by"] is not None)
    return "\n".join([f"{head}:", *_first([*map(_hunk, hunks)], HUNKS_SHOWN, "  - ")])


def _hunk(hunk: Mapping[str, Any]) -> str:
    by = hunk["by"]
    because = f": {prose(hunk['reason'], REASON_LIMIT)}" if hunk["reason"] else ""
    if by is None:
        return f"  - hunk {hunk['n']} is **open**, its branch is left out{because}"
    who = _RESOLVERS.get(by) or f"the rule {code(by.removeprefix('rule:'))}"
    sure = "" if hunk["confidence"] is None else f" (confidence {hunk['confidence']:.2f})"
    return f"  - hunk {hunk['n']} resolved by {who}{sure}{because}"


def _verdict(verify: Mapping[str, Any] | None) -> str:
    if verify is None:
        return "**Not verified**: no check has seen this branch."
    words = {
        "passed": "passed on exactly this branch",
        "failed": "**fails** on this branch",
        "flaky": "failed once and then **passed** on the very same tree",
        "base_failed": "**fails**, and does so without these changes too",
    }
    return f"{code(verify['command'], REASON_LIMIT)} {words[verify['outcome']]}."


def _finding(finding: Mapping[str, Any]) -> str:
    lines = finding["lines"]
    where = f"{finding['path']}:{lines[0]}" if lines else finding["path"]
    title, reason = prose(finding["title"], REASON_LIMIT), prose(finding["reason"], REASON_LIMIT)
    return f"- **{finding['severity']}** {code(where)} {title}{': ' + reason if reason else ''}"


def _cost(report: Mapping[str, Any]) -> str:
    cost = report["cost_usd"]
    paid = "An unknown amount, as not every price is known," if cost is None else money(cost)
    agents = several(len(report["tasks"]), "agent")
    return f"{paid} for {agents} in {duration(report['seconds'])}."


# A body that people have worked on since


def merge_body(existing: str | None, proposal: Proposal) -> str:
    """The body with the description in it. Of one that exists only our own part is replaced, which
    two comments mark; where somebody took those away, the body is theirs and stays."""
    begin, end = _marks(proposal.run)
    ours = f"{begin}\n{proposal.description}\n{end}"
    if existing is None:
        return fill(proposal.template, ours)
    text = existing.replace("\r\n", "\n")
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if found and closed:
        return before + ours + after
    return existing if text.strip() else fill(proposal.template, ours)


def _marks(run: RunId) -> tuple[str, str]:
    return (
        f'<!-- git swarm: run {run}; "git swarm pr" replaces what is from here -->',
        f"<!-- git swarm: to here; run {run} -->",
    )
