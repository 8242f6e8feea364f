"""What a command printed, condensed to what tells a model why it failed."""

import re

from gitswarm.plan.keys import without_keys

LINES = 120
"""Output of no more lines is shown whole."""
FIRST_ERRORS = 30
LAST_LINES = 60
LINE_CHARACTERS = 400

KEY = "[a key, left out]"

_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ERROR = re.compile(
    r"error|exception|traceback|fail|fatal|panic|assert|undefined|unexpected|not found|denied", re.I
)


def condensed(output: str) -> str:
    """The first lines that speak of an error, and the last lines; whole where that is not much."""
    lines = printed_lines(output)
    if len(lines) <= LINES:
        return "\n".join(lines)
    end = len(lines) - LAST_LINES
    told = [n for n in range(end) if _ERROR.search(lines[n])]
    shown: list[str] = []
    at = 0
    for n in [*told[:FIRST_ERRORS], *range(end, len(lines))]:
        if n > at:
            shown.append(f"[{n - at} lines are left out here]")
        shown.append(lines[n])
        at = n + 1
    return "\n".join(shown)


def telling_line(output: str) -> str:
    """The one line that says most: the first that speaks of an error, else the last."""
    lines = [line.strip() for line in printed_lines(output) if line.strip()]
    return next((line for line in lines if _ERROR.search(line)), lines[-1] if lines else "")


def printed_lines(output: str) -> list[str]:
    """The lines without keys, what a terminal would obey and blank ends, the longest cut. Of a line
    that was written over, only the last state counts."""
    text = without_keys(_SEQUENCE.sub("", output), KEY).replace("\r\n", "\n").strip("\n")
    lines = (line.rstrip().rpartition("\r")[2] for line in text.split("\n"))
    return [_cut(_CONTROL.sub("", line)) for line in lines]


def _cut(line: str) -> str:
    if len(line) <= LINE_CHARACTERS:
        return line
    return f"{line[:LINE_CHARACTERS]} [cut: {len(line) - LINE_CHARACTERS} more characters]"
