"""Forecast: which finished branches will not merge by themselves, from merges in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from gitswarm.merge.threeway import Pair, conflicting_paths
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.objects import Oid, RepoPath
from gitswarm.repo.repository import Repository


@dataclass(frozen=True, slots=True)
class _Reach:
    """What the commits of a branch since the run's base touched."""

    paths: frozenset[bytes]
    folders: frozenset[bytes]
    """Every folder above one of the paths."""
    removes: bool
    """A path went, so a file or its whole folder may have been renamed."""

    def may_conflict(self, other: "_Reach") -> bool:
        """False only where git merges for certain. Branches that touch different paths do, unless
        one puts a file where the other has a folder, or a renamed folder takes along what the
        other adds to it (see `merge.directoryRenames` in git-config(1))."""
        return (
            self.removes
            or other.removes
            or not self.paths.isdisjoint(other.paths)
            or not self.paths.isdisjoint(other.folders)
            or not self.folders.isdisjoint(other.paths)
        )


class Forecast:
    """Pairwise merges of commits, remembered by pair: each is computed once, whoever asks. Of many
    branches most pairs touch nothing in common, and those are not merged at all."""

    def __init__(self, repository: Repository, base: Oid, attributes: Attributes) -> None:
        self._repository = repository
        self._base = base
        self._attributes = attributes
        self._reaches: dict[Oid, _Reach] = {}
        self._known: dict[Pair, tuple[RepoPath, ...] | None] = {}

    def against(self, tip: Oid, others: Sequence[Oid]) -> list[tuple[RepoPath, ...] | None]:
        """For each of the others the paths on which it conflicts with `tip`; None where the two
        merge."""
        pairs = [_pair(tip, other) for other in others]
        self._look_up(pairs)
        return [self._known[pair] for pair in pairs]

    def order(self, tips: Sequence[Oid]) -> list[Oid]:
        """The tips, those first that conflict least with all others; ties stay as they are."""
        self._look_up(_pair(one, other) for one, other in combinations(tips, 2))

        def conflicts(tip: Oid) -> int:
            found = (self._known[_pair(tip, other)] for other in tips if other != tip)
            return sum(max(1, len(paths)) for paths in found if paths is not None)

        return sorted(tips, key=conflicts)

    def is_certain(self, tip: Oid, others: Iterable[Oid]) -> bool:
        """Whether `tip` touches nothing that any of the others touches."""
        reach = self._reach(tip)
        return not any(reach.may_conflict(self._reach(other)) for other in others)

    def _look_up(self, pairs: Iterable[Pair]) -> None:
        uncertain = []
        for pair in pairs:
            if pair in self._known:
                continue
            one, other = map(self._reach, pair)
            if one.may_conflict(other):
                uncertain.append(pair)
            else:
                self._known[pair] = None
        if uncertain:
            self._known |= conflicting_paths(self._repository, uncertain, self._attributes)

    def _reach(self, tip: Oid) -> _Reach:
        if tip not in self._reaches:
            changes = self._repository.changes_between(self._base, tip)
            self._reaches[tip] = _Reach(
                paths=frozenset(path for _, path in changes),
                folders=frozenset(folder for _, path in changes for folder in _folders(path)),
                removes=any(status == "D" for status, _ in changes),
            )
        return self._reaches[tip]


def _folders(path: bytes) -> Iterable[bytes]:
    while path := path.rpartition(b"/")[0]:
        yield path


def _pair(one: Oid, other: Oid) -> Pair:
    return (one, other) if one < other else (other, one)
