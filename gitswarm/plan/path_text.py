"""How paths are spelled for a model, and found again from what it spells.

A name in git is any bytes. What is not UTF-8, and what could break a line or hide in it, is spelled
as `\\xNN`, byte by byte.
"""

import re

from gitswarm.repo.objects import RepoPath, show

_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")


def spell(path: RepoPath) -> str:
    """The path on one line, everything of it visible."""
    return _HIDDEN.sub(lambda found: _escaped(found[0]), show(path))


def spelled(text: str) -> tuple[RepoPath, ...]:
    """The paths that a text may stand for: the text itself, then what it escapes."""
    plain = text.encode("utf-8", "surrogateescape")
    unescaped = _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), plain)
    return tuple(RepoPath(path) for path in dict.fromkeys((plain, unescaped)))


def _escaped(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())
