"""Text fit to be shown: cleaned of what a terminal would obey, and short forms of quantities."""

import re

_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"  # CSI
    r"|(?:\x1b[P\]X^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*+(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, ...
    r"|\x1b[ -/]*+[0-~]"
)
"""Whole control sequences, by the grammar of ECMA-48."""

_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")

_UNSEEN = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x9f"
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "]"
)
"""Control characters, and what Unicode calls default-ignorable: bidirectional overrides, joiners,
zero-width spaces, tags. They let a text look like another one."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """The text without anything that a terminal obeys or that hides what it says.

    Line ends of every kind become newlines; tabs stay. Brackets stay too: nothing here is ever
    printed as rich markup, so they mean nothing.
    """
    text = _LINE_END.sub("\n", _SEQUENCE.sub("", text))
    return _SURROGATE.sub("\ufffd", _UNSEEN.sub("", text))


def one_line(text: str, limit: int = 0) -> str:
    """Cleaned and on one line; cut after `limit` characters, if that is not 0."""
    words = " ".join(clean(text).split())
    return words[: limit - 3].rstrip() + "..." if 0 < limit < len(words) else words


def last_lines(text: str, count: int, limit: int) -> list[str]:
    """The last lines that are not blank, cleaned, each cut after `limit` characters."""
    lines = [line.expandtabs().rstrip() for line in clean(text).split("\n")]
    kept = [line for line in lines if line][-count:]
    return [line[: limit - 3] + "..." if len(line) > limit else line for line in kept]


def several(count: int, noun: str, plural: str = "") -> str:
    """`1 hunk`, `3 hunks`."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def listed(names: list[str] | tuple[str, ...], most: int = 5) -> str:
    """`a, b and c`; beyond `most` names only their number is told."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def duration(seconds: float) -> str:
    """`3.1s`, `41s`, `1m 12s`, `2h 05m`."""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    return whole_seconds(seconds)


def whole_seconds(seconds: float) -> str:
    """As `duration`, without tenths: for what is drawn again and again."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02}m"


def tokens(count: int) -> str:
    """`950`, `1.2k`, `412k`, `1.3M`."""
    if count < 1000:
        return str(count)
    if count < 99_950:
        return f"{count / 1000:.1f}k"
    if count < 999_500:
        return f"{count / 1000:.0f}k"
    return f"{count / 1_000_000:.1f}M"


def money(usd: float | None) -> str:
    """`$0.31`; a price that is not known is a question mark."""
    if usd is None:
        return "?"
    return "<$0.01" if 0 < usd < 0.01 else f"${usd:,.2f}"
