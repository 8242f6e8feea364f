"""write_back: answers brought into a checkout.

Whatever is written or deleted is copied aside before, and nothing is touched that is in no commit
and in no conflict.
"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from gitswarm.errors import GitError, MergeError
from gitswarm.integrate.on_disk import changed_since, place_of, regular_file, smudged
from gitswarm.integrate.unmerged import Unmerged
from gitswarm.merge.conflicts import Conflict
from gitswarm.merge.ways import Way
from gitswarm.repo.objects import SUBMODULE_MODE, Oid, RepoPath, show
from gitswarm.repo.repository import Repository


def write_text(repository: Repository, file: Unmerged, data: bytes, saved: Path) -> None:
    """Write a file whose hunks were answered. Raises `MergeError`, and nothing is written, where it
    is not any more what it was."""
    place = file.conflict.place
    at = regular_file(repository, place)
    if at.read_bytes() != file.data:
        raise MergeError(f"{show(place)} was changed meanwhile; nothing was written to it")
    if file.decoded is not None:
        data = smudged(repository, place, repository.write_blob(data))
    _copy_aside(repository, place, saved)
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


def stage(repository: Repository, path: RepoPath) -> None:
    """`git add`: only for a file without a marker."""
    repository.git("add", "--", b":(top,literal)" + path)


def carry_out(repository: Repository, unmerged: Unmerged, way: Way, saved: Path) -> None:
    """Bring index and files to what a way says. Raises `MergeError`, and nothing is changed, where
    that would touch what nobody decided about."""
    conflict = unmerged.conflict
    own = {stage.path for stage in conflict.stages.by_side().values()}
    if changed := changed_since(repository, conflict):
        raise MergeError(f"{show(changed)} was changed meanwhile; nothing was written")
    folders = [path for path in way.kept if place_of(repository, path).is_dir() and path not in own]
    inside = [path for folder in folders for path in _clean_files(repository, folder)]
    for path in way.kept.keys() - own - {*folders}:
        if os.path.lexists(place_of(repository, path)):
            raise MergeError(f"{show(path)} is in the way; nothing was written")
    there = {stage.path for stage in (conflict.stages.ours, conflict.stages.theirs) if stage}
    for path in (*own, *inside):
        _copy_aside(repository, path, saved)
    digits = len(next(iter(conflict.stages.by_side().values())).oid)
    entries = [
        *(b"0 " + b"0" * digits + b"\t" + path for path in (*own, *inside)),
        *(f"{mode} {oid}\t".encode() + path for path, (mode, oid) in way.kept.items()),
    ]
    repository.git(
        "update-index", "-z", "--index-info", input=b"".join(entry + b"\0" for entry in entries)
    )
    for path in (*there, *inside):
        if path not in way.kept:
            _delete(repository, path)
    files = [path for path, (mode, _) in way.kept.items() if mode != SUBMODULE_MODE]
    repository.git(
        "checkout-index",
        "--force",
        "--index",
        "-z",
        "--stdin",
        input=b"".join(path + b"\0" for path in files),
    )


def _clean_files(repository: Repository, folder: RepoPath) -> list[RepoPath]:
    """The tracked files of a folder. Raises `MergeError` where it holds anything else."""
    here = b":(top,literal)" + folder
    changed = repository.git("diff-files", "--quiet", "--", here, ok=(0, 1)).status
    if changed or repository.lines("ls-files", "--others", "-z", "--", here):
        raise MergeError(f"{show(folder)} holds what is in no commit; nothing was written")
    return [
        RepoPath(path) for path in repository.lines("ls-files", "-z", "--full-name", "--", here)
    ]


def _delete(repository: Repository, path: RepoPath) -> None:
    """A file or link, and the folders that are empty then."""
    at = place_of(repository, path)
    if not at.is_dir() or at.is_symlink():
        at.unlink(missing_ok=True)
    assert repository.work_tree is not None
    *folders, _root = at.relative_to(repository.work_tree).parents
    for folder in folders:
        try:
            (repository.work_tree / folder).rmdir()
        except OSError:
            return


def _copy_aside(repository: Repository, path: RepoPath, saved: Path) -> None:
    at = place_of(repository, path)
    if at.is_dir() and not at.is_symlink():
        return
    if os.path.lexists(at):
        copy = saved / os.fsdecode(path)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(at, copy, follow_symlinks=False)


def saved_folder(repository: Repository, name: str) -> Path:
    """Where copies of the files go before they are written."""
    return repository.git_dir / "swarm-resolve" / name


def tree_with_ours(repository: Repository, conflicts: Iterable[Conflict]) -> Oid | None:
    """The tree of the index, with some conflicted files as ours has them; None while anything else
    is in conflict."""
    with TemporaryDirectory(prefix="gitswarm-index-") as scratch:
        index = Path(scratch, "index")
        shutil.copyfile(repository.git_dir / "index", index)
        env = {"GIT_INDEX_FILE": str(index)}
        entries = []
        for one in conflicts:
            ours = one.stages.ours
            if ours is None:
                return None
            entries.append(f"0 {'0' * len(ours.oid)}\t".encode() + one.place + b"\0")
            entries.append(f"{ours.mode} {ours.oid}\t".encode() + one.place + b"\0")
        repository.git("update-index", "-z", "--index-info", input=b"".join(entries), env=env)
        try:
            return Oid(repository.git("write-tree", env=env).stdout.decode().strip())
        except GitError:
            return None
