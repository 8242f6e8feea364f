"""Settled: a conflict of a checkout with what was answered, and how that gets into the checkout."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from pathlib import Path
from typing import Any

from gitswarm.errors import GitswarmError
from gitswarm.integrate.answering import Answering
from gitswarm.integrate.regenerate import Regenerate, can_be_written
from gitswarm.integrate.under_way import UnderWay
from gitswarm.integrate.unmerged import Unmerged
from gitswarm.integrate.write_back import carry_out, stage, tree_with_ours, write_text
from gitswarm.merge.conflicts import ConflictedText
from gitswarm.merge.resolutions import Resolution
from gitswarm.merge.ways import Way
from gitswarm.repo.objects import show
from gitswarm.repo.repository import Repository


@dataclass(frozen=True, slots=True)
class Settled:
    file: Unmerged
    resolutions: tuple[Resolution, ...]
    """One a hunk, open ones too; of a conflict without hunks that of a hunk 1."""
    anew: bytes | None = None
    """What a program wrote in its place."""

    @property
    def is_settled(self) -> bool:
        return all(one.by for one in self.resolutions)

    @property
    def is_for_model(self) -> bool:
        """Whether a model may have an answer where nothing else had one."""
        return not (self.is_settled or self.file.why or can_be_written(self.file.conflict))

    @property
    def text(self) -> ConflictedText | None:
        """The file with its answers; None where it has none."""
        if self.anew is not None:
            return ConflictedText((self.anew,), 0)
        text = self.file.conflict.text
        answers = {one.hunk: one.text or b"" for one in self.resolutions if one.by}
        return text.splice(answers) if text and answers else None

    @property
    def way(self) -> Way | None:
        """What is to be done about a conflict without hunks."""
        answered = [one.text for one in self.resolutions if one.by]
        return next((way for way in self.file.ways if way.result in answered), None)

    @property
    def name(self) -> str:
        return show(self.file.path)

    def diff(self) -> bytes:
        """What answers change in a file with text, in unified form."""
        if self.text is None:
            return b""
        old, new = (
            data.decode("utf-8", "surrogateescape").splitlines(keepends=True)
            for data in (self.file.shown, self.text.write())
        )
        lines = unified_diff(old, new, f"a/{self.name}", f"b/{self.name}")
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in lines
        ).encode("utf-8", "surrogateescape")

    def lines(self) -> list[str]:
        """What became of each hunk, or of the file."""
        if self.way is not None:
            (one,) = self.resolutions
            return [
                f"{self.name}: {one.by}: {self.way.consequence}"
                + f", {one.reason}" * bool(one.reason)
            ]
        what = "hunk {}: " if self.file.conflict.text else ""
        return [
            f"{self.name}: {what.format(one.hunk)}{one.by or 'open'}"
            + f", {one.reason}" * bool(one.reason)
            for one in self.resolutions
        ]

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.name,
            "kind": self.file.conflict.kind,
            "between": ["ours", "theirs"],
            "hunks": [
                {"n": one.hunk, "by": one.by, "confidence": one.confidence, "reason": one.reason}
                for one in self.resolutions
            ],
        }


async def settle(
    files: Sequence[Unmerged], answering: Answering, under_way: UnderWay
) -> list[Settled]:
    """Each conflict by itself: one that waits for a person does not keep others from being
    answered."""

    async def one(file: Unmerged) -> Settled:
        if file.why:
            left = Resolution(file.path, 1, None, None, None, file.why)
            return Settled(file, (left,))
        return Settled(file, tuple(await answering.answer(file.conflict, file.ways, under_way)))

    return await asyncio.gather(*map(one, files))


@dataclass
class Written:
    """What got into the checkout."""

    folder: Path
    """Where the files are as they were."""
    files: list[str] = field(default_factory=list)
    staged: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def add(self, repository: Repository, settled: Settled) -> None:
        """Write what was answered of a conflict, and stage it where nothing of it is open."""
        file, way, text = settled.file, settled.way, settled.text
        try:
            if way is not None:
                carry_out(repository, file, way, self.folder)
            elif text is not None:
                write_text(repository, file, text.write(), self.folder)
            else:
                return
            self.files.append(settled.name)
            if way is None and (text is None or text.hunks or file.shares_path):
                return
            if way is None:
                stage(repository, file.conflict.place)
            self.staged.append(settled.name)
        except (GitswarmError, OSError) as error:
            self.complaints.append(str(error))


async def write_anew(
    settled: Sequence[Settled], regenerate: Regenerate, under_way: UnderWay
) -> list[Settled]:
    """The same with the lock files and snapshots that the user's command wrote, once everything
    else is staged."""
    waiting = [one for one in settled if not one.is_settled and can_be_written(one.file.conflict)]
    if not waiting:
        return [*settled]
    conflicts = [one.file.conflict for one in waiting]
    repository = under_way.repository
    tree = await asyncio.to_thread(tree_with_ours, repository, conflicts)
    if tree is None:
        return [*settled]
    parents = [oid for oid in (under_way.ours, under_way.theirs) if oid]
    commit = await asyncio.to_thread(repository.plain_commit, tree, parents)
    found, trouble = await regenerate.run(commit, {one.path: one.place for one in conflicts})
    with suppress(OSError):
        regenerate.folder.rmdir()
        regenerate.folder.parent.rmdir()
    return [
        replace(
            one,
            resolutions=tuple(regenerate.told(each, found, trouble) for each in one.resolutions),
            anew=found.get(one.file.path),
        )
        if one in waiting
        else one
        for one in settled
    ]
