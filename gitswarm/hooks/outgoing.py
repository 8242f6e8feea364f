"""Outgoing: what a push adds to a remote, as far as one can tell without asking it."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gitswarm.errors import GitError
from gitswarm.repo.objects import Oid, RefName
from gitswarm.repo.repository import Repository
from gitswarm.review.scope import DEFAULT_BRANCHES

ALL_COMMITS = 500
"""Of so many new commits each is looked at by itself; of more, only what they come to."""


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """One line of what git tells a pre-push hook, see githooks(5)."""

    local_ref: str
    """`(delete)` for a deletion; otherwise as the user named it, which may be any revision."""
    local: Oid | None
    """None for a deletion."""
    remote_ref: str
    remote: Oid | None
    """None for a ref that the remote does not have yet. It need not exist here."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The new commits of one ref, and what they come to together."""

    update: RefUpdate
    base: Oid
    """A commit that the remote has, or the tree without files."""
    head: Oid
    commits: tuple[Oid, ...]
    """Without merges; empty where there are too many to be looked at one by one, or only one."""
    too_many: bool = False


def read_updates(stdin: bytes) -> tuple[RefUpdate, ...]:
    """The lines that git writes to the hook. Raises `GitError` for one that is not of that form."""
    updates = []
    for line in filter(None, os.fsdecode(stdin).split("\n")):
        fields = line.rsplit(" ", 3)
        if len(fields) != 4:
            raise GitError(
                f"this is not what git tells a pre-push hook: {line!r}",
                hint="it is git that runs the hook, at a push",
            )
        local_ref, local, remote_ref, remote = fields
        updates.append(RefUpdate(local_ref, _oid(local), remote_ref, _oid(remote)))
    return tuple(updates)


def _oid(text: str) -> Oid | None:
    return Oid(text) if text.strip("0") else None


def update_of_pre_commit(
    repository: Repository, environ: Mapping[str, str]
) -> tuple[RefUpdate, str] | None:
    """The push that the framework pre-commit tells of, and the remote's name; None at a commit.

    It names the ends of a range, or, for a first push, only the branch.
    """
    remote = environ.get("PRE_COMMIT_REMOTE_NAME", "")
    old, new = environ.get("PRE_COMMIT_FROM_REF"), environ.get("PRE_COMMIT_TO_REF")
    local_ref = environ.get("PRE_COMMIT_LOCAL_BRANCH", "")
    remote_ref = environ.get("PRE_COMMIT_REMOTE_BRANCH", "")
    if old and new:
        old_oid, new_oid = repository.commit_oid(old), repository.commit_oid(new)
        return RefUpdate(local_ref, new_oid, remote_ref, old_oid), remote
    if remote:
        new_oid = repository.commit_oid(local_ref or "HEAD")
        return RefUpdate(local_ref, new_oid, remote_ref, None), remote
    return None


def outgoing(
    repository: Repository, updates: tuple[RefUpdate, ...], remote: str
) -> Iterator[Outgoing]:
    """What each of the updates adds to the remote and to the updates before it. Deletions, and refs
    to what is there already, add nothing."""
    remote = _name(repository, remote)
    pushed: list[Oid] = []
    for update in updates:
        head = None if update.local is None else repository.peeled(update.local)
        if head is None or head in pushed:
            continue
        found = _outgoing(repository, update, head, remote, pushed)
        pushed.append(head)
        if found:
            yield found


def _name(repository: Repository, remote: str) -> str:
    """The name of a remote that was pushed to by its address, which git tells in place of it."""
    for key in repository.config_keys("remote."):
        if key.endswith((".url", ".pushurl")) and repository.config(key) == remote:
            return key.removeprefix("remote.").rpartition(".")[0]
    return remote


def _outgoing(
    repository: Repository, update: RefUpdate, head: Oid, remote: str, pushed: Iterable[Oid]
) -> Outgoing | None:
    known = [*([update.remote] if update.remote else []), *pushed]
    listed = repository.git(
        *("rev-list", "--ignore-missing", "--topo-order", "--boundary", "--parents", "--stdin"),
        *(["--not", f"--remotes={remote}"] if remote else []),
        input="".join(f"{oid}\n" for oid in (head, *(f"^{oid}" for oid in known))).encode(),
    )
    lines = [line.split() for line in listed.stdout.decode().splitlines()]
    edge = [Oid(line[0][1:]) for line in lines if line[0].startswith("-")]
    new = [line for line in lines if not line[0].startswith("-")]
    if not new:
        return None
    commits = tuple(Oid(line[0]) for line in new if len(line) <= 2)
    base = _base(repository, update, head, edge, remote)
    if len(commits) > ALL_COMMITS:
        return Outgoing(update, base, head, (), too_many=True)
    return Outgoing(update, base, head, commits if len(new) > 1 else ())


def _base(
    repository: Repository, update: RefUpdate, head: Oid, edge: list[Oid], remote: str
) -> Oid:
    """Where the new commits leave what the remote has. Where they do so at several places, it is
    where they leave the remote's default branch: what was merged from there is none of this push.
    Where that is not known, it is the ref's own old commit."""
    if not edge:
        return repository.store.write_tree([])
    if len(edge) == 1:
        return edge[0]
    default = _default_branch(repository, remote)
    fork = None if default is None else repository.merge_base(default, head)
    if update.remote in edge and fork not in edge:
        return update.remote
    return fork or edge[0]


def _default_branch(repository: Repository, remote: str) -> Oid | None:
    """The remote's default branch as far as it is known here: `git clone` notes which one it is,
    `git remote add` does not."""
    names = ("HEAD", *DEFAULT_BRANCHES)
    found = (repository.ref(RefName(f"refs/remotes/{remote}/{name}")) for name in names)
    return next(filter(None, found), None)
