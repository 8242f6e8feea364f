"""The data in JSON, YAML and TOML: read without loss, and merged key by key."""

import json
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from gitswarm.merge.syntax import YamlLoader


class UnreadableDataError(ValueError):
    """A text that does not parse, or whose meaning depends on who reads it."""


class DisagreementError(ValueError):
    """Both sides changed one value in different ways."""


def can_load(suffix: str) -> bool:
    return suffix in _LOADERS


def load(suffix: str, text: str) -> Any:
    """Raises `UnreadableDataError`."""
    try:
        return _LOADERS[suffix](text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise UnreadableDataError(str(error)) from None


def merge(base: Any, ours: Any, theirs: Any) -> Any:
    """Raises `DisagreementError`. A list is one value."""
    if same(ours, theirs) or same(base, theirs):
        return ours
    if same(base, ours):
        return theirs
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        raise DisagreementError
    old = base if isinstance(base, dict) else {}
    sides = (old, ours, theirs)
    merged = {key: merge(*(side.get(key, _ABSENT) for side in sides)) for key in {**ours, **theirs}}
    return {key: value for key, value in merged.items() if value is not _ABSENT}


def same(one: Any, other: Any) -> bool:
    """Equal, and of equal types all the way down: 1 is neither true nor 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


_ABSENT = object()


def _load_json(text: str) -> Any:
    """Numbers as they are written."""
    return json.loads(text, object_pairs_hook=_mapping, parse_float=_number, parse_int=_number)


def _number(text: str) -> tuple[str, str]:
    return "number", text


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise UnreadableDataError("a key twice")
    return found


def _load_yaml(text: str) -> Any:
    """Documents by number; scalars as they are written, with their tags."""
    seen: set[int] = set()
    return {
        number: _yaml_data(document, seen)
        for number, document in enumerate(yaml.compose_all(text, Loader=YamlLoader))
    }


def _yaml_data(node: yaml.Node, seen: set[int]) -> Any:
    if id(node) in seen:
        raise UnreadableDataError("an alias, whose value is said elsewhere")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping([(_yaml_key(key), _yaml_data(value, seen)) for key, value in node.value])
    if isinstance(node, yaml.SequenceNode):
        return [_yaml_data(item, seen) for item in node.value]
    return node.tag, node.value


def _yaml_key(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise UnreadableDataError("a key that is no scalar")
    return f"{node.tag} {node.value}"


_LOADERS: Mapping[str, Callable[[str], Any]] = {
    "json": _load_json,
    "toml": tomllib.loads,
    "yaml": _load_yaml,
    "yml": _load_yaml,
}
