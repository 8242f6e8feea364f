"""ShowDiff: the tool that shows what the tasks did that a task builds on."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field

from gitswarm.plan.path_text import spell
from gitswarm.plan.tool_call import (
    Call,
    UnanswerableError,
    counted,
    glob_of,
    numbered,
)
from gitswarm.plan.tracked import ChangedFile, TrackedFiles

LISTED = 200
"""So many changed files are named."""
CHANGED_LINES = 20_000
"""So many changed lines are looked through for one answer."""


class ShowDiff(Call):
    name = "show_diff"
    does = (
        "Show what has changed since the run began in the files you work on: what the tasks did"
        " that yours depends on. Empty for a task that depends on none."
    )

    path: Annotated[
        str | None,
        Field(description="Only this file, this folder, or what matches this glob."),
    ] = None
    skip: Annotated[int, Field(ge=0, description="Lines of the diff to leave out, to go on.")] = 0

    def answer(self, files: TrackedFiles) -> str:
        glob = glob_of(self.path, "path")
        changes = files.changes(glob)
        if not changes:
            where = "" if glob is None else f" at {glob}"
            return f"Nothing has changed{where}."
        remarks = dict(_unshown(files, changes))
        shown = [change for change in changes if change not in remarks]
        lines = files.diff(shown).decode("utf-8", "backslashreplace").split("\n")[:-1]
        if self.skip and self.skip >= len(lines):
            raise UnanswerableError(f"The diff has {counted(len(lines), 'line')}.")
        page = numbered(lines[self.skip :], None)
        end = self.skip + len(page)
        head = f"{counted(len(changes), 'file')} changed, {counted(len(lines), 'line')} of diff"
        if len(page) < len(lines):
            head += f"; these are {self.skip + 1}-{end}"
        if end < len(lines):
            head += f", {self.next(skip=end)}"
        listed = [] if self.skip else [*_listed(changes, remarks), ""]
        return "\n".join([f"{head}:", *listed, *page]).rstrip("\n")


def _unshown(
    files: TrackedFiles, changes: Sequence[ChangedFile]
) -> Iterator[tuple[ChangedFile, str]]:
    """The changes of which no line is shown, and why."""
    room = CHANGED_LINES
    for number, change in enumerate(changes):
        count = sum(change.lines or ())
        if number >= LISTED:
            yield change, "ask for it by its path"
        elif why := files.why_unshown(change):
            yield change, why
        elif change.lines is None:
            yield change, "binary, or very long"
        elif count > room:
            yield change, "too long to be shown with the others" if number else "too long"
        else:
            room -= count


def _listed(changes: Sequence[ChangedFile], remarks: dict[ChangedFile, str]) -> Iterator[str]:
    for change in changes[:LISTED]:
        added, removed = change.lines or (0, 0)
        remark = f" ({remarks[change]})" if change in remarks else ""
        yield f"{change.status} {spell(change.path)} +{added} -{removed}{remark}"
    if len(changes) > LISTED:
        yield f"... and {len(changes) - LISTED:,} more"
