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

import re
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from gitswarm.errors import SettingsError

Effort = Literal["low", "medium", "high", "xhigh", "max"]
"""How much the model thinks, as `output_config.effort` of the Messages API."""


class Writes(StrEnum):
    """What a role may change. No role writes `.gitswarm/`."""

    NOTHING = "nothing"
    """Its replies are notes."""
    CODE = "code"
    """Everything but the definitions of CI."""
    CODE_AND_CI = "code+ci"


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
    match = _FILE.fullmatch(text.replace("\r\n", "\n"))
    if match is None:
        raise _refused(source, 1, 'a role file begins with a header between two lines "---"')
    values, lines = _read_header(match["header"], source)
    try:
        header = _Header.model_validate(values)
    except ValidationError as error:
        problem = error.errors()[0]
        key = str(problem["loc"][0])
        says = "is missing" if problem["type"] == "missing" else f"is wrong: {problem['msg']}"
        raise _refused(source, lines.get(key, 1), f'"{key}" {says}') from None
    prompt = (match["prompt"] or "").strip()
    if not prompt:
        raise _refused(source, text.count("\n", 0, match.end("header")) + 2, "there is no prompt")
    return Role(header.name, header.description, header.writes, prompt, header.model, header.effort)


_FILE = re.compile(r"---[ \t]*\n(?P<header>(?:.*\n)*?)---[ \t]*(?:\n(?P<prompt>.*))?", re.S)

_Line = Annotated[str, StringConstraints(pattern=r"^\S.*$")]


class _Header(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    description: _Line
    writes: Writes
    model: _Line | None = None
    effort: Effort | None = None


def _read_header(header: str, source: str) -> tuple[dict[str, object], dict[str, int]]:
    """Its keys and values, and the line of the file that each key is on."""
    first_line = 2
    try:
        node = yaml.compose(header, Loader=yaml.BaseLoader)
        values = yaml.load(header, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        raise _refused(source, line + first_line, f"not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise _refused(source, first_line, f"not YAML: {error}") from None
    if not isinstance(node, yaml.MappingNode):
        raise _refused(source, first_line, "the header must be made of keys and values")
    lines: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + first_line
        if key.value not in _Header.model_fields:
            known = ", ".join(_Header.model_fields)
            raise _refused(source, line, f'"{key.value}" is none of the keys {known}')
        if key.value in lines:
            raise _refused(source, line, f'"{key.value}" is given twice')
        lines[key.value] = line
    return values, lines


def _refused(source: str, line: int, problem: str) -> SettingsError:
    return SettingsError(f"{source}:{line}: {problem}", hint="correct the role file")
