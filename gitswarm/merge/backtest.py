"""backtest: a repository's past merges answered again, compared with what people committed.

Every merge of two commits is made once more in memory. What stands in the committed file where a
hunk was is its true answer, if that can be told; replay and each rule are held against it. Nothing
is written to the repository.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import sqrt

from gitswarm.errors import MergeError
from gitswarm.merge.conflicts import ConflictedText, Hunk, marker_runs
from gitswarm.merge.ladder import RULES, sound_rulings
from gitswarm.merge.past import past_of
from gitswarm.merge.rules.generated import generated_kind
from gitswarm.merge.rules.place import Past, Place
from gitswarm.merge.threeway import Conflicted, Pair, conflicting_paths, merge
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.objects import Oid, RepoPath
from gitswarm.repo.repository import Repository

REPLAY = "replay"

BORNE_OUT = 0.9
"""The lower bound of its precision from which on a rule may settle hunks unasked."""

Z = 1.645
"""Of the lower bound: one-sided, 95 %. Only how bad a rule may be matters, not how good; at that
level no fewer than 25 hunks, all of them right, reach 0.9."""

LEAST_MERGES = 5
"""The hunks of one merge resemble each other: fewer merges than this prove nothing."""

_BATCH = 500
_CONTEXT_LINES = 20
_LONGEST_ANSWER = 100_000


@dataclass
class Score:
    """The answers of one rung beside what was committed."""

    answered: int = 0
    exact: int = 0
    words: int = 0
    """Those with the same words, in whatever order and layout."""
    merges: set[Oid] = field(default_factory=set)

    def add(self, answer: str, committed: str, merge: Oid) -> None:
        self.answered += 1
        self.exact += plain(answer) == plain(committed)
        self.words += _words(answer) == _words(committed)
        self.merges.add(merge)

    @property
    def lower_bound(self) -> float:
        """Of the share that is exact: Wilson's, see `Z`; 0 where nothing was answered."""
        return lower_bound(self.exact, self.answered)

    @property
    def is_borne_out(self) -> bool:
        return self.lower_bound >= BORNE_OUT and len(self.merges) >= LEAST_MERGES


@dataclass
class Backtest:
    """What came of it, over all merges that were looked at."""

    merges: int = 0
    conflicted: int = 0
    hunks: int = 0
    recovered: int = 0
    """The hunks whose committed answer can be told, each once however often it recurs."""
    unmergeable: int = 0
    """Merges that git cannot make again."""
    scores: dict[str, Score] = field(
        default_factory=lambda: {name: Score() for name in (REPLAY, *RULES)}
    )

    @property
    def borne_out(self) -> tuple[str, ...]:
        """The rules that this history bears out, from the top of the ladder."""
        return tuple(name for name in RULES if self.scores[name].is_borne_out)


def backtest(
    repository: Repository, merges: Sequence[tuple[Oid, Oid, Oid]], attributes_of: Oid
) -> Backtest:
    """Answer past merges (with their two parents, oldest first) again."""
    found = Backtest(merges=len(merges))
    known: dict[_Key, bytes] = {}
    with (
        repository.with_scratch_objects() as scratch,
        Attributes.of(scratch, attributes_of) as attributes,
    ):
        pairs = [(ours, theirs) for _, ours, theirs in merges]
        conflicting = _conflicting(scratch, pairs, attributes, found)
        for commit, ours, theirs in merges:
            if not conflicting.get((ours, theirs)):
                continue
            try:
                outcome = merge(scratch, ours, theirs, attributes)
            except MergeError:
                found.unmergeable += 1
                continue
            if isinstance(outcome, Conflicted):
                found.conflicted += 1
                known |= _compare(scratch, outcome, (commit, ours, theirs), known, found)
    return found


def rule_answers(
    path: RepoPath, text: ConflictedText, past: Past, numbers: Sequence[int] | None = None
) -> Mapping[str, Mapping[int, bytes]]:
    """What each rule says of the hunks of a file, or of those of some numbers, in a form that the
    engine would take; in the order of the ladder."""
    if generated_kind(path):
        return {}
    sides = (text.take("ours"), text.take("theirs"))
    places = Place.all_in(path, text, past)
    asked = [place for place in places if numbers is None or place.hunk.number in numbers]
    return {
        name: {number: answer for number, (_, answer) in sound_rulings(rule, asked, sides).items()}
        for name, rule in RULES.items()
    }


def lower_bound(right: int, of: int, z: float = Z) -> float:
    """The lower end of Wilson's interval for a share."""
    if not of:
        return 0.0
    share = right / of
    spread = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, (share + z * z / (2 * of) - spread) / (1 + z * z / of))


def plain(text: str) -> str:
    """A text as two are compared: line ends do not count, nor how it ends."""
    return text.replace("\r\n", "\n").rstrip("\n")


def committed_answers(text: ConflictedText, committed: bytes) -> dict[int, bytes]:
    """What people put in place of each hunk, where it can be told: the lines around it, 20 at the
    most, are still there, and only once."""
    if text.marker_size in marker_runs(committed) or b"<<<<<<< " in committed:
        return {}
    found: dict[int, bytes] = {}
    for hunk, before, after in text.surrounded():
        is_last = text.ends_with(hunk.number)
        above = b"".join(before.splitlines(keepends=True)[-_CONTEXT_LINES:])
        below = b"".join(after.splitlines(keepends=True)[:_CONTEXT_LINES])
        is_first = not above and hunk is text.hunks[0]
        start = 0 if is_first else _only_place(committed, above) + len(above)
        end = len(committed) if is_last else _only_place(committed, below)
        if (above or is_first) and (below or is_last) and len(above) <= start <= end:
            answer = committed[start:end]
            if len(answer) <= _LONGEST_ANSWER and (is_last or _is_whole(answer)):
                found[hunk.number] = answer
    return found


def _only_place(data: bytes, wanted: bytes) -> int:
    """Where some lines are in a file; far off where they are nowhere, or more than once."""
    at = (b"\n" + data).find(b"\n" + wanted) if wanted else -1
    if at < 0 or (b"\n" + data).find(b"\n" + wanted, at + 1) >= 0:
        return -len(data) - len(wanted) - 1
    return at


def _is_whole(answer: bytes) -> bool:
    return not answer or answer.endswith(b"\n")


_Key = tuple[bytes, bytes, bytes]


def _key(hunk: Hunk) -> _Key:
    first, second = sorted((hunk.ours, hunk.theirs))
    return hunk.base or b"", first, second


def _conflicting(
    repository: Repository, pairs: Sequence[Pair], attributes: Attributes, found: Backtest
) -> dict[Pair, tuple[RepoPath, ...] | None]:
    """As `conflicting_paths`, without the pairs that git cannot merge at all."""
    if not pairs:
        return {}
    if len(pairs) <= _BATCH:
        with suppress(MergeError):
            return conflicting_paths(repository, pairs, attributes)
        if len(pairs) == 1:
            found.unmergeable += 1
            return {}
    middle = len(pairs) // 2
    halves = (pairs[:middle], pairs[middle:])
    first, second = (_conflicting(repository, half, attributes, found) for half in halves)
    return first | second


def _compare(
    repository: Repository,
    outcome: Conflicted,
    commits: tuple[Oid, Oid, Oid],
    known: Mapping[_Key, bytes],
    found: Backtest,
) -> dict[_Key, bytes]:
    """Score the answers to one merge; what was committed, to be replayed in later ones."""
    commit, ours, theirs = commits
    learned: dict[_Key, bytes] = {}
    for conflict in outcome.conflicts:
        text = conflict.text
        if text is None:
            continue
        found.hunks += len(text.hunks)
        blob = repository.blob_at(commit, conflict.path)
        if blob is None:
            continue
        truths = committed_answers(text, repository.blob(blob))
        new: dict[int, bytes] = {}
        for hunk in text.hunks:
            if hunk.number not in truths:
                continue
            truth, key = truths[hunk.number], _key(hunk)
            if key in known:
                found.scores[REPLAY].add(_text(known[key]), _text(truth), commit)
            elif key not in learned:
                new[hunk.number] = truth
            learned[key] = truth
        found.recovered += len(new)
        past = past_of(repository, conflict.path, conflict.stages, ours, theirs)
        answers = rule_answers(conflict.path, text, past, [*new]) if new else {}
        for name, said in answers.items():
            for number, answer in said.items():
                found.scores[name].add(_text(answer), _text(new[number]), commit)
    return learned


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+|[^\w\s]", text))
