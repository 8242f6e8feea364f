"""Role files in the form of `.claude/agents/*.md`: a header with name, description, tools and
model, and the prompt. Files of that form are often no good YAML, and may have keys that mean
nothing here, so they are read leniently."""

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from gitswarm.plan.front_matter import FrontMatter
from gitswarm.plan.roles import TOOL_NAMES, Effort, Line, Role, RoleName, Writes, model_of_role

DESCRIPTION_LENGTH = 300
"""Characters; the planner reads all of them, for every goal."""

_WRITING = {"Write", "Edit", "MultiEdit", "NotebookEdit"}
_READING = {
    "Read": {"read_file", "show_diff"},
    "NotebookRead": {"read_file"},
    "Grep": {"search"},
    "Glob": {"list_files"},
    "LS": {"list_files"},
    "Bash": set(TOOL_NAMES),
    **{tool: {"read_file"} for tool in _WRITING},
}
"""What each tool of that form lets an agent read. A shell reads everything; nobody edits what he
has not read."""


def is_agent_form(front: FrontMatter) -> bool:
    """Whether a header without `writes` names tools as that form does."""
    named = _tools(front.values.get("tools"))
    return "writes" not in front.values and bool(named) and not set(named or ()) & set(TOOL_NAMES)


def agent_role(front: FrontMatter) -> Role:
    """The role of a file of this form. One that names no tools has all of them, and so writes.
    Raises `SettingsError` that begins with `SOURCE:LINE:`."""
    header = front.parse(_Header)
    tools = header.tools
    if tools is not None and "*" in tools:
        tools = None
    refused = set(header.disallowedTools or ())
    granted = (_READING.keys() if tools is None else set(tools)) - refused
    reads = set().union(*(_READING.get(tool, set()) for tool in granted))
    return Role(
        header.name,
        header.description,
        Writes.CODE if granted & _WRITING else Writes.NOTHING,
        front.body,
        model_of_role(header.model),
        header.effort,
        None if reads >= set(TOOL_NAMES) else frozenset(reads & set(TOOL_NAMES)),
    )


def _tools(value: object) -> list[str] | None:
    """The names of tools, without the patterns that may follow them in brackets."""
    if value is None or value == "":
        return None
    listed = re.findall(r"[\w*-]+(?:\([^)]*\))?", value) if isinstance(value, str) else value
    return [str(name).partition("(")[0] for name in listed] if isinstance(listed, list) else None


def _short_line(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = " ".join(value.replace("\\n", " ").split())
    if len(text) <= DESCRIPTION_LENGTH:
        return text
    return text[: text.rfind(" ", 0, DESCRIPTION_LENGTH)] + " ..."


def _spelled_name(value: object) -> object:
    if not isinstance(value, str):
        return value
    return re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")[:40].rstrip("-")


class _Header(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: Annotated[RoleName, BeforeValidator(_spelled_name)]
    description: Annotated[Line, BeforeValidator(_short_line)]
    tools: Annotated[list[str] | None, BeforeValidator(_tools)] = None
    disallowedTools: Annotated[list[str] | None, BeforeValidator(_tools)] = None  # noqa: N815
    model: Line | None = None
    effort: Effort | None = None
