"""Forecast: which finished branches will not merge by themselves, from merges in memory."""

from collections.abc import Iterable, Sequence
from itertools import combinations

from gitswarm.merge.attributes import Attributes
from gitswarm.merge.threeway import conflicting_paths
from gitswarm.repo.objects import Oid, RepoPath
from gitswarm.repo.repository import Repository

Pair = frozenset[Oid]


class Forecast:
    """Pairwise merges of commits, remembered by pair: each is computed once, whoever asks."""

    def __init__(self, repository: Repository, attributes: Attributes) -> None:
        self._repository = repository
        self._attributes = attributes
        self._known: dict[Pair, frozenset[RepoPath]] = {}

    def between(self, one: Oid, other: Oid) -> frozenset[RepoPath]:
        """The paths on which two commits conflict."""
        self._look_up([(one, other)])
        return self._known[Pair((one, other))]

    def order(self, tips: Sequence[Oid]) -> list[Oid]:
        """The tips, those first that conflict least with all others; ties stay as they are."""
        self._look_up(combinations(tips, 2))
        conflicts = {
            tip: sum(len(self._known[Pair((tip, other))]) for other in tips if other != tip)
            for tip in tips
        }
        return sorted(tips, key=conflicts.__getitem__)

    def _look_up(self, pairs: Iterable[tuple[Oid, Oid]]) -> None:
        unknown = [pair for pair in pairs if Pair(pair) not in self._known]
        found = conflicting_paths(self._repository, unknown, self._attributes)
        for pair, paths in zip(unknown, found, strict=True):
            self._known[Pair(pair)] = paths
