"""Unified diffs, read from the body of a `diff` fence.

Models count badly, so the counts of a hunk's header are believed only where they fit what follows.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from unidiff.patch import PatchSet

from gitswarm.swarm.diff_hunk import DiffHunk, Sign
from gitswarm.swarm.refused import EditsRefused
from gitswarm.swarm.textfile import line_texts

_HUNK_HEADER = re.compile(
    r"@@+ -(?P<start>[0-9]{1,9})(?:,(?P<source>[0-9]{1,9}))?"
    r" \+[0-9]{1,9}(?:,(?P<target>[0-9]{1,9}))? @@"
)
_FILE_HEADER = re.compile(
    r"diff |index |Index: |={7,}$|(?:new|deleted) file mode 100(?:644|755)$"
    r"|(?P<side>---|\+\+\+)(?: |$)(?P<name>.*)"
)
_MOVE = re.compile(r"(?:dis)?similarity index |(?:rename|copy) (?:from|to) ")
_PREFIX = re.compile("^[abciow12]/")
"""What git puts before a name, see `diff.mnemonicPrefix` in git-config(1)."""
_NO_NEWLINE = "\\ No newline at end of file"
_NO_FILE = "/dev/null"

Fate = Literal["changed", "created", "deleted"]


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file's unified diff."""

    hunks: tuple[DiffHunk, ...]
    fate: Fate = "changed"
    """What becomes of the file by the names in the header."""


def read_diff(body: str, line: int, path: str) -> FileDiff:
    """The diff in a `diff` fence for that path, whose body begins at this line of the reply.

    Raises EditsRefused unless the body is one file's unified diff that changes text and nothing
    else. Counts in the headers may be wrong or missing.
    """
    texts = line_texts(body)
    first = next((at for at, text in enumerate(texts) if text.startswith("@@")), len(texts))
    for at, text in enumerate(texts[:first]):
        if complaint := _complain_of_header(text, path):
            raise EditsRefused(f"Line {line + at}: {complaint}")
    return FileDiff(_read_hunks(texts, first, line, path), _fate(texts[:first]))


def _read_hunks(texts: Sequence[str], first: int, line: int, path: str) -> tuple[DiffHunk, ...]:
    if first == len(texts):
        raise EditsRefused(
            f'Line {line - 1}: the diff of {path} has no hunk; write "@@ -1,3 +1,4 @@", then'
            " the lines, each behind a blank, a - or a +."
        )
    recounted: list[str] = ["--- a\n", "+++ b\n"]
    headers: list[int] = []
    at = first
    while at < len(texts):
        headers.append(at)
        stop = _end_of_hunk(texts, at, line)
        if not any(text.startswith(("+", "-")) for text in texts[at + 1 : stop]):
            raise EditsRefused(f"Line {line + at}: this hunk adds and removes nothing.")
        recounted += _recounted(texts[at], texts[at + 1 : stop])
        at = _skip_blank(texts, stop)
    (patched,) = PatchSet(recounted)
    return tuple(
        _hunk(
            [(found.line_type, found.value.removesuffix("\n")) for found in hunk],
            start=hunk.source_start if _HUNK_HEADER.match(texts[header]) else None,
            line=line + header,
        )
        for hunk, header in zip(patched, headers, strict=True)
    )


def _complain_of_header(text: str, path: str) -> str | None:
    found = _FILE_HEADER.match(text)
    if found is None:
        if not text.strip():
            return None
        if _MOVE.match(text):
            return (
                f'"{text[:80]}" moves a file, which a diff cannot do here; give the new file whole,'
                " and delete the old one by a delete fence."
            )
        return (
            f'"{text[:80]}" is not understood before the first "@@"; a diff here changes the text'
            " of one file and nothing else of it, so it begins with its --- and +++ lines or with"
            " its first hunk."
        )
    name = _name(found)
    if not name or name == _NO_FILE:
        return None
    names = {name, _PREFIX.sub("", name)}
    if not any(path == one or path.endswith("/" + one) for one in names):
        return f'the diff is of "{name}", the fence of "{path}"; give each file a fence of its own.'
    return None


def _name(header: re.Match[str]) -> str:
    """Of the file, in a --- or +++ line; empty in any other."""
    return (header["name"] or "").partition("\t")[0].strip().strip('"')


def _fate(header: Sequence[str]) -> Fate:
    for found in filter(None, map(_FILE_HEADER.match, header)):
        if _name(found) == _NO_FILE:
            return "created" if found["side"] == "---" else "deleted"
    return "changed"


def _end_of_hunk(texts: Sequence[str], header: int, line: int) -> int:
    """The index after the hunk's last line."""
    declared = _declared_end(texts, header)
    if declared is not None:
        return declared
    stop = header + 1
    while stop < len(texts) and not texts[stop].startswith("@@"):
        text = texts[stop]
        if _begins_file(texts, stop) or (text and text[0] not in " +-\\"):
            raise EditsRefused(
                f'Line {line + stop}: "{text[:80]}" is not a line of a hunk; each begins with a'
                " blank (unchanged), a - (removed) or a + (added), and a diff fence holds one"
                " file only."
            )
        stop += 1
    while stop > header + 1 and not texts[stop - 1]:
        stop -= 1
    return stop


def _declared_end(texts: Sequence[str], header: int) -> int | None:
    """The end by the header's counts, if they fit what follows."""
    found = _HUNK_HEADER.match(texts[header])
    if found is None:
        return None
    left = {" ": 0, "-": int(found["source"] or "1"), "+": int(found["target"] or "1")}
    at = header + 1
    while at < len(texts) and (left["-"] > 0 or left["+"] > 0):
        sign = texts[at][:1] or " "
        if sign in " -":
            left["-"] -= 1
        if sign in " +":
            left["+"] -= 1
        if sign not in " +-\\":
            return None
        at += 1
    if left["-"] or left["+"]:
        return None
    if at < len(texts) and texts[at].startswith("\\"):
        at += 1
    rest = _skip_blank(texts, at)
    return at if rest == len(texts) or texts[rest].startswith("@@") else None


def _skip_blank(texts: Sequence[str], at: int) -> int:
    while at < len(texts) and not texts[at].strip():
        at += 1
    return at


def _begins_file(texts: Sequence[str], at: int) -> bool:
    """Whether the header of another file begins here, not a removed line that looks like one."""
    following = [*texts[at : at + 3], "", ""]
    return (
        following[0].startswith("--- ")
        and following[1].startswith("+++ ")
        and following[2].startswith("@@")
    )


def _recounted(header: str, body: Sequence[str]) -> Iterator[str]:
    """The hunk as unidiff wants it: with counts that are right."""
    found = _HUNK_HEADER.match(header)
    start = found["start"] if found else "0"
    signs = Counter(text[:1] or " " for text in body)
    source, target = signs[" "] + signs["-"], signs[" "] + signs["+"]
    yield f"@@ -{start},{source} +{start},{target} @@\n"
    for text in body:
        yield f"{_NO_NEWLINE if text.startswith(_NO_NEWLINE[0]) else text}\n"


def _hunk(lines: Sequence[tuple[str, str]], *, start: int | None, line: int) -> DiffHunk:
    kept: list[tuple[Sign, str]] = []
    endless: set[Sign] = set()
    for sign, text in lines:
        match sign:
            case " " | "+" | "-":
                kept.append((sign, text))
            case _ if kept:
                endless.add(kept[-1][0])
    closes = endless == {"-"} if endless else None
    return DiffHunk(start, tuple(kept), closes, line)
