"""CommitFiles: the files of one commit, as edits are applied to them."""

from functools import cache

from gitswarm.plan.withheld import Withheld
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.objects import Oid, RepoPath, TreeEntry
from gitswarm.repo.repository import Repository
from gitswarm.swarm.refused import UneditableError

TEXT_BYTES = 8_000_000
"""A longer file is not read to be edited."""


class CommitFiles:
    """Read from the object database, a directory at a time; each is read once."""

    def __init__(
        self, repository: Repository, commit: Oid, attributes: Attributes, withheld: Withheld
    ) -> None:
        self._repository = repository
        self._commit = commit
        self._attributes = attributes
        self._withheld = withheld
        self._folder = cache(self._read_folder)

    def entry(self, path: RepoPath) -> TreeEntry | None:
        folder, slash, _ = path.rpartition(b"/")
        if slash:
            parent = self.entry(RepoPath(folder))
            if parent is None or parent.kind != "tree":
                return None
        return self._folder(folder + slash).get(path)

    def read(self, entry: TreeEntry) -> bytes:
        size = self._repository.sizes([entry.oid])[entry.oid]
        if size > TEXT_BYTES:
            raise UneditableError(f"has {size:,} bytes, too many to be edited as text")
        data = self._repository.blob(entry.oid)
        # what is wrong with an edit is shown to the model, with lines of the file
        if why := self._withheld.why(entry.path, data):
            raise UneditableError(f"{why}, so it cannot be edited")
        return data

    def is_filtered(self, path: RepoPath) -> bool:
        """Whether the run's base gives the path a `filter`, see gitattributes(5): then its blob is
        not its text, whether or not the filter is installed here."""
        return self._attributes.values("filter", [path])[path] not in ("unspecified", "unset")

    def _read_folder(self, folder: bytes) -> dict[RepoPath, TreeEntry]:
        entries = self._repository.entries_in(self._commit, folder)
        return {entry.path: entry for entry in entries}
