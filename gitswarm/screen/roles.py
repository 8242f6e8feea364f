"""The page of `git swarm roles`."""

from collections.abc import Sequence

from gitswarm.plan.roles import Role
from gitswarm.screen.sheet import Sheet
from gitswarm.screen.text import one_line
from gitswarm.settings import Settings

INDENT = 4


def write_roles(sheet: Sheet, roles: Sequence[Role], settings: Settings) -> None:
    """The roles, in the order given, each with what it may write, the model that it would have and
    where it is from: lines that are never cut, since names and files are there to be copied."""
    models = [one_line(settings.model_for(role.name, role.model)) for role in roles]
    widest = max(len(role.name) for role in roles), max(map(len, models))
    for role, model in zip(roles, models, strict=True):
        sheet.line(
            (f"{role.name:{widest[0]}}", "bold"),
            f"  writes {role.writes.value:{_WIDEST}}  {model:{widest[1]}}  ",
            (one_line(role.file) or role.place.value, "dim"),
        )
        sheet.paragraph(one_line(role.description), indent=INDENT)


_WIDEST = len("nothing")
