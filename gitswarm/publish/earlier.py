"""Earlier: what a remote has already, told apart into what this run made and what others did."""

from gitswarm.errors import GitError, PublishError
from gitswarm.history import RunHistory
from gitswarm.publish import agit
from gitswarm.publish.forge import Forge, ForgeKind
from gitswarm.publish.proposal import Published
from gitswarm.publish.push import RefPush, RemoteRefs, newest_of
from gitswarm.repo.objects import BranchName, Oid, RefName
from gitswarm.repo.repository import Repository


class Earlier:
    """The refs of a remote, seen by one run."""

    def __init__(self, repository: Repository, history: RunHistory, refs: RemoteRefs) -> None:
        self.refs = refs
        self._repository = repository
        self._history = history

    def known(self, branch: BranchName) -> Oid | None:
        """What a branch is there; None also where its commit is not here."""
        tip = self.refs.branch(branch)
        return tip if tip and self._has(tip) else None

    def holder(self, branch: BranchName, forge: Forge, before: Published | None) -> RefName | None:
        """The ref on the remote that holds what was proposed the last time."""
        if forge.kind is not ForgeKind.GITEA:
            return RefName(f"refs/heads/{branch}")
        requests, number = self.refs.requests(agit.REQUESTS), before and before.number
        if number not in requests:
            history = self._history
            made = self._repository.commits_between(history.base, history.recorded_at)
            number = newest_of(requests, set(made))
        return None if number is None else agit.head_ref(number)

    def is_rebuilt(self, holder: RefName | None, commit: Oid, remote: str) -> bool:
        """Whether the remote holds commits of ours that this one left behind. Raises `PublishError`
        where it holds somebody else's, which a push would lose."""
        there = None if holder is None else self.refs.refs.get(holder)
        if holder is None or there is None:
            return False
        if self._has(there) and self._repository.is_ancestor(there, commit):
            return False
        if self._was_ours(there):
            return True
        name = holder.removeprefix("refs/heads/")
        raise PublishError(
            f"{name} on {remote} holds commits that this run did not make",
            hint=f"look at them: git fetch {remote} {name} && git log FETCH_HEAD",
        )

    def pushes_of_tasks(self) -> list[RefPush]:
        """The branches of the tasks, those that are here, in place of what was ours."""
        wanted: list[RefPush] = []
        for task in self._history.plan["tasks"]:
            branch = self._history.results.get(task["id"], {}).get("branch")
            ref = RefName(f"refs/heads/{branch}")
            commit = self._repository.ref(ref) if branch else None
            if commit is None:
                continue
            there = self.refs.refs.get(ref)
            wanted.append(RefPush(commit, ref, there if there and self._was_ours(there) else None))
        return wanted

    def _has(self, commit: Oid) -> bool:
        try:
            self._repository.commit_oid(commit)
        except GitError:
            return False
        return True

    def _was_ours(self, commit: Oid) -> bool:
        """Whether the run's record kept this commit at any time."""
        return self._has(commit) and self._repository.is_ancestor(commit, self._history.recorded_at)
