"""Places: the lines that findings speak of, as they are at the commit that was reviewed."""

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import replace

from gitswarm.plan.path_text import spell, spelled
from gitswarm.repo.objects import EXECUTABLE_MODE, FILE_MODE, SYMLINK_MODE, Oid, RepoPath
from gitswarm.repo.repository import Repository
from gitswarm.review.change import Change, ChangedFile
from gitswarm.review.findings import Found

_PREFIX = re.compile(r"^(?:\./|/|[ab]/(?=.))")


class Source:
    """The files of one tree by their lines, each read once."""

    def __init__(self, repository: Repository, treeish: Oid) -> None:
        self._repository = repository
        self._treeish = treeish
        self._lines: dict[RepoPath, tuple[str, ...] | None] = {}

    def lines(self, path: RepoPath) -> tuple[str, ...] | None:
        """The lines without their ends, of a symbolic link what it leads to; None where there is
        neither."""
        if path not in self._lines:
            data = self._blob(path, (FILE_MODE, EXECUTABLE_MODE, SYMLINK_MODE))
            text = None if data is None else data.decode("utf-8", "backslashreplace")
            self._lines[path] = None if text is None else tuple(_without_end(text).split("\n"))
        return self._lines[path]

    def data(self, path: RepoPath) -> bytes | None:
        """The contents of a regular file; None where there is no such one."""
        return self._blob(path, (FILE_MODE, EXECUTABLE_MODE))

    def _blob(self, path: RepoPath, modes: Container[str]) -> bytes | None:
        if path.find(b"\0") >= 0 or any(p in (b"", b".", b"..") for p in path.split(b"/")):
            return None
        entry = self._repository.entry(self._treeish, path)
        if entry is None or entry.mode not in modes:
            return None
        return self._repository.blob(entry.oid)

    def shown(self, found: Found) -> tuple[tuple[int, str], ...]:
        """Numbers and texts of the lines that a finding is about."""
        finding = found.finding
        lines = self.lines(path_of(found))
        if finding.lines is None or lines is None:
            return ()
        first, last = finding.lines
        return tuple(enumerate(lines[first - 1 : last], first))


def path_of(found: Found) -> RepoPath:
    return spelled(found.finding.path)[-1]


def placed(found: Found, change: Change, source: Source) -> Found:
    """The finding with its path and lines as they are, marked where they are outside the change."""
    file, path = _look_up(found.finding.path, change, source)
    finding = replace(found.finding, path=spell(path))
    found = replace(found, finding=finding)
    lines = source.lines(path)
    if file is not None and (file.status == "deleted" or lines is None):
        # it went, or is a submodule
        return replace(found, finding=replace(finding, lines=None))
    if lines is None:
        return replace(
            found,
            finding=replace(finding, lines=None),
            in_diff=False,
            remarks=(*found.remarks, "there is no such file"),
        )
    remarks = found.remarks
    if finding.lines is not None and finding.lines[1] > len(lines):
        first, last = finding.lines
        missing = f"there is no line {last}" if first == last else f"no lines {first}-{last}"
        remarks = (*remarks, missing)
        if first > len(lines) + 1:
            gone = replace(finding, lines=None)
            return replace(found, finding=gone, in_diff=False, remarks=remarks)
        # what follows lines that went from the end of the file is its last line
        finding = replace(finding, lines=(min(first, len(lines)), len(lines)))
    in_diff = file is not None and _is_shown(file, finding.lines)
    return replace(found, finding=finding, in_diff=in_diff, remarks=remarks)


def _look_up(name: str, change: Change, source: Source) -> tuple[ChangedFile | None, RepoPath]:
    """The file that a model means: models write `./a.py` and `b/a.py` for `a.py`."""
    candidates = list(_candidates(name))
    for path in candidates:
        if path in change.by_path:
            return change.by_path[path], path
    existing = (path for path in candidates if source.lines(path) is not None)
    return None, next(existing, candidates[0])


def _candidates(name: str) -> Iterator[RepoPath]:
    yield from spelled(name)
    yield from spelled(_PREFIX.sub("", name))


def _is_shown(file: ChangedFile, lines: tuple[int, int] | None) -> bool:
    if lines is None:
        return True
    spans: Iterable[tuple[int, int]] = ((hunk.first, hunk.last) for hunk in file.hunks)
    return any(first <= lines[1] and lines[0] <= last for first, last in spans)


def _without_end(text: str) -> str:
    return text.replace("\r\n", "\n").removesuffix("\n")
