"""on_disk: what a checkout has at the paths of its index."""

import os
from pathlib import Path

from gitswarm.errors import MergeError
from gitswarm.merge.conflicts import Conflict
from gitswarm.repo.objects import Oid, RepoPath, show
from gitswarm.repo.repository import Repository


def place_of(repository: Repository, path: RepoPath) -> Path:
    assert repository.work_tree is not None
    return repository.work_tree / os.fsdecode(path)


def regular_file(repository: Repository, path: RepoPath) -> Path:
    """The file on disk. Raises `MergeError` where it is none, or not in the checkout."""
    at = place_of(repository, path)
    if at.is_symlink() or not at.is_file() or not _is_inside(repository, path):
        raise MergeError(f"{show(path)} is no regular file of the checkout")
    return at


def _is_inside(repository: Repository, path: RepoPath) -> bool:
    """Whether no folder on the way is a link."""
    assert repository.work_tree is not None
    expected = repository.work_tree.resolve().joinpath(os.fsdecode(path)).parent
    return place_of(repository, path).parent.resolve() == expected


def smudged(repository: Repository, path: RepoPath, oid: Oid) -> bytes:
    """A version as a checkout has it, with its line ends and filters."""
    return repository.git("cat-file", "--filters", b"--path=" + path, oid).stdout


def changed_since(repository: Repository, conflict: Conflict) -> RepoPath | None:
    """A version that is not on disk any more as git left it there."""
    by_path: dict[RepoPath, set[Oid]] = {}
    for side, one in conflict.stages.by_side().items():
        if side != "base" and one.is_blob:
            by_path.setdefault(one.path, set()).add(one.oid)
    for path, oids in by_path.items():
        if _oid(repository, path) not in oids:
            return path
    return None


def _oid(repository: Repository, path: RepoPath) -> Oid | None:
    """What `git add` would make of it; None where there is no file or link."""
    at = place_of(repository, path)
    if not _is_inside(repository, path):
        return None
    if at.is_symlink():
        target = os.fsencode(os.readlink(at))
        output = repository.git("hash-object", "--stdin", "--no-filters", input=target)
    elif at.is_file():
        output = repository.git("hash-object", b"--path=" + path, "--", os.fsencode(at))
    else:
        return None
    return Oid(output.stdout.decode().strip())
