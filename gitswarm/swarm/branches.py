"""Branches: those of a run, which its ledger is the record of. They are moved only from where they
are known to be, and never under somebody who has one checked out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from gitswarm.errors import GitError
from gitswarm.repo.ledger import ledger_ref
from gitswarm.repo.leftovers import clear_leftovers
from gitswarm.repo.objects import BranchName, Oid, RefName, RunId, TaskId
from gitswarm.repo.repository import Repository
from gitswarm.repo.worktree import Worktree
from gitswarm.swarm.results import Result
from gitswarm.swarm.spawner import task_branch


@dataclass(frozen=True, slots=True)
class Branches:
    repository: Repository
    run: RunId
    folder: Path
    """Where the worktrees of the run are."""

    def restore(self, results: Mapping[TaskId, Result], merged: Oid | None) -> list[str]:
        """Bring every branch to where the ledger says it is, when it is missing or behind. Returns
        what people should know of it.

        Raises `GitError` where the merged branch could not be moved later.
        """
        kept: list[Path] = []
        moved = [
            f"branch {one.branch} does not hold the commit {one.commit[:12]} of its task any more;"
            " the commit counts"
            for one in results.values()
            if one.branch and one.commit and not self._restore(one.branch, one.commit, kept)
        ]
        if merged and not self._restore(branch := task_branch(self.run, "merged"), merged, kept):
            raise self._moved_away(branch)
        self._require_movable(merged)
        return moved + _told(kept)

    def make_way(self, tasks: Collection[TaskId]) -> tuple[dict[TaskId, Oid], list[str]]:
        """Put away the worktrees of tasks that are to begin, as a crash or an earlier attempt left
        them; where their branches are, and what people should know.

        Raises `GitError` where somebody has one checked out.
        """
        tips = {task: at for task in tasks if (at := self.tip(task_branch(self.run, task)))}
        for task in tips:
            self._require_free(task_branch(self.run, task))
        folders = [self.folder / task for task in tasks]
        kept = clear_leftovers(self.repository, folders, ledger_ref(self.run))
        return tips, _told(kept)

    def delete(self, task: TaskId, tip: Oid) -> None:
        """Delete the branch of a task that is to begin; its commits have to be in the ledger."""
        self.repository.delete_ref(_ref(task_branch(self.run, task)), tip)

    def _restore(self, branch: BranchName, commit: Oid, kept: list[Path]) -> bool:
        """Whether the branch now holds a commit, or what people built on it. A worktree of ours
        with work that this would overwrite is put away, and added to those that are `kept`."""
        at = self.tip(branch)
        if at == commit:
            return True
        if at is None:
            self.repository.update_ref(_ref(branch), commit, None)
            return True
        if self.repository.is_ancestor(commit, at):
            return True
        if self.repository.is_ancestor(at, commit):
            try:
                self.move(branch, commit, at)
            except GitError:
                worktree = Worktree.of_branch(self.repository, branch)
                if worktree is None or not self._is_ours(worktree):
                    raise
                kept += clear_leftovers(self.repository, [worktree.path])
                self.move(branch, commit, at)
            return True
        return False

    def _require_movable(self, merged: Oid | None) -> None:
        branch = task_branch(self.run, "merged")
        at = self.tip(branch)
        if at != merged:
            raise self._moved_away(branch)
        if at:
            self._require_free(branch)

    def _require_free(self, branch: BranchName) -> None:
        worktree = Worktree.of_branch(self.repository, branch)
        if worktree and not self._is_ours(worktree):
            raise GitError(
                f"branch {branch} is checked out in {worktree.path}, and is to be moved",
                hint=f"git -C {worktree.path} switch --detach",
            )

    def _moved_away(self, branch: BranchName) -> GitError:
        return GitError(
            f"branch {branch} has commits that the run did not make",
            hint=f"keep them under another name: git branch -m {branch} NAME",
        )

    def _is_ours(self, worktree: Worktree) -> bool:
        return worktree.path.parent == self.folder.resolve()

    def tip(self, branch: BranchName) -> Oid | None:
        return self.repository.ref(_ref(branch))

    def move(self, branch: BranchName, new: Oid, old: Oid | None) -> None:
        """Move a branch that is at `old` (None: that does not exist). A worktree of ours that has
        it checked out comes along; `GitError` where that would overwrite what somebody changed."""
        worktree = Worktree.of_branch(self.repository, branch) if old and new != old else None
        if worktree and old:
            worktree.move_to(old, new)
        self.repository.update_ref(_ref(branch), new, old)


def _told(kept: Collection[Path]) -> list[str]:
    return [f"work that is in no commit is kept in {path}" for path in kept]


def _ref(branch: BranchName) -> RefName:
    return RefName(f"refs/heads/{branch}")
