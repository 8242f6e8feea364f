"""Fragments: parts of a file that a reply gives as the whole of it.

Told that its code names no file, a model adds the name, and its one function would be all that is
left of the file. A file that is meant to lose most of its text looks the same; so it is asked for
again once, and taken when it comes again.
"""

from collections.abc import Sequence

from gitswarm.repo.objects import show
from gitswarm.swarm.edits import Change, Edits, Files, WholeFile
from gitswarm.swarm.textfile import line_texts

MUCH = 20
"""Lines of a file; of a shorter one, most are soon gone."""


def fragments(edits: Edits, changes: Sequence[Change], files: Files) -> tuple[str, ...]:
    """A problem for each file that would lose most of its lines, and not to another file of the
    reply."""
    new = {change.path: _lines(change.data) for change in changes}
    kept = {line for lines in new.values() for line in lines}
    problems = []
    for edit in edits.edits:
        entry = files.entry(edit.path) if isinstance(edit, WholeFile) else None
        if entry is None:
            continue
        old = _lines(files.read(entry))
        lost = [line for line in old if line not in kept]
        if len(old) >= MUCH and len(lost) > len(old) / 2 > len(new[edit.path]):
            problems.append(
                f"Line {edit.line}: {show(edit.path)!r} is given whole, and {len(lost)} of its"
                f" {len(old)} lines would be gone; to change a part of it, write"
                f' "edit path={show(edit.path)}"; if they are to go, send the reply again as it is.'
            )
    return tuple(problems)


def _lines(data: bytes) -> list[str]:
    """Those that say something, without their indentation: moved code has another one."""
    texts = map(str.strip, line_texts(data.decode("utf-8", "replace")))
    return [text for text in texts if text]
