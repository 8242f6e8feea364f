"""The one place that runs a command that is not git.

Most are the user's own (verify, a check, a setup), but what they run was in part written by a
model: they get no secret, no terminal, a time limit, and they end together with every process they
started. A program that touches nothing of a model's, such as `gh`, keeps the secrets that are its
own; one that does a task in place of the model keeps them all.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitswarm.repo.environment import is_model_secret, take_git_environment, without_secrets

KEPT_OUTPUT = 64 * 1024
"""Bytes of output that are kept, of its beginning and of its end."""

_GRACE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Completed:
    """How a command ended."""

    status: int
    """Its exit status; negative for the signal that ended it."""
    output: str
    """What it printed, both streams as they came, its two ends if it was much."""
    seconds: float
    timed_out: bool = False

    @property
    def passed(self) -> bool:
        return self.status == 0 and not self.timed_out


async def run_shell(
    command: str,
    cwd: Path,
    *,
    timeout: float,
    environ: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    input: bytes = b"",
    keep_secrets: bool = False,
) -> Completed:
    """Run a shell command in `cwd` and wait for it, at most `timeout` seconds.

    `arguments` are `$1` and so on in the command, `input` is what it reads. A program of the user's
    own may need the secrets of the environment: `keep_secrets`. Raises `OSError` where it cannot
    even be started.
    """
    env = dict(os.environ if environ is None else environ)
    env = env if keep_secrets else without_secrets(env)
    take_git_environment(env)
    mark = env[_MARK] = secrets.token_hex(16)
    began = time.monotonic()
    # A pipe of asyncio's own would keep `wait` waiting for as long as any child holds it open.
    output, given = os.pipe()
    try:
        # A file cannot block whoever writes it, as a pipe would that nobody reads.
        with tempfile.TemporaryFile() as stdin:
            stdin.write(input)
            stdin.seek(0)
            process = await asyncio.create_subprocess_exec(
                *("/bin/sh", "-c", command, "sh", *arguments),
                cwd=cwd,
                env=env,
                stdin=stdin,
                stdout=given,
                stderr=given,
                start_new_session=True,
            )
    except BaseException:
        os.close(output)
        raise
    finally:
        os.close(given)
    ends = _Ends()
    reading = asyncio.create_task(ends.read(output))
    timed_out = False
    try:
        async with asyncio.timeout(timeout):
            await process.wait()
    except TimeoutError:
        timed_out = True
    finally:
        try:
            await _end_group(process)
        finally:
            _end_strays(mark)
        # A child that is not found may hold the pipe open for ever; what it prints is not ours.
        await asyncio.wait([reading], timeout=_GRACE_SECONDS)
        reading.cancel()
    assert process.returncode is not None
    return Completed(process.returncode, ends.text, time.monotonic() - began, timed_out)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended whose answer is read by us."""

    status: int
    stdout: bytes
    stderr: bytes


async def run_program(
    command: Sequence[str], *, input: bytes = b"", timeout: float, environ: Mapping[str, str]
) -> Ran:
    """Run a program of the user's own, which may have the secrets in `environ`, without a shell and
    away from the terminal. One that takes longer than `timeout` seconds is ended; its status is
    then negative, and what it had said is lost."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={name: value for name, value in environ.items() if not is_model_secret(name)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(timeout):
            stdout, stderr = await process.communicate(input)
    except TimeoutError:
        stdout, stderr = b"", f"it did not end within {timeout:g} s".encode()
    finally:
        await _end_group(process)
    assert process.returncode is not None
    return Ran(process.returncode, stdout, stderr)


class _Ends:
    """The beginning and the end of what a command printed, however much that was."""

    def __init__(self) -> None:
        self._first = bytearray()
        self._last = bytearray()
        self._dropped = 0

    async def read(self, output: int) -> None:
        """Read a pipe to its end, and close it."""
        stream = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream),
            open(output, "rb", buffering=0),  # noqa: SIM115
        )
        with contextlib.closing(transport):
            while piece := await stream.read(16 * 1024):
                room = max(0, KEPT_OUTPUT - len(self._first))
                self._first += piece[:room]
                self._last += piece[room:]
                if len(self._last) > 2 * KEPT_OUTPUT:
                    self._drop()

    def _drop(self) -> None:
        excess = max(0, len(self._last) - KEPT_OUTPUT)
        self._dropped += excess
        del self._last[:excess]

    @property
    def text(self) -> str:
        self._drop()
        between = f"\n[{self._dropped} bytes are left out here]\n" if self._dropped else ""
        return f"{_decoded(self._first)}{between}{_decoded(self._last)}"


def _decoded(data: bytearray) -> str:
    return data.decode("utf-8", "replace")


async def _end_group(process: asyncio.subprocess.Process) -> None:
    """End what the command left behind: politely first, then not, and at once when there is no time
    to wait. The group's number stays taken while any of its processes lives, so the signals cannot
    reach a stranger."""
    try:
        for signum in (signal.SIGTERM, signal.SIGKILL):
            _signal_group(process.pid, signum)
            until = time.monotonic() + _GRACE_SECONDS
            while time.monotonic() < until and _group_lives(process.pid):
                await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        _signal_group(process.pid, signal.SIGKILL)
        raise
    await process.wait()


def _signal_group(group: int, signum: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signum)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


_MARK = "GITSWARM_COMMAND"
"""The variable by which the processes of one command are known, wherever they have gone."""


def _end_strays(mark: str) -> None:
    """End what left the group, such as a server in a session of its own. Where no `/proc` shows the
    environment of processes, they stay."""
    variable = f"{_MARK}={mark}".encode()
    ended: set[int] = set()
    # what is being ended may start another
    while found := {pid for pid in _pids() if pid not in ended and _end_if_has(pid, variable)}:
        ended |= found


def _pids() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdecimal()]
    except OSError:
        return []


def _end_if_has(pid: int, variable: bytes) -> bool:
    """Whether a process had a variable in its environment, and was ended. The handle makes sure
    that the process which is ended is the one that was looked at."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        has = variable in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        if has:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except OSError:
        return False
    finally:
        os.close(handle)
    return has
