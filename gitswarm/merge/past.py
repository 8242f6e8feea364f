"""past: what a conflicted file is on either side, and what it was before on that side alone."""

from collections.abc import Sequence
from functools import cache
from typing import Literal

from gitswarm.merge.conflicts import Stages
from gitswarm.merge.rules.place import Past
from gitswarm.merge.rules.superseded import MOST_VERSIONS
from gitswarm.repo.objects import Oid, RepoPath
from gitswarm.repo.repository import Repository


def versions_of(repository: Repository, stages: Stages) -> tuple[bytes, bytes]:
    """The whole file as ours and as theirs has it; empty where one has none."""
    ours, theirs = (
        repository.blob(stage.oid) if stage and stage.is_blob else b""
        for stage in (stages.ours, stages.theirs)
    )
    return ours, theirs


def past_of(repository: Repository, path: RepoPath, stages: Stages, ours: Oid, theirs: Oid) -> Past:
    """The earlier versions of a file on either side, under the name that it has there; looked up
    when a rule asks for them."""
    tips = {"ours": (ours, theirs), "theirs": (theirs, ours)}
    named = stages.by_side()

    @cache
    def earlier(side: Literal["ours", "theirs"]) -> Sequence[bytes]:
        there = named[side].path if side in named else path
        oids = repository.earlier_blobs(*tips[side], there, MOST_VERSIONS)
        return [*repository.blobs(oids).values()]

    return earlier
