"""How long a request for resolutions is, beside the three whole files; and that nothing is lost.

    python -m bench.prompts CORPUS

CORPUS is that of `bench.rules`. Every file of more than 200 lines with a hunk that is not answered
before becomes a request as a run would send it, both sides told with an intent of 200 characters
and two commits. Printed are, for these files, in percent of the characters of base, ours and theirs
together, the median and the ninth tenth:

    message   the request alone, which is what grows with the hunks. Wanted: at most 10, median
    whole     the same with the system prompt, which is the same for every file

and for all files of the corpus, each hunk spliced by itself and all together:

    changed   files that are not the same bytes once they were parsed and written, or in which a
              splice changed something outside of its hunk. Wanted: 0
"""

import sys
from pathlib import Path
from statistics import median, quantiles

from bench.rules import load
from gitswarm.merge.conflicts import ConflictedText
from gitswarm.merge.ladder import climb
from gitswarm.merge.question import SYSTEM, Question, Side, first_message
from gitswarm.repo.objects import RepoPath
from gitswarm.settings import Settings

LONG = 200
"""Lines; what is shorter would nearly be sent whole."""

_SIDE = Side("What the task is called", "x" * 200, ("y" * 50,) * 2)


def shares(path: RepoPath, text: ConflictedText) -> tuple[float, float] | None:
    """The length of the message, and of all that is sent, over that of the files; None where
    nothing is asked."""
    versions = text.take("ours"), text.take("theirs")
    rungs = climb(
        path,
        text,
        versions,
        replayed={},
        unasked=Settings().rules,
        past=lambda _side: (),
    )
    question = Question(path, rungs.text, _SIDE, _SIDE, versions, rungs.candidates)
    asked = [hunk for hunk in rungs.text.hunks if hunk.number not in rungs.resolutions]
    if not asked:
        return None
    base = text.splice({hunk.number: hunk.base or b"" for hunk in text.hunks}).write()
    whole = sum(len(data.decode()) for data in (*versions, base))
    message = len(first_message(question, asked))
    return message / whole, (len(SYSTEM) + message) / whole


def is_kept(data: bytes, text: ConflictedText) -> bool:
    """Whether what is not spliced stays, byte for byte."""
    if text.write() != data:
        return False
    new = b"something new\n"
    for hunk, before, after in text.surrounded():
        spliced = text.splice({hunk.number: new})
        written = spliced.write()
        others = [one for one in text.hunks if one != hunk]
        if [*spliced.hunks] != others or before + new + after not in written:
            return False
    everything = text.splice({hunk.number: new for hunk in text.hunks}).write()
    pieces = [part for part in text.parts if isinstance(part, bytes)]
    return everything.replace(new, b"") == b"".join(pieces).replace(new, b"")


def main(corpus: Path) -> None:
    files = {(hunk.path, id(hunk.text)): (hunk.path, hunk.text, hunk.data) for hunk in load(corpus)}
    long = [(path, text) for path, text, data in files.values() if data.count(b"\n") > LONG]
    found = [one for path, text in long if (one := shares(path, text)) is not None]
    changed = sum(not is_kept(data, text) for _, text, data in files.values())
    print(f"{len(found)} of {len(long)} files of more than {LONG} lines are asked about")
    for name, part in zip(("message", "whole"), zip(*found, strict=True), strict=True):
        print(f"{name:9} {100 * median(part):.1f} {100 * quantiles(part, n=10)[-1]:.1f}")
    print(f"changed   {changed} of {len(files)}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
