"""Outline: the definitions of a code base that matter most, for a goal, in so many bytes.

Files are the nodes of a graph; one refers to another by every name it uses that the other defines.
Their rank is PageRank with a personal jump (Page et al., "The PageRank Citation Ranking", 1999;
Haveliwala, "Topic-Sensitive PageRank", 2002): a reader who follows references, and starts anew at
files whose names speak of the goal. A definition has what flows through its name.

Only a sample of the files is read, so that the cost does not grow with the repository; the same
commit and goal give the same bytes.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import accumulate, islice, takewhile
from math import sqrt

from gitswarm.plan.definitions import Definition, language_of, read_definitions
from gitswarm.plan.goal_words import GoalWords
from gitswarm.plan.path_text import spell
from gitswarm.plan.withheld import Withheld
from gitswarm.repo.objects import EXECUTABLE_MODE, FILE_MODE, RepoPath, TreeEntry
from gitswarm.repo.repository import Repository

FILES = 300
"""So many are read, at most."""
POOL = 5_000
"""Out of so many they are chosen."""
FILE_BYTES = 100_000
"""A larger one is rather generated than written."""
SAMPLE_BYTES = 1_200_000
"""Of all files together."""
WIDTH = 120
"""Characters of a definition's line."""

_TEST = re.compile(
    rb"(?:^|/)(?:tests?|specs?|__tests__|testdata|fixtures|examples?|benchmarks?)/"
    rb"|(?:^|/)(?:test_|conftest)[^/]*$|[._](?:test|spec)s?\.[^/]*$"
)
_FOREIGN = re.compile(
    rb"(?:^|/)(?:node_modules|bower_components|vendor(?:ed)?|third[-_]party|extern(?:al)?"
    rb"|site-packages|dist|generated|\.[^/]*)/|\.min\.js$|_pb2(?:_grpc)?\.pyi?$|\.pb\.\w+$|\.d\.ts$"
)
"""Files that people of this repository did not write."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read."""

    path: RepoPath
    definitions: tuple[Definition, ...]
    uses: Counter[bytes]
    """How often each name is in it."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The definitions that may be shown, the most important first, each with its file."""

    ranked: tuple[tuple[Source, Definition], ...] = ()

    def text(self, most_bytes: int) -> str:
        """As many as fit, by file and in the order of their lines; empty where none does."""
        chosen: dict[RepoPath, list[Definition]] = defaultdict(list)
        sources: dict[RepoPath, Source] = {}
        room = most_bytes
        for source, definition in self.ranked:
            cost = len(_line(definition).encode()) + 1
            if source.path not in sources:
                cost += len(_heading(source, source.definitions).encode()) + 1
            if cost > room:
                break
            room -= cost
            sources[source.path] = source
            chosen[source.path].append(definition)
        lines = []
        for path in sorted(chosen):
            lines.append(_heading(sources[path], chosen[path]))
            lines += map(_line, sorted(chosen[path], key=lambda one: one.line))
        return "\n".join(lines)


def read_outline(
    repository: Repository,
    entries: Sequence[TreeEntry],
    goal: str,
    withheld: Withheld,
    *,
    most_bytes: int,
) -> Outline:
    """What can be shown of a tree's definitions in at most so many bytes. Nothing in a partial
    clone, which would fetch each file by itself."""
    if repository.is_partial:
        return Outline()
    words = GoalWords(goal)
    sample = _sample(repository, entries, words, withheld)
    data = repository.blobs(entry.oid for entry in sample)
    sources = [
        Source(
            entry.path,
            read_definitions(language_of(entry.path) or "", data[entry.oid]),
            Counter(_NAME.findall(data[entry.oid])),
        )
        for entry in sample
    ]
    contents = {entry.path: data[entry.oid] for entry in sample}
    shown: list[tuple[Source, Definition]] = []
    secret: dict[RepoPath, bool] = {}
    for source, definition in _ranked(sources, words):
        path = source.path
        if path not in secret:
            secret[path] = withheld.why(path, contents[path]) is not None
        if not secret[path]:
            shown.append((source, definition))
            most_bytes -= len(_line(definition).encode()) + 1
            if most_bytes < 0:
                break
    return Outline(tuple(shown))


_NAME = re.compile(rb"[A-Za-z_]\w{2,}")


# -- which files are read


def _sample(
    repository: Repository, entries: Sequence[TreeEntry], words: GoalWords, withheld: Withheld
) -> list[TreeEntry]:
    """The files to read: those whose paths speak of the goal, then some of each folder."""
    nth: Counter[bytes] = Counter()
    telling: list[tuple[int, TreeEntry]] = []
    rounds: dict[int, list[TreeEntry]] = defaultdict(list)
    for entry in entries:
        path = entry.path
        if language_of(path) is None or entry.mode not in (FILE_MODE, EXECUTABLE_MODE):
            continue
        if hits := words.count(path):
            telling.append((hits, entry))
        folder = path.rpartition(b"/")[0]
        nth[folder] += 1
        rounds[nth[folder]].append(entry)
    most_telling = nsmallest(POOL, telling, key=lambda one: (-one[0], one[1].path))
    pool = list(islice((entry for number in sorted(rounds) for entry in rounds[number]), POOL))
    ordered = [
        *_own_code_first(entry for _, entry in most_telling)[: FILES // 2],
        *_own_code_first(sorted(pool, key=lambda entry: entry.path.count(b"/"))),
    ]
    entries_of = {entry.path: entry for entry in ordered}
    withheld_paths = withheld.by_attribute(entries_of)
    chosen = [entry for path, entry in entries_of.items() if path not in withheld_paths][:FILES]
    sizes = repository.sizes(entry.oid for entry in chosen)
    fitting = [entry for entry in chosen if 0 < sizes[entry.oid] <= FILE_BYTES]
    totals = accumulate(sizes[entry.oid] for entry in fitting)
    count = sum(1 for _ in takewhile(lambda total: total <= SAMPLE_BYTES, totals))
    return sorted(fitting[:count], key=lambda entry: entry.path)


def _own_code_first(entries: Iterable[TreeEntry]) -> list[TreeEntry]:
    """Without what is foreign, tests last."""
    own = [entry for entry in entries if not _FOREIGN.search(entry.path)]
    return sorted(own, key=lambda entry: _TEST.search(entry.path) is not None)


# -- which definitions matter

_DAMPING = 0.85
_ROUNDS = 20
_GOAL_PULL = 4.0
"""How much more a name weighs for each word that it shares with the goal."""
_UNUSED, _MEANT = 0.01, 0.3
"""Of its file's rank, what a definition has that nobody uses, and one that the goal speaks of."""
_TEST_PULL = 0.1
_SHARED = 5
"""A name that more files define says nothing of any of them."""


def _ranked(sources: Sequence[Source], words: GoalWords) -> Iterator[tuple[Source, Definition]]:
    """All definitions, the most important first."""
    flows = _flows(sources, words)
    rank = _page_rank(flows, [_pull(source, words) for source in sources])
    score: dict[tuple[int, bytes], float] = defaultdict(float)
    for user, used in enumerate(flows):
        for (owner, name), share in used.items():
            score[owner, name] += rank[user] * share
    weighed = []
    for number, source in enumerate(sources):
        times = Counter(one.name for one in source.definitions)
        for one in source.definitions:
            name = one.name.encode()
            hits = words.count(name)
            unused = rank[number] * (_MEANT if hits else _UNUSED)
            flow = score.get((number, name), 0.0) + unused
            weight = (1 + _GOAL_PULL * hits) * flow / times[one.name]
            weighed.append((-weight, source.path, one.line, number, one))
    return ((sources[number], one) for _, _, _, number, one in sorted(weighed, key=lambda w: w[:3]))


def _flows(sources: Sequence[Source], words: GoalWords) -> list[dict[tuple[int, bytes], float]]:
    """For each file, how its attention is shared among the names that other files define."""
    owners: dict[bytes, list[int]] = defaultdict(list)
    for number, source in enumerate(sources):
        for name in dict.fromkeys(one.name.encode() for one in source.definitions):
            owners[name].append(number)
    flows = []
    for user, source in enumerate(sources):
        weights: dict[tuple[int, bytes], float] = {}
        for name, times in source.uses.items():
            found = owners.get(name, ())
            if not 0 < len(found) <= _SHARED:
                continue
            weight = sqrt(times) * (1 + _GOAL_PULL * words.count(name)) / len(found)
            weights.update({(owner, name): weight for owner in found if owner != user})
        total = sum(weights.values())
        flows.append({key: weight / total for key, weight in weights.items()})
    return flows


def _pull(source: Source, words: GoalWords) -> float:
    pull = 1 + _GOAL_PULL * words.count(source.path)
    return pull * _TEST_PULL if _TEST.search(source.path) else pull


def _page_rank(
    flows: Sequence[Mapping[tuple[int, bytes], float]], pulls: Sequence[float]
) -> list[float]:
    """How often a reader is at each file. One who finds nothing to follow starts anew."""
    edges = []
    for used in flows:
        shares: dict[int, float] = defaultdict(float)
        for (owner, _), share in used.items():
            shares[owner] += share
        edges.append(list(shares.items()))
    total = sum(pulls)
    starts = [pull / total for pull in pulls]
    rank = starts
    for _ in range(_ROUNDS):
        stuck = sum(here for here, out in zip(rank, edges, strict=True) if not out)
        following = [(1 - _DAMPING + _DAMPING * stuck) * start for start in starts]
        for here, out in zip(rank, edges, strict=True):
            for owner, share in out:
                following[owner] += _DAMPING * here * share
        rank = following
    return rank


# -- as text


def _heading(source: Source, shown: Sequence[Definition]) -> str:
    return f"{spell(source.path)}  ({len(shown)} of {len(source.definitions)})"


def _line(definition: Definition) -> str:
    text = definition.text.expandtabs(4)
    cut = text if len(text) <= WIDTH else f"{text[: WIDTH - 4]} ..."
    return f"{definition.line:>6}  {cut}"
