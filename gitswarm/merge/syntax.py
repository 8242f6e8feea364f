"""Whether a file parses, for the languages that can be told without running anything."""

import ast
import json
import re
import tomllib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import yaml

from gitswarm.merge import grammars
from gitswarm.repo.objects import RepoPath


@dataclass(frozen=True, slots=True)
class SyntaxFault:
    """Why a file does not parse."""

    message: str
    """In the parser's words, one line."""
    line: int | None
    """From 1; None where the parser does not say."""

    def __str__(self) -> str:
        return self.message


def syntax_error(path: RepoPath, data: bytes) -> SyntaxFault | None:
    """What is wrong with the text of a file, or None: it parses, or nobody here knows its language.

    A file may be written for another version of its language than the one known here, so only
    compare: what parsed before a merge has to parse after it.
    """
    parse = _PARSERS.get(grammars.suffix(path))
    if parse is None:
        root = grammars.parse(path, data)
        fault = grammars.first_error(root) if root else None
        return fault and SyntaxFault(f"{fault[1]} (line {fault[0]})", fault[0])
    try:
        parse(data)
    except (SyntaxError, ValueError, yaml.YAMLError, RecursionError, MemoryError) as error:
        return SyntaxFault(_message(error), _line(error))
    return None


def parse_python(data: bytes) -> ast.Module:
    """Raises what `ast.parse` raises; warns of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of invalid escapes, which are no errors
        return ast.parse(data)


def _parse_json(data: bytes) -> None:
    json.loads(data)


def _parse_toml(data: bytes) -> None:
    tomllib.loads(data.decode())


def _parse_yaml(data: bytes) -> None:
    for _ in yaml.compose_all(data, Loader=YamlLoader):
        pass


def _message(error: Exception) -> str:
    said = str(error)
    if isinstance(error, SyntaxError) and error.lineno:
        said = f"{error.msg} (line {error.lineno})"  # its own text names a file that is none
    return " ".join(said.split()) or type(error).__name__


def _line(error: Exception) -> int | None:
    if isinstance(error, SyntaxError | json.JSONDecodeError):
        return error.lineno
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return int(error.problem_mark.line) + 1
    said = re.search(r"\(at line (\d+), column \d+\)", str(error))  # all that TOML's error tells
    return int(said[1]) if said else None


YamlLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The fast one, where PyYAML was built with it."""

_PARSERS: Mapping[bytes, Callable[[bytes], object]] = {
    b"py": parse_python,
    b"pyi": parse_python,
    b"json": _parse_json,
    b"toml": _parse_toml,
    b"yaml": _parse_yaml,
    b"yml": _parse_yaml,
}
"""By the last part of the file's name; the other languages are in `grammars`."""
