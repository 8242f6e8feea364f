"""AGit: a pull request is opened and updated by a push to `refs/for/BASE`, as Gitea and Forgejo
take it. No branch appears on the remote; what belongs together is told by a topic."""

import re

from markdown_it import MarkdownIt

from gitswarm.publish.proposal import Action, Opened, Proposal, Published
from gitswarm.publish.push import Pushed, RemoteRefs
from gitswarm.publish.template import fill
from gitswarm.repo.objects import Oid, RefName

_PULL = re.compile(r"/pulls/(\d+)\b")
_HEAD = re.compile(r"refs/pull/(\d+)/head")
_BODY_LIMIT = 60_000
"""Bytes; an option must fit in one packet of 65,516."""

HAD_IT = "new commit is same with old commit"
"""How a push is rejected that brings nothing new, in words that were always these."""
HEADS = "refs/pull/*/head"
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


def number_at(refs: RemoteRefs, commit: Oid) -> int | None:
    """The newest pull request that holds exactly this commit."""
    heads = ((_HEAD.fullmatch(name), oid) for name, oid in refs.refs.items())
    return max((int(head[1]) for head, oid in heads if head and oid == commit), default=None)


def read_answer(
    origin: str, path: str, proposal: Proposal, pushed: Pushed, *, before: Published | None
) -> Opened:
    """What an accepted push came to; the server prints the address of the pull request."""
    address = next((url for url in pushed.addresses if _PULL.search(url)), None)
    found = _PULL.search(address or "")
    number = int(found[1]) if found else before.number if before else None
    if address is None and number is not None:
        address = f"{origin}/{path}/pulls/{number}"
    if before is not None and before.number == number:
        remark = (
            "the title and the description are as they were: a push to refs/for gives them to new "
            "pull requests only"
        )
        return Opened(Action.UPDATED, number, address, proposal.draft, before.title, (remark,))
    remarks = () if address else ("the remote printed no address of the pull request",)
    return Opened(Action.OPENED, number, address, proposal.draft, remarks=remarks)
