"""Edits: a reply's artifacts read into edits, and edits applied to files.

All artifacts of a reply apply together or none does. What is not understood to the letter is asked
for again, with a problem for every slip: silence would lose a file. Several `edit` and `diff`
fences of one file are applied in the order of the reply; a file that is given whole or deleted is
named by that one fence only.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gitswarm.model.reply import Fence, ReplyText, plain
from gitswarm.plan.roles import Writes
from gitswarm.repo.objects import EXECUTABLE_MODE, FILE_MODE, RepoPath, TreeEntry, show
from gitswarm.swarm.diff_hunk import apply_hunks
from gitswarm.swarm.elision import new_elisions
from gitswarm.swarm.messages import without_trailers
from gitswarm.swarm.patch import FileDiff, read_diff
from gitswarm.swarm.paths import folded, refusal
from gitswarm.swarm.refused import MOST_PROBLEMS, EditsRefused, UneditableError
from gitswarm.swarm.search_replace import Pair, apply_pairs, read_pairs
from gitswarm.swarm.slips import (
    at_line,
    is_artifact,
    slip_of_rewritten,
    slip_of_whole,
    slips_of_reader,
    slips_of_writer,
)
from gitswarm.swarm.textfile import TextFile, line_texts

__all__ = [
    "Change",
    "Delete",
    "Edit",
    "Edits",
    "EditsRefused",
    "Files",
    "Patch",
    "SearchReplace",
    "TextEdit",
    "WholeFile",
    "apply_edits",
    "read_edits",
]


@dataclass(frozen=True, slots=True)
class WholeFile:
    """The whole new content of a file, which may exist."""

    path: RepoPath
    text: str
    line: int
    """Where its fence opens in the reply; so for every edit."""


@dataclass(frozen=True, slots=True)
class SearchReplace:
    path: RepoPath
    pairs: tuple[Pair, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Patch:
    path: RepoPath
    diff: FileDiff
    line: int


@dataclass(frozen=True, slots=True)
class Delete:
    path: RepoPath
    line: int


TextEdit = WholeFile | SearchReplace | Patch
Edit = TextEdit | Delete


@dataclass(frozen=True, slots=True)
class Edits:
    """What a reply wants done, and what it says of it."""

    edits: tuple[Edit, ...] = ()
    nothing: str | None = None
    """Why nothing is to change; None where the reply does not say so."""
    commit_message: str = ""
    """Without the trailers that only gitswarm and people may write; empty if there is none."""
    note: str = ""

    @property
    def account(self) -> str:
        """All that the reply says to people and to later tasks: the reason for changing nothing,
        and the prose."""
        return "\n\n".join(part for part in (self.nothing, self.note) if part)


class Files(Protocol):
    """The tree that edits are applied to: the files of one commit."""

    def entry(self, path: RepoPath) -> TreeEntry | None:
        """What is at the path, folders included; None if nothing is."""
        ...

    def read(self, entry: TreeEntry) -> bytes:
        """The content of a blob. Raises `UneditableError` for one that is not to be edited."""
        ...

    def is_filtered(self, path: RepoPath) -> bool:
        """Whether attributes send the path through a filter, so that its blob is not its text."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """One path of the new tree."""

    path: RepoPath
    mode: str | None
    """As git writes it; None deletes the path."""
    data: bytes = b""
    remarks: tuple[str, ...] = ()
    """What a reader should know: an edit that did not fit to the letter."""


# Reading


def read_edits(reply: ReplyText, *, writing: bool) -> Edits:
    """The edits of a reply; `writing` says whether it comes from a role that changes files.

    Raises EditsRefused with everything that is wrong with the reply by itself.
    """
    problems = [str(fault) for fault in reply.faults]
    artifacts = [fence for fence in reply.fences if is_artifact(fence)]
    nothing = [fence.body.strip() for fence in reply.of_kind("nothing")]
    if not writing:
        problems += slips_of_reader(artifacts)
        artifacts = []
    else:
        problems += slips_of_writer(reply, artifacts, nothing)
    edits: list[Edit] = []
    for fence in artifacts:
        try:
            edits.append(_read_edit(fence))
        except EditsRefused as refused:
            problems += refused.problems
    problems += _clashes(edits)
    messages = reply.of_kind("commit")
    if len(messages) > 1:
        problems.append(at_line(messages[1], "a reply has one commit fence at most; join them."))
    if problems:
        raise EditsRefused(*problems)
    return Edits(
        edits=tuple(edits),
        nothing=plain("\n\n".join(nothing)) if nothing else None,
        commit_message=_message(messages[0].body) if messages else "",
        note=reply.prose,
    )


def _read_edit(fence: Fence) -> Edit:
    if fence.path is None:
        raise EditsRefused(
            at_line(
                fence,
                f'a "{fence.kind}" fence needs path=FILE; to show code that belongs to no file,'
                " use a language word such as text.",
            )
        )
    path = _utf8(fence, fence.path.removeprefix("./"))
    _utf8(fence, fence.body)
    first = fence.line + 1
    match fence.kind:
        case "edit":
            return SearchReplace(path, read_pairs(fence.body, first), fence.line)
        case "diff" | "patch":
            return Patch(path, read_diff(fence.body, first, path.decode()), fence.line)
        case "delete":
            if fence.body.strip():
                raise EditsRefused(
                    at_line(
                        fence,
                        f"the delete fence of {fence.path!r} is not empty; it deletes that one path"
                        " and holds nothing, the reason goes into the prose.",
                    )
                )
            return Delete(path, fence.line)
        case _:
            if slip := slip_of_whole(fence):
                raise EditsRefused(at_line(fence, slip))
            return WholeFile(path, fence.body, fence.line)


def _utf8(fence: Fence, text: str) -> RepoPath:
    try:
        return RepoPath(text.encode())
    except UnicodeEncodeError as error:
        character = ord(text[error.start])
        raise EditsRefused(
            at_line(fence, f"it holds the character U+{character:04X}, which UTF-8 cannot.")
        ) from None


def _clashes(edits: Sequence[Edit]) -> Iterator[str]:
    for path, group in _by_path(edits).items():
        name = show(path)
        whole = [edit for edit in group if isinstance(edit, WholeFile)]
        final = [edit for edit in group if _creates(edit) or _deletes(edit)]
        lines = " and ".join(str(edit.line) for edit in group)
        if len(whole) > 1:
            yield f"{name} is given whole more than once (lines {lines}); give it once."
        elif final and len(group) > 1:
            yield (
                f"{name} is given whole or deleted, and named by another fence too (lines {lines});"
                " use one fence for it."
            )


def _deletes(edit: Edit) -> bool:
    return isinstance(edit, Delete) or (isinstance(edit, Patch) and edit.diff.fate == "deleted")


def _creates(edit: Edit) -> bool:
    """Whether it holds all of its file, which may be a new one."""
    return isinstance(edit, WholeFile) or (isinstance(edit, Patch) and edit.diff.fate == "created")


def _by_path(edits: Sequence[Edit]) -> Mapping[RepoPath, Sequence[Edit]]:
    groups: dict[RepoPath, list[Edit]] = defaultdict(list)
    for edit in edits:
        groups[edit.path].append(edit)
    return groups


def _message(body: str) -> str:
    """Subject, blank line, body."""
    subject, _, rest = without_trailers(plain(body)).strip().partition("\n")
    return "\n\n".join(part for part in (subject.rstrip(), rest.strip()) if part)


# Applying


def apply_edits(edits: Edits, files: Files, *, writes: Writes) -> tuple[Change, ...]:
    """What the edits make of the files, in the order in which the reply names them.

    Raises EditsRefused with everything that cannot be applied; then nothing is.
    """
    problems: list[str] = []
    changes: list[Change] = []
    groups = _by_path(edits.edits)
    deleted = {edit.path for edit in edits.edits if _deletes(edit)}
    problems += _folders_written_as_files(groups.keys() - deleted)
    problems += _names_that_fold(groups.keys() - deleted, files)
    for path, group in groups.items():
        refused = refusal(path, writes, files.entry, deleting=path in deleted, deleted=deleted)
        if refused is not None:
            problems.append(f"Line {group[0].line}: {refused}")
            continue
        try:
            changes.append(_change(path, group, files))
        except EditsRefused as error:
            problems += error.problems
        if len(problems) >= MOST_PROBLEMS:
            break
    if problems:
        raise EditsRefused(*problems)
    return tuple(changes)


def _folders_written_as_files(written: set[RepoPath]) -> Iterator[str]:
    for path in sorted(written):
        parts = path.split(b"/")
        for depth in range(1, len(parts)):
            parent = RepoPath(b"/".join(parts[:depth]))
            if parent in written:
                yield f"{show(parent)} and {show(path)} cannot both be files."


def _names_that_fold(written: set[RepoPath], files: Files) -> Iterator[str]:
    """New names that are one and the same where case does not count."""
    alike: dict[str, list[RepoPath]] = defaultdict(list)
    for path in sorted(written):
        alike[folded(path)].append(path)
    for paths in alike.values():
        if len(paths) > 1 and any(files.entry(path) is None for path in paths):
            names = " and ".join(map(show, paths))
            yield (
                f"{names} differ in case only, or in characters that do not show, and are one file"
                " on many file systems; give it one name."
            )


def _change(path: RepoPath, group: Sequence[Edit], files: Files) -> Change:
    entry = files.entry(path)
    edits = [edit for edit in group if not isinstance(edit, Delete)]
    if not edits:
        if entry is None:
            raise _refused(group[0], "does not exist, so it cannot be deleted")
        return Change(path, None)
    first = edits[0]
    if files.is_filtered(path):
        raise _refused(first, "passes through a filter (such as LFS), so it is not edited as text")
    if entry is None:
        return _new(first)
    if isinstance(first, Patch) and _creates(first):
        raise _refused(first, "exists already; give a diff against it, or all its new text")
    try:
        data = files.read(entry)
    except UneditableError as error:
        raise _refused(first, str(error)) from None
    file = TextFile.read(_text(first, data))
    remarks: list[str] = []
    problems: list[str] = []
    for edit in edits:
        try:
            file, more = _edited(edit, file)
            remarks += more
        except EditsRefused as refused:
            problems += refused.problems
        if len(problems) >= MOST_PROBLEMS:
            break
    if problems:
        raise EditsRefused(*problems)
    if not _deletes(first):
        return Change(path, entry.mode, file.write().encode(), tuple(remarks))
    if file.lines:
        raise _refused(first, "would keep lines that this diff does not remove; use a delete fence")
    return Change(path, None, remarks=tuple(remarks))


def _new(edit: TextEdit) -> Change:
    match edit:
        case WholeFile():
            text = edit.text
        case Patch(diff=FileDiff(fate="created")):
            text = _edited(edit, TextFile.read(""))[0].write()
        case _:
            raise _refused(
                edit, "does not exist; give a new file whole, in a fence such as text path=FILE"
            )
    return Change(edit.path, EXECUTABLE_MODE if text.startswith("#!") else FILE_MODE, text.encode())


def _text(edit: Edit, data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _refused(edit, "is not UTF-8, so it is not edited as text") from None
    if "\0" in text:
        raise _refused(edit, "holds NUL bytes, so it is not edited as text")
    return text


def _edited(edit: TextEdit, file: TextFile) -> tuple[TextFile, tuple[str, ...]]:
    name = show(edit.path)
    match edit:
        case SearchReplace():
            return apply_pairs(edit.pairs, file, name)
        case Patch():
            return apply_hunks(edit.diff.hunks, file, name)
        case WholeFile():
            return _rewritten(edit, file)


def _rewritten(edit: WholeFile, file: TextFile) -> tuple[TextFile, tuple[str, ...]]:
    elisions = new_elisions(line_texts(edit.text), file.texts)
    if elisions:
        raise EditsRefused(
            *(
                f'Line {edit.line + elision.line}: "{elision.text}" stands for text that is left'
                f" out of {show(edit.path)} and would be lost; give the whole file, or change a"
                " part of it with an edit fence."
                for elision in elisions
            )
        )
    if slip := slip_of_rewritten(line_texts(edit.text), file.texts):
        raise _refused(
            edit,
            f"is given whole, {slip}; to change a part of it, write"
            f' "edit path={show(edit.path)}"; if the file is to hold that, put it there by an edit'
            " with longer markers",
        )
    new = file.rewritten(edit.text)
    return new, tuple(_losses(show(edit.path), len(file.lines), len(new.lines)))


_MUCH = 20
"""Lines of a file; of a shorter one, most are soon gone."""


def _losses(name: str, before: int, after: int) -> Iterator[str]:
    if before and not after:
        yield f"{name}: all its text is gone."
    elif before >= _MUCH and after < before / 2:
        yield f"{name}: given whole, with {after} lines where it had {before}."


def _refused(edit: Edit, reason: str) -> EditsRefused:
    return EditsRefused(f"Line {edit.line}: {show(edit.path)!r} {reason}.")
