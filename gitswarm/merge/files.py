"""Three versions of one file merged, outside of any commit: git's own merge, and then the rungs
that need no model.

What is written comes from `git merge-file`, of versions in which the answered hunks agree:
so what stays open has the form, the labels and the marker length that git gives it.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from gitswarm.errors import MergeError
from gitswarm.merge.conflicts import ConflictedText, Side, UnclearMarkersError, marker_runs
from gitswarm.merge.ladder import climb
from gitswarm.merge.question import Question
from gitswarm.merge.question import Side as About
from gitswarm.merge.resolutions import Resolution
from gitswarm.repo.attributes import MARKER_SIZE
from gitswarm.repo.command import run_git, says
from gitswarm.repo.objects import RepoPath

MOST_CONFLICTS = 127
"""git's exit code counts conflicts no further."""

Replay = Callable[[RepoPath, ConflictedText], Mapping[int, Resolution]]
"""The answers from before to a file's hunks, by number."""

Ask = Callable[[Question], Sequence[Resolution]]
"""The answers of a model to the open hunks of a file, those that it declined too."""


@dataclass(frozen=True, slots=True)
class Versions:
    """A file as both sides have it and as it was."""

    ours: bytes
    base: bytes
    theirs: bytes

    @property
    def unterminated(self) -> frozenset[Side]:
        sides: dict[Side, bytes] = {"base": self.base, "ours": self.ours, "theirs": self.theirs}
        return frozenset(side for side, data in sides.items() if not data.endswith(b"\n"))


@dataclass(frozen=True, slots=True)
class Form:
    """How conflicts are written, see git-merge-file(1)."""

    labels: tuple[str, str, str] = ("ours", "base", "theirs")
    marker_size: int = 7
    style: str | None = None
    """`diff3`, `zdiff3`; None for what `merge.conflictStyle` says."""
    favour: str | None = None
    """`ours`, `theirs` or `union`: what conflicts are settled by, so that none is left."""


@dataclass(frozen=True, slots=True)
class FileMerge:
    data: bytes
    conflicts: int
    """Those that are left, as git counts them."""
    resolutions: tuple[Resolution, ...] = ()
    declined: tuple[Resolution, ...] = ()
    """Those of hunks that were left open, with the reason."""


def git_merge(versions: Versions, form: Form) -> FileMerge:
    """What `git merge-file` makes of it. Raises `MergeError` with what it said, as for a binary."""
    with TemporaryDirectory(prefix="gitswarm-merge-file-") as folder:
        names = ("ours", "base", "theirs")
        for name, data in zip(names, (versions.ours, versions.base, versions.theirs), strict=True):
            Path(folder, name).write_bytes(data)
        labels = [part for label in form.labels for part in ("-L", label)]
        how = [f"--{option}" for option in (form.style, form.favour) if option]
        size = f"--marker-size={form.marker_size}"
        files = [os.path.join(folder, name) for name in names]
        output = run_git(
            Path.cwd(), ["merge-file", "-p", "-q", size, *how, *labels, *files], b"", {}
        )
    if output.status > MOST_CONFLICTS or output.status < 0:
        raise MergeError(f"git cannot merge the file: {says(output.stderr)}")
    return FileMerge(output.stdout, output.status)


def git_merge_text(versions: Versions, style: str | None = "diff3") -> ConflictedText:
    """The same as text and hunks. Raises `MergeError` and `UnclearMarkersError`."""
    size = _unused_size(versions)
    merged = git_merge(versions, Form(marker_size=size, style=style))
    return ConflictedText.parse(merged.data, size, unterminated=versions.unterminated)


def with_bases(text: ConflictedText, versions: Versions) -> ConflictedText:
    """A conflicted file, with the base of each hunk that was marked without one, where a merge of
    the versions has just that hunk, or else one of what both sides make of the file now: the text
    beside its markers may be newer than the versions that met."""
    if all(hunk.base is not None for hunk in text.hunks):
        return text
    if not versions.base:
        return text.with_bases({hunk.number: b"" for hunk in text.hunks if hunk.base is None})
    now = replace(versions, ours=text.take("ours"), theirs=text.take("theirs"))
    for three, style in product(dict.fromkeys((versions, now)), ("diff3", "zdiff3")):
        try:
            known = git_merge_text(three, style)
        except (MergeError, UnclearMarkersError):
            continue
        bases: dict[tuple[bytes, bytes], list[bytes | None]] = defaultdict(list)
        for hunk in known.hunks:
            bases[hunk.ours, hunk.theirs].append(hunk.base)
        text = text.with_bases(
            {
                hunk.number: found[0]
                for hunk in text.hunks
                if hunk.base is None
                and len(found := bases[hunk.ours, hunk.theirs]) == 1
                and found[0] is not None
            }
        )
    return text


def _unused_size(versions: Versions) -> int:
    """A length of markers that is no run in the text."""
    runs = marker_runs(b"\n".join((versions.ours, versions.base, versions.theirs)))
    return max({MARKER_SIZE, *(run + 1 for run in runs)})


def merge_versions(
    path: RepoPath,
    versions: Versions,
    form: Form,
    *,
    replay: Replay = lambda _path, _text: {},
    rules: Collection[str],
    ask: Ask | None = None,
) -> FileMerge:
    """The versions merged by git, then by replay, by these rules, and by whoever is asked. Raises
    `MergeError` where git cannot merge them."""
    plain = git_merge(versions, form)
    if not plain.conflicts:
        return plain
    try:
        text = git_merge_text(versions)
    except UnclearMarkersError:
        return plain
    sides = versions.ours, versions.theirs
    rungs = climb(
        path,
        text,
        sides,
        replayed=replay(path, text),
        unasked=rules,
        past=lambda _side: (),
    )
    answers = dict(rungs.resolutions)
    if ask and any(hunk.number not in answers for hunk in rungs.text.hunks):
        about = About(form.labels[0]), About(form.labels[2])
        question = Question(path, rungs.text, *about, sides, rungs.candidates)
        answers |= {one.hunk: one for one in ask(question)}
    resolved = tuple(one for _, one in sorted(answers.items()) if one.by)
    declined = tuple(one for _, one in sorted(answers.items()) if not one.by)
    if not resolved:
        return replace(plain, declined=declined)
    settled = text.splice({one.hunk: one.text or b"" for one in resolved})
    if not settled.hunks:
        return FileMerge(settled.write(), 0, resolved, declined)
    base = settled.splice({hunk.number: hunk.base or b"" for hunk in settled.hunks}).write()
    left = Versions(settled.take("ours"), base, settled.take("theirs"))
    if git_merge(left, Form(marker_size=text.marker_size, style="diff3")).data != settled.write():
        return plain  # git would see other hunks in it than those that are open
    return replace(git_merge(left, form), resolutions=resolved, declined=declined)
