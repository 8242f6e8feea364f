"""Unmerged: the conflicted files of a checkout in the middle of a merge, rebase, cherry-pick,
revert or `stash apply`, and how answers get into them.

A file is taken as it is on disk: what a person has settled in it by hand is text by then, and only
hunks that are still marked are answered. Before it is written it is copied aside.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from gitswarm.errors import MergeError, UsageError
from gitswarm.merge.conflicts import (
    ConflictedText,
    Hunk,
    Kind,
    Stage,
    Stages,
    UnclearMarkersError,
    marker_runs,
)
from gitswarm.merge.files import Form, Versions, git_merge
from gitswarm.merge.question import Side as About
from gitswarm.repo.attributes import MARKER_SIZE
from gitswarm.repo.objects import SUBMODULE_MODE, SYMLINK_MODE, Oid, RepoPath, show
from gitswarm.repo.repository import Repository


@dataclass(frozen=True, slots=True)
class Unmerged:
    path: RepoPath
    kind: Kind
    stages: Stages
    data: bytes
    """What is on disk."""
    text: ConflictedText | None
    """It, with the bases of its hunks where they can be told; None where `why` says so."""
    why: str = ""


def load_unmerged(repository: Repository, paths: Sequence[RepoPath]) -> list[Unmerged]:
    """The conflicted files, all or those that some pathspecs name. Raises `UsageError` where there
    are none."""
    if repository.work_tree is None:
        raise UsageError("there is no checkout here whose conflicts could be resolved")
    chosen = [b":(top,literal)" + path for path in paths]
    found: dict[RepoPath, dict[int, Stage]] = {}
    for record in repository.lines("ls-files", "-u", "-z", "--full-name", "--", *chosen):
        facts, _, name = record.partition(b"\t")
        mode, oid, number = facts.decode().split(" ")
        found.setdefault(RepoPath(name), {})[int(number)] = Stage(mode, Oid(oid), RepoPath(name))
    if not found:
        raise UsageError("nothing is in conflict here", hint="git status")
    asked = b"".join(path + b"\0" for path in found)
    fields = repository.git(
        "check-attr", "-z", "--stdin", "conflict-marker-size", input=asked
    ).stdout.split(b"\0")
    sizes = [int(value) if value.isdigit() and int(value) else 7 for value in fields[2:-1:3]]
    return [
        _load(repository, path, Stages(*(stages.get(n) for n in (1, 2, 3))), size)
        for (path, stages), size in zip(found.items(), sizes, strict=True)
    ]


def write_back(repository: Repository, file: Unmerged, data: bytes, saved: Path) -> Path:
    """Write a file whose hunks were answered, once it is copied below `saved`; the copy. Raises
    `MergeError`, and nothing is written, where it is not any more what it was."""
    at = _place(repository, file.path)
    if at.read_bytes() != file.data:
        raise MergeError(f"{show(file.path)} was changed meanwhile; nothing was written to it")
    copy = saved / os.fsdecode(file.path)
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(at, copy)
    with NamedTemporaryFile(dir=at.parent, prefix=".gitswarm-", delete=False) as new:
        try:
            new.write(data)
            new.flush()
            os.fsync(new.fileno())
            shutil.copymode(at, new.name)
            os.replace(new.name, at)
        except BaseException:
            Path(new.name).unlink(missing_ok=True)
            raise
    return copy


def stage(repository: Repository, path: RepoPath) -> None:
    """`git add`: only for a file without a marker."""
    repository.git("add", "--", b":(top,literal)" + path)


def both_sides(repository: Repository) -> tuple[str, Oid | None, Oid | None]:
    """What is under way, the commit of theirs, and the one that both started from."""
    for name, words in _UNDER_WAY.items():
        output = repository.git("rev-parse", "--verify", "--quiet", f"{name}^0", ok=(0, 1, 128))
        if output.status == 0:
            theirs = Oid(output.stdout.decode().strip())
            if name == "MERGE_HEAD":
                return words, theirs, repository.merge_base(repository.commit_oid("HEAD"), theirs)
            parents = repository.commit(theirs).parents
            return words, theirs, parents[0] if parents else None
    return "stash", None, None


_UNDER_WAY = {
    "MERGE_HEAD": "merge",
    "REVERT_HEAD": "revert",
    "REBASE_HEAD": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
}


def about_sides(repository: Repository, path: RepoPath) -> tuple[About, About]:
    """What each side was about, by the subjects of its commits that touch a file."""
    words, theirs, base = both_sides(repository)
    head = repository.commit_oid("HEAD")
    if theirs is None or base is None:
        return About("what is checked out"), About("what is applied to it")
    common = repository.merge_base(head, theirs)
    ours = repository.subjects(common, head, path) if common else ()
    subject = repository.commit(theirs).message.partition("\n")[0]
    if words == "merge":
        return (
            About("the branch that is checked out", subjects=ours),
            About("the branch to be merged", subjects=repository.subjects(base, theirs, path)),
        )
    undone = "the commit before this one, which is to be undone: " if words == "revert" else ""
    return About("what is checked out", subjects=ours), About(f"{undone}{subject}")


def _load(repository: Repository, path: RepoPath, stages: Stages, size: int) -> Unmerged:
    def left(kind: Kind, why: str, data: bytes = b"") -> Unmerged:
        return Unmerged(path, kind, stages, data, None, why)

    modes = {one.mode for one in stages.by_side().values()}
    if SUBMODULE_MODE in modes:
        return left("submodule", "a submodule: choose its commit")
    if SYMLINK_MODE in modes:
        return left("symlink", "a symbolic link: choose where it leads")
    if stages.ours is None or stages.theirs is None:
        return left(_kind_without_side(stages), "it is not on both sides: git add or git rm it")
    kind: Kind = "content" if stages.base else "add/add"
    try:
        data = _place(repository, path).read_bytes()
    except (OSError, MergeError) as error:
        return left(kind, f"it cannot be read: {error}")
    base, ours, theirs = (
        _smudged(repository, one, path) if one else b""
        for one in (stages.base, stages.ours, stages.theirs)
    )
    versions = Versions(ours, base, theirs)
    try:
        text = ConflictedText.parse(data, size, unterminated=versions.unterminated)
    except UnclearMarkersError as error:
        return left(kind, f"{error}: put them right, or git checkout -m -- {show(path)}", data)
    if not text.hunks:
        if b"\0" in data:
            return left("binary", "a binary file: take one side, and git add it", data)
        return left(kind, "no marker is left in it: git add it if it is as you want it", data)
    return Unmerged(path, kind, stages, data, _with_bases(text, base))


def _kind_without_side(stages: Stages) -> Kind:
    if stages.base is None:
        return "rename/add"
    return "modify/delete" if stages.ours or stages.theirs else "rename/rename"


def _with_bases(text: ConflictedText, base: bytes) -> ConflictedText:
    """The same, with the base of each hunk that was marked without one, where a merge of what both
    sides make of the file has just that hunk."""
    if all(hunk.base is not None for hunk in text.hunks):
        return text
    ours, theirs = text.take("ours"), text.take("theirs")
    size = max({MARKER_SIZE, *(run + 1 for run in marker_runs(b"\n".join((ours, base, theirs))))})
    versions = Versions(ours, base, theirs)
    try:
        merged = git_merge(versions, Form(marker_size=size, style="diff3"))
        known = ConflictedText.parse(merged.data, size, unterminated=versions.unterminated)
    except (MergeError, UnclearMarkersError):
        return text
    bases: dict[tuple[bytes, bytes], list[Hunk]] = {}
    for hunk in known.hunks:
        bases.setdefault((hunk.ours, hunk.theirs), []).append(hunk)
    only = {sides: hunks[0].base for sides, hunks in bases.items() if len(hunks) == 1}
    return text.with_bases(
        {
            hunk.number: found
            for hunk in text.hunks
            if hunk.base is None and (found := only.get((hunk.ours, hunk.theirs))) is not None
        }
    )


def _smudged(repository: Repository, one: Stage, path: RepoPath) -> bytes:
    """A version as a checkout has it, with its line ends and filters."""
    return repository.git("cat-file", "--filters", b"--path=" + path, one.oid).stdout


def _place(repository: Repository, path: RepoPath) -> Path:
    """The file on disk. Raises `MergeError` where it is none, or not in the checkout."""
    assert repository.work_tree is not None
    at = repository.work_tree / os.fsdecode(path)
    root = repository.work_tree.resolve()
    if (
        at.is_symlink()
        or not at.is_file()
        or at.parent.resolve() != root.joinpath(os.fsdecode(path)).parent
    ):
        raise MergeError(f"{show(path)} is no regular file of the checkout")
    return at


def saved_folder(repository: Repository, name: str) -> Path:
    """Where copies of the files go before they are written."""
    return repository.git_dir / "swarm-resolve" / name
