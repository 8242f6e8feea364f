"""Candidate: a run's merged branch, fit to be published, or refused with what to do about it."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gitswarm.errors import PublishError
from gitswarm.history import RunHistory
from gitswarm.repo.objects import BranchName, Oid, RefName, RunId
from gitswarm.repo.repository import Repository
from gitswarm.screen.text import listed, one_line, several
from gitswarm.settings import Settings


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asked for on the command line."""

    draft: bool = False
    base: str | None = None
    remote: str | None = None
    branches: bool = False
    """Push the branches of the tasks too."""
    may_ask: bool = False
    """Somebody sits at a terminal who can be asked for a password."""

    def command(self, run: RunId) -> str:
        """The command line that says the same."""
        options = [
            *(["--draft"] if self.draft else []),
            *(["--base", self.base] if self.base else []),
            *(["--remote", self.remote] if self.remote else []),
            *(["--branches"] if self.branches else []),
        ]
        return shlex.join(["git", "swarm", "pr", run, *options])


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is to be published."""

    branch: BranchName
    commit: Oid
    verify: Mapping[str, Any] | None


def require_fit(
    repository: Repository, history: RunHistory, settings: Settings, wishes: Wishes
) -> Candidate:
    """The merged branch of a run. Raises `PublishError` where a person has to look at it first."""
    run = history.run
    if history.is_running:
        raise PublishError(
            f"run {run} is still at work", hint=f'"git swarm status {run}" shows how far it is'
        )
    merged, report = history.merged, history.report
    if merged is None or report is None:
        raise PublishError(
            f"run {run} has merged nothing, so there is nothing to publish",
            hint=f'"git swarm show {run}" tells why',
        )
    branch = BranchName(merged["branch"])
    tip = repository.ref(RefName(f"refs/heads/{branch}")) or Oid(merged["commit"])
    verify = history.verdict_of(repository.tree(tip))
    moved = tip != merged["commit"]
    opened, unverified = _open_conflicts(report), _not_verified(verify, moved=moved)
    if (opened or unverified) and not wishes.draft:
        ways = []
        if opened:
            ways.append(f"decide what is open: git swarm continue {run}")
        elif verify is None and not moved:
            command = "" if settings.verify else ' --verify "COMMAND"'
            ways.append(f"verify it: git swarm integrate {run}{command}")
        draft = replace(wishes, draft=True).command(run)
        raise PublishError(
            f"run {run} {' and '.join([*opened, *unverified])}",
            hint="; ".join([*ways, f"as a draft all the same: {draft}"]),
        )
    return Candidate(branch, tip, verify)


def _open_conflicts(report: Mapping[str, Any]) -> list[str]:
    """What is open of a report's conflicts, in words that follow the run's name."""
    opened = [
        conflict
        for conflict in report["conflicts"]
        if not conflict["hunks"] or any(hunk["by"] is None for hunk in conflict["hunks"])
    ]
    hunks = sum(hunk["by"] is None for conflict in opened for hunk in conflict["hunks"])
    if not opened:
        return []
    paths = listed([one_line(conflict["path"]) for conflict in opened])
    what = several(hunks, "open hunk") if hunks else several(len(opened), "open conflict")
    return [f"has {what} in {paths}"]


def _not_verified(verify: Mapping[str, Any] | None, *, moved: bool) -> list[str]:
    """Why a run is not verified, in words that follow its name. One whose check failed once and
    then passed is, as it is for the exit code of the run itself; its description tells."""
    if verify is None:
        since = "its branch moved since" if moved else "no check has seen its merged branch"
        return [f"is not verified: {since}"]
    ways = {"failed": "its check fails", "base_failed": "its check fails, on the base too"}
    return [f"is not verified: {ways[verify['outcome']]}"] if verify["outcome"] in ways else []
