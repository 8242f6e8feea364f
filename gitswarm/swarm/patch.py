"""Unified diffs: read from the body of a `diff` fence, applied to a file's lines by context.

Models count badly, so the counts of a hunk's header are believed only where they fit, and its line
number only tells apart places that fit equally well.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from unidiff.patch import PatchSet

from gitswarm.swarm.nearest import nearest
from gitswarm.swarm.refused import EditsRefused
from gitswarm.swarm.textfile import Line, TextFile, line_texts

Sign = Literal[" ", "+", "-"]


@dataclass(frozen=True, slots=True)
class Hunk:
    start: int | None
    """The line of the file where it begins by its header, from 1; None where that names none."""
    lines: tuple[tuple[Sign, str], ...]
    closes: bool | None
    """What `\\ No newline at end of file` says of the new file's last line: False that it has no
    end, True that it gets one; None where nothing is said."""
    line: int
    """Where its header stands in the reply."""

    @property
    def source(self) -> list[str]:
        return [text for sign, text in self.lines if sign != "+"]

    def trimmed(self, most: int) -> tuple["Hunk", int]:
        """Without up to that many lines of context at either end, and how many went in front."""
        signs = [sign for sign, _ in self.lines]
        front = min(most, _leading_context(signs))
        back = min(most, _leading_context(signs[::-1]))
        return replace(self, lines=self.lines[front : len(self.lines) - back]), front


def _leading_context(signs: Sequence[Sign]) -> int:
    return next((index for index, sign in enumerate(signs) if sign != " "), len(signs))


# Reading

_HUNK_HEADER = re.compile(
    r"@@+ -(?P<start>[0-9]{1,9})(?:,(?P<source>[0-9]{1,9}))?"
    r" \+[0-9]{1,9}(?:,(?P<target>[0-9]{1,9}))? @@"
)
_FILE_HEADER = re.compile(r"diff |index |Index: |={7,}$|(?P<names>---|\+\+\+)(?: |$)(?P<name>.*)")
_NO_NEWLINE = "\\ No newline at end of file"


def read_hunks(body: str, line: int, path: str) -> tuple[Hunk, ...]:
    """The hunks of a `diff` fence for that path, whose body begins at this line of the reply.

    Raises EditsRefused unless the body is one file's unified diff that changes text and nothing
    else. Counts in the headers may be wrong or missing.
    """
    texts = line_texts(body)
    first = next((at for at, text in enumerate(texts) if text.startswith("@@")), len(texts))
    for at, text in enumerate(texts[:first]):
        if complaint := _complain_of_header(text, path):
            raise EditsRefused(f"Line {line + at}: {complaint}")
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
        return (
            f'"{text[:80]}" is not understood before the first "@@"; a diff here changes the text'
            " of one file that exists, so it begins with its --- and +++ lines or with its first"
            " hunk (a new file is given whole, a file is deleted by a delete fence)."
        )
    if not found["names"]:
        return None
    name = found["name"].partition("\t")[0].strip().strip('"')
    if name == "/dev/null":
        return (
            "a diff here changes a file that exists; give a new file whole, and delete one with a"
            " delete fence."
        )
    names = {name, name.partition("/")[2]} - {""}
    if names and not any(path == one or path.endswith("/" + one) for one in names):
        return f'the diff is of "{name}", the fence of "{path}"; give each file a fence of its own.'
    return None


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
        yield f"{_NO_NEWLINE if text.startswith(chr(92)) else text or ' '}\n"


def _hunk(lines: Sequence[tuple[str, str]], *, start: int | None, line: int) -> Hunk:
    kept: list[tuple[Sign, str]] = []
    endless: set[Sign] = set()
    for sign, text in lines:
        match sign:
            case " " | "+" | "-":
                kept.append((sign, text))
            case _ if kept:
                endless.add(kept[-1][0])
    closes = endless == {"-"} if endless else None
    return Hunk(start, tuple(kept), closes, line)


# Applying

_FUZZ = 2
"""How many lines of context at either end of a hunk may differ, as in patch(1)."""


def apply_hunks(
    hunks: Sequence[Hunk], file: TextFile, path: str
) -> tuple[TextFile, tuple[str, ...]]:
    """The file with all hunks applied, each to the file as it was, and remarks on those that did
    not fit to the letter or were not where they said. Raises EditsRefused with a problem for every
    hunk that fits nowhere or in several places, and where two change the same line."""
    problems: list[str] = []
    remarks: list[str] = []
    placed: list[_Placed] = []
    texts = file.texts
    for hunk in hunks:
        try:
            place = _place(hunk, texts)
        except _UnfitError as unfit:
            problems.append(f"Line {hunk.line}: in {path} {unfit}")
            continue
        placed.append(place)
        if place.remark:
            remarks.append(f"{path}: a hunk applied at line {place.start + 1}{place.remark}")
    if not problems:
        try:
            return _applied(placed, file), tuple(remarks)
        except _UnfitError as unfit:
            problems.append(f"In {path} {unfit}")
    raise EditsRefused(*problems)


class _UnfitError(Exception):
    """Why hunks cannot be applied; its words go on from "in PATH"."""


@dataclass(frozen=True, slots=True)
class _Placed:
    hunk: Hunk
    start: int
    """The index of the file's line where it begins."""
    remark: str = ""


def _place(hunk: Hunk, texts: list[str]) -> _Placed:
    if not hunk.source:
        if not texts:
            return _Placed(hunk, 0)
        raise _UnfitError("this hunk only adds lines; give some lines around them as context.")
    for fuzz, loosely in ((0, False), (0, True), *((most + 1, True) for most in range(_FUZZ))):
        trimmed, front = hunk.trimmed(fuzz)
        starts = _matches(trimmed.source, texts, loosely=loosely)
        expected = None if hunk.start is None else hunk.start - 1 + front
        if not fuzz and expected in starts:
            starts = [expected]
        if len(starts) > 1:
            shown = ", ".join(str(start + 1) for start in starts[:10])
            raise _UnfitError(
                f"this hunk fits {len(starts)} places (at lines {shown}"
                f"{', ...' * (len(starts) > 10)}); give more lines around it."
            )
        if starts:
            moved = expected is not None and expected != starts[0]
            remark = f" instead of {expected + 1}" if moved and expected is not None else ""
            remark += ", trailing blanks ignored" if loosely and not fuzz else ""
            remark += f", up to {fuzz} lines of context at its ends ignored" if fuzz else ""
            return _Placed(trimmed, starts[0], remark and remark + ".")
    raise _UnfitError(f"this hunk fits nowhere. {nearest(texts, hunk.source)}")


def _matches(source: Sequence[str], texts: list[str], *, loosely: bool) -> list[int]:
    if not any(text.strip() for text in source) and loosely:
        return []
    if loosely:
        source, texts = [text.rstrip() for text in source], [text.rstrip() for text in texts]
    count, first = len(source), source[0]
    return [
        at
        for at in range(len(texts) - count + 1)
        if texts[at] == first and texts[at : at + count] == list(source)
    ]


def _applied(placed: Sequence[_Placed], file: TextFile) -> TextFile:
    """Line by line, so that hunks may share lines of context."""
    context: set[int] = set()
    removed: set[int] = set()
    added: dict[int, list[Line]] = defaultdict(list)
    closed = file.closed
    for place in placed:
        at = place.start
        gaps: set[int] = set()
        for sign, text in place.hunk.lines:
            if sign == "+":
                if at in added and at not in gaps:
                    raise _UnfitError(f"two hunks add lines before line {at + 1}; join them.")
                gaps.add(at)
                added[at].append(Line(text, ""))
                continue
            if at in removed or (sign == "-" and at in context):
                raise _UnfitError(f"two hunks meet at line {at + 1}; join them.")
            (removed if sign == "-" else context).add(at)
            at += 1
        if at == len(file.lines) and place.hunk.closes is not None:
            closed = place.hunk.closes
    lines: list[Line] = []
    for at, line in enumerate(file.lines):
        lines += added.get(at, ())
        if at not in removed:
            lines.append(line)
    lines += added.get(len(file.lines), ())
    return replace(file, lines=tuple(lines), closed=closed)
