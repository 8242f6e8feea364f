"""Whether a file parses, for the languages that can be told without running anything."""

import ast
import json
import tomllib
import warnings
from collections.abc import Callable, Mapping

import yaml

from gitswarm.repo.objects import RepoPath


def syntax_error(path: RepoPath, data: bytes) -> str | None:
    """What is wrong with the text of a file, or None: it parses, or nobody here knows its language.

    A file may be written for another version of its language than the one known here, so only
    compare: what parsed before a merge has to parse after it.
    """
    _, dot, suffix = path.rpartition(b".")
    parse = _PARSERS.get(suffix.lower())
    if not dot or parse is None:
        return None
    try:
        parse(data)
    except (SyntaxError, ValueError, yaml.YAMLError, RecursionError, MemoryError) as error:
        return " ".join(str(error).split()) or type(error).__name__
    return None


def _parse_python(data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of invalid escapes, which are no errors
        ast.parse(data)


def _parse_json(data: bytes) -> None:
    json.loads(data)


def _parse_toml(data: bytes) -> None:
    tomllib.loads(data.decode())


def _parse_yaml(data: bytes) -> None:
    for _ in yaml.compose_all(data, Loader=_YamlLoader):
        pass


_YamlLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_PARSERS: Mapping[bytes, Callable[[bytes], None]] = {
    b"py": _parse_python,
    b"pyi": _parse_python,
    b"json": _parse_json,
    b"toml": _parse_toml,
    b"yaml": _parse_yaml,
    b"yml": _parse_yaml,
}
"""By the last part of the file's name."""
