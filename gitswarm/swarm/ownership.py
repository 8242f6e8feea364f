"""Ownership: which paths a task owns, written as pathspecs with git's `glob` magic.

As gitglossary(7) says of `:(glob)`: `*`, `?` and `[...]` match no slash, `**/` and `/**` match any
number of folders, and a pathspec that names a folder matches what is in it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
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
    return _compile(wanted).fullmatch(path) is not None


_ONE = b"[^/]"
_NEVER = b"(?!)"
_WILD = re.compile(rb"[*?\[\\]")
_STARS = re.compile(rb"\*+")


@lru_cache(maxsize=256)
def _compile(pattern: bytes) -> re.Pattern[bytes]:
    parts: list[bytes] = []
    at = 0
    while at < len(pattern):
        byte = pattern[at : at + 1]
        if stars := _STARS.match(pattern, at):
            part, at = _expand(pattern, stars)
        elif byte == b"?":
            part, at = _ONE, at + 1
        elif byte == b"[":
            part, at = _expand_bracket(pattern, at)
        else:
            at += byte == b"\\"
            part, at = re.escape(pattern[at : at + 1]) or _NEVER, at + 1
        parts.append(part)
    return re.compile(b"".join(parts), re.DOTALL)


def _expand(pattern: bytes, stars: re.Match[bytes]) -> tuple[bytes, int]:
    """What a run of stars matches, and where the pattern goes on.

    Two stars span folders where a part of the path begins; also, since git compares what goes
    before the first wildcard by itself, where they are that wildcard.
    """
    before, after = pattern[: stars.start()], pattern[stars.end() : stars.end() + 1]
    begins = before.endswith(b"/") or not _WILD.search(before)
    spans_folders = len(stars[0]) > 1 and begins
    if spans_folders and after == b"/":
        return b"(?:.*/)?", stars.end() + 1
    if spans_folders and not after:
        return b".*", stars.end()
    return b"[^/]*", stars.end()


_CLASSES: Mapping[bytes, Callable[[bytes], bool]] = {
    b"alnum": bytes.isalnum,
    b"alpha": bytes.isalpha,
    b"blank": lambda byte: byte in b" \t",
    b"cntrl": lambda byte: byte < b" " or byte == b"\x7f",
    b"digit": bytes.isdigit,
    b"graph": lambda byte: b" " < byte < b"\x7f",
    b"lower": bytes.islower,
    b"print": lambda byte: b" " <= byte < b"\x7f",
    b"punct": lambda byte: b" " < byte < b"\x7f" and not byte.isalnum(),
    b"space": bytes.isspace,
    b"upper": bytes.isupper,
    b"xdigit": lambda byte: byte in b"0123456789abcdefABCDEF",
}
_NEGATION = re.compile(rb"[!^]?")
_MEMBER = re.compile(
    rb"(?P<first>\\.|[^\\])-(?P<last>\\.|[^\]\\])|\[:(?P<name>[^\]]*):\]|(?P<single>\\.|[^\\])",
    re.DOTALL,
)
_ALL = [bytes([number]) for number in range(256)]


def _expand_bracket(pattern: bytes, at: int) -> tuple[bytes, int]:
    """What a bracket matches, read as git's wildmatch does; one without an end matches nothing."""
    negation = _NEGATION.match(pattern, at + 1)
    assert negation is not None, "it matches nothing, too"
    start = at = negation.end()
    members: set[bytes] = set()
    while at == start or pattern[at : at + 1] != b"]":
        member = _MEMBER.match(pattern, at)
        if member is None or member["name"] not in (None, *_CLASSES):
            return _NEVER, len(pattern)
        if member["first"]:
            first, last = member["first"][-1:], member["last"][-1:]
            members.update(byte for byte in _ALL if byte == first or first <= byte <= last)
        elif member["name"] is not None:
            members.update(byte for byte in _ALL if _CLASSES[member["name"]](byte))
        else:
            members.add(member["single"][-1:])
        at = member.end()
    listed = b"".join(
        b"\\x%02x" % byte[0] for byte in _ALL if (byte in members) != bool(negation[0])
    )
    return b"(?!/)[" + listed + b"]" if listed else _NEVER, at + 1
