"""CommitFiles: the files of one commit, as edits are applied to them."""

from functools import cache

from gitswarm.repo.attributes import Attributes
from gitswarm.repo.objects import Oid, RepoPath, TreeEntry
from gitswarm.repo.repository import Repository


class CommitFiles:
    """Read from the object database, a directory at a time; each is read once."""

    def __init__(self, repository: Repository, commit: Oid, attributes: Attributes) -> None:
        self._repository = repository
        self._commit = commit
        self._attributes = attributes
        self._folder = cache(self._read_folder)

    def entry(self, path: RepoPath) -> TreeEntry | None:
        folder, slash, _ = path.rpartition(b"/")
        if slash:
            parent = self.entry(RepoPath(folder))
            if parent is None or parent.kind != "tree":
                return None
        return self._folder(folder + slash).get(path)

    def read(self, entry: TreeEntry) -> bytes:
        return self._repository.blob(entry.oid)

    def is_filtered(self, path: RepoPath) -> bool:
        """Whether the run's base gives the path a `filter`, see gitattributes(5): then its blob is
        not its text, whether or not the filter is installed here."""
        output = self._attributes.git("check-attr", "-z", "filter", "--", path)
        value = output.stdout.split(b"\0")[2]
        return value not in (b"unspecified", b"unset")

    def _read_folder(self, folder: bytes) -> dict[RepoPath, TreeEntry]:
        entries = self._repository.entries_in(self._commit, folder)
        return {entry.path: entry for entry in entries}
