"""Pathspecs with git's `glob` magic, as the paths that a task owns are written.

As gitglossary(7) says of `:(glob)`: `*`, `?` and `[...]` match no slash, `**/` and `/**` match any
number of folders, and a pathspec that names a folder matches what is in it.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from gitswarm.repo.objects import RepoPath


def owned_by(path: RepoPath, owns: Iterable[str]) -> bool:
    """Whether one of the pathspecs matches the path."""
    return any(_matches(path, pathspec) for pathspec in owns)


def _matches(path: RepoPath, pathspec: str) -> bool:
    pattern = pathspec.removeprefix(":(glob)")
    while pattern.startswith("./"):
        pattern = pattern[2:]
    if pattern == ".":
        return True
    wanted = pattern.encode("utf-8", "surrogateescape")
    if not wanted:
        return False
    if path == wanted or path.startswith(wanted.rstrip(b"/") + b"/"):
        return True
    matcher = _compile(wanted)
    return matcher is not None and matcher.fullmatch(path) is not None


_ONE = b"[^/]"
_STARS = re.compile(rb"\*+")
_BRACKET = re.compile(rb"\[([!^]?)(\]?(?:\[:[a-z]+:\]|\\.|[^\]\\])*)\]", re.DOTALL)
_CLASSES = {
    b"alnum": rb"0-9A-Za-z",
    b"alpha": rb"A-Za-z",
    b"blank": rb" \t",
    b"cntrl": rb"\x00-\x1f\x7f",
    b"digit": rb"0-9",
    b"graph": rb"!-~",
    b"lower": rb"a-z",
    b"print": rb" -~",
    b"punct": rb"!-/:-@\[-`{-~",
    b"space": rb" \t-\r",
    b"upper": rb"A-Z",
    b"xdigit": rb"0-9A-Fa-f",
}
_IN_BRACKET = re.compile(rb"\[:([a-z]+):\]|\\(.)|(.)", re.DOTALL)


@lru_cache(maxsize=256)
def _compile(pattern: bytes) -> re.Pattern[bytes] | None:
    """The pattern as a regular expression; None where git takes it for malformed, which matches
    nothing."""
    parts: list[bytes] = []
    at = 0
    while at < len(pattern):
        byte = pattern[at : at + 1]
        if stars := _STARS.match(pattern, at):
            part, at = _expand(pattern, stars)
            parts.append(part)
        elif byte == b"?":
            parts.append(_ONE)
            at += 1
        elif byte == b"[":
            bracket = _BRACKET.match(pattern, at)
            if bracket is None:
                return None
            parts.append(_expand_bracket(bracket[1], bracket[2]))
            at = bracket.end()
        else:
            at += byte == b"\\"
            if at == len(pattern):
                return None
            parts.append(re.escape(pattern[at : at + 1]))
            at += 1
    try:
        return re.compile(b"".join(parts), re.DOTALL)
    except re.error:
        return None


def _expand(pattern: bytes, stars: re.Match[bytes]) -> tuple[bytes, int]:
    """What a run of stars matches, and where the pattern goes on."""
    before, after = pattern[: stars.start()], pattern[stars.end() : stars.end() + 1]
    spans_folders = len(stars[0]) > 1 and (not before or before.endswith(b"/"))
    if spans_folders and after == b"/":
        return b"(?:.*/)?", stars.end() + 1
    if spans_folders and not after:
        return b".*", stars.end()
    return b"[^/]*", stars.end()


def _expand_bracket(negated: bytes, inner: bytes) -> bytes:
    def member(found: re.Match[bytes]) -> bytes:
        if found[1] is not None:
            return _CLASSES.get(found[1], b"")
        if found[2] is not None:
            return re.escape(found[2])
        return found[3] if found[3] == b"-" else re.escape(found[3])

    members = _IN_BRACKET.sub(member, inner)
    return b"(?!/)[" + (b"^" if negated else b"") + members + b"]"
