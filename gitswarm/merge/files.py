"""Three versions of one file merged, outside of any commit: git's own merge, and then the rungs
that need no model.

What is written comes from `git merge-file`, of versions in which the answered hunks agree:
so what stays open has the form, the labels and the marker length that git gives it.
"""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from gitswarm.errors import MergeError
from gitswarm.merge.conflicts import ConflictedText, Side, UnclearMarkersError, marker_runs
from gitswarm.merge.ladder import climb
from gitswarm.merge.resolutions import Resolution
from gitswarm.repo.attributes import MARKER_SIZE
from gitswarm.repo.command import run_git, says
from gitswarm.repo.objects import RepoPath

MOST_CONFLICTS = 127
"""git's exit code counts conflicts no further."""

Replay = Callable[[RepoPath, ConflictedText], Mapping[int, Resolution]]
"""The answers from before to a file's hunks, by number."""


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


@dataclass(frozen=True, slots=True)
class FileMerge:
    data: bytes
    conflicts: int
    """Those that are left, as git counts them."""
    resolutions: tuple[Resolution, ...] = ()


def git_merge(versions: Versions, form: Form) -> FileMerge:
    """What `git merge-file` makes of it. Raises `MergeError` with what it said, as for a binary."""
    with TemporaryDirectory(prefix="gitswarm-merge-file-") as folder:
        names = ("ours", "base", "theirs")
        for name, data in zip(names, (versions.ours, versions.base, versions.theirs), strict=True):
            Path(folder, name).write_bytes(data)
        labels = [part for label in form.labels for part in ("-L", label)]
        style = [f"--{form.style}"] if form.style else []
        size = f"--marker-size={form.marker_size}"
        files = [os.path.join(folder, name) for name in names]
        output = run_git(
            Path.cwd(), ["merge-file", "-p", "-q", size, *style, *labels, *files], b"", {}
        )
    if output.status > MOST_CONFLICTS or output.status < 0:
        raise MergeError(f"git cannot merge the file: {says(output.stderr)}")
    return FileMerge(output.stdout, output.status)


def merge_versions(
    path: RepoPath,
    versions: Versions,
    form: Form,
    *,
    replay: Replay = lambda _path, _text: {},
    rules: Collection[str],
) -> FileMerge:
    """The versions merged by git, then by replay and these rules. Raises `MergeError` where git
    cannot merge them."""
    plain = git_merge(versions, form)
    if not plain.conflicts:
        return plain
    runs = marker_runs(b"\n".join((versions.ours, versions.base, versions.theirs)))
    ours = Form(marker_size=max({MARKER_SIZE, *(run + 1 for run in runs)}), style="diff3")
    try:
        text = ConflictedText.parse(
            git_merge(versions, ours).data, ours.marker_size, unterminated=versions.unterminated
        )
    except UnclearMarkersError:
        return plain
    rungs = climb(
        path,
        text,
        (versions.ours, versions.theirs),
        replayed=replay(path, text),
        unasked=rules,
        past=lambda _side: (),
    )
    resolved = tuple(one for _, one in sorted(rungs.resolutions.items()) if one.by)
    if not resolved:
        return plain
    settled = text.splice({one.hunk: one.text or b"" for one in resolved})
    if not settled.hunks:
        return FileMerge(settled.write(), 0, resolved)
    base = settled.splice({hunk.number: hunk.base or b"" for hunk in settled.hunks}).write()
    left = Versions(settled.take("ours"), base, settled.take("theirs"))
    if git_merge(left, ours).data != settled.write():
        return plain  # git would see other hunks in it than those that are open
    return replace(git_merge(left, form), resolutions=resolved)
