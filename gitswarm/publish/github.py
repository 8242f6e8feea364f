"""GitHub: a pull request is opened and updated by the REST API."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter, ValidationError

from gitswarm.errors import ForgeCredentialsError, PublishError
from gitswarm.publish.api import Answer, Api, NoAnswerError
from gitswarm.publish.description import merge_body
from gitswarm.publish.proposal import Action, Opened, Proposal, Published
from gitswarm.publish.remote import without_passwords
from gitswarm.screen.text import one_line, whole_seconds

TRIES = 3
PAUSE = 0.5
"""Seconds before the second try; the third waits twice as long."""
LONGEST_WAIT = 60.0
"""Seconds; a longer rate limit is told, not waited for."""

_REASON_LIMIT = 400


class _Repo(BaseModel):
    full_name: str


class _Side(BaseModel):
    ref: str
    sha: str = ""
    repo: _Repo | None = None
    """None where a fork was deleted."""


class _PullRequest(BaseModel):
    number: int
    html_url: str
    node_id: str = ""
    state: str
    title: str
    body: str | None = None
    draft: bool = False
    merged_at: str | None = None
    head: _Side
    base: _Side

    @property
    def is_open(self) -> bool:
        return self.state == "open"


_PULL_REQUESTS = TypeAdapter(list[_PullRequest])

_SET_DRAFT = {
    True: "mutation($id: ID!) { convertPullRequestToDraft(input: {pullRequestId: $id})"
    " { pullRequest { isDraft } } }",
    False: "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id})"
    " { pullRequest { isDraft } } }",
}
"""The one thing that the REST API cannot do."""


class GitHub:
    """One repository on GitHub or on an Enterprise server."""

    def __init__(
        self,
        api: Api,
        path: str,
        *,
        host: str,
        again: str,
        tell: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`path` ends in `OWNER/NAME`; `again` is the command that tries all of it again."""
        self._api = api
        self._name = "/".join(path.split("/")[-2:])
        self._host = host
        self._again = again
        self._tell = tell
        self._sleep = sleep

    @property
    def _pulls(self) -> str:
        return f"repos/{quote(self._name)}/pulls"

    def propose(self, proposal: Proposal, before: Published | None) -> Opened:
        """Open the pull request, or bring the open one to what is proposed.

        An answer may get lost on its way, and somebody else may be quicker, so before it is opened
        (again) it is looked for. Raises `PublishError`.
        """
        for attempt in range(1, TRIES + 1):
            remarks: list[str] = []
            existing = self._find(proposal)
            if existing is not None and existing.is_open:
                return self._update(existing, proposal, before)
            if existing is not None:
                self._require_more(existing, proposal)
                remarks.append(_closed(existing))
            try:
                answer = self._ask("POST", self._pulls, _creation(proposal), once=True)
                if proposal.draft and _knows_no_drafts(answer):
                    remarks.append(
                        f"{self._host} has no drafts in this repository: only the title says that "
                        "it is one"
                    )
                    ready = replace(proposal, title=_marked(proposal.title), draft=False)
                    answer = self._ask("POST", self._pulls, _creation(ready), once=True)
            except NoAnswerError:
                if attempt == TRIES:
                    raise
                continue
            if answer.status in (200, 201):
                made = self._read(answer)
                address = without_passwords(made.html_url)
                return Opened(
                    Action.OPENED, made.number, address, made.draft, made.title, tuple(remarks)
                )
            if answer.status < 500 and (answer.status not in (409, 422) or attempt > 1):
                raise self._refusal(answer)
            if answer.status >= 500:
                self._sleep(PAUSE * attempt)
            else:
                self._learn_name()
        raise self._refusal(answer)

    def _learn_name(self) -> None:
        """What the repository is called now: one that was moved answers to its old name too, but
        its pull requests are found by the new one only."""
        answer = self._ask("GET", f"repos/{quote(self._name)}")
        if answer.status == 200:
            try:
                self._name = _Repo.model_validate(answer.body).full_name
            except ValidationError:
                raise self._nonsense() from None

    def _find(self, proposal: Proposal) -> _PullRequest | None:
        """The open pull request of the branch, else the newest closed one."""
        owner = self._name.partition("/")[0]
        head = quote(f"{owner}:{proposal.branch}", safe="")
        query = f"head={head}&state=all&sort=created&direction=desc&per_page=100"
        answer = self._ask("GET", f"{self._pulls}?{query}")
        if answer.status != 200:
            raise self._refusal(answer)
        try:
            found = _PULL_REQUESTS.validate_python(answer.body)
        except ValidationError:
            raise self._nonsense() from None
        ours = [one for one in found if _is_ours(one, proposal)]
        still_open = [one for one in ours if one.is_open]
        return max(still_open or ours, key=lambda one: one.number, default=None)

    def _require_more(self, closed: _PullRequest, proposal: Proposal) -> None:
        if closed.merged_at and closed.head.sha == proposal.commit:
            raise PublishError(
                f"pull request #{closed.number} has brought this commit into "
                f"{one_line(closed.base.ref)} already: {without_passwords(closed.html_url)}",
                hint=f"git fetch, and see: git log {one_line(closed.base.ref)}",
            )

    def _update(
        self, existing: _PullRequest, proposal: Proposal, before: Published | None
    ) -> Opened:
        """What people wrote since stays: a title that is not ours, all of the body that is not."""
        is_ours = before is not None and before.title == existing.title
        is_marked = proposal.draft and existing.title == _marked(proposal.title)
        title = proposal.title if is_ours and not is_marked else existing.title
        wanted: dict[str, Any] = {"title": title, "body": merge_body(existing.body or "", proposal)}
        if existing.base.ref != proposal.base:
            wanted["base"] = proposal.base
        answer = self._ask("PATCH", f"{self._pulls}/{existing.number}", wanted)
        if answer.status != 200:
            raise self._refusal(answer)
        address = without_passwords(self._read(answer).html_url)
        draft, remarks = self._set_draft(existing, proposal.draft and not is_marked)
        return Opened(Action.UPDATED, existing.number, address, draft, title, remarks)

    def _set_draft(self, existing: _PullRequest, draft: bool) -> tuple[bool, tuple[str, ...]]:
        """Whether it is a draft now, and a remark where it is not as wanted."""
        if existing.draft == draft:
            return draft, ()
        try:
            answer = self._api.graphql(_SET_DRAFT[draft], {"id": existing.node_id})
        except NoAnswerError:
            answer = Answer(0, {}, None)
        body = answer.body if isinstance(answer.body, dict) else {}
        if answer.status == 200 and not body.get("errors"):
            return draft, ()
        state = "not a draft" if draft else "still a draft"
        return existing.draft, (f"#{existing.number} is {state}; change that on its page",)

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        once: bool = False,
    ) -> Answer:
        """An answer that is not a passing one: rate limits are waited for where they are short,
        faults of the server asked again, unless `once`."""
        for attempt in range(1, TRIES + 1):
            last = attempt == TRIES
            try:
                answer = self._api.request(method, path, body)
            except NoAnswerError as error:
                if once or last:
                    raise NoAnswerError(
                        f"the branch is pushed, but {without_passwords(error.message)}",
                        hint=f"run it again, it goes on from there: {self._again}",
                    ) from None
                self._sleep(PAUSE * attempt)
                continue
            wait = _seconds_to_wait(answer)
            if wait is not None:
                if last or wait > LONGEST_WAIT:
                    raise self._limited(wait)
                self._tell(f"{self._host} asks for a pause of {whole_seconds(wait)}")
                self._sleep(wait)
            elif answer.status < 500 or once or last:
                return answer
            else:
                self._sleep(PAUSE * attempt)
        raise AssertionError("the last try answers or raises")

    def _read(self, answer: Answer) -> _PullRequest:
        try:
            return _PullRequest.model_validate(answer.body)
        except ValidationError:
            raise self._nonsense() from None

    def _nonsense(self) -> PublishError:
        return PublishError(
            f"the branch is pushed, but what {self._host} answered is not GitHub's API",
            hint="tell what it is: git config swarm.forge github|gitlab|gitea|none",
        )

    def _limited(self, wait: float) -> PublishError:
        until = time.strftime("%H:%M", time.localtime(time.time() + wait))
        return PublishError(
            f"the branch is pushed, but {self._host} has had too many requests from this account "
            f"and takes more in {whole_seconds(wait)}, at {until}",
            hint=f"run it again then, it goes on from there: {self._again}",
        )

    def _refusal(self, answer: Answer) -> PublishError:
        """The branch is there at this point: whatever else is said, running it again goes on."""
        reason = _reason(answer)
        again = f"then run it again, it goes on from there: {self._again}"
        if answer.status == 401:
            return ForgeCredentialsError(
                f"the branch is pushed, but {self._host} does not accept the token: {reason}",
                hint=f"gh auth login, or set GH_TOKEN; {again}",
            )
        if answer.status == 403:
            return PublishError(
                f"the branch is pushed, but {self._host} does not let this account open or change "
                f"pull requests in {self._name}: {reason}",
                hint=f"give the token the right to write pull requests; {again}",
            )
        if answer.status == 404:
            return PublishError(
                f"the branch is pushed, but {self._host} shows no repository {self._name} to this "
                f"account: {reason}",
                hint=f"check the remote's URL and whether the token may see it; {again}",
            )
        return PublishError(
            f"the branch is pushed, but {self._host} did not take the pull request "
            f"({answer.status}): {reason}",
            hint=f"set right what it says; {again}",
        )


def _is_ours(found: _PullRequest, proposal: Proposal) -> bool:
    """Whether it proposes the branch of that name in the repository itself, not in a fork."""
    from_here = found.head.repo is None or found.head.repo == found.base.repo
    return found.head.ref == proposal.branch and from_here


def _creation(proposal: Proposal) -> dict[str, Any]:
    return {
        "title": proposal.title,
        "head": proposal.branch,
        "base": proposal.base,
        "body": merge_body(None, proposal),
        "draft": proposal.draft,
        "maintainer_can_modify": True,
    }


def _marked(title: str) -> str:
    """The title of a draft where a forge has no drafts."""
    return f"Draft: {title}"


def _knows_no_drafts(answer: Answer) -> bool:
    """Whether a draft was refused because there are none in this repository, as in private ones of
    some plans: GitHub says so in words only."""
    return answer.status == 422 and "draft" in _reason(answer).lower()


def _closed(existing: _PullRequest) -> str:
    became = "merged" if existing.merged_at else "closed"
    return f"#{existing.number} was {became} meanwhile, so a new one is opened"


def _seconds_to_wait(answer: Answer) -> float | None:
    """How long a rate limit lasts; None where the answer is none. See "Rate limits for the REST
    API" in GitHub's documentation."""
    spent = answer.headers.get("x-ratelimit-remaining") == "0"
    after = answer.headers.get("retry-after", "")
    if answer.status != 429 and not (answer.status == 403 and (spent or after)):
        return None
    if after.isdigit():
        return float(after)
    reset = answer.headers.get("x-ratelimit-reset", "")
    return max(0.0, float(reset) - time.time()) if reset.isdigit() else LONGEST_WAIT


def _reason(answer: Answer) -> str:
    """What an error says, see "Client errors" in GitHub's documentation."""
    if not isinstance(answer.body, dict):
        return one_line(without_passwords(str(answer.body or "it said nothing")), _REASON_LIMIT)
    errors = answer.body.get("errors")
    told = [
        str(error.get("message") or " ".join(str(value) for value in error.values()))
        if isinstance(error, dict)
        else str(error)
        for error in (errors if isinstance(errors, list) else [])
    ]
    words = ": ".join(filter(None, [str(answer.body.get("message", "")), "; ".join(told)]))
    return one_line(without_passwords(words or "it said nothing"), _REASON_LIMIT)
