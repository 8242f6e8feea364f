"""The page of `git swarm roles`."""

from collections.abc import Iterable

from gitswarm.plan.roles import Role
from gitswarm.screen.sheet import Column, Sheet, styled
from gitswarm.screen.text import one_line
from gitswarm.settings import Settings


def write_roles(sheet: Sheet, roles: Iterable[Role], settings: Settings) -> None:
    """The roles, in the order given, each with the model that it would have."""
    columns = [
        Column("Role"),
        Column("From"),
        Column("Writes"),
        Column("Model"),
        Column("Description", yields="wrap", least=20),
    ]
    rows = [
        [
            styled((role.name, "bold")),
            styled((one_line(role.file) or role.place.value, "dim")),
            styled(role.writes.value),
            styled(one_line(settings.model_for(role.name, role.model))),
            styled(one_line(role.description)),
        ]
        for role in roles
    ]
    sheet.table(columns, rows)
