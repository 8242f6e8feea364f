"""Words of other people's, made fit for a description that a forge renders and acts upon.

A forge does more with Markdown than show it: `@name` calls a person, `closes #1` closes an issue on
merge, an image is fetched from wherever it says, a line that begins with `/` may be a command. None
of that may come from a model, a path or a commit message.
"""

import re

from gitswarm.screen.text import clean, one_line

BREAK = "\u200b"
"""A blank of no width: what it stands in is read as before, and refers to nothing."""

_REFERENCE = re.compile(r"([@#!$%~&^])(?=[\w\[\"'({/.])")
_NAMED_REFERENCE = re.compile(r"\b(GH|www)(?=[-.])", re.IGNORECASE)
_LINK = re.compile(r":(?=//)")
_MARKUP = re.compile(r"[`*_\[\]|~$!]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\\": "&#92;"}
_COMMAND = re.compile(r"^(\s*)/")
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}(?!.*`)|~{3,})(?P<info>.*)")
_SWALLOWS = re.compile(r"^(\s*)<(?=[!?]|(?:pre|script|style|textarea|details)\b)", re.IGNORECASE)
"""What begins an HTML block that no blank line ends, see "HTML blocks" in CommonMark."""


def prose(text: str, limit: int = 0) -> str:
    """Somebody's words on one line, meaning nothing but themselves; cut after `limit` characters,
    if that is not 0. To be put behind other words: at the start of a line it could begin a list."""
    words = one_line(text, limit)
    words = _REFERENCE.sub(rf"\1{BREAK}", words)
    words = _NAMED_REFERENCE.sub(rf"\1{BREAK}", words)
    words = _LINK.sub(f":{BREAK}", words)
    words = re.sub(r"[&<>\\]", lambda sign: _ENTITIES[sign[0]], words)
    return _MARKUP.sub(lambda sign: "\\" + sign[0], words)


def code(text: str, limit: int = 0) -> str:
    """The text on one line as a code span, in which nothing is acted upon."""
    words = one_line(text, limit)
    runs = [len(run) for run in re.findall("`+", words)]
    fence = "`" * next(n for n in range(1, len(runs) + 2) if n not in runs)
    pad = " " if words.startswith("`") or words.endswith("`") or not words else ""
    return f"{fence}{pad}{words}{pad}{fence}"


def own_words(text: str, limit: int) -> str:
    """What the user wrote, as they wrote it: mentions and links are meant. Only what they cannot
    have meant is taken out of effect: a comment, a tag or a fence that swallows the rest, a line
    that a forge would obey ("/login fails" is a bug report, not a command). Cut after `limit`
    characters."""
    words = clean(text).strip()
    words = words[:limit] + "..." if len(words) > limit else words
    lines, fence = [], ""
    for line in words.replace("<!--", "&lt;!--").split("\n"):
        found = _FENCE.fullmatch(line)
        if not fence:
            line = _SWALLOWS.sub(r"\1&lt;", _COMMAND.sub(r"\1\\/", line))
            fence = found["fence"] if found else ""
        elif found and found["fence"].startswith(fence) and not found["info"].strip():
            fence = ""
        lines.append(line)
    return "\n".join([*lines, fence] if fence else lines)
