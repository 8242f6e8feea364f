"""TrackedFiles: the files of one commit, found and searched in git's objects, never a checkout."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gitswarm.errors import GitError
from gitswarm.plan.path_text import spell
from gitswarm.plan.pathspecs import alternatives
from gitswarm.plan.withheld import Withheld
from gitswarm.repo.objects import Oid, RepoPath, TreeEntry, empty_tree
from gitswarm.repo.repository import Repository

BINARY_WITHIN = 8_000
"""A file with a NUL in so many bytes at its beginning is binary, as it is for git."""


def is_binary(data: bytes) -> bool:
    return b"\0" in data[:BINARY_WITHIN]


class WithheldError(GitError):
    """A file that is kept from models."""


class PatternError(GitError):
    """A regular expression that git does not take."""


@dataclass(frozen=True, slots=True)
class Match:
    path: RepoPath
    line: int
    text: bytes


SEARCHED_BYTES = 50_000_000
"""A larger file is not searched."""

DIFFED_BYTES = 2_000_000
"""A larger file is not compared line by line."""


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One file of a diff."""

    path: RepoPath
    status: str
    """`A`, `M`, `D` or `T`, see "Raw output format" in git-diff-tree(1)."""
    old: Oid
    """All zeros where there is none."""
    new: Oid
    lines: tuple[int, int] | None
    """How many were added and removed; None where that cannot be said, of a binary file."""


@dataclass(frozen=True, slots=True)
class Query:
    """What to search for, and where."""

    pattern: str
    glob: str | None = None
    """A pathspec as `gitswarm.plan.pathspecs.pathspec` returns it; None: everywhere."""
    ignore_case: bool = False


class TrackedFiles:
    """What of them may be shown; the names of all may be seen."""

    def __init__(
        self,
        repository: Repository,
        commit: Oid,
        withheld: Withheld,
        *,
        base: Oid,
        search_seconds: float,
    ) -> None:
        self._repository = repository
        self._commit = commit
        self._withheld = withheld
        self._base = base
        self._search_seconds = search_seconds

    def entry(self, path: RepoPath) -> TreeEntry | None:
        return self._repository.entry(self._commit, path)

    def sizes(self, paths: Iterable[RepoPath]) -> dict[RepoPath, int]:
        """The lengths in bytes of those that are files or symbolic links."""
        wanted = list(paths)
        if not wanted:
            return {}
        where = ("ls-tree", "-l", "-z", "--full-tree", self._commit, "--")
        sizes = {}
        for record in self._repository.lines("--literal-pathspecs", *where, *wanted):
            facts, _, path = record.partition(b"\t")
            size = facts.split()[3]
            if size == b"BAD":
                raise GitError(f"{spell(RepoPath(path))} is missing from the repository")
            if size != b"-":
                sizes[RepoPath(path)] = int(size)
        return sizes

    def data(self, entry: TreeEntry) -> bytes:
        """Raises `WithheldError` for what must not be shown."""
        data = self._repository.blob(entry.oid)
        if why := self._withheld.why(entry.path, data):
            raise WithheldError(f"{spell(entry.path)} {why}")
        return data

    def matching(self, glob: str | None) -> list[TreeEntry]:
        """The files, symbolic links and submodules that a pathspec matches, in git's order."""
        # ls-tree knows no glob pathspecs; what differs from an empty tree is everything
        records = self._repository.lines(
            "diff-tree",
            *("-r", "-z", "--raw", "--no-abbrev", "--no-renames"),
            *(empty_tree(self._commit), self._commit),
            "--",
            *_pathspecs(glob),
        )
        return [
            TreeEntry(mode, "commit" if mode == "160000" else "blob", Oid(oid), RepoPath(path))
            for facts, path in zip(records[::2], records[1::2], strict=True)
            for _, mode, _, oid, _ in [facts.decode().split(" ")]
        ]

    def count_matches(self, query: Query) -> dict[RepoPath, int]:
        """How many lines match in each text file that has any, in git's order; those that are kept
        from models by an attribute are not looked at, nor are the `unsearched`.

        Raises `PatternError`, and `GitTimeoutError` when it takes too long.
        """
        records = self._grep(query, "--count", "--no-line-number", pathspecs=_pathspecs(query.glob))
        counts = {path: int(count) for path, count in records}
        hidden = self._withheld.by_attribute(counts)
        return {path: count for path, count in counts.items() if path not in hidden}

    @property
    def unsearched(self) -> tuple[RepoPath, ...]:
        """Files so large that git would take all of its time, and of the memory, for one."""
        return self._repository.larger_than(SEARCHED_BYTES, self._commit)

    def matches(self, query: Query, paths: Iterable[RepoPath], *, most: int) -> list[Match]:
        """The matching lines of some files, the first `most` of each, in git's order."""
        literal = [b":(top,literal)" + path for path in paths]
        if not literal:
            return []
        options = ("--line-number", f"--max-count={most}")
        records = self._grep(query, *options, pathspecs=literal)
        found = []
        for path, rest in records:
            number, _, text = rest.partition(b"\0")
            found.append(Match(path, int(number), text))
        return found

    def changes(self, glob: str | None) -> list[ChangedFile]:
        """What differs from the base, in git's order; a rename is a deletion and an addition."""
        options = ("-r", "-z", "--raw", "--numstat", "--no-abbrev")
        records = iter(self._diff(*options, pathspecs=_pathspecs(glob)).split(b"\0")[:-1])
        facts: dict[RepoPath, tuple[str, Oid, Oid]] = {}
        changed = []
        for record in records:
            if record.startswith(b":"):
                _, _, old, new, status = record.decode().split(" ")
                facts[RepoPath(next(records))] = (status, Oid(old), Oid(new))
                continue
            added, removed, path = record.split(b"\t", 2)
            lines = None if added == b"-" else (int(added), int(removed))
            changed.append(ChangedFile(RepoPath(path), *facts[RepoPath(path)], lines))
        return changed

    def why_unshown(self, change: ChangedFile) -> str | None:
        """Why a change is kept from models, going on from its name."""
        oids = [oid for oid in (change.old, change.new) if oid.strip("0")]
        blobs = () if change.lines is None else map(self._repository.blob, oids)
        return self._withheld.why(change.path, b"\n".join(blobs))

    def diff(self, changes: Iterable[ChangedFile]) -> bytes:
        """The unified diff of some files."""
        paths = [b":(top,literal)" + change.path for change in changes]
        if not paths:
            return b""
        options = ("-p", "--no-ext-diff", "--no-textconv", "--no-color", "--unified=3")
        return self._diff("-r", *options, pathspecs=paths)

    def _diff(self, *options: str, pathspecs: Iterable[str | bytes]) -> bytes:
        """What `git diff-tree` says of the base and the commit; large files count as binary."""
        return self._repository.git(
            *("-c", f"core.bigFileThreshold={DIFFED_BYTES}", "diff-tree", "--no-renames"),
            *options,
            *(self._base, self._commit, "--"),
            *pathspecs,
            work_tree=self._nowhere,
            seconds=self._search_seconds,
        ).stdout

    def _grep(
        self, query: Query, *options: str, pathspecs: Iterable[str | bytes]
    ) -> Iterator[tuple[RepoPath, bytes]]:
        """The records of `git grep` on the commit: a path, and the rest of the line."""
        output = self._repository.git(
            *("grep", self._dialect, "-I", "-z", "--full-name", "--no-color", "--no-column"),
            *(["--ignore-case"] if query.ignore_case else []),
            *options,
            *("-e", query.pattern, self._commit, "--"),
            *pathspecs,
            *(b":(top,exclude,literal)" + path for path in self.unsearched),
            ok=(0, 1, 128),
            work_tree=self._nowhere,
            seconds=self._search_seconds,
        )
        if output.status == 128:
            says = output.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
            raise PatternError(f"git does not search for this: {says}")
        data, at = output.stdout, 0
        while at < len(data):
            path_end = data.index(b"\0", at)
            line_end = data.index(b"\n", path_end)
            path = data[at + len(self._commit) + 1 : path_end]
            yield RepoPath(path), data[path_end + 1 : line_end]
            at = line_end + 1

    @property
    def _nowhere(self) -> Path:
        """A work tree without files: whether a file is binary would else be decided by the
        attributes in the user's checkout."""
        return self._repository.git_dir

    @cached_property
    def _dialect(self) -> str:
        """Perl-compatible expressions where git was built with them, else extended ones."""
        probe = self._repository.git(
            *("grep", "-P", "-q", "-e", "x", self._commit, "--", ":(literal).git"),
            ok=(0, 1, 128),
        )
        return "-E" if probe.status == 128 else "-P"


def _pathspecs(glob: str | None) -> list[str]:
    return [] if glob is None else [f":(top,glob){one}" for one in alternatives(glob)]
