"""Change: what is reviewed, from one tree to another, and what of it is left out and why."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from gitswarm.plan.withheld import Withheld
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.objects import SUBMODULE_MODE, Oid, RepoPath
from gitswarm.repo.repository import Repository
from gitswarm.review.patch import PATCH_OPTIONS, Hunk, read_patch

FILE_LINES = 5_000
"""A file with more changed lines is data, or was generated: nobody reads it line by line."""

CHANGE_LINES = 20_000
"""So many changed lines are reviewed at once, the first ones."""

_ATTRIBUTES = {
    "linguist-generated": "generated (linguist-generated)",
    "linguist-vendored": "vendored (linguist-vendored)",
}

_STATUS = {
    "A": "new file",
    "M": "changed",
    "D": "deleted",
    "R": "renamed",
    "C": "copied",
    "T": "another type of file",
}


FILE_BYTES = 8_000_000
"""Of a larger file only the changed lines are looked through for a key."""

_Sides = Mapping[RepoPath, tuple[tuple[RepoPath, Oid], ...]]
"""Path and contents of each changed file as they were, where there were any, and as they are."""


@dataclass(frozen=True, slots=True)
class ChangedFile:
    path: RepoPath
    old_path: RepoPath
    status: str
    """In words: `new file`, `changed`, `deleted`, `renamed`, ..."""
    hunks: tuple[Hunk, ...] = ()
    left_out: str = ""
    """Why it is not reviewed, though it has contents that could be."""
    too_large: bool = False
    """It is left out only for its size, and so the review is not whole."""

    @property
    def changed(self) -> int:
        return sum(hunk.changed for hunk in self.hunks)


@dataclass(frozen=True)
class Change:
    base: Oid
    """A commit or tree, as `head` is."""
    head: Oid
    files: tuple[ChangedFile, ...]
    """In git's order."""

    @property
    def reviewed(self) -> Iterator[ChangedFile]:
        return (file for file in self.files if file.hunks and not file.left_out)

    @property
    def left_out(self) -> tuple[ChangedFile, ...]:
        return tuple(file for file in self.files if file.left_out)

    @cached_property
    def by_path(self) -> Mapping[RepoPath, ChangedFile]:
        return {file.path: file for file in self.files}


def load_change(repository: Repository, base: Oid, head: Oid) -> Change:
    """What has to be done to `base` to become `head`.

    Which files are left out is decided by the attributes of `base`: those of `head` are part of
    what is reviewed.
    """
    hunks: dict[RepoPath, list[Hunk]] = defaultdict(list)
    for path, hunk in read_patch(_diff(repository, base, head, *PATCH_OPTIONS, "--unified=3")):
        hunks[path] += hunk.pieces()
    files, sides = _changed_files(repository, base, head, hunks)
    with Attributes.of(repository, base) as attributes:
        reasons = _reasons(attributes, [file.path for file in files])
        files = _without(files, reasons)
        files = list(_within_bounds(files))
        files = _without(files, dict(_withheld(repository, Withheld(attributes), files, sides)))
    return Change(base, head, tuple(files))


def _without(files: Iterable[ChangedFile], why: Mapping[RepoPath, str]) -> list[ChangedFile]:
    return [replace(file, left_out=why.get(file.path, file.left_out)) for file in files]


def _withheld(
    repository: Repository, withheld: Withheld, files: Iterable[ChangedFile], sides: _Sides
) -> Iterator[tuple[RepoPath, str]]:
    """The files of which no model is shown what changed, and why: one line of a key does not look
    like any, so that it is the whole file that decides, as it was and as it is."""
    shown = [file for file in files if file.hunks and not file.left_out]
    withheld.by_attribute(path for file in shown for path, _ in sides[file.path])
    sizes = repository.sizes(oid for file in shown for _, oid in sides[file.path])
    for file in shown:
        for path, oid in sides[file.path]:
            data = repository.blob(oid) if sizes[oid] <= FILE_BYTES else _lines_of(file)
            if why := withheld.why(path, data):
                yield file.path, why.removeprefix("is ")
                break


def _lines_of(file: ChangedFile) -> bytes:
    lines = (line[1:] for hunk in file.hunks for line in hunk.lines)
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def _within_bounds(files: Iterable[ChangedFile]) -> Iterator[ChangedFile]:
    room = CHANGE_LINES
    for file in files:
        if file.left_out or file.changed <= min(FILE_LINES, room):
            room -= 0 if file.left_out else file.changed
            yield file
        elif file.changed > FILE_LINES:
            yield replace(
                file, left_out=f"too large ({file.changed:,} changed lines)", too_large=True
            )
        else:
            beyond = f"beyond the {CHANGE_LINES:,} changed lines of one review"
            yield replace(file, left_out=beyond, too_large=True)


def _diff(repository: Repository, base: Oid, head: Oid, *options: str) -> bytes:
    # a work tree without attributes: only the user's own decide what is text
    nowhere = repository.git_dir
    return repository.git("diff-tree", *options, base, head, work_tree=nowhere).stdout


def _changed_files(
    repository: Repository, base: Oid, head: Oid, hunks: Mapping[RepoPath, Sequence[Hunk]]
) -> tuple[list[ChangedFile], _Sides]:
    options = ("-r", "-z", "--raw", "--no-abbrev", "--find-renames")
    fields = iter(_diff(repository, base, head, *options).split(b"\0")[:-1])
    files: list[ChangedFile] = []
    sides: dict[RepoPath, tuple[tuple[RepoPath, Oid], ...]] = {}
    without_lines: dict[RepoPath, Oid] = {}
    for facts in fields:
        old_mode, new_mode, old, new, status = facts.decode().removeprefix(":").split(" ")
        old_path = RepoPath(next(fields))
        path = RepoPath(next(fields)) if status[0] in "RC" else old_path
        left_out = "submodule" if SUBMODULE_MODE in (old_mode, new_mode) else ""
        if path not in hunks and old != new and status != "D" and not left_out:
            without_lines[path] = Oid(new)
        named = ((old_path, Oid(old)), (path, Oid(new)))
        sides[path] = tuple((name, oid) for name, oid in named if oid.strip("0"))
        shown = tuple(hunks.get(path, ()))
        files.append(ChangedFile(path, old_path, _STATUS[status[0]], shown, left_out))
    sizes = repository.sizes(without_lines.values())
    binary = {path for path, oid in without_lines.items() if sizes[oid]}
    return _without(files, dict.fromkeys(binary, "binary")), sides


def _reasons(attributes: Attributes, paths: Iterable[RepoPath]) -> dict[RepoPath, str]:
    """Why the attributes leave some of the files out."""
    reasons: dict[RepoPath, str] = {}
    asked = b"".join(path + b"\0" for path in paths)
    output = attributes.git("check-attr", "-z", "--stdin", *_ATTRIBUTES, "diff", input=asked)
    fields = output.stdout.split(b"\0")
    for path, name, value in zip(fields[0:-1:3], fields[1:-1:3], fields[2:-1:3], strict=True):
        if name == b"diff":
            if value == b"unset":
                reasons.setdefault(RepoPath(path), "without a diff (-diff)")
        elif value not in (b"unspecified", b"unset", b"false"):
            reasons[RepoPath(path)] = _ATTRIBUTES[name.decode()]
    return reasons
