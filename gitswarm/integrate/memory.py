"""Memory: what a merge may take over from before instead of asking again.

From this run: answers and refusals to answer, fan-ins, merges made by a person, and the commits
that were made of all that. From earlier runs of the repository: answers.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gitswarm.integrate.kept import (
    FanIn,
    HandMerge,
    conflict_key,
    fan_in_file,
    fan_in_to_json,
    hand_merge_file,
    hand_merge_to_json,
    hunk_key,
    resolution_file,
    resolution_to_json,
)
from gitswarm.merge.conflicts import Conflict, ConflictedText, Hunk
from gitswarm.merge.resolutions import Resolution, objections
from gitswarm.repo.ledger import Step
from gitswarm.repo.objects import Oid, RepoPath, show
from gitswarm.swarm.turns import Record

LookUp = Callable[[Collection[str]], Mapping[str, Resolution]]
"""The answers of earlier runs, by `hunk_key`: of those asked for, the ones that there are."""


def nothing_earlier(_keys: Collection[str]) -> Mapping[str, Resolution]:
    return {}


@dataclass(frozen=True, slots=True)
class Kept:
    """What the ledger of a run holds of its merges."""

    resolutions: Mapping[str, Resolution] = field(default_factory=dict)
    """By `hunk_key`; also those that were declined."""
    fan_ins: tuple[FanIn, ...] = ()
    hand_merges: tuple[HandMerge, ...] = ()
    """In the order in which they were made."""
    commits: Mapping[tuple[Oid, Oid], Oid] = field(default_factory=dict)
    """Merge commits of the merged branch, by their parents."""


class Memory:
    """Grows while merges are made; what comes in goes to the ledger too."""

    def __init__(
        self, record: Record, kept: Kept | None = None, look_up: LookUp = nothing_earlier
    ) -> None:
        kept = kept or Kept()
        self._record = record
        self._look_up = look_up
        self._answers = {key: one for key, one in kept.resolutions.items() if one.by}
        self._declined = {
            (show(one.path), key): one for key, one in kept.resolutions.items() if not one.by
        }
        self._looked_up: set[str] = set()
        self._fan_ins = {one.tips: one for one in kept.fan_ins}
        self._hand_merges = list(kept.hand_merges)
        self._commits = {**kept.commits}

    # -- hunks

    def replay(self, path: RepoPath, text: ConflictedText) -> dict[int, Resolution]:
        """The hunks that were resolved before with the same base and sides, by number."""
        found = ((hunk.number, hunk_key(hunk)) for hunk in text.hunks)
        keys = {number: key for number, key in found if key}
        unknown = {*keys.values()} - self._answers.keys() - self._looked_up
        if unknown:
            self._answers |= self._look_up(unknown)
            self._looked_up |= unknown
        return {
            number: replace(self._answers[key], hunk=number, by="replay", path=path)
            for number, key in keys.items()
            if key in self._answers and _can_replay(self._answers[key], text, number)
        }

    def declined(self, path: RepoPath, hunks: Sequence[Hunk]) -> dict[int, Resolution]:
        """The hunks that were asked before in this run and left to a person."""
        return {
            hunk.number: replace(seen, hunk=hunk.number, path=path)
            for hunk in hunks
            if (key := hunk_key(hunk)) and (seen := self._declined.get((show(path), key)))
        }

    async def remember(self, text: ConflictedText, resolutions: Iterable[Resolution]) -> None:
        """Keep the answers to hunks of a file, or that there was none, for the same hunks in a
        later merge."""
        keys = {hunk.number: hunk_key(hunk) for hunk in text.hunks}
        found = ((keys[one.hunk], one) for one in resolutions)
        await self._keep({key: one for key, one in found if key})

    async def _keep(self, resolutions: Mapping[str, Resolution]) -> None:
        for key, one in resolutions.items():
            if one.by is None:
                self._declined[show(one.path), key] = one
            else:
                self._answers[key] = one
        if resolutions:
            kept = {
                resolution_file(key): resolution_to_json(one) for key, one in resolutions.items()
            }
            await self._record(Step("resolution", kept))

    # -- conflicts without hunks

    def decided(self, conflict: Conflict) -> Resolution | None:
        """How the same conflict was settled before, or that it was left to a person."""
        key = conflict_key(conflict)
        if key not in self._answers and key not in self._looked_up:
            self._answers |= self._look_up({key})
            self._looked_up.add(key)
        if answer := self._answers.get(key):
            return replace(answer, hunk=1, by="replay", path=conflict.path)
        declined = self._declined.get((show(conflict.path), key))
        return declined and replace(declined, hunk=1, path=conflict.path)

    async def remember_decision(self, conflict: Conflict, resolution: Resolution) -> None:
        await self._keep({conflict_key(conflict): resolution})

    # -- merges

    def fan_in(self, tips: frozenset[Oid]) -> FanIn | None:
        return self._fan_ins.get(tips)

    async def add_fan_in(self, fan_in: FanIn) -> None:
        self._fan_ins[fan_in.tips] = fan_in
        files = {fan_in_file(fan_in.tips): fan_in_to_json(fan_in)}
        await self._record(Step("fan-in", files, (fan_in.commit,)))

    @property
    def has_hand_merges(self) -> bool:
        return bool(self._hand_merges)

    def hand_merge(self, ours_tree: Oid, theirs: Oid) -> HandMerge | None:
        """The merge that a person made of just these."""
        for merge in reversed(self._hand_merges):
            if (merge.ours_tree, merge.theirs) == (ours_tree, theirs):
                return merge
        return None

    def hand_merged_tips(self) -> list[Oid]:
        """The tips that a person merged in the end, in the order in which that was done."""
        return [merge.theirs for merge in self._hand_merges if not merge.is_fan_in]

    @property
    def next_hand_merge(self) -> int:
        return len(self._hand_merges) + 1

    async def add_hand_merge(self, merge: HandMerge) -> None:
        self._hand_merges.append(merge)
        files = {hand_merge_file(merge): hand_merge_to_json(merge)}
        await self._record(Step(f"merge {merge.task} by hand", files, (merge.commit,)))

    def commit(self, ours: Oid, theirs: Oid) -> Oid | None:
        """A merge commit that has just these parents."""
        return self._commits.get((ours, theirs))


def _can_replay(answer: Resolution, text: ConflictedText, number: int) -> bool:
    """Whether an answer still holds what an answer must. A person may have left out what a machine
    may not."""
    data = answer.text or b""
    if data and not data.endswith(b"\n") and not text.ends_with(number):
        return False
    if answer.by == "human":
        return True
    sizes = (text.marker_size,)
    return not objections(text.hunk(number), data, answer.dropped, marker_sizes=sizes)
