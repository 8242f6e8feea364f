"""Answering: the conflicts of a merge taken up the ladder: what is known, rules, the model.

Whoever merges: a run's engine, or somebody in a checkout.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gitswarm.errors import ModelError
from gitswarm.integrate.memory import Memory
from gitswarm.merge.ask import Answer
from gitswarm.merge.conflicts import Conflict
from gitswarm.merge.ladder import Rungs, climb
from gitswarm.merge.narrowing import Edits, narrowed, with_subjects
from gitswarm.merge.question import Question, Side
from gitswarm.merge.resolutions import Resolution
from gitswarm.merge.rules.place import Past
from gitswarm.merge.ways import Way
from gitswarm.merge.whole_question import WholeQuestion, what_was_done
from gitswarm.progress import Resolving, Watch
from gitswarm.repo.objects import RepoPath, TaskId, show
from gitswarm.repo.repository import Repository


class Resolve(Protocol):
    """Asks the model about the open hunks of one file, or a conflict without any, on behalf of the
    task being merged."""

    async def __call__(
        self, question: Question | WholeQuestion, *, task: TaskId | None
    ) -> Answer: ...


class Meeting(Protocol):
    """Two states that are merged, as far as answers to their conflicts depend on them."""

    @property
    def task(self) -> TaskId | None:
        """Whose tip is merged, where it is a task's."""

    def about(self, conflict: Conflict) -> tuple[Side, Side]:
        """What each side was about, but for its commits."""

    def edits(self, conflict: Conflict) -> tuple[Edits, Edits]:
        """What the commits of each side made of the file."""

    def versions(self, conflict: Conflict) -> tuple[bytes, bytes]:
        """The whole file as each side has it; empty where it has none."""

    def past(self, conflict: Conflict) -> Past:
        """What the file was before on either side."""


@dataclass
class Answering:
    repository: Repository
    memory: Memory
    rules: Collection[str]
    """Those that settle a hunk unasked."""
    resolve: Resolve | None
    """None: no model is asked."""
    watch: Watch

    def __post_init__(self) -> None:
        self._turns = defaultdict[RepoPath, asyncio.Lock](asyncio.Lock)
        """Merges that meet in a file take turns with it: what one asks, the next one knows."""
        self.was_unreached = False
        """Whether an answer failed to come: asked again, the model may give one."""

    async def answer(
        self, conflict: Conflict, ways: Sequence[Way], meeting: Meeting
    ) -> Sequence[Resolution]:
        """A resolution for every hunk of a conflict, open ones too; for one without hunks, the one
        of the `ways` that is gone, as that of a hunk 1."""
        async with self._turns[conflict.path]:
            if conflict.text is None:
                return [await self._choose(conflict, ways, meeting)]
            return await self._answer(conflict, meeting)

    def known(
        self, conflict: Conflict, ways: Sequence[Way], meeting: Meeting, why: str
    ) -> Sequence[Resolution]:
        """What is known without asking. Other hunks are left open, and `why` is their reason; of a
        conflict without hunks there may be nothing."""
        if conflict.text is None:
            decided = self._decided(conflict, ways)
            return [decided] if decided else ()
        found = self._climb(conflict, meeting).resolutions
        return [
            found.get(hunk.number) or Resolution(conflict.path, hunk.number, None, None, None, why)
            for hunk in conflict.text.hunks
        ]

    async def _answer(self, conflict: Conflict, meeting: Meeting) -> Sequence[Resolution]:
        rungs = await asyncio.to_thread(self._climb, conflict, meeting)
        if all(hunk.number in rungs.resolutions for hunk in rungs.text.hunks):
            return _in_order(rungs.resolutions)
        question = await asyncio.to_thread(_question, conflict, rungs, meeting)
        answers = await self._ask(question, meeting.task)
        return _in_order({**rungs.resolutions, **{one.hunk: one for one in answers}})

    async def _choose(
        self, conflict: Conflict, ways: Sequence[Way], meeting: Meeting
    ) -> Resolution:
        known = self._decided(conflict, ways)
        if known is not None:
            return known
        if self.resolve is None:
            return Resolution(conflict.path, 1, None, None, None, _NOBODY)
        question = await asyncio.to_thread(
            _whole_question, self.repository, conflict, ways, meeting
        )
        self.watch(Resolving(show(conflict.path), 1))
        try:
            answer = await self.resolve(question, task=meeting.task)
        except ModelError as error:
            self._unreached(error)
            return Resolution(conflict.path, 1, None, None, None, error.message)
        self._unreached(answer.failure)
        for one in answer.said:
            await self.memory.remember_decision(conflict, one)
        return answer.resolutions[0]

    def _decided(self, conflict: Conflict, ways: Sequence[Way]) -> Resolution | None:
        """What was said before of a conflict without hunks."""
        known = self.memory.decided(conflict)
        if known and known.by and known.text not in [way.result for way in ways]:
            return None
        return known

    def _climb(self, conflict: Conflict, meeting: Meeting) -> Rungs:
        """What is known of the hunks of a conflict without asking: answers from before and of
        rules, and that a person has to decide."""
        assert conflict.text is not None
        path, text = conflict.path, conflict.text
        rungs = climb(
            path,
            text,
            meeting.versions(conflict),
            replayed=self.memory.replay(path, text),
            unasked=self.rules,
            past=meeting.past(conflict),
        )
        declined = self.memory.declined(path, rungs.text.hunks)
        return replace(rungs, resolutions={**declined, **rungs.resolutions})

    async def _ask(self, question: Question, task: TaskId | None) -> Sequence[Resolution]:
        """The model's answers; where it cannot be asked, every hunk is left to a person. What it
        declined is not asked again when the same two sides meet once more."""
        path, text = question.path, question.text
        if self.resolve is None:
            return _all_open(question, _NOBODY)
        self.watch(Resolving(show(path), len(text.hunks)))
        try:
            answer = await self.resolve(question, task=task)
        except ModelError as error:
            self._unreached(error)
            return _all_open(question, error.message)
        self._unreached(answer.failure)
        await self.memory.remember(text, answer.said)
        return answer.resolutions

    def _unreached(self, failure: ModelError | None) -> None:
        self.was_unreached = self.was_unreached or failure is not None


def _question(conflict: Conflict, rungs: Rungs, meeting: Meeting) -> Question:
    ours, theirs = meeting.about(conflict)
    question = Question(
        path=conflict.path,
        text=rungs.text,
        ours=ours,
        theirs=theirs,
        versions=meeting.versions(conflict),
        candidates=rungs.candidates,
    )
    return narrowed(question, *meeting.edits(conflict))


def _whole_question(
    repository: Repository, conflict: Conflict, ways: Sequence[Way], meeting: Meeting
) -> WholeQuestion:
    edits = meeting.edits(conflict)
    ours, theirs = map(with_subjects, meeting.about(conflict), edits)
    return WholeQuestion(
        path=conflict.path,
        kind=conflict.kind,
        ours=ours,
        theirs=theirs,
        done=what_was_done(repository, conflict),
        ways=tuple(ways),
        versions=meeting.versions(conflict),
    )


_NOBODY = "no rule answers it"


def _all_open(question: Question, why: str) -> list[Resolution]:
    return [
        Resolution(question.path, hunk.number, None, None, None, why)
        for hunk in question.text.hunks
    ]


def _in_order(resolutions: Mapping[int, Resolution]) -> Sequence[Resolution]:
    return [resolutions[number] for number in sorted(resolutions)]
