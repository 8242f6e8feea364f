"""Push: branches to a remote, and what it says to that."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gitswarm.errors import GitTimeoutError, PublishError
from gitswarm.publish.remote import Remote, without_passwords
from gitswarm.repo.objects import BranchName, Oid, RefName
from gitswarm.repo.repository import Repository
from gitswarm.screen.text import clean

_URL = re.compile(r"https?://[^\s<>\"'`]+")
_TOLD_LINES = 6


@dataclass(frozen=True, slots=True)
class RemoteRefs:
    """What a remote shows: its refs, and which branch is its default one."""

    refs: dict[RefName, Oid]
    default: BranchName | None

    def branch(self, name: str) -> Oid | None:
        return self.refs.get(RefName(f"refs/heads/{name}"))

    def requests(self, folder: str) -> dict[int, Oid]:
        """What each pull request holds, by its number, on a forge that shows them below a folder
        such as `refs/pull`."""
        number = re.compile(rf"{folder}/(\d+)/head")
        found = ((number.fullmatch(name), oid) for name, oid in self.refs.items())
        return {int(match[1]): oid for match, oid in found if match}


@dataclass(frozen=True, slots=True)
class RefPush:
    """One ref to be pushed."""

    commit: Oid
    to: RefName
    replaces: Oid | None = None
    """What is there now and need not be part of the commit; the push fails where it is not there
    any more. None: only what the commit contains is replaced."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of a push, see "PORCELAIN OUTPUT" in git-push(1)."""

    rejected: dict[RefName, str]
    """Why the remote, or git, did not take a ref."""
    unchanged: frozenset[RefName]
    """Refs that had the commit already."""
    said: tuple[str, ...]
    """The lines that the remote itself printed, cleaned, without passwords."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses in what the remote printed."""
        found = (url.rstrip(".,;:)") for line in self.said for url in _URL.findall(line))
        return tuple(dict.fromkeys(found))


def newest_of(requests: Mapping[int, Oid], commits: Collection[Oid]) -> int | None:
    """The newest pull request that holds one of these commits."""
    return max((number for number, oid in requests.items() if oid in commits), default=None)


class Pusher:
    """Talks to one remote through git."""

    def __init__(
        self, repository: Repository, remote: Remote, *, may_ask: bool, seconds: float, again: str
    ) -> None:
        self.remote = remote
        self._repository = repository
        self._may_ask = may_ask
        self._seconds = seconds
        self._again = again
        """The command that tries all of it again, for hints."""

    def fetch_refs(self, *patterns: str) -> RemoteRefs:
        """The refs that match, as git-ls-remote(1) does, and the default branch."""
        status, stdout, stderr = self._git(
            "ls-remote", "--symref", "--", self.remote.name, "HEAD", *patterns
        )
        if status != 0:
            raise self._out_of_reach(stderr)
        refs: dict[RefName, Oid] = {}
        default = None
        for line in stdout.splitlines():
            value, _, name = line.partition("\t")
            if value.startswith("ref: refs/heads/") and name == "HEAD":
                default = BranchName(value.removeprefix("ref: refs/heads/"))
            elif not value.startswith("ref: "):
                refs[RefName(name)] = Oid(value)
        head = refs.pop(RefName("HEAD"), None)
        if default and head:
            refs[RefName(f"refs/heads/{default}")] = head
        return RemoteRefs(refs, default)

    def push(self, refs: Sequence[RefPush], options: Sequence[str] = ()) -> Pushed:
        """Push each ref for itself: one that is rejected does not keep the others back.

        Raises `PublishError` where the remote cannot be talked to. Hooks of the repository do not
        run, as for no git command of ours.
        """
        status, stdout, stderr = self._git(
            "push",
            "--porcelain",
            "--no-follow-tags",
            "--no-recurse-submodules",
            *(f"--force-with-lease={ref.to}:{ref.replaces}" for ref in refs if ref.replaces),
            *(f"--push-option={option}" for option in options),
            "--",
            self.remote.name,
            *(f"{ref.commit}:{ref.to}" for ref in refs),
        )
        lines = [line.split("\t") for line in stdout.splitlines()]
        told = [
            (flag, RefName(names.rpartition(":")[2]), summary)
            for flag, names, summary in (line for line in lines if len(line) == 3)
        ]
        if not told:
            raise self._out_of_reach(stderr or f"git push ended with {status}")
        return Pushed(
            rejected={ref: summary for flag, ref, summary in told if flag == "!"},
            unchanged=frozenset(ref for flag, ref, _ in told if flag == "="),
            said=_remote_lines(stderr),
        )

    def _git(self, *args: str) -> tuple[int, str, str]:
        """Exit status and what was printed, all of it fit to be shown."""
        try:
            output = self._repository.git_over_network(
                *args, may_ask=self._may_ask, seconds=self._seconds
            )
        except GitTimeoutError as error:
            raise PublishError(
                f"{self.remote.name} did not answer within {self._seconds:g} s: {error.message}",
                hint=f"set swarm.timeout higher, or try again: {self._again}",
            ) from None
        stdout, stderr = (
            without_passwords(clean(text.decode("utf-8", "replace")))
            for text in (output.stdout, output.stderr)
        )
        return output.status, stdout, stderr

    def _out_of_reach(self, stderr: str) -> PublishError:
        lines = [line.strip() for line in stderr.splitlines() if line.strip()]
        reason = " / ".join(lines[-_TOLD_LINES:]) or "it said nothing"
        return PublishError(
            f"git cannot talk to {self.remote.name} ({self.remote.shown}): {reason}",
            hint=f'check it with "git ls-remote {self.remote.name}", then run: {self._again}',
        )


def _remote_lines(stderr: str) -> tuple[str, ...]:
    lines = (
        line.removeprefix("remote:").strip()
        for line in stderr.splitlines()
        if line.startswith("remote:")
    )
    return tuple(line for line in lines if line)
