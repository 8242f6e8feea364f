"""The model rung: the open hunks of one file put to a model, and what is good of its answers taken.

What is refused is asked once more with the reasons, and then left to a person; what was taken
stays.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from gitswarm.errors import ModelError
from gitswarm.merge.conflicts import Hunk
from gitswarm.merge.proposals import CONFIDENCE, Proposal, read_proposals
from gitswarm.merge.question import (
    SYSTEM,
    Question,
    first_message,
    parts,
    repair_message,
    unanswerable,
    unreadable,
)
from gitswarm.merge.resolutions import Resolution, unparsable
from gitswarm.merge.whole_question import WHOLE_SYSTEM, WholeQuestion, read_choice
from gitswarm.merge.whole_question import first_message as first_whole_message
from gitswarm.merge.whole_question import repair_message as repair_whole_message
from gitswarm.model import Model, OnProgress, Prefix, Reply, Request, Turn, Usage
from gitswarm.repo.objects import RepoPath, RunId, TaskId, show

ATTEMPTS = 2
"""The first answer, and one repair."""

MAX_TOKENS = 16_000
MOST_TOKENS = 64_000


WhyWithheld = Callable[[RepoPath, bytes], str | None]
"""Says why a file with that content is kept from models, going on from its name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of the open hunks of one file."""

    resolutions: tuple[Resolution, ...]
    """One for each hunk that was open, in order; `by` is None where it still is."""
    replies: tuple[Reply, ...] = ()
    failure: ModelError | None = None
    """What kept the second reply away, for which `unsaid` hunks waited."""
    unsaid: frozenset[int] = frozenset()

    @property
    def said(self) -> tuple[Resolution, ...]:
        """The resolutions that will not change when the same is asked again."""
        return tuple(one for one in self.resolutions if one.hunk not in self.unsaid)

    @property
    def usage(self) -> Usage:
        return sum((reply.usage for reply in self.replies), Usage())

    @property
    def cost_usd(self) -> float | None:
        """None where the price of a call is not known."""
        total = 0.0
        failed = self.failure.cost_usd if self.failure else 0.0
        for cost in (failed, *(reply.cost_usd for reply in self.replies)):
            if cost is None:
                return None
            total += cost
        return total

    @property
    def seconds(self) -> float:
        return sum(reply.seconds for reply in self.replies)


async def ask_resolutions(
    model: Model,
    question: Question | WholeQuestion,
    task: TaskId | None = None,
    *,
    run: RunId,
    model_name: str,
    withheld: WhyWithheld,
    min_confidence: float = CONFIDENCE,
    on_progress: OnProgress | None = None,
) -> Answer:
    """Ask for the open hunks of one file, or how to settle a conflict without hunks, which counts
    as its hunk 1; those of a file that is withheld are left open unasked.

    Raises what the model raises when there is no first reply; without a second one, the hunks that
    are not settled stay open.
    """

    async def ask(asking: _Hunks | _Whole) -> Answer:
        return await _converse(
            model, asking, task, run=run, model_name=model_name, on_progress=on_progress
        )

    if isinstance(question, WholeQuestion):
        return await ask(_Whole(question, min_confidence, _obstacle_to_all(question, withheld)))
    obstacle = _obstacle(question, withheld)
    answers: list[Answer] = []
    for numbers in parts(question):
        asking = _Hunks(question, min_confidence, obstacle, numbers)
        try:
            answers.append(await ask(asking))
        except ModelError as error:
            if not answers:
                raise
            unsaid = asking.open_hunks
            asking.leave_open(error.message)
            answers.append(Answer(asking.resolutions, (), error, unsaid))
        question = asking.question
    return _together(answers)


def _together(answers: Sequence[Answer]) -> Answer:
    """What came of the parts of a file that was asked in several."""
    failures = [one.failure for one in answers if one.failure]
    return Answer(
        tuple(resolution for one in answers for resolution in one.resolutions),
        tuple(reply for one in answers for reply in one.replies),
        failures[-1] if failures else None,
        frozenset().union(*(one.unsaid for one in answers)),
    )


async def _converse(
    model: Model,
    asking: "_Hunks | _Whole",
    task: TaskId | None,
    *,
    run: RunId,
    model_name: str,
    on_progress: OnProgress | None,
) -> Answer:
    """A question to its end. Raises what the model raises when there is no first reply."""
    replies: list[Reply] = []
    turns: tuple[Turn, ...] = ()
    message = asking.opening()
    while message:
        turns = (*turns, Turn.user(message))
        request = Request(
            model=model_name,
            prefix=Prefix(asking.system),
            turns=turns,
            purpose="resolve",
            run=run,
            task=task,
            label=show(asking.path),
            max_tokens=asking.room,
        )
        try:
            reply = await model.ask(request, on_progress)
        except ModelError as error:
            if not replies:
                raise
            unsaid = asking.open_hunks
            asking.leave_open(f"the second answer did not come: {error.message}")
            return Answer(asking.resolutions, tuple(replies), error, unsaid)
        replies.append(reply)
        if said := tuple(block for block in reply.blocks if block.get("text") != ""):
            turns = (*turns, Turn("assistant", said))
        message = await asyncio.to_thread(asking.take, reply, is_last=len(replies) == ATTEMPTS)
    return Answer(asking.resolutions, tuple(replies))


def _obstacle(question: Question, withheld: WhyWithheld) -> str | None:
    """Why nothing of a file is asked."""
    why = withheld(question.path, b"\n".join((question.text.write(), *question.versions)))
    return f"the file {why}" if why else unreadable(question.text)


def _obstacle_to_all(question: WholeQuestion, withheld: WhyWithheld) -> str | None:
    told = "\n".join(question.done).encode()
    why = withheld(question.path, b"\n".join((*question.versions, told)))
    return f"the file {why}" if why else None


def _ends_asking(reply: Reply) -> str | None:
    """Why no answer is in a reply, and none will be in the next."""
    if reply.stop_reason == "refusal":
        return f"the model refused to answer: {reply.refusal or 'it gave no reason'}"
    if reply.stop_reason == "model_context_window_exceeded":
        return "what is in conflict is more than the model can read"
    return None


class _Whole:
    """A conflict without hunks: taken, declined or left open."""

    system = WHOLE_SYSTEM
    room = MAX_TOKENS

    @property
    def path(self) -> RepoPath:
        return self._question.path

    def __init__(
        self, question: WholeQuestion, min_confidence: float, obstacle: str | None
    ) -> None:
        self._question = question
        self._min_confidence = min_confidence
        self._settled: Resolution | None = None
        if obstacle:
            self.leave_open(obstacle)

    @property
    def resolutions(self) -> tuple[Resolution, ...]:
        return (self._settled,) if self._settled else ()

    @property
    def open_hunks(self) -> frozenset[int]:
        return frozenset() if self._settled else frozenset({1})

    def opening(self) -> str:
        return "" if self._settled else first_whole_message(self._question)

    def take(self, reply: Reply, *, is_last: bool) -> str:
        """Take what is good of a reply; return what to ask next, empty when it is settled."""
        if why := _ends_asking(reply):
            self.leave_open(why)
            return ""
        choice = read_choice(reply.text, self._question)
        confidence = choice.confidence
        stated = CONFIDENCE if confidence is None else confidence
        if choice.problems:
            if not is_last:
                return repair_whole_message(self._question, choice.problems)
            self.leave_open(f"no answer could be taken: {' '.join(choice.problems)}")
        elif choice.way is None:
            self.leave_open(choice.reason)
        elif stated < self._min_confidence:
            why = f"its confidence, {stated:g}, is too low: {choice.reason}"
            self.leave_open(why, confidence)
        else:
            path, answer = self._question.path, choice.way.result
            self._settled = Resolution(path, 1, "model", answer, confidence, choice.reason)
        return ""

    def leave_open(self, why: str, confidence: float | None = None) -> None:
        self._settled = Resolution(self._question.path, 1, None, None, confidence, why)


class _Hunks:
    """The hunks of a question: taken, declined or left open, one after another."""

    system = SYSTEM

    def __init__(
        self,
        question: Question,
        min_confidence: float,
        obstacle: str | None,
        numbers: Collection[int],
    ) -> None:
        """Only the hunks of these numbers are asked."""
        self.question = question
        """What was taken is text in it."""
        self._min_confidence = min_confidence
        self._settled: dict[int, Resolution] = {}
        self._numbers = numbers
        for hunk in self.asked:
            if why := obstacle or unanswerable(hunk):
                self._leave(hunk.number, why)
        self._numbers = {hunk.number for hunk in self.asked}
        answers = sum(len(hunk.ours) + len(hunk.theirs) for hunk in self.asked)
        self.room = min(MOST_TOKENS, max(MAX_TOKENS, MAX_TOKENS // 2 + answers // 2))
        """The `max_tokens` of the next request: a token for two bytes, and some to think."""

    @property
    def asked(self) -> tuple[Hunk, ...]:
        """Those that are not settled."""
        return tuple(
            hunk
            for hunk in self.question.text.hunks
            if hunk.number in self._numbers and hunk.number not in self._settled
        )

    @property
    def path(self) -> RepoPath:
        return self.question.path

    @property
    def resolutions(self) -> tuple[Resolution, ...]:
        return tuple(self._settled[number] for number in sorted(self._settled))

    @property
    def open_hunks(self) -> frozenset[int]:
        return frozenset(hunk.number for hunk in self.asked)

    def opening(self) -> str:
        return first_message(self.question, self.asked) if self.asked else ""

    def take(self, reply: Reply, *, is_last: bool) -> str:
        """Take what is good of a reply; return what to ask next, empty when all is settled."""
        if why := _ends_asking(reply):
            self.leave_open(why)
            return ""
        read = read_proposals(reply.text, self.question, self.asked, numbers=self._numbers)
        slips = read.slips
        if reply.stop_reason == "max_tokens":
            slips = ("It was cut off at the length limit: write less around the fences.",)
            self.room = min(MOST_TOKENS, 2 * self.room)
        refused = (
            self._settle(read.by_hunk) if not slips else {hunk.number: () for hunk in self.asked}
        )
        if refused and not is_last:
            return repair_message(self.question, refused, slips)
        for number, problems in refused.items():
            heads = (problem.partition("\n")[0] for problem in problems or slips)
            self._leave(number, f"no answer could be taken: {' '.join(heads)}")
        return ""

    def leave_open(self, why: str) -> None:
        """Give up on all that is not settled."""
        for hunk in self.asked:
            self._leave(hunk.number, why)

    def _settle(self, proposals: Mapping[int, Proposal]) -> dict[int, tuple[str, ...]]:
        """Take or decline what can be; return why the others cannot."""
        refused: dict[int, tuple[str, ...]] = {}
        texts: dict[int, bytes] = {}
        for number, proposal in proposals.items():
            confidence = proposal.confidence
            if confidence is not None and confidence < self._min_confidence:
                why = f"its confidence, {confidence:g}, is too low: {proposal.reason}"
                self._leave(number, why, confidence)
            elif proposal.problems:
                refused[number] = proposal.problems
            elif proposal.text is None:
                self._leave(number, proposal.reason)
            else:
                texts[number] = proposal.text
        question = self.question
        for number, error in unparsable(
            question.path, question.text, texts, question.versions
        ).items():
            refused[number] = (f"With it the file does not parse any more: {error}",)
            del texts[number]
        for number, text in texts.items():
            taken = proposals[number]
            self._settled[number] = Resolution(
                question.path,
                number,
                "model",
                text,
                taken.confidence,
                taken.reason,
                taken.dropped,
            )
        self.question = replace(question, text=question.text.splice(texts))
        return refused

    def _leave(self, number: int, why: str, confidence: float | None = None) -> None:
        path = self.question.path
        self._settled[number] = Resolution(path, number, None, None, confidence, why)
