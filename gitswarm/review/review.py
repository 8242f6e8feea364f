"""Reviewers over a change, side by side; one list out."""

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import Any

from gitswarm.errors import (
    CredentialsError,
    ModelError,
    ModelNotFoundError,
    UnreachableError,
)
from gitswarm.findings import Severity
from gitswarm.model import Model, Usage
from gitswarm.model.conversation import Conversation
from gitswarm.model.prices import Prices
from gitswarm.model.spending import Spending
from gitswarm.model.warm import WarmPrefix
from gitswarm.plan.path_text import spell
from gitswarm.plan.tools import ReadOnlyTools
from gitswarm.plan.withheld import Withheld
from gitswarm.progress import StageStarted, Watch
from gitswarm.repo.objects import RepoPath, RunId
from gitswarm.repo.repository import Repository
from gitswarm.review.change import Change
from gitswarm.review.findings import (
    Found,
    UnreadableReplyError,
    merged,
    read_findings,
)
from gitswarm.review.places import Source, path_of, placed
from gitswarm.review.question import instructions, part, prefix, repair
from gitswarm.review.verdicts import Place, Reviewer, Verdicts, places
from gitswarm.swarm.results import usage_to_json
from gitswarm.swarm.role_tools import RoleTools

REVIEW_SCHEMA = "gitswarm/review/1"

BATCH_BYTES = 60_000
"""Of changed lines that are shown in one request; about 20,000 tokens."""

_FAIL_ALL = (UnreachableError, CredentialsError, ModelNotFoundError)
"""What fails one call fails the others too."""

REVIEWERS = ("security-reviewer", "performance-reviewer", "style-reviewer")


@dataclass(frozen=True, slots=True)
class Deadline:
    """How long is waited for reviewers, from when this was made."""

    seconds: float
    began: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        return max(self.began + self.seconds - time.monotonic(), 0.0)


@dataclass(frozen=True, slots=True)
class Unreviewed:
    """What a reviewer has not looked at, and why."""

    reviewer: str
    paths: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding that people have said they live with."""

    found: Found
    why: str


@dataclass(frozen=True, slots=True)
class Review:
    change: Change
    reviewers: tuple[str, ...]
    findings: tuple[Found, ...] = ()
    """The worst first."""
    accepted: tuple[Accepted, ...] = ()
    unreviewed: tuple[Unreviewed, ...] = ()
    notes: tuple[str, ...] = ()
    """What of the replies was ignored."""
    asked: int = 0
    """Hunks that were put to a reviewer, each counted for each."""
    remembered: int = 0
    """Hunks of which it was known what the reviewer says."""
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = 0.0
    """None where a price is not known."""

    @property
    def gap(self) -> str:
        """What was not looked at, on one line; empty when everything was."""
        if self.unreviewed:
            more = f", and {len(self.unreviewed) - 1} more" if len(self.unreviewed) > 1 else ""
            first = self.unreviewed[0]
            return f"{first.why} ({first.reviewer}{more})"
        return next(
            (f"{spell(f.path)} is {f.left_out}" for f in self.change.files if f.too_large), ""
        )

    @property
    def is_whole(self) -> bool:
        """Whether everything was looked at that should have been."""
        return not self.gap

    def to_json(self) -> dict[str, Any]:
        """The review as `git swarm review --json` shows it, without what the command decides."""
        return {
            "schema": REVIEW_SCHEMA,
            "base": self.change.base,
            "head": self.change.head,
            "reviewers": list(self.reviewers),
            "findings": [found.to_json() for found in self.findings],
            "accepted": [{**one.found.to_json(), "why": one.why} for one in self.accepted],
            "left_out": [
                {"path": spell(file.path), "why": file.left_out} for file in self.change.left_out
            ],
            "unreviewed": [
                {"reviewer": one.reviewer, "paths": list(one.paths), "why": one.why}
                for one in self.unreviewed
            ],
            "notes": list(self.notes),
            "asked": self.asked,
            "remembered": self.remembered,
            "usage": usage_to_json(self.usage),
            "cost_usd": self.cost_usd,
        }

    def reaching(self, threshold: Severity) -> tuple[Found, ...]:
        return tuple(found for found in self.findings if found.reaches(threshold))


@dataclass(frozen=True, slots=True)
class _Batch:
    """Hunks that several reviewers are asked about in one request each."""

    reviewers: tuple[Reviewer, ...]
    places: tuple[Place, ...]


class Reviewing:
    """One change being reviewed."""

    def __init__(
        self,
        *,
        change: Change,
        reviewers: Sequence[Reviewer],
        repository: Repository,
        withheld: Withheld,
        model: Model,
        prices: Prices,
        run: RunId,
        max_tokens: int,
        watch: Watch,
    ) -> None:
        self._change = change
        self._reviewers = reviewers
        self._spending = Spending(model)
        self._model = WarmPrefix(self._spending, prices)
        self._run = run
        self._max_tokens = max_tokens
        self._watch = watch
        self._tools = ReadOnlyTools(repository, change.head, withheld, base=change.base)
        self._source = Source(repository, change.head)
        self._verdicts = Verdicts(repository, instructions=instructions())
        self._found: list[Found] = []
        self._notes: list[str] = []
        self._unreviewed: list[Unreviewed] = []
        self._failure: ModelError | None = None
        self._answered = False

    async def review(self, *, deadline: Deadline | None = None) -> Review:
        """Everything that the reviewers find until then.

        What could not be looked at is told by the review. Raises what kept every reviewer from
        looking at anything.
        """
        if self.news:
            new = f"{len(self.news):,} of {self._hunks:,} hunks are new"
            self._watch(StageStarted("reviewing", new))
        asking = {
            asyncio.ensure_future(self._ask(reviewer, batch)): (reviewer, batch)
            for batch in _batches(self.news)
            for reviewer in batch.reviewers
        }
        try:
            await self._until_done(asking, deadline)
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        for task, (reviewer, batch) in asking.items():
            if task.cancelled():
                self._leave(reviewer, batch, self._why_cancelled(deadline))
            elif error := task.exception():
                raise error
        review = await asyncio.to_thread(self._outcome)
        if self._is_hopeless and not review.remembered:
            assert self._failure is not None
            raise self._failure
        await asyncio.to_thread(self._verdicts.forget_old)
        return review

    async def _until_done(
        self, asking: Collection["asyncio.Future[None]"], deadline: Deadline | None
    ) -> None:
        """Wait for all, or until nothing is to be hoped for any more."""
        waiting = set(asking)
        while waiting and not self._is_hopeless:
            left = None if deadline is None else deadline.left
            if left == 0:
                return
            _, waiting = await asyncio.wait(
                waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED
            )

    @property
    def _is_hopeless(self) -> bool:
        """Whether what the others wait for can only fail in the same way."""
        return self._failure is not None and not self._answered

    def _why_cancelled(self, deadline: Deadline | None) -> str:
        if self._failure is not None and not self._answered:
            return self._failure.message
        return f"no answer within {deadline.seconds:g} s" if deadline else "it was stopped"

    @property
    def _hunks(self) -> int:
        return sum(len(file.hunks) for file in self._change.reviewed)

    @cached_property
    def news(self) -> Mapping[Place, tuple[Reviewer, ...]]:
        """The hunks that somebody has not seen yet, and who."""
        news: dict[Place, tuple[Reviewer, ...]] = {}
        for place in places(self._change):
            unseen = []
            for reviewer in self._reviewers:
                known = self._verdicts.recall(reviewer, place)
                if known is None:
                    unseen.append(reviewer)
                else:
                    self._found += known
            if unseen:
                news[place] = tuple(unseen)
        return news

    async def _ask(self, reviewer: Reviewer, batch: _Batch) -> None:
        conversation = Conversation(
            model=self._model,
            model_name=reviewer.model,
            prefix=prefix(self._change, batch.places),
            run=self._run,
            task=reviewer.name,
            answer=RoleTools(reviewer.role, self._tools.answer).answer,
            max_tokens=self._max_tokens,
            effort=reviewer.role.effort,
        )
        try:
            found, notes = await self._answer(conversation, part(reviewer))
        except ModelError as error:
            if isinstance(error, _FAIL_ALL):
                self._failure = self._failure or error
            self._leave(reviewer, batch, error.message)
            return
        self._answered = True
        self._notes += (f"{reviewer.name}: {note}" for note in notes)
        found = tuple(replace(one, reviewers=(reviewer.name,)) for one in found)
        self._found += found
        await asyncio.to_thread(self._keep, reviewer, batch, found)

    async def _answer(
        self, conversation: Conversation, question: str
    ) -> tuple[tuple[Found, ...], tuple[str, ...]]:
        reply = await conversation.ask(question, purpose="review")
        try:
            return read_findings(reply.text)
        except UnreadableReplyError as unreadable:
            reply = await conversation.ask(repair(unreadable.message), purpose="review")
        try:
            return read_findings(reply.text)
        except UnreadableReplyError as unreadable:
            problem = unreadable.message.splitlines()[0]
            raise ModelError(f"its answer cannot be read: {problem}") from None

    def _keep(self, reviewer: Reviewer, batch: _Batch, found: Sequence[Found]) -> None:
        by_place: dict[Place, list[Found]] = {place: [] for place in batch.places}
        for one in found:
            path = path_of(placed(one, self._change, self._source))
            one = replace(one, finding=replace(one.finding, path=spell(path)))
            by_place[_nearest(path, one.finding.lines, batch.places)].append(one)
        for place, ones in by_place.items():
            self._verdicts.keep(reviewer, place, ones)

    def _leave(self, reviewer: Reviewer, batch: _Batch, why: str) -> None:
        paths = tuple(dict.fromkeys(spell(place.path) for place in batch.places))
        self._unreviewed.append(Unreviewed(reviewer.name, paths, why))

    def _outcome(self) -> Review:
        names = [reviewer.name for reviewer in self._reviewers]
        in_order = sorted(self._found, key=lambda one: names.index(one.reviewers[0]))
        found = merged(placed(one, self._change, self._source) for one in in_order)
        asked = sum(len(unseen) for unseen in self.news.values())
        costs = self._spending.by_purpose.values()
        return Review(
            self._change,
            tuple(names),
            found,
            unreviewed=tuple(self._unreviewed),
            notes=tuple(sorted(self._notes)),
            asked=asked,
            remembered=self._hunks * len(self._reviewers) - asked,
            usage=self._spending.usage,
            cost_usd=None if None in costs else round(sum(filter(None, costs)), 6),
        )


def _batches(news: Mapping[Place, tuple[Reviewer, ...]]) -> Iterator[_Batch]:
    """The hunks by who has not seen them; a file stays together where one request has room."""
    for unseen in dict.fromkeys(news.values()):
        batch: list[Place] = []
        room = BATCH_BYTES
        for group in _groups([place for place in news if news[place] == unseen]):
            size = sum(map(_size, group))
            if batch and size > room:
                yield _Batch(unseen, tuple(batch))
                batch, room = [], BATCH_BYTES
            batch += group
            room -= size
        yield _Batch(unseen, tuple(batch))


def _groups(shown: Sequence[Place]) -> Iterator[list[Place]]:
    for _, grouped in groupby(shown, key=lambda place: place.path):
        file = list(grouped)
        if sum(map(_size, file)) <= BATCH_BYTES:
            yield file
        else:
            yield from ([place] for place in file)


def _size(place: Place) -> int:
    return sum(len(line) for line in place.hunk.lines)


def _nearest(path: RepoPath, lines: tuple[int, int] | None, shown: Sequence[Place]) -> Place:
    """The hunk that a finding is remembered with: the one it is in or next to; the first one, where
    it is about nothing that was shown."""
    in_file = [place for place in shown if place.path == path] or shown[:1]
    if lines is None:
        return in_file[0]
    return min(
        in_file,
        key=lambda place: max(place.hunk.first - lines[1], lines[0] - place.hunk.last, 0),
    )
