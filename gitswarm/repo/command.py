"""One git command, as a process: what every one of ours is told, and what it answers."""

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import git

from gitswarm.errors import GitError, GitTimeoutError
from gitswarm.repo.environment import is_model_secret, is_secret
from gitswarm.repo.objects import RepoPath, show

_ALWAYS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "log.showSignature=false",
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
    "advice.graftFileDeprecated=false",
    "diff.suppressBlankEmpty=false",
    "core.quotePath=true",
)

Process = git.Git.AutoInterrupt
"""A process that is ended with the last reference to it, as GitPython starts them."""


@dataclass(frozen=True, slots=True)
class GitOutput:
    status: int
    stdout: bytes
    stderr: bytes


def start_git(cwd: Path, args: Sequence[str | bytes], env: Mapping[str, str]) -> Process:
    """A git command with pipes on all sides, out of the reach of the terminal's signals."""
    blanked = {name: "" for name in os.environ if is_secret(name)}
    return _start(cwd, args, {**blanked, "GIT_TERMINAL_PROMPT": "0", **env}, session=True)


def _start(
    cwd: Path, args: Sequence[str | bytes], env: Mapping[str, str], *, session: bool
) -> Process:
    settings = (part for setting in _ALWAYS for part in ("-c", setting))
    command = ["git", *settings, *map(os.fsdecode, args)]
    try:
        return git.Git(str(cwd)).execute(
            command,
            as_process=True,
            istream=subprocess.PIPE,
            env={"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", **env},
            start_new_session=session,
        )
    except (git.GitCommandNotFound, NotADirectoryError) as error:
        raise GitError(f"git could not be started in {cwd}: {error}") from error


def run_git(
    cwd: Path,
    args: Sequence[str | bytes],
    input: bytes,
    env: Mapping[str, str],
    seconds: float | None = None,
) -> GitOutput:
    """One command to its end; one that takes longer than `seconds` is ended: `GitTimeoutError`."""
    process = start_git(cwd, args, env)
    try:
        stdout, stderr = process.communicate(input, timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise GitTimeoutError(f"git {named(args)} did not end within {seconds:g} s") from None
    return GitOutput(process.returncode, stdout, stderr)


def run_over_network(
    cwd: Path,
    args: Sequence[str | bytes],
    input: bytes,
    env: Mapping[str, str],
    *,
    may_ask: bool,
    seconds: float | None = None,
) -> GitOutput:
    """A command that another machine answers, by way of the user's ssh and credential helpers.

    These are programs of the user's own, so they find the environment as it is, but for the model's
    key. `may_ask`: they may ask for a password on the terminal, whose signals reach them then too.
    """
    asking = os.environ.get("GIT_TERMINAL_PROMPT", "1") if may_ask else "0"
    blanked = {name: "" for name in os.environ if is_model_secret(name)}
    process = _start(
        cwd, args, {**blanked, **env, "GIT_TERMINAL_PROMPT": asking}, session=not may_ask
    )
    try:
        stdout, stderr = process.communicate(input, timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill() if may_ask else os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise GitTimeoutError(f"git {args[0]!s} did not end within {seconds:g} s") from None
    return GitOutput(process.returncode, stdout, stderr)


def named(args: Sequence[str | bytes]) -> str:
    """The command as a message names it; long lists of arguments are cut."""
    words = [arg if isinstance(arg, str) else show(RepoPath(arg)) for arg in args]
    text = " ".join(words[:6])
    return text if len(words) <= 6 else text + " ..."


def says(stderr: bytes) -> str:
    """The end of what git printed, without the advice that a blank line sets apart from it."""
    *_, reason = re.split(r"\n\s*\n", stderr.decode("utf-8", "replace").strip())
    return " / ".join(reason.splitlines()[-3:]) or "it said nothing"
