"""Git processes that stay: one answers for objects, one moves refs.

A run asks for thousands of objects and moves hundreds of refs. A process for each would cost some
milliseconds of both cores, which is most of what such a run costs besides the model.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar
from weakref import finalize

from gitswarm.errors import GitError
from gitswarm.repo.command import Process, named, says
from gitswarm.repo.objects import Oid, RefName

T = TypeVar("T")

Start = Callable[[Sequence[str]], Process]
"""Starts a git command of one repository, given its arguments."""


class _Standing:
    """A process that is started when it is first needed, and again after it has ended. Threads take
    turns; it ends when its input does, which is when this process ends, however that happens."""

    arguments: tuple[str, ...]

    def __init__(self, start: Start) -> None:
        self._start = start
        self._process: Process | None = None
        self._close: finalize[[Process], _Standing]
        self._turn = Lock()

    def _send(self, data: bytes) -> Process:
        process = self._process
        if process is None:
            self._process = process = self._start(self.arguments)
            self._close = finalize(self, _end, process)
        try:
            process.stdin.write(data)
            process.stdin.flush()
        except BrokenPipeError:
            raise self._ended(process) from None
        return process

    def _ended(self, process: Process) -> GitError:
        """What the process said before it went away in the middle of an answer."""
        self._process = None
        stderr = self._close() or b""
        reason = f"failed with {process.returncode}: {says(stderr)}"
        return GitError(f"git {named(self.arguments)} {reason}")


def _end(process: Process) -> bytes:
    """Close the pipes and wait; what it wrote to its error output."""
    _, stderr = process.communicate()
    return bytes(stderr)


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    oid: Oid
    kind: str
    """`blob`, `tree`, `commit` or `tag`."""
    size: int
    """In bytes."""


Contents = tuple[ObjectInfo, bytes]

_ROOM = 4_096
"""Bytes that any pipe takes at once, see pipe(7): a longer question could wait for an answer to be
taken that waits for the question to end."""

_AROUND = len("contents \0")


def _in_turns(names: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Runs of names that can be asked for in one go."""
    turn: list[bytes] = []
    size = 0
    for name in names:
        size += len(name) + _AROUND
        if turn and size > _ROOM:
            yield turn
            turn, size = [], len(name) + _AROUND
        turn.append(name)
    if turn:
        yield turn


class ObjectReader(_Standing):
    """Objects by any name that gitrevisions(7) knows: `OID`, `REF`, `OID^{tree}`, `OID:PATH`."""

    arguments = ("cat-file", "--batch-command", "-z")

    def info(self, name: bytes) -> ObjectInfo | None:
        """What a name stands for; None when there is no such object."""
        return self.all_info([name])[0]

    def all_info(self, names: Sequence[bytes]) -> list[ObjectInfo | None]:
        """Of many names, asked for together."""
        return self._all(b"info ", names, self._header)

    def contents(self, name: bytes) -> Contents | None:
        return self.all_contents([name])[0]

    def all_contents(self, names: Sequence[bytes]) -> list[Contents | None]:
        """Of many objects, asked for together."""
        return self._all(b"contents ", names, self._answer)

    def _all(
        self, command: bytes, names: Sequence[bytes], answer: Callable[[Process, bytes], T | None]
    ) -> list[T | None]:
        found: list[T | None] = []
        with self._turn:
            for some in _in_turns(names):
                process = self._send(b"".join(command + name + b"\0" for name in some))
                found += [answer(process, name) for name in some]
        return found

    def _answer(self, process: Process, name: bytes) -> Contents | None:
        info = self._header(process, name)
        if info is None:
            return None
        data = process.stdout.read(info.size + 1)
        if len(data) <= info.size:
            raise self._ended(process)
        return info, data[:-1]

    def _header(self, process: Process, name: bytes) -> ObjectInfo | None:
        line = process.stdout.readline()
        if found := _FOUND.fullmatch(line):
            oid, kind, size = (field.decode() for field in found.groups())
            return ObjectInfo(Oid(oid), kind, int(size))
        if not line.endswith(b" submodule\n"):  # else the answer repeats the name
            line += b"".join(process.stdout.readline() for _ in range(name.count(b"\n")))
        if not line.endswith(b"\n"):
            raise self._ended(process)
        return None


_FOUND = re.compile(rb"([0-9a-f]{40,64}) (blob|tree|commit|tag) (\d+)\n")


class RefUpdater(_Standing):
    """Moves refs by compare-and-swap, one transaction each: see git-update-ref(1)."""

    arguments = ("update-ref", "--stdin", "-z")

    def update(self, name: RefName, new: Oid, old: Oid | None) -> None:
        """Raises `GitError` unless the ref is at `old` (None: unless it does not exist)."""
        with self._turn:
            change = f"update {name}\0{new}\0{old or '0' * len(new)}\0"
            process = self._send(f"start\0{change}commit\0".encode())
            answers = process.stdout.readline(), process.stdout.readline()
            if answers != (b"start: ok\n", b"commit: ok\n"):
                raise self._ended(process)
