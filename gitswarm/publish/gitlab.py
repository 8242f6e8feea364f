"""GitLab: a merge request is opened and updated by options of the push. See "Push options" in
GitLab's documentation."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from gitswarm.publish.forge import Forge
from gitswarm.publish.proposal import Action, Opened, Proposal, Published
from gitswarm.publish.push import Pushed, newest_of
from gitswarm.publish.template import fill
from gitswarm.repo.objects import Oid

_MERGE_REQUEST = re.compile(r"/merge_requests/(\d+)\b")
REQUESTS = "refs/merge-requests"
"""Where the remote shows what each merge request holds."""
_BODY_LIMIT = 60_000
"""Bytes; an option must fit in one packet of 65,516."""


def push_options(proposal: Proposal) -> list[str]:
    """An option is one line: GitLab reads `\\n` in a description as the end of one."""
    title = f"Draft: {proposal.title}" if proposal.draft else proposal.title
    body = fill(proposal.template, proposal.description).replace("\n", "\\n")
    return [
        "merge_request.create",
        f"merge_request.target={proposal.base}",
        f"merge_request.title={title}",
        "merge_request.description=" + body.encode()[:_BODY_LIMIT].decode(errors="ignore"),
        *(["merge_request.draft"] if proposal.draft else []),
    ]


def read_answer(
    forge: Forge,
    proposal: Proposal,
    pushed: Pushed,
    *,
    known: Mapping[int, Oid],
    before: Published | None,
) -> Opened:
    """What the push came to. GitLab answers in prose, in which only the address can be relied on.
    `known`: what the merge requests held that were there before."""
    if f"refs/heads/{proposal.branch}" in pushed.unchanged:
        return _had_it(forge, proposal, newest_of(known, {proposal.commit}), before)
    found = next((url for url in pushed.addresses if _MERGE_REQUEST.search(url)), None)
    address = found or (before.address if before else None)
    number = _MERGE_REQUEST.search(address or "")
    if number is None:
        told = " / ".join(pushed.said) or "nothing"
        remark = f"GitLab was asked for a merge request and gave no address; it said: {told}"
        return Opened(Action.PUSHED, draft=proposal.draft, remarks=(remark,))
    is_known = int(number[1]) in known or (before and before.number == int(number[1]))
    action = Action.UPDATED if is_known else Action.OPENED
    return Opened(action, int(number[1]), address, proposal.draft)


def _had_it(
    forge: Forge, proposal: Proposal, number: int | None, before: Published | None
) -> Opened:
    """The branch was there already, and with it the options are not looked at."""
    if number is None and before:
        number = before.number
    if number is None:
        remark = (
            f"GitLab had this commit already; open its merge request at {_new(forge, proposal)}"
        )
        return Opened(Action.PUSHED, draft=proposal.draft, remarks=(remark,))
    address = f"{forge.origin}/{forge.path}/-/merge_requests/{number}"
    remark = "GitLab takes a title, a description and the draft state with a new commit only"
    return Opened(Action.UNCHANGED, number, address, proposal.draft, remarks=(remark,))


def _new(forge: Forge, proposal: Proposal) -> str:
    """Where a merge request of a branch is opened by hand."""
    query = f"merge_request%5Bsource_branch%5D={quote(proposal.branch, safe='')}"
    return f"{forge.origin}/{forge.path}/-/merge_requests/new?{query}"
