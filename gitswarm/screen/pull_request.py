"""The page of `git swarm pr`: what was pushed, and what became of it."""

from gitswarm.publish.forge import ForgeKind
from gitswarm.publish.proposal import Action
from gitswarm.publish.pull_request import PullRequest
from gitswarm.screen.log import SHORT_OID
from gitswarm.screen.outcomes import ATTENTION, WELL
from gitswarm.screen.sheet import Sheet
from gitswarm.screen.text import listed, one_line


def write_pull_request(sheet: Sheet, done: PullRequest) -> None:
    proposal, opened = done.proposal, done.opened
    style = ATTENTION if opened.action is Action.PUSHED else WELL
    sheet.paragraph((proposal.run, "bold"), "  ", (headline(done), style))
    sheet.paragraph(one_line(done.title), indent=2)
    sheet.blank()
    how = ", replacing what was there" if done.rebuilt else ""
    at = f" at {proposal.commit[:SHORT_OID]}{how}"
    sheet.fact("Pushed", proposal.branch, (at, "dim"))
    if done.branches:
        sheet.fact("", listed(list(done.branches)))
    sheet.fact("To", f"{done.remote}, {one_line(done.place)}")
    if opened.action is not Action.PUSHED:
        sheet.fact("Into", one_line(proposal.base))
    if opened.address:
        sheet.fact("Address", one_line(opened.address))
    elif done.addresses:
        sheet.fact("Address", f"{done.remote} printed:")
        for address in done.addresses:
            sheet.line(f"  {one_line(address)}")
    for remark in opened.remarks:
        sheet.paragraph((sheet.glyphs.attention, ATTENTION), f" {one_line(remark)}", hang=2)


def headline(done: PullRequest) -> str:
    """What became of it, in a few words."""
    opened = done.opened
    what = "merge request" if done.forge.kind is ForgeKind.GITLAB else "pull request"
    sign = "!" if done.forge.kind is ForgeKind.GITLAB else "#"
    name = what if opened.number is None else f"{what} {sign}{opened.number}"
    draft = ", a draft" if opened.draft else ""
    match opened.action:
        case Action.OPENED:
            return f"{name} opened{draft}"
        case Action.UPDATED:
            return f"{name} updated{draft}"
        case Action.UNCHANGED:
            return f"{name} had all of it already"
    return f"pushed, no {what} opened"
