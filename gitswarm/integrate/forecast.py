"""Forecast: which finished branches will not merge by themselves, from merges in memory."""

from collections.abc import Iterable, Sequence
from itertools import combinations

from gitswarm.merge.attributes import Attributes
from gitswarm.merge.threeway import Pair, conflicting_paths
from gitswarm.repo.objects import Oid, RepoPath
from gitswarm.repo.repository import Repository


class Forecast:
    """Pairwise merges of commits, remembered by pair: each is computed once, whoever asks."""

    def __init__(self, repository: Repository, attributes: Attributes) -> None:
        self._repository = repository
        self._attributes = attributes
        self._known: dict[Pair, tuple[RepoPath, ...] | None] = {}

    def between(self, one: Oid, other: Oid) -> tuple[RepoPath, ...] | None:
        """The paths on which two commits conflict; None where they merge."""
        pair = _pair(one, other)
        self._look_up([pair])
        return self._known[pair]

    def order(self, tips: Sequence[Oid]) -> list[Oid]:
        """The tips, those first that conflict least with all others; ties stay as they are."""
        self._look_up(_pair(one, other) for one, other in combinations(tips, 2))

        def conflicts(tip: Oid) -> int:
            found = (self._known[_pair(tip, other)] for other in tips if other != tip)
            return sum(max(1, len(paths)) for paths in found if paths is not None)

        return sorted(tips, key=conflicts)

    def _look_up(self, pairs: Iterable[Pair]) -> None:
        unknown = [pair for pair in pairs if pair not in self._known]
        if unknown:
            self._known |= conflicting_paths(self._repository, unknown, self._attributes)


def _pair(one: Oid, other: Oid) -> Pair:
    return (one, other) if one < other else (other, one)
