"""Duplicates: what a file defines twice in one place, though only the last one counts.

Two branches that add the same function or the same key in different places merge without a
conflict. Conditional definitions, overloads, accessors and whatever a decorator keeps are no
duplicates.
"""

import ast
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import yaml

from gitswarm.merge import grammars
from gitswarm.merge.syntax import YamlLoader, parse_python
from gitswarm.repo.objects import RepoPath

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class Repeated:
    """A name that is there more than once in one place."""

    what: Literal["definition", "key"]
    name: str
    """With the names around it: `Store.put`, `scripts.test`."""
    lines: tuple[int, ...]
    """Where, from 1, in order."""


def repeated(path: RepoPath, data: bytes) -> dict[str, Repeated]:
    """By name; empty for a file that does not parse or whose language is not known."""
    suffix = grammars.suffix(path)
    try:
        found = _FINDERS[suffix](data) if suffix in _FINDERS else _in_grammar(path, data)
        by_name: dict[str, Repeated] = {}
        for one in found:
            by_name.setdefault(one.name, one)
    except (SyntaxError, ValueError, yaml.YAMLError, RecursionError, MemoryError):
        return {}
    return by_name


# Python


_HARMLESS = {
    "abstractmethod",
    "asynccontextmanager",
    "cache",
    "cached_property",
    "classmethod",
    "contextmanager",
    "dataclass",
    "final",
    "fixture",
    "given",
    "lru_cache",
    "override",
    "patch",
    "property",
    "staticmethod",
    "total_ordering",
}
"""Decorators that keep nothing: the name alone leads to what they decorate."""

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _in_python(data: bytes) -> Iterator[Repeated]:
    bodies: list[tuple[str, Sequence[ast.stmt]]] = [("", parse_python(data).body)]
    while bodies:
        scope, body = bodies.pop()
        places: dict[str, list[int]] = defaultdict(list)
        for index, statement in enumerate(body):
            inner = scope
            if isinstance(statement, _Definition):
                places[statement.name].append(index)
                inner = f"{scope}{statement.name}."
            bodies += [(inner, nested) for nested in _bodies(statement)]
        for name, indices in places.items():
            if lost := [*_lost(name, body, indices)]:
                lines = dict.fromkeys(line for pair in lost for line in pair)
                yield Repeated("definition", scope + name, tuple(lines))


def _bodies(node: ast.AST) -> Iterator[Sequence[ast.stmt]]:
    """The lists of statements right below one."""
    for _, value in ast.iter_fields(node):
        if isinstance(value, list) and value:
            if isinstance(value[0], ast.stmt):
                yield value
            elif isinstance(value[0], ast.ExceptHandler | ast.match_case):
                yield from (child.body for child in value)


def _lost(name: str, body: Sequence[ast.stmt], places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The lines of each definition that a later one of the same name makes unreachable, and of
    that one."""
    if name == "_":
        return
    for first, second in pairwise(places):
        earlier, later = body[first], body[second]
        assert isinstance(earlier, _Definition)
        assert isinstance(later, _Definition)
        kept = any(not _is_harmless(one) for one in earlier.decorator_list)
        extended = any(_names(one, name) for one in later.decorator_list)
        used = any(_names(one, name) for one in body[first + 1 : second])
        if not (kept or extended or used):
            yield earlier.lineno, later.lineno


def _is_harmless(decorator: ast.expr) -> bool:
    named = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
    return named.startswith("pytest.mark.") or named.rpartition(".")[2] in _HARMLESS


def _names(node: ast.AST, name: str) -> bool:
    return not isinstance(node, _Definition) and any(
        isinstance(one, ast.Name) and one.id == name for one in ast.walk(node)
    )


# Keys


_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:]')


def _in_json(data: bytes) -> Iterator[Repeated]:
    text = data.decode("utf-8-sig")
    json.loads(text)  # what follows is about valid JSON only
    scopes: list[tuple[str, dict[str, list[int]]]] = []
    key, line, at = "", 1, 0
    tokens = _JSON_TOKEN.finditer(text)
    string = ""
    for token in tokens:
        line, at = line + text.count("\n", at, token.start()), token.start()
        match token[0]:
            case "{" | "[":
                outer = scopes[-1][0] if scopes else ""
                scopes.append((f"{outer}{key}." if key else outer, defaultdict(list)))
                key = ""
            case "}" | "]":
                yield from _repeated_keys(*scopes.pop())
                key = ""
            case ":":
                key = json.loads(string, strict=False)
                scopes[-1][1][key].append(line)
            case _:
                string = token[0]


def _in_yaml(data: bytes) -> Iterator[Repeated]:
    for document in yaml.compose_all(data, Loader=YamlLoader):
        nodes: list[tuple[str, yaml.Node]] = [("", document)] if document else []
        seen: set[int] = set()
        while nodes:
            scope, node = nodes.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                nodes += [(scope, item) for item in node.value]
            elif isinstance(node, yaml.MappingNode):
                lines: dict[str, list[int]] = defaultdict(list)
                for key, value in node.value:
                    if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                        continue
                    lines[key.value].append(key.start_mark.line + 1)
                    nodes.append((f"{scope}{key.value}.", value))
                yield from _repeated_keys(scope, lines)


def _repeated_keys(scope: str, lines: Mapping[str, Sequence[int]]) -> Iterator[Repeated]:
    for key, found in lines.items():
        if len(found) > 1:
            yield Repeated("key", scope + key, tuple(found))


# Languages with a grammar


_SCRIPT = {
    "function_declaration": ("name",),
    "generator_function_declaration": ("name",),
    "class_declaration": ("name",),
    "variable_declarator": ("name",),
    "method_definition": ("name",),
}

_DEFINITIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "c": {"function_definition": ("declarator",)},
    "cpp": {"function_definition": ("declarator",)},
    "go": {
        "function_declaration": ("name",),
        "method_declaration": ("receiver", "name"),
        "type_spec": ("name",),
    },
    "java": {
        "class_declaration": ("name",),
        "constructor_declaration": ("name", "parameters"),
        "enum_declaration": ("name",),
        "interface_declaration": ("name",),
        "method_declaration": ("name", "parameters"),
    },
    "javascript": _SCRIPT,
    "ruby": {"method": ("name",), "singleton_method": ("object", "name")},
    "rust": {
        "enum_item": ("name",),
        "function_item": ("name",),
        "struct_item": ("name",),
        "trait_item": ("name",),
    },
    "typescript": _SCRIPT,
}
"""By language the nodes that define something, and the fields in which two that are the same
agree."""

_REPEATABLE = {"go": {"init", "_"}}
"""Names that a file may define as often as it likes."""

_TRANSPARENT = {"export_statement", "lexical_declaration", "type_declaration"}
"""Nodes around a definition that make no scope of their own."""


def _in_grammar(path: RepoPath, data: bytes) -> Iterator[Repeated]:
    language = grammars.language(path)
    definitions = _DEFINITIONS.get(language)
    root = grammars.parse(path, data) if definitions else None
    if definitions is None or root is None or root.has_error:
        return
    scopes: list[tuple[str, Node]] = [("", root)]
    while scopes:
        prefix, scope = scopes.pop()
        places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
        for node in _members(scope):
            fields = definitions.get(node.type)
            name = _name(node, is_definition=fields is not None)
            scopes.append((f"{prefix}{name}." if name else prefix, node))
            if fields and not _is_conditional(node) and name not in _REPEATABLE.get(language, ()):
                key = (node.type, _before_name(node), *(_text(node, field) for field in fields))
                places[key].append((prefix + name, node.start_point.row + 1))
        for found in places.values():
            if len(found) > 1:
                yield Repeated("definition", found[0][0], tuple(line for _, line in found))


def _members(scope: "Node") -> Iterator["Node"]:
    for child in scope.named_children:
        if child.type in _TRANSPARENT:
            yield from _members(child)
        else:
            yield child


def _name(node: "Node", *, is_definition: bool) -> str:
    """What a node calls itself; empty for what has no name, or names something else."""
    if node.type == "impl_item":
        return _text(node, "type")
    if node.type == "function_definition":
        return _text(node, "declarator").partition("(")[0].strip()
    is_named = is_definition or node.child_by_field_name("body") is not None
    return _text(node, "name") if is_named else ""


def _before_name(node: "Node") -> str:
    """In a script `static`, `get` and `set` are in front of a method's name."""
    if node.type != "method_definition":
        return ""
    return " ".join(child.type for child in node.children if not child.is_named)


def _is_conditional(node: "Node") -> bool:
    """Whether an attribute of Rust's makes it one of several to choose from."""
    before = node.prev_named_sibling
    while before is not None and before.type == "attribute_item":
        if b"cfg" in (before.text or b""):
            return True
        before = before.prev_named_sibling
    return False


def _text(node: "Node", field: str) -> str:
    """The text of a field on one line; of a receiver in Go the type alone."""
    child = node.child_by_field_name(field)
    text = ((child and child.text) or b"").decode("utf-8", "replace")
    if field == "receiver":
        text = text.strip("()").rpartition(" ")[2].lstrip("*")
    return " ".join(text.split())


_FINDERS: Mapping[bytes, Callable[[bytes], Iterable[Repeated]]] = {
    b"py": _in_python,
    b"pyi": _in_python,
    b"json": _in_json,
    b"yaml": _in_yaml,
    b"yml": _in_yaml,
}
"""By the last part of a file's name. TOML's grammar has no keys twice: such a file does not
parse."""
