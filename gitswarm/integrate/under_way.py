"""UnderWay: the merge, rebase, cherry-pick, revert or `stash apply` that a checkout is in.

Each is a three-way merge; what differs is where base and theirs come from.
"""

from dataclasses import dataclass

from gitswarm.errors import MergeError
from gitswarm.merge.conflicts import Conflict
from gitswarm.merge.narrowing import Edits, edits_of
from gitswarm.merge.past import past_of, versions_of
from gitswarm.merge.question import Side
from gitswarm.merge.rules.place import Past
from gitswarm.merge.threeway import Conflicted, merge, merge_on
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.objects import Oid
from gitswarm.repo.repository import Repository


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Is a `Meeting`: what is checked out, and what is applied to it."""

    repository: Repository
    operation: str
    """`merge`, `rebase`, `cherry-pick`, `revert`, or `stash` for what git does not name."""
    ours: Oid
    """What is checked out."""
    named: Oid | None = None
    """The commit to be merged, picked or reverted."""
    base: Oid | None = None
    theirs: Oid | None = None
    """The state that comes in: for a revert, that before the commit to be reverted."""

    task = None

    @classmethod
    def load(cls, repository: Repository) -> "UnderWay":
        head = repository.commit_oid("HEAD")
        for name, operation in _OPERATIONS.items():
            output = repository.git("rev-parse", "--verify", "--quiet", f"{name}^0", ok=(0, 1, 128))
            if output.status != 0:
                continue
            named = Oid(output.stdout.decode().strip())
            if operation == "merge":
                base = repository.merge_base(head, named)
                return cls(repository, operation, head, named, base, theirs=named)
            before = next(iter(repository.commit(named).parents), None)
            if operation == "revert":
                return cls(repository, operation, head, named, base=named, theirs=before)
            return cls(repository, operation, head, named, base=before, theirs=named)
        return cls(repository, "stash", head)

    def made_again(self, scratch: Repository, attributes: Attributes) -> Conflicted | None:
        """The same merge in memory; None where it cannot be told, or comes to no conflict."""
        if self.base is None or self.theirs is None:
            return None
        try:
            if self.operation == "merge":
                outcome = merge(scratch, self.ours, self.theirs, attributes)
            else:
                outcome = merge_on(scratch, self.base, self.ours, self.theirs, attributes)
        except MergeError:
            return None
        return outcome if isinstance(outcome, Conflicted) else None

    def about(self, conflict: Conflict) -> tuple[Side, Side]:  # noqa: ARG002
        if self.named is None:
            return Side("what is checked out"), Side("what is applied to it")
        if self.operation == "merge":
            return Side("the branch that is checked out"), Side("the branch to be merged")
        subject = self.repository.commit(self.named).subject
        if self.operation == "revert":
            subject = f"the commit before this one, which is to be undone: {subject}"
        return Side("what is checked out"), Side(subject)

    def edits(self, conflict: Conflict) -> tuple[Edits, Edits]:
        """Of a side that is one commit there are none: it is what that side is about."""
        common = self.named and self.repository.merge_base(self.ours, self.named)
        if not common or not self.named:
            return (), ()
        ours, theirs = edits_of(self.repository, common, (self.ours, self.named), conflict)
        return ours, theirs if self.operation == "merge" else ()

    def versions(self, conflict: Conflict) -> tuple[bytes, bytes]:
        if conflict.text:
            return conflict.text.take("ours"), conflict.text.take("theirs")
        return versions_of(self.repository, conflict.stages)

    def past(self, conflict: Conflict) -> Past:
        if self.theirs is None:
            return lambda _side: ()
        return past_of(self.repository, conflict.path, conflict.stages, self.ours, self.theirs)


_OPERATIONS = {
    "MERGE_HEAD": "merge",
    "REVERT_HEAD": "revert",
    "REBASE_HEAD": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
}
"""By the refs that name the commit, see gitrevisions(7)."""
