"""Resolution: the answer to one hunk, by whom and why; and what an answer must hold to count.

An answer that a machine gave is taken only when no conflict marker is left in it and when nothing
that a side added is missing, unless the line is named as dropped. The checks are pure; they return
sentences that say what is wrong, to whoever gave the answer.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from gitswarm.merge.conflicts import ConflictedText, Hunk, line_end
from gitswarm.merge.syntax import syntax_error
from gitswarm.repo.objects import RepoPath


@dataclass(frozen=True, slots=True)
class Resolution:
    path: RepoPath
    hunk: int
    by: str | None
    """`replay`, `rule:NAME`, `model`, `human`; None where the hunk stays open."""
    text: bytes | None
    """What replaces the hunk; None where it stays open."""
    confidence: float | None = None
    """From 0 to 1, as stated by who answered."""
    reason: str = ""
    dropped: str = ""
    """The added lines that it leaves out, and why."""


T = TypeVar("T")


def objections(
    hunk: Hunk,
    answer: bytes,
    dropped: str = "",
    *,
    before: bytes = b"",
    after: bytes = b"",
    marker_sizes: Collection[int] = (),
) -> list[str]:
    """Why an answer cannot be taken; empty when it can. The first line of each says what is wrong,
    the others what to do about it.

    `before` and `after` are the text around the hunk; `marker_sizes` the lengths of conflict
    markers that were in play, beside git's usual 7.
    """
    return [
        *_left_markers(hunk, answer, {7, *marker_sizes}),
        *_repeated_context(hunk, answer, before, after),
        *_lost_lines(hunk, answer, dropped),
    ]


def unparsable(
    path: RepoPath,
    text: ConflictedText,
    answers: Mapping[int, bytes],
    versions: tuple[bytes, bytes],
) -> dict[int, str]:
    """The answers with which a file does not parse that parsed on both sides (`versions`), with the
    parser's words.

    All are tried together, then ever smaller groups, each on top of those that are good. Where a
    hunk stays open the file has to parse with one of its sides in that place.
    """
    if not answers or any(syntax_error(path, version) for version in versions):
        return {}
    kept: dict[int, bytes] = {}
    refused: dict[int, str] = {}

    def settle(numbers: list[int]) -> None:
        tried = kept | {number: answers[number] for number in numbers}
        spliced = text.splice(tried)
        versions = dict.fromkeys((spliced.take("ours"), spliced.take("theirs")))
        errors = [syntax_error(path, version) for version in versions]
        if None in errors:
            kept.update(tried)
        elif len(numbers) == 1:
            refused[numbers[0]] = str(errors[0])
        else:
            middle = len(numbers) // 2
            settle(numbers[:middle])
            settle(numbers[middle:])

    settle(sorted(answers))
    return refused


def fit(answer: str, hunk: Hunk, *, usual_end: bytes, ends_file: bool) -> bytes:
    """An answer with plain newlines as bytes of its file.

    A line that a side has keeps its line end. A new one gets the end that the sides agree on, or
    that one of them changed to, else `usual_end`. The last line of a file lacks its end where both
    sides leave it off, or where one of them took it away.
    """
    base, ours, theirs = (_lines(side) for side in (hunk.base or b"", hunk.ours, hunk.theirs))
    usual = _merged_choice(*map(_usual_end, (base, ours, theirs))) or usual_end
    ends: dict[bytes, set[bytes]] = defaultdict(set)
    for line in (*ours, *theirs):
        ends[_bare(line)].add(line_end(line))
    lines = answer.removesuffix("\n").encode().split(b"\n") if answer else []
    fitted = [line + _only(ends[line] - {b""}, usual) for line in lines]
    if fitted and ends_file and _merged_choice(*map(_is_ended, (base, ours, theirs))) is False:
        fitted[-1] = lines[-1]
    return b"".join(fitted)


def _left_markers(hunk: Hunk, answer: bytes, sizes: Collection[int]) -> Iterator[str]:
    """Marker lines of any length. A row of `=` is also a heading's underline, so that one counts
    only in a length of markers; and what a side's own text holds may stay."""
    allowed = {_bare(line) for side in (hunk.ours, hunk.theirs) for line in _lines(side)}
    for number, line in enumerate(map(_bare, _lines(answer)), start=1):
        run = _MARKER.match(line)
        if run is None or line in allowed:
            continue
        size = len(run[0])
        if size in sizes or (size > 7 and not line.startswith(b"=")):
            yield f"Line {number} of it is a conflict marker."
            return


def _repeated_context(hunk: Hunk, answer: bytes, before: bytes, after: bytes) -> Iterator[str]:
    """Lines around the hunk that an answer gives once more, and that no side has."""
    sides = (hunk.base or b"", hunk.ours, hunk.theirs)
    own = {_bare(line) for side in sides for line in _lines(side)}
    lines = [_bare(line) for line in _lines(answer)]
    above = [_bare(line) for line in _lines(before)[-_CONTEXT_LINES:]]
    below = [_bare(line) for line in _lines(after)[:_CONTEXT_LINES]]
    for place, repeated in (
        ("before", _overlap(above, lines)),
        ("after", _overlap(lines, below)),
    ):
        if any(re.search(rb"\w", line) and line not in own for line in repeated):
            yield (
                f"It repeats lines from {place} the hunk: {len(repeated)}.\n"
                "Those stay in the file; give only the lines that replace the hunk."
            )


def _overlap(first: list[bytes], second: list[bytes]) -> list[bytes]:
    """The longest end of one list that is a start of the other."""
    for length in range(min(len(first), len(second)), 0, -1):
        if first[-length:] == second[:length]:
            return second[:length]
    return []


_CONTEXT_LINES = 50
_MARKER = re.compile(rb"(?:<+|\|+|=+|>+)(?= |$)")


# What a side added


def _lost_lines(hunk: Hunk, answer: bytes, dropped: str) -> Iterator[str]:
    """The lines of a side that added something which is neither in the answer nor dropped.

    Tokens are counted, not only looked for: a second call of a function is an addition too. What
    one side added and the other removed elsewhere may go, down to a single one.
    """
    named = _Named(dropped)
    base, answered = _Tokens(hunk.base or b""), _Tokens(answer)
    sides = {"ours": _Tokens(hunk.ours), "theirs": _Tokens(hunk.theirs)}
    wanted_of = {name: side.without(named) for name, side in sides.items()}
    added = {name: counts - base.counts for name, counts in wanted_of.items()}
    removed = [base.counts - counts for counts in wanted_of.values()]
    gone = removed[0] | removed[1]
    wanted = {
        token: max(1, base.counts[token] + count - gone[token])
        for token, count in (added["ours"] | added["theirs"]).items()
    }
    missing = {token for token, count in wanted.items() if answered.counts[token] < count}
    kept = {line.strip() for line in (*base.lines, *answered.lines)}
    for name, side in sides.items():
        lost = missing & added[name].keys()
        lines = [line for line in side.lines if lost & _tokens_of(line) and not named.has(line)]
        lines = [line for line in lines if line.strip() not in kept] or lines
        if lines:
            yield "\n".join(
                (
                    f"It leaves out something that {name} added.",
                    "Keep it, or copy each of these lines whole into a fence"
                    f" `dropped hunk={hunk.number}` and say there why:",
                    *dict.fromkeys(f"    {line.strip()}" for line in lines),
                )
            )


class _Tokens:
    """A side's text: its lines, and its tokens counted."""

    def __init__(self, data: bytes) -> None:
        self.lines = data.decode("utf-8", "surrogateescape").split("\n")
        self.counts = _count(self.lines)

    def without(self, named: "_Named") -> Counter[str]:
        if not named.text:
            return self.counts
        return _count(line for line in self.lines if not named.has(line))


class _Named:
    """The lines that a `dropped` fence names: each alone on a line of its own, perhaps in a list or
    in backticks, or, when it is more than a word, within a sentence."""

    def __init__(self, dropped: str) -> None:
        self.text = " ".join(dropped.split())
        self._alone = {form for line in dropped.split("\n") for form in _forms(line)}

    def has(self, line: str) -> bool:
        wanted = " ".join(line.split())
        if not wanted or wanted in self._alone:
            return bool(wanted)
        if f"`{wanted}`" in self.text:
            return True
        if wanted not in self.text or len(_TOKEN.findall(wanted)) < _TOKENS_OF_A_PHRASE:
            return False
        return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", self.text) is not None


def _forms(line: str) -> Iterator[str]:
    text = " ".join(line.split())
    yield text
    yield (bare := re.sub(r"^[-*+>•]\s*", "", text))
    yield bare.strip("`")


_TOKEN = re.compile(r"""\w+|[^\w\s()\[\]{},;'"`]+""")
"""Words, and runs of operators. Brackets, separators and quotes come and go with the layout."""

_TOKENS_OF_A_PHRASE = 3


def _tokens_of(line: str) -> set[str]:
    return set(_TOKEN.findall(line))


def _count(lines: Iterable[str]) -> Counter[str]:
    return Counter(token for line in lines for token in _TOKEN.findall(line))


# Lines and their ends


def _lines(data: bytes) -> list[bytes]:
    return re.findall(rb"[^\n]*\n|[^\n]+", data)


def _bare(line: bytes) -> bytes:
    return line.removesuffix(line_end(line))


def _usual_end(lines: list[bytes]) -> bytes | None:
    ends = Counter(filter(None, map(line_end, lines)))
    return ends.most_common(1)[0][0] if ends else None


def _is_ended(lines: list[bytes]) -> bool | None:
    return lines[-1].endswith(b"\n") if lines else None


def _only(choices: Collection[bytes], otherwise: bytes) -> bytes:
    return next(iter(choices)) if len(choices) == 1 else otherwise


def _merged_choice(base: T | None, ours: T | None, theirs: T | None) -> T | None:
    """What three sides come to, each of which may have no say."""
    if ours is None or theirs is None:
        return theirs if ours is None else ours
    if ours == theirs or theirs == base:
        return ours
    return theirs if ours == base else None
