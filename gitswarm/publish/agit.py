"""AGit: a pull request is opened and updated by a push to `refs/for/BASE`, as Gitea and Forgejo
take it. No branch appears on the remote; what belongs together is told by a topic."""

import re
from collections.abc import Collection

from markdown_it import MarkdownIt

from gitswarm.publish.forge import Forge
from gitswarm.publish.proposal import Action, Opened, Proposal, Published
from gitswarm.publish.push import Pushed
from gitswarm.publish.template import fill
from gitswarm.repo.objects import RefName

_PULL = re.compile(r"/pulls/(\d+)\b")
_BODY_LIMIT = 60_000
"""Bytes; an option must fit in one packet of 65,516."""

HAD_IT = "new commit is same with old commit"
"""How a push is rejected that brings nothing new, in words that were always these."""
REQUESTS = "refs/pull"
"""Where the remote shows what each pull request holds."""


def target(proposal: Proposal) -> RefName:
    return RefName(f"refs/for/{proposal.base}")


def push_options(proposal: Proposal, *, rebuilt: bool) -> list[str]:
    """`rebuilt`: the pull request holds commits that the proposal does not."""
    title = f"WIP: {proposal.title}" if proposal.draft else proposal.title
    return [
        f"topic={proposal.run}",
        f"title={title}",
        f"description={_on_one_line(fill(proposal.template, proposal.description))}",
        *(["force-push=true"] if rebuilt else []),
    ]


def _on_one_line(markdown: str) -> str:
    """The same text as HTML, in which no line need end: a push option is one line, and only the
    newest servers know an encoding for more."""
    parser = MarkdownIt("commonmark", {"html": False})
    html = parser.render(re.sub(r"<!--.*?-->", "", markdown, flags=re.DOTALL)).strip()
    parts = re.split(r"(<pre>.*?</pre>)", html, flags=re.DOTALL)
    line = "".join(
        part.replace("\n", "&#10;") if part.startswith("<pre>") else part.replace("\n", " ")
        for part in parts
    )
    if len(line.encode()) > _BODY_LIMIT:
        return _on_one_line(markdown[: len(markdown) * 3 // 4])
    return line


def head_ref(number: int) -> RefName:
    return RefName(f"{REQUESTS}/{number}/head")


def address_of(forge: Forge, number: int) -> str:
    return f"{forge.origin}/{forge.path}/pulls/{number}"


def read_answer(
    forge: Forge,
    proposal: Proposal,
    pushed: Pushed,
    *,
    known: Collection[int],
    before: Published | None,
) -> Opened:
    """What an accepted push came to; the server prints the address of the pull request. `known`:
    the pull requests that were there before."""
    address = next((url for url in pushed.addresses if _PULL.search(url)), None)
    found = _PULL.search(address or "")
    number = int(found[1]) if found else before.number if before else None
    if address is None and number is not None:
        address = address_of(forge, number)
    if number in known:
        remark = (
            "the title and the description are as they were: a push to refs/for gives them to new "
            "pull requests only"
        )
        title = before.title if before and before.number == number else None
        return Opened(Action.UPDATED, number, address, proposal.draft, title, (remark,))
    remarks = () if address else ("the remote printed no address of the pull request",)
    return Opened(Action.OPENED, number, address, proposal.draft, remarks=remarks)
