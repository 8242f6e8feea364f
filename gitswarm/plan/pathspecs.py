"""Paths and git glob pathspecs as a plan names them, and whether two pathspecs may meet.

What a pathspec matches is said in gitglossary(7) ("pathspec", magic word `glob`) and in
gitignore(5): `*` and `?` stay within one name, `**` as a whole name stands for any folders, and a
pathspec that names a folder matches everything in it.
"""

import re
from collections.abc import Callable, Sequence

LONGEST = 4096
"""Characters of a path; the limit of the file systems that git runs on."""

_UNNAMEABLE = re.compile("[\0\ud800-\udfff]")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def plain_path(text: str) -> str:
    """The path without `.` and empty names in it. `ValueError` says what it is instead of one that
    leads into the repository."""
    if _UNNAMEABLE.search(text):
        raise ValueError("holds a character that no path can have")
    if len(text) > LONGEST:
        raise ValueError(f"is longer than {LONGEST:,} characters")
    if text.startswith("/") or _DRIVE.match(text):
        raise ValueError(f'is "{text}", not a path from the root of the repository')
    names = [name for name in text.split("/") if name.strip() not in ("", ".")]
    if not names:
        raise ValueError("is empty")
    if ".." in names:
        raise ValueError(f'is "{text}", which leads outside')
    if any(name.lower() == ".git" for name in names):
        raise ValueError(f'is "{text}", which is inside ".git"')
    return "/".join(names)


def pathspec(text: str) -> str:
    """The pathspec without `:(glob)` before it, which goes without saying, and with `**` for the
    whole repository. `ValueError` as above, and for any other magic."""
    pattern = text.removeprefix(":(glob)")
    if pattern.startswith(":"):
        raise ValueError(f'is "{text}", with pathspec magic other than ":(glob)"')
    return "**" if pattern in (".", "./") else plain_path(pattern)


MOST_ALTERNATIVES = 100


def alternatives(pattern: str) -> list[str]:
    """The pathspecs that one with `{a,b}` in it stands for, as shells have it; git would look for
    the braces."""
    found = [pattern]
    while any(map(_ALTERNATIVES.search, found)):
        found = [choice for one in found for choice in _choices(one)]
        if len(found) > MOST_ALTERNATIVES:
            return [pattern]
    return [one for one in dict.fromkeys(found) if one]


_ALTERNATIVES = re.compile(r"\{([^{}]*,[^{}]*)\}")


def _choices(pattern: str) -> list[str]:
    found = _ALTERNATIVES.search(pattern)
    if found is None:
        return [pattern]
    before, after = pattern[: found.start()], pattern[found.end() :]
    return [f"{before}{choice}{after}" for choice in found[1].split(",")]


def may_meet(one: str, other: str) -> bool:
    """Whether some path could match both pathspecs.

    Errs on the side of yes: a character class that is more than letters and ranges of them counts
    as any character, and a name at the end counts as a folder with everything in it unless it has a
    suffix, as files have, or wildcards are in the pathspec, which then is none for git either.
    """
    return _meet(
        _names(one),
        _names(other),
        any_run="**",
        alike=lambda a, b: _meet(_tokens(a), _tokens(b), any_run=_RUN, alike=_tokens_meet),
        holds_more=(_may_be_folder(one), _may_be_folder(other)),
    )


_WILD = re.compile(r"[\\*?\[]")
_FILE_SUFFIX = re.compile(r"[^/]\.[A-Za-z]\w{0,9}/?$")


def _may_be_folder(pattern: str) -> bool:
    return not _WILD.search(pattern) and not _FILE_SUFFIX.search(pattern)


def _names(pattern: str) -> list[str]:
    return [name for name in pattern.split("/") if name not in ("", ".")]


_TOKEN = re.compile(
    r"\\(?P<escaped>.)|(?P<class>\[[!^]?\]?(?:\[:\w+:\]|\\.|[^\]])*\])|(?P<plain>.)", re.S
)
_ONE = "any one character"
_RUN = "any run of characters"


def _tokens(name: str) -> list[str]:
    """A name as single characters, classes of them, and wildcards."""
    wildcards = {"?": _ONE, "*": _RUN}
    return [
        match["escaped"] or match["class"] or wildcards.get(match[0], match[0])
        for match in _TOKEN.finditer(name)
    ]


def _tokens_meet(one: str, other: str) -> bool:
    some, others = _characters(one), _characters(other)
    return some is None or others is None or not some.isdisjoint(others)


_PLAIN_CLASS = re.compile(r"\[(?P<but>[!^]?)(?P<members>(?:\w-\w|[\w.])+)\]", re.ASCII)


def _characters(token: str) -> frozenset[str] | None:
    """Those that a token matches; None for any one."""
    if len(token) == 1:
        return frozenset(token)
    found = _PLAIN_CLASS.fullmatch(token)
    if found is None or found["but"]:
        return None
    ranges = re.findall(r"(.)-(.)|(.)", found["members"])
    return frozenset(
        chr(code)
        for first, last, only in ranges
        for code in range(ord(only or first), ord(only or last) + 1)
    )


def _meet(
    one: Sequence[str],
    other: Sequence[str],
    *,
    any_run: str,
    alike: Callable[[str, str], bool],
    holds_more: tuple[bool, bool] = (False, False),
) -> bool:
    """Whether two sequences with wildcards have a sequence in common: a walk over the pairs of
    places that can be reached in both at once. One that `holds_more` matches all that goes on
    beyond its end."""
    waiting, seen = [(0, 0)], set()
    while waiting:
        at = i, j = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        one_ended, other_ended = i == len(one), j == len(other)
        if (
            (one_ended and other_ended)
            or (one_ended and holds_more[0])
            or (other_ended and holds_more[1])
        ):
            return True
        one_runs = not one_ended and one[i] == any_run
        other_runs = not other_ended and other[j] == any_run
        if one_runs or other_runs:
            if not one_ended:
                waiting.append((i + 1, j))
            if not other_ended:
                waiting.append((i, j + 1))
        elif not one_ended and not other_ended and alike(one[i], other[j]):
            waiting.append((i + 1, j + 1))
    return False
