"""`git swarm roles`: who agents can be, and where that is said."""

import click

from gitswarm.cli import print_json
from gitswarm.commands.options import json_option, open_repository
from gitswarm.console import Console


@click.command("roles", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--base", metavar="REV", help="As a run from this commit would find them [HEAD].")
@json_option
def command(base: str | None, as_json: bool) -> int:
    """List the roles: the built-in ones, yours, and those of the repository.

    A role file is Markdown with a header (name, description, writes; model, effort, tools) and the
    prompt. Of files of one name this counts: .gitswarm/roles/ of the commit,
    ~/.config/gitswarm/roles/, .claude/agents/ of the commit, the built-in one.
    """
    from gitswarm.plan.role_places import load_roles
    from gitswarm.repo.objects import RefName
    from gitswarm.settings import Settings

    repository = open_repository()
    settings = Settings.load(repository)
    has_commits = repository.ref(RefName("HEAD")) is not None
    commit = repository.commit_oid(base or "HEAD") if base or has_commits else None
    roles = load_roles(repository, commit)
    if not as_json:
        Console().show_roles([*roles.values()], settings)
        return 0
    listed = [
        {
            "name": role.name,
            "from": role.place.value,
            "file": role.file or None,
            "writes": role.writes.value,
            "model": settings.model_for(role.name, role.model),
            "effort": role.effort,
            "tools": None if role.tools is None else sorted(role.tools),
            "description": role.description,
        }
        for role in roles.values()
    ]
    print_json({"schema": "gitswarm/roles/1", "roles": listed})
    return 0
