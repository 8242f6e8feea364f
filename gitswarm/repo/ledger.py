"""Ledger: the run's record, a chain of commits under `refs/swarm/RUN`.

One commit for every step that must survive. Its parents are the ledger's previous commit and every
code commit that the step records, so that this one ref keeps everything alive through gc, and one
push carries it. Steps that end while another is being written share the next commit.

    run.json  plan.json  turns/NNNN.json  tasks/ID/result.json  tasks/ID/turns/NNNN.json
    resolutions/HASH.json  verdicts/TREE.json
"""

import asyncio
import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from gitswarm.errors import GitError, LedgerError
from gitswarm.repo.objects import (
    FILE_MODE,
    RUN_ID,
    Oid,
    RefName,
    RepoPath,
    RunId,
    TreeEntry,
)
from gitswarm.repo.repository import Repository

REFS = "refs/swarm/"

ANSWERS = RunId("answers")
"""No run: where answers are kept that were given outside of runs."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step leaves: files of the ledger's tree and the code commits to be kept alive."""

    subject: str
    files: Mapping[str, Any]
    """Path in the ledger's tree to a value that is written as JSON."""
    commits: tuple[Oid, ...] = ()
    removed: tuple[str, ...] = ()
    """Files and folders that go before the files are written: they stay in the commits before."""


@dataclass
class _Folder:
    """A directory of the ledger's tree, with the object of each part that is written already."""

    files: dict[str, Oid] = field(default_factory=dict)
    folders: dict[str, "_Folder"] = field(default_factory=dict)
    written: Oid | None = None

    def put(self, path: str, blob: Oid) -> None:
        folder, name = self._open(path)
        folder.files[name] = blob

    def remove(self, path: str) -> None:
        folder, name = self._open(path)
        folder.files.pop(name, None)
        folder.folders.pop(name, None)

    def _open(self, path: str) -> tuple["_Folder", str]:
        """The folder of a path, which is to be written anew with all above it, and the name."""
        *parents, name = path.split("/")
        folder = self
        folder.written = None
        for parent in parents:
            folder = folder.folders.setdefault(parent, _Folder())
            folder.written = None
        return folder, name


class Ledger:
    """The record of one run, being written. Steps may be recorded from many tasks at once."""

    def __init__(self, repository: Repository, run: RunId) -> None:
        self.run = run
        self.ref = ledger_ref(run)
        self._repository = repository
        self._tip: Oid | None = None
        self._root = _Folder()
        self._waiting: list[tuple[Step, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    @classmethod
    def reopen(cls, repository: Repository, run: RunId) -> "Ledger":
        """The record of a run that is there, to be continued where it ends."""
        ledger = cls(repository, run)
        ledger._tip = LedgerReader(repository, run).tip
        for entry in repository.entries(ledger._tip):
            ledger._root.put(os.fsdecode(entry.path), entry.oid)
        return ledger

    @property
    def exists(self) -> bool:
        """Whether anything was recorded."""
        return self._tip is not None or bool(self._waiting) or self._writer is not None

    async def record(self, step: Step) -> None:
        """Return once the step is in the repository; raises what kept it from getting there."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((step, written))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        await asyncio.shield(written)

    async def flush(self) -> None:
        """Return once nothing waits to be written."""
        if self._writer is not None:
            await self._writer

    async def _write_all(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._write, [step for step, _ in together])
            except Exception as error:  # each of those who wait is told, none is left hanging
                for _, written in together:
                    written.set_exception(error)
                    written.exception()  # one who was cancelled meanwhile will not ask
            else:
                for _, written in together:
                    written.set_result(None)

    def _write(self, steps: list[Step]) -> None:
        store = self._repository.store
        for step in steps:
            for path in step.removed:
                self._root.remove(path)
            for path, value in step.files.items():
                self._root.put(path, store.write("blob", _json(value)))
        tree = self._write_folder(self._root)
        kept = dict.fromkeys(commit for step in steps for commit in step.commits)
        now = f"{int(time.time())} +0000"
        message = "\n".join(step.subject for step in steps) + f"\n\nSwarm-Run: {self.run}\n"
        commit = store.write_commit(
            tree,
            [*([self._tip] if self._tip else []), *kept],
            message,
            author=f"{self._repository.author} {now}",
            committer=f"{self._repository.committer} {now}",
        )
        self._repository.update_ref(self.ref, commit, self._tip)
        self._tip = commit

    def _write_folder(self, folder: _Folder) -> Oid:
        if folder.written is None:
            entries = [
                TreeEntry(FILE_MODE, "blob", oid, RepoPath(os.fsencode(name)))
                for name, oid in folder.files.items()
            ]
            entries += [
                TreeEntry("040000", "tree", self._write_folder(inner), RepoPath(os.fsencode(name)))
                for name, inner in folder.folders.items()
                if inner.files or inner.folders
            ]
            folder.written = self._repository.store.write_tree(entries)
        return folder.written


def append(repository: Repository, run: RunId, step: Step) -> None:
    """Add a step to a record that nobody holds: whoever comes second adds it to the first one's.
    Raises `GitError`."""
    ref = ledger_ref(run)
    store = repository.store
    files = {
        RepoPath(os.fsencode(path)): (FILE_MODE, store.write("blob", _json(value)))
        for path, value in step.files.items()
    }
    for last in (*[False] * _TRIES, True):
        tip = repository.ref(ref)
        before = repository.tree(tip) if tip else store.write_tree(())
        parents = [*([tip] if tip else []), *step.commits]
        tree = repository.edit_tree(before, files)
        commit = repository.plain_commit(tree, parents, f"{step.subject}\n")
        try:
            repository.update_ref(ref, commit, tip)
            return
        except GitError:
            if last:
                raise


_TRIES = 9


class LedgerReader:
    """The record of one run as it stands."""

    def __init__(self, repository: Repository, run: RunId) -> None:
        self.run = run
        self._repository = repository
        tip = repository.ref(ledger_ref(run))
        if tip is None:
            raise LedgerError(
                f"there is no run {run} in this repository", hint='"git swarm list" shows the runs'
            )
        self.tip = tip
        """The commit of its last step."""

    def load(self, path: str) -> Any:
        """A file of the ledger's tree, parsed; None where it is not there."""
        entry = self._repository.entry(self.tip, RepoPath(path.encode()))
        if entry is None:
            return None
        return _parsed(path, self.run, self._repository.blob(entry.oid))

    def load_below(self, folder: str) -> dict[str, Any]:
        """Every file below a folder of the ledger's tree, parsed, by its path."""
        return self._load(lambda path: path.startswith(f"{folder}/"))

    def load_all(self) -> dict[str, Any]:
        """Every file of the ledger's tree, parsed, by its path."""
        return self._load(lambda _path: True)

    def _load(self, wanted: Callable[[str], bool]) -> dict[str, Any]:
        entries = {
            os.fsdecode(entry.path): entry.oid for entry in self._repository.entries(self.tip)
        }
        chosen = {path: oid for path, oid in entries.items() if wanted(path)}
        blobs = self._repository.blobs(chosen.values())
        return {path: _parsed(path, self.run, blobs[oid]) for path, oid in chosen.items()}

    @property
    def is_running(self) -> bool:
        """Whether a living process holds the run's lock."""
        lock = FileLock(lock_file(self._repository, self.run))
        try:
            with lock.acquire(blocking=False):
                return False
        except Timeout:
            return True


def files_of_runs(
    repository: Repository, runs: Iterable[RunId], paths: Collection[str]
) -> Iterator[tuple[str, Any]]:
    """Some files as those of the runs have them whose ledger holds them, in the order of the runs:
    path and value. Damaged ones are passed over. One process looks into all ledgers, and reads
    only what is there."""
    asked = {f"{ledger_ref(run)}:{path}": (path, run) for run in runs for path in paths}
    for name, data in repository.named_blobs(asked).items():
        path, run = asked[name]
        with suppress(LedgerError):
            yield path, _parsed(path, run, data)


def ledger_ref(run: RunId) -> RefName:
    return RefName(REFS + run)


def run_ids(repository: Repository) -> list[RunId]:
    """The runs of a repository, newest first."""
    found = repository.git(
        "for-each-ref", "--sort=-creatordate", "--format=%(refname)", REFS
    ).stdout.decode()
    names = [line.removeprefix(REFS) for line in found.splitlines()]
    return [RunId(name) for name in names if RUN_ID.fullmatch(name)]


def run_folder(repository: Repository, run: RunId) -> Path:
    """Where the plain files of a run live: what only a watcher needs, and the lock."""
    return repository.common_dir / "gitswarm" / run


def lock_file(repository: Repository, run: RunId) -> Path:
    folder = run_folder(repository, run)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "lock"


@contextmanager
def hold(repository: Repository, run: RunId) -> Iterator[None]:
    """Hold the run's lock: as long as this process lives, nobody else continues the run. Whatever
    else a crash left locked of its refs is freed."""
    lock = FileLock(lock_file(repository, run))
    try:
        with lock.acquire(blocking=False):
            _free_refs(repository, run)
            yield
    except Timeout:
        raise GitError(
            f"run {run} is at work in another process", hint=f'"git swarm status {run}" shows it'
        ) from None


def _free_refs(repository: Repository, run: RunId) -> None:
    """Remove the `.lock` files beside the run's own refs, see git-update-ref(1): nobody but the
    holder of the run moves them."""
    refs = repository.common_dir / "refs"
    for stale in (
        refs / "swarm" / f"{run}.lock",
        *(refs / "heads" / "swarm" / run).glob("*.lock"),
    ):
        stale.unlink(missing_ok=True)


def _parsed(path: str, run: RunId, data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        raise LedgerError(f"{path} of run {run} is damaged: {error}") from error


def _json(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=_plain)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
