"""What the rules of the merge ladder are worth: their answers beside what people committed.

    python -m bench.rules CORPUS

CORPUS holds conflicts of real merges, one JSON object a line, perhaps compressed with gzip. A line
of kind `file` has `file_id`, `path`, and `text`: the file with conflict markers of `marker_size`
signs, in diff3 style. One of kind `hunk` has `file_id`, `index` (its place among the hunks of the
file, from 0), `resolution` (what was committed there) and `past` (the sides, `ours` or `theirs`,
whose text was there before on the other side's own commits).

Printed are, for every rule by itself and for the ladder (the first that answers), of all hunks:

    n       those that it answers, in a form that the engine would take
    share   these in percent of all
    exact   percent of the answered: just what was committed, the last line's end aside
    norm    percent of the answered: the same but for blank lines and comments, and for white space
            in languages whose indentation means nothing

Lock files and snapshots count, and are answered by no rule.
"""

import gzip
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal

from gitswarm.merge.backtest import plain
from gitswarm.merge.backtest import rule_answers as rule_answers_of
from gitswarm.merge.conflicts import ConflictedText
from gitswarm.merge.ladder import RULES
from gitswarm.repo.objects import RepoPath

LADDER = "ladder"


@dataclass(frozen=True, slots=True)
class Committed:
    """A hunk of the corpus and what people made of it."""

    path: RepoPath
    data: bytes
    """The file with its markers."""
    text: ConflictedText
    number: int
    resolution: str
    past: tuple[str, ...]


@dataclass
class Score:
    answered: int = 0
    exact: int = 0
    normalised: int = 0

    def add(self, answer: str, hunk: Committed) -> None:
        suffix = hunk.path.rpartition(b".")[2].decode("utf-8", "replace")
        texts = [plain(text) for text in (answer, hunk.resolution)]
        normal = [_normalised(text, suffix) for text in texts]
        self.answered += 1
        self.exact += texts[0] == texts[1]
        self.normalised += normal[0] == normal[1]

    def row(self, total: int) -> str:
        shares = (
            (self.answered, total),
            (self.exact, self.answered),
            (self.normalised, self.answered),
        )
        return f"{self.answered:6}" + "".join(_percent(*share) for share in shares)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:8.1f}" if whole else f"{'-':>8}"


_INDENTED = {"py", "pyi", "yaml", "yml", "md", "rst", "mk"}
_COMMENTS = {
    **dict.fromkeys(("py", "pyi", "sh", "toml", "yaml", "yml", "txt", "in", "cfg"), r"#.*"),
    **dict.fromkeys(("c", "css", "go", "h", "java", "rs"), r"//.*|/\*[\s\S]*?\*/"),
    **dict.fromkeys(("js", "jsx", "mjs", "ts", "tsx"), r"//.*|/\*[\s\S]*?\*/"),
}


def _normalised(text: str, suffix: str) -> str:
    text = re.sub(_COMMENTS.get(suffix, r"(?!)"), "", text)
    if suffix in _INDENTED:
        return "\n".join(line.rstrip() for line in text.split("\n") if line.strip())
    return " ".join(text.split())


def load(corpus: Path) -> Iterator[Committed]:
    files: dict[str, tuple[RepoPath, bytes, ConflictedText]] = {}
    hunks: list[dict[str, Any]] = []
    with _opened(corpus) as lines:
        for record in map(json.loads, lines):
            if record["kind"] == "hunk":
                hunks.append(record)
                continue
            data = record["text"].encode()
            text = ConflictedText.parse(data, record["marker_size"])
            files[record["file_id"]] = RepoPath(record["path"].encode()), data, text
    for hunk in hunks:
        past = tuple(hunk["past"])
        yield Committed(*files[hunk["file_id"]], hunk["index"] + 1, hunk["resolution"], past)


def _opened(corpus: Path) -> IO[str]:
    if corpus.suffix == ".gz":
        return gzip.open(corpus, "rt", encoding="utf-8", newline="\n")
    return corpus.open(encoding="utf-8", newline="\n")


def rule_answers(hunk: Committed) -> dict[str, str]:
    """What each rule that answers says, in the order of the ladder."""
    found = rule_answers_of(hunk.path, hunk.text, partial(_past, hunk), [hunk.number])
    return {name: said[hunk.number].decode() for name, said in found.items() if said}


def _past(hunk: Committed, side: Literal["ours", "theirs"]) -> Iterable[bytes]:
    """A file in which the other side's text stands in its place, where the corpus says so."""
    other: Literal["ours", "theirs"] = "theirs" if side == "ours" else "ours"
    if other in hunk.past:
        yield hunk.text.take(other)


def measure(corpus: Path, tell: Callable[[str], object] = print) -> None:
    scores: dict[str, Score] = {name: Score() for name in (*RULES, LADDER)}
    total = 0
    for hunk in load(corpus):
        total += 1
        answers = rule_answers(hunk)
        for name, answer in answers.items():
            scores[name].add(answer, hunk)
        if answers:
            scores[LADDER].add(next(iter(answers.values())), hunk)
    tell(f"{total} hunks")
    tell(f"{'':12}{'n':>6}{'share':>8}{'exact':>8}{'norm':>8}")
    for name, score in scores.items():
        tell(f"{name:12}{score.row(total)}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    measure(Path(sys.argv[1]))
