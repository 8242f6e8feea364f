"""FrontMatter: a Markdown file that begins with a header of keys and values between two lines
`---`, as role files do."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from gitswarm.errors import SettingsError

_FILE = re.compile(r"---[ \t]*\n(?P<header>(?:.*\n)*?)---[ \t]*(?:\n(?P<body>(?s:.*)))?")
_FIRST_LINE = 2
"""Of the header, in the file."""

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    source: str
    """How messages name the file."""
    values: Mapping[str, object]
    """Text, and lists of text; YAML's other kinds of scalars are not told apart."""
    lines: Mapping[str, int]
    """The line of the file that each key is on."""
    body: str
    """What follows the header, without blank lines around it."""
    body_line: int

    @classmethod
    def read(cls, text: str, *, source: str, lenient: bool = False) -> "FrontMatter":
        """Raises `SettingsError` that begins with `SOURCE:LINE:`. Lenient, a header that is not
        YAML is taken line by line: a value may then hold `: `."""
        match = _FILE.fullmatch(text.removeprefix("\ufeff").replace("\r\n", "\n"))
        if match is None:
            told = 'a role file begins with a header between two lines "---"'
            raise SettingsError(f"{source}:1: {told}", hint=CORRECT)
        header = match["header"]
        try:
            values, lines = _read_yaml(header, source)
        except SettingsError:
            if not lenient:
                raise
            values, lines = _read_lines(header)
        body = (match["body"] or "").strip()
        body_line = header.count("\n") + _FIRST_LINE + 1
        return cls(source, values, lines, body, body_line)

    def require_known(self, known: Collection[str]) -> None:
        """Raise `SettingsError` for a key that is none of these."""
        for key, line in self.lines.items():
            if key not in known:
                raise self.refused(line, f'"{key}" is none of the keys {", ".join(known)}')

    def parse(self, form: type[T]) -> T:
        """The header as a model of it, once there is something under it. Raises
        `SettingsError`."""
        try:
            parsed = form.model_validate(self.values)
        except ValidationError as error:
            problem = error.errors()[0]
            key = str(problem["loc"][0])
            says = "is missing" if problem["type"] == "missing" else f"is wrong: {_says(problem)}"
            raise self.refused(self.lines.get(key, 1), f'"{key}" {says}') from None
        if not self.body:
            raise self.refused(self.body_line, "there is no prompt")
        return parsed

    def refused(self, line: int, problem: str) -> SettingsError:
        return SettingsError(f"{self.source}:{line}: {problem}", hint=CORRECT)


CORRECT = "correct the role file"


def _says(problem: Mapping[str, object]) -> str:
    return str(problem["msg"]).removeprefix("Value error, ")


def _read_yaml(header: str, source: str) -> tuple[dict[str, object], dict[str, int]]:
    def refused(line: int, problem: str) -> SettingsError:
        return SettingsError(f"{source}:{line}: {problem}", hint=CORRECT)

    try:
        node = yaml.compose(header, Loader=_Loader)
        values = yaml.load(header, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        raise refused(line + _FIRST_LINE, f"not YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        line = header.count("\n", 0, error.position) + _FIRST_LINE
        raise refused(line, f"not YAML: {error.reason}") from None
    except RecursionError:
        raise refused(_FIRST_LINE, "it is nested too deeply") from None
    if not isinstance(node, yaml.MappingNode):
        raise refused(_FIRST_LINE, "the header must be made of keys and values")
    lines: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + _FIRST_LINE
        if key.value in lines:
            raise refused(line, f'"{key.value}" is given twice')
        lines[key.value] = line
    return values, lines


class _Loader(yaml.BaseLoader):
    """Text and lists of text; no aliases, with which a few lines stand for any length."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "an alias", self.get_mark())
        return super().compose_node(parent, index)


_KEY = re.compile(r"(?P<key>[A-Za-z][\w-]*):[ \t]*(?P<value>.*)")


def _read_lines(header: str) -> tuple[dict[str, object], dict[str, int]]:
    """Lines that begin with a key, and lines that go on with the value before them."""
    values: dict[str, object] = {}
    lines: dict[str, int] = {}
    last = ""
    for number, line in enumerate(header.splitlines(), _FIRST_LINE):
        if match := _KEY.fullmatch(line):
            last = match["key"]
            values[last] = match["value"].strip().strip("\"'")
            lines[last] = number
        elif last:
            values[last] = f"{values[last]} {line.strip()}".strip()
    return values, lines
