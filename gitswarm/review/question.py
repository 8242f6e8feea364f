"""What reviewers are shown: one frozen prefix with the change for all of them, then their part."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import resources
from itertools import groupby

from gitswarm.model import Prefix
from gitswarm.plan.fence import fenced
from gitswarm.plan.path_text import spell
from gitswarm.plan.show_diff import ShowDiff
from gitswarm.plan.tools import TOOLS
from gitswarm.review.change import Change, ChangedFile
from gitswarm.review.patch import Hunk
from gitswarm.review.verdicts import Place, Reviewer

_SHOW_DIFF = "Show the change that is reviewed as git does, also what is not in front of you."

_TOOLS = tuple(
    replace(tool, description=_SHOW_DIFF) if tool.name == ShowDiff.name else tool for tool in TOOLS
)
"""Those of all agents; what has changed means something else to a task."""

LINE_CHARACTERS = 1_000
"""A longer line is cut: it is hardly written by hand."""

FILES_LISTED = 200


def instructions() -> str:
    """What all reviewers are told, the same for every change."""
    return resources.files("gitswarm.review").joinpath("reviewers.md").read_text("utf-8")


def prefix(change: Change, shown: Sequence[Place]) -> Prefix:
    """The beginning that all reviewers of these hunks share."""
    text = "\n\n".join(
        [
            instructions().rstrip(),
            _CHANGE.format(files="\n".join(_list_files(change, {place.path for place in shown}))),
            *_show_hunks(change, shown),
        ]
    )
    readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return Prefix(system=readable + "\n", tools=_TOOLS)


def part(reviewer: Reviewer) -> str:
    """The first message to one reviewer."""
    return _PART.format(name=reviewer.name, prompt=reviewer.role.prompt)


def repair(problem: str) -> str:
    return f"""\
Your answer cannot be read:

{problem.strip()}

Send it again, complete, with exactly one block `findings` as described."""


_CHANGE = """\
# The change

From here on, everything is taken from the change. Before each line stands its number in the new \
version, then `+` for a line that was added, `-` for one that went, and a blank for one that was \
there and stays.

{files}"""

_PART = """\
# Your part: {name}

{prompt}

Now review the change that was shown to you, and answer in the form described there: your whole \
answer is its `findings` block and a sentence or two. What is not your part is somebody else's."""


def _list_files(change: Change, shown: set[bytes]) -> Iterator[str]:
    for file in change.files[:FILES_LISTED]:
        yield f"- {_name(file)}: {_about(file, is_shown=file.path in shown)}"
    if len(change.files) > FILES_LISTED:
        yield f"- and {len(change.files) - FILES_LISTED:,} more"


def _about(file: ChangedFile, *, is_shown: bool) -> str:
    if file.left_out:
        return f"{file.status}, not shown: {file.left_out}"
    if file.hunks and not is_shown:
        return f"{file.status}, reviewed apart"
    return file.status


def _name(file: ChangedFile) -> str:
    if file.old_path != file.path:
        return f"{spell(file.path)} (was {spell(file.old_path)})"
    return spell(file.path)


def _show_hunks(change: Change, shown: Sequence[Place]) -> Iterator[str]:
    for path, places in groupby(shown, key=lambda place: place.path):
        text = "\n\n".join(_show(place.hunk) for place in places)
        yield f"## {_name(change.by_path[path])}\n\n{fenced(text)}"


def _show(hunk: Hunk) -> str:
    return "\n".join(
        f"{'' if number is None else number:>6} {line[0]} {_cut(line[1:])}".rstrip()
        for number, line in hunk.numbered
    )


def _cut(line: str) -> str:
    line = line.removesuffix("\r")
    if len(line) <= LINE_CHARACTERS:
        return line
    return f"{line[:LINE_CHARACTERS]} [cut: {len(line) - LINE_CHARACTERS:,} more characters]"
