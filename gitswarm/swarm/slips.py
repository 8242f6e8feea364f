"""Slips: how replies miss the grammar, though each fence by itself may be read.

Models forget `path=`, close a file's fence with one of its own lines, name a language where a kind
was meant. Each would lose text without a word, so each is told to the model instead.
"""

import re
from collections.abc import Iterator, Sequence

from gitswarm.model.reply import Fence, ReplyText
from gitswarm.swarm.search_replace import opens_pair
from gitswarm.swarm.textfile import line_texts

_EDITING = ("edit", "diff", "patch", "delete")


def is_artifact(fence: Fence) -> bool:
    """Whether the fence is meant to change a file."""
    return fence.kind in _EDITING or (fence.kind is None and not fence.is_example)


def at_line(fence: Fence, sentence: str) -> str:
    return f"Line {fence.line}: {sentence}"


def slips_of_reader(artifacts: Sequence[Fence]) -> Iterator[str]:
    """What a role does wrong that changes no files."""
    for fence in artifacts:
        if fence.path is not None:
            yield at_line(
                fence,
                f"your role changes no files, so {fence.path!r} cannot be edited; say in prose what"
                " should change, and show code in fences without path=.",
            )


def slips_of_writer(
    reply: ReplyText, artifacts: Sequence[Fence], nothing: Sequence[str]
) -> Iterator[str]:
    """What the reply of a writing role does wrong as a whole; `nothing` are the reasons it gives
    for changing nothing.

    A reply that gives such a reason may show code, and one with other faults may have named its
    files where they were not understood.
    """
    code = [fence for fence in (*reply.fences, *reply.nested) if fence.is_example]
    if code and not (artifacts or nothing or reply.faults):
        yield (
            f"The reply has code in fences (the first in line {min(f.line for f in code)}), but"
            " none of them names a file, so nothing would change; write path=FILE after the"
            " language word of each that is the whole text of a file, use edit path=FILE to change"
            " a part of one, or say in a nothing fence why nothing is to change."
        )
    if not (code or reply.fences or reply.faults) and (named := _NAMED.search(reply.prose)):
        yield (
            f"The reply has no fence, but names {named[1]!r} as another form of edits would, so"
            " nothing would change; give each file in a fence, such as ````text path=FILE, or say"
            " in a nothing fence why nothing is to change."
        )
    if artifacts and nothing:
        yield (
            "The reply both edits files and has a nothing fence; leave out the one that is not"
            " meant."
        )
    if "" in nothing:
        yield "The nothing fence is empty; write in it why nothing is to change."
    if any(fence.kind is None for fence in artifacts):
        yield from (
            at_line(
                fence,
                "this fence has an empty info string, as one has that a ``` inside a file's text"
                " closed too early, so that file may be cut short; open and close every file's"
                " fence with more backticks than any line of its text begins with, and name a"
                " language in every other fence, such as ```text.",
            )
            for fence in code
            if not fence.info
        )


_DIFF = re.compile(
    r"(?:diff --git .*\n(?:\S.*\n)*)?--- .*\n\+\+\+ .*\n@@ "
    r"|@@ -[0-9]+(?:,[0-9]+)? \+[0-9]+(?:,[0-9]+)? @@"
)


_NAMED = re.compile(r"""\b(?:path|file_?(?:path|name))["']?\s*[:=]\s*["']([^"'\n]{1,200})["']""")
"""How JSON and XML name a file."""

_DEEDS = re.compile(
    "add|append|change|copy|insert|modify|prepend|remove|rename|(?:search[-_]|str_)?replace|update",
    re.IGNORECASE,
)
"""What models take for kinds of fences, and do not mean the whole text of a file by."""


def slip_of_whole(fence: Fence) -> str | None:
    """A language word where a kind was meant would write the edit itself into the file."""
    if _DEEDS.fullmatch(fence.language):
        return (
            f'there is no fence "{fence.language}"; write "edit path={fence.path}" to change a part'
            f' of the file, "delete path={fence.path}" to delete it, or the language word before'
            " path= and then its whole text."
        )
    body = fence.body.lstrip().replace("\r\n", "\n")
    if opens_pair(body.partition("\n")[0]):
        return (
            f"the fence gives {fence.path!r} whole, but holds a SEARCH/REPLACE pair; write"
            f' "edit path={fence.path}".'
        )
    is_diff = _DIFF.match(body) or _is_bare_diff(fence.body)
    if is_diff and not str(fence.path).endswith((".diff", ".patch")):
        return (
            f"the fence gives {fence.path!r} whole, but holds a diff; write"
            f' "diff path={fence.path}".'
        )
    return None


def _is_bare_diff(body: str) -> bool:
    """Whether every line is marked as one that goes, comes or stays, and some go and some come."""
    lines = [line for line in line_texts(body) if line.strip()]
    signs = {line[0] for line in lines}
    return {"+", "-"} <= signs <= {"+", "-", " "} and not all(map(_BULLET.match, lines))


_BULLET = re.compile(r"\s*[-+] \S| ")


def slip_of_rewritten(new: Sequence[str], old: Sequence[str]) -> str | None:
    """What the whole new lines of a file hold that was hardly meant for it, as a sentence that goes
    on from "is given whole"; None where the old ones had the like."""
    if any(map(opens_pair, new)) and not any(map(opens_pair, old)):
        return "with a SEARCH marker that it did not have"
    if any(map(_CONFLICT.match, new)) and not any(map(_CONFLICT.match, old)):
        return "with the markers of a merge conflict that it did not have"
    if _is_numbered(new) and not _is_numbered(old):
        return "with a number before each line, as read_file shows them"
    return None


_CONFLICT = re.compile(r"<{7} |>{7} ")
_NUMBERED = re.compile(r"\s*([0-9]+)(?:\t|: |:$| ?[|│]|$)")


def _is_numbered(lines: Sequence[str]) -> bool:
    found = [_NUMBERED.match(line) for line in lines]
    numbers = [int(one[1]) for one in found if one]
    return len(numbers) == len(lines) > 1 and numbers == list(
        range(numbers[0], numbers[0] + len(lines))
    )
