"""A model's reply read into one proposal for each hunk, and each proposal checked."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gitswarm.merge.conflicts import Hunk
from gitswarm.merge.question import Question, marker_size
from gitswarm.merge.resolutions import fit, objections
from gitswarm.model.reply import Fence, ReplyText, plain, read_reply

CONFIDENCE = 0.5
"""What an answer that states none counts as."""

REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a reply says of one hunk."""

    text: bytes | None = None
    """What is to replace the hunk; None where it is declined or nothing usable."""
    confidence: float | None = None
    reason: str = ""
    dropped: str = ""
    problems: tuple[str, ...] = ()
    """Why it cannot be taken, to the model."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """A whole reply, read."""

    slips: tuple[str, ...]
    """What is wrong with it as a whole. Nothing of a reply with slips may be taken: a fence that
    closed too early cuts a resolution short, a number too many may mean that all are shifted."""
    by_hunk: Mapping[int, Proposal]
    """One for every hunk that was asked, where there are no slips."""


def read_proposals(
    text: str, question: Question, asked: Sequence[Hunk], *, numbers: Collection[int]
) -> Proposals:
    """Read a reply to the `asked` hunks. `numbers` are those of all hunks asked so far: an answer
    given once more does no harm. Never raises: what cannot be used is a slip or a problem."""
    reply = read_reply(text)
    if slips := [str(fault) for fault in reply.faults] or [*_doubtful_ends(reply)]:
        return Proposals(tuple(slips), {})
    fences: dict[int, list[Fence]] = defaultdict(list)
    for fence in reply.of_kind("resolution", "choice", "dropped", "unresolved"):
        fences[int(fence.keys.get("hunk", "0"))].append(fence)
    if strange := [fence for number in fences.keys() - numbers for fence in fences[number]]:
        shown = ", ".join(str(hunk.number) for hunk in asked)
        lines = ", ".join(str(line) for line in sorted(fence.line for fence in strange))
        return Proposals((f"Line {lines}: that is no hunk of this file; asked are: {shown}.",), {})
    prose = _prose_before(text, reply.fences)
    sizes = {question.text.marker_size, marker_size(question, asked)}
    numbers = {hunk.number for hunk in asked}
    by_hunk = {
        hunk.number: _read_one(
            question, hunk, fences[hunk.number], prose, sizes, before=before, after=after
        )
        for hunk, before, after in question.text.surrounded()
        if hunk.number in numbers
    }
    return Proposals((), by_hunk)


def _doubtful_ends(reply: ReplyText) -> Iterator[str]:
    """Signs of a fence that ended too early or too late, which cuts an answer short or adds to it:
    stricter than the grammar, as there is text of any language in these fences."""
    for fence in reply.fences:
        if fence.is_example and not fence.language:
            yield (
                f"Line {fence.line}: this fence has no kind. If it was to close one of yours, or"
                " stands inside it, open and close yours with more backticks."
            )
        elif re.search(rf"^ {{0,3}}{re.escape(fence.marker)}", plain(fence.body), re.M):
            yield (
                f"Line {fence.line}: this fence holds another that is not shorter, so that it is"
                " not clear where it ends. Close it, or open and close it with more backticks."
            )


def _read_one(
    question: Question,
    hunk: Hunk,
    fences: Sequence[Fence],
    prose: Mapping[int, str],
    marker_sizes: Collection[int],
    *,
    before: bytes,
    after: bytes,
) -> Proposal:
    answers = [fence for fence in fences if fence.kind != "dropped"]
    if len(answers) != 1:
        problem = f"It has {len(answers)} answers; give one." if answers else "It has no answer."
        return Proposal(problems=(problem,))
    answer = answers[0]
    if answer.kind == "unresolved":
        return Proposal(reason=short(plain(answer.body)) or "the model declined")
    proposal = Proposal(
        confidence=float(answer.keys.get("confidence", CONFIDENCE)),
        reason=prose[answer.line],
        dropped=plain("\n".join(fence.body for fence in fences if fence.kind == "dropped")),
    )
    if answer.kind == "choice":
        options = question.options(hunk)
        option = options.get(answer.keys["option"].upper())
        if option is None:
            problem = (
                f"No option {answer.keys['option']} was offered; there are {', '.join(options)}."
            )
            return replace(proposal, problems=(problem,))
        text = option.text
    elif _UNUSUAL.search(body := answer.body.replace("\r\n", "\n")):
        return replace(proposal, problems=("It holds characters that do not belong in text.",))
    else:
        text = fit(
            body,
            hunk,
            usual_end=question.text.line_end,
            ends_file=question.text.ends_with(hunk.number),
        )
    problems = objections(
        hunk, text, proposal.dropped, before=before, after=after, marker_sizes=marker_sizes
    )
    return replace(proposal, text=text, problems=tuple(problems))


_UNUSUAL = re.compile("[\0\r\ud800-\udfff]")
"""What no file that was shown holds: they have plain newlines and are UTF-8."""


def _prose_before(text: str, fences: Iterable[Fence]) -> dict[int, str]:
    """What a reply says between each fence and the one before it, by the fence's line."""
    lines = plain(text).split("\n")
    said: dict[int, str] = {}
    start = 0
    for fence in fences:
        between = (line for line in lines[start : fence.line - 1] if not line.startswith("#"))
        said[fence.line] = short("\n".join(between))
        start = fence.last_line
    return said


def short(prose: str) -> str:
    """Prose as a reason: on one line, and cut where it is long."""
    words = " ".join(prose.split())
    return words if len(words) <= REASON_LENGTH else words[:REASON_LENGTH].rstrip() + "…"
