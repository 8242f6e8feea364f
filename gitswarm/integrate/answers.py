"""Answers: a merge that git could not make alone, and what was said of each of its conflicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gitswarm.merge.conflicts import Conflict, ConflictedText
from gitswarm.merge.resolutions import Resolution
from gitswarm.merge.threeway import Conflicted, write_resolved
from gitswarm.merge.ways import Way
from gitswarm.repo.objects import Oid, RepoPath
from gitswarm.repo.repository import Repository


@dataclass(frozen=True, slots=True)
class Answers:
    conflicted: Conflicted
    resolutions: Sequence[Sequence[Resolution]]
    """For every conflict one a hunk, open ones too; for one without hunks that of a hunk 1."""
    offered: Mapping[RepoPath, Sequence[Way]]
    """The ways to go with conflicts without hunks."""
    written: Mapping[RepoPath, bytes] = field(default_factory=dict)
    """Files that are not made of their hunks, whole."""

    @property
    def open(self) -> list[Conflict]:
        return [
            conflict
            for conflict, resolutions in zip(
                self.conflicted.conflicts, self.resolutions, strict=True
            )
            if not resolutions or any(one.by is None for one in resolutions)
        ]

    def write_tree(self, repository: Repository) -> Oid:
        """The merged tree. Raises `MergeError` while a conflict is open."""
        texts: dict[RepoPath, ConflictedText] = {}
        chosen: dict[RepoPath, Way] = {}
        for conflict, resolutions in zip(self.conflicted.conflicts, self.resolutions, strict=True):
            path = conflict.path
            answered = {one.hunk: one.text or b"" for one in resolutions if one.by is not None}
            if path in self.written:
                texts[path] = ConflictedText((self.written[path],), 0)
            elif conflict.text is not None:
                texts[path] = conflict.text.splice(answered)
            else:
                for way in self.offered[path]:
                    if way.result in answered.values():
                        chosen[path] = way
        return write_resolved(repository, self.conflicted, texts, chosen)
