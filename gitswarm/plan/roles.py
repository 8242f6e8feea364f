"""Role: who an agent is, read from Markdown with a header.

    ---
    name: builder
    description: writes the code of a feature, a change or a fix
    writes: code
    ---
    You are the builder. ...

The header is YAML, every value of it text; the rest is the prompt that the role adds after what all
agents share.
"""

from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

from gitswarm.model.prices import Prices
from gitswarm.plan.front_matter import FrontMatter
from gitswarm.plan.tools import TOOLS

Effort = Literal["low", "medium", "high", "xhigh", "max"]
"""How much the model thinks, as `output_config.effort` of the Messages API."""


class Writes(StrEnum):
    """What a role may change. No role writes `.gitswarm/`."""

    NOTHING = "nothing"
    """Its replies are notes."""
    CODE = "code"
    """Everything but the definitions of CI."""
    CODE_AND_CI = "code+ci"


class Place(StrEnum):
    """Where a role comes from. Of roles of one name the one from the first of these counts."""

    REPOSITORY = "repository"
    """`.gitswarm/roles/` of the commit that a run starts from."""
    USER = "user"
    """`gitswarm/roles/` in the user's configuration folder."""
    AGENT_FILE = "agent file"
    """`.claude/agents/` of that commit."""
    BUILT_IN = "built-in"


@dataclass(frozen=True, slots=True)
class Role:
    name: str
    description: str
    """One line, by which the planner chooses it."""
    writes: Writes
    prompt: str
    model: str | None = None
    """None: the one of the run."""
    effort: Effort | None = None
    """None: the model's own default."""
    tools: frozenset[str] | None = None
    """The tools that are answered; None: all there are. The request offers all of them anyway, so
    that all agents share one prefix."""
    place: Place = Place.BUILT_IN
    file: str = ""
    """Its file, where it is not built in: from the root of the repository, or absolute."""


TOOL_NAMES = tuple(tool.name for tool in TOOLS)


def load_builtin_roles() -> dict[str, Role]:
    """The roles that come with gitswarm, by name, in alphabetical order."""
    files = [
        file
        for file in resources.files("gitswarm").joinpath("roles").iterdir()
        if file.name.endswith(".md")
    ]
    roles = (read_role(file.read_text("utf-8"), source=file.name) for file in files)
    return {role.name: role for role in sorted(roles, key=lambda role: role.name)}


def read_role(text: str, *, source: str) -> Role:
    """The role that a file holds. Raises `SettingsError` that begins with `SOURCE:LINE:`."""
    front = FrontMatter.read(text, source=source)
    front.require_known(_Header.model_fields)
    header = front.parse(_Header)
    return Role(
        header.name,
        header.description,
        header.writes,
        front.body,
        model_of_role(header.model),
        header.effort,
        None if header.tools is None else frozenset(header.tools),
    )


def model_of_role(said: str | None) -> str | None:
    """The id of the model that a role file names by its id, or by its family (`sonnet`): then the
    newest of the family. None for `inherit`: the model of the run."""
    if said is None or said == "inherit":
        return None
    return Prices.load().newest(said) or said


def words(value: object) -> object:
    """The items of a list, which may be spelled as one text with commas."""
    if not isinstance(value, str):
        return value
    return [word.strip() for word in value.split(",") if word.strip()]


Line = Annotated[str, StringConstraints(pattern=r"^\S.*$")]
RoleName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


def _tool_names(value: object) -> object:
    listed = words(value)
    for name in listed if isinstance(listed, list) else ():
        if name not in TOOL_NAMES:
            raise ValueError(f'"{name}" is none of the tools {", ".join(TOOL_NAMES)}')
    return listed


class _Header(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: RoleName
    description: Line
    writes: Writes
    model: Line | None = None
    effort: Effort | None = None
    tools: Annotated[list[str] | None, BeforeValidator(_tool_names)] = None
