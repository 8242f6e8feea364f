"""marked: a file in a checkout with the conflict markers that git put into it, told from those that
are its own text. Documents about git hold whole conflicts, and not one of them is to be resolved.
"""

import re
from collections.abc import Collection

from gitswarm.errors import MergeError
from gitswarm.merge.conflicts import ConflictedText, UnclearMarkersError
from gitswarm.merge.files import Versions, git_merge_text


def read_marked(data: bytes, marker_size: int, versions: Versions) -> ConflictedText:
    """The hunks that a merge of the versions left in a file. Raises `UnclearMarkersError` where
    they cannot be told from its text."""
    text = ConflictedText.parse(data, marker_size, unterminated=versions.unterminated)
    own = re.compile(rb"^([<|>])\1{%d}(?!\1)" % (marker_size - 1), re.M)
    sides = (versions.ours, versions.base, versions.theirs)
    if not text.hunks or not any(map(own.search, sides)):
        return text
    text = text.without_hunks(
        hunk.number
        for hunk in text.hunks
        if any(text.marked(hunk.number) in side for side in sides)
    )
    made = _made(versions)
    if any((hunk.ours, hunk.theirs) not in made for hunk in text.hunks):
        raise UnclearMarkersError("lines of its own look like markers")
    return text


def _made(versions: Versions) -> Collection[tuple[bytes, bytes]]:
    """Both sides of the hunks that git makes of the versions, in whatever style."""
    found: set[tuple[bytes, bytes]] = set()
    for style in (None, "diff3", "zdiff3"):
        try:
            found |= {(one.ours, one.theirs) for one in git_merge_text(versions, style).hunks}
        except (MergeError, UnclearMarkersError):
            continue
    return found
