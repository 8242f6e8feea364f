"""Definitions: what a source file declares, for an outline of a code base.

Files are parsed with tree-sitter, and what counts as a definition is said by each grammar's own
query for tags (`queries/tags.scm`; "Code Navigation Systems" in tree-sitter's documentation).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Query


@dataclass(frozen=True, slots=True)
class Definition:
    """A class, function, method, type or constant."""

    name: str
    line: int
    """From 1, where its name stands."""
    text: str
    """That line, with the blanks before it."""


def language_of(path: bytes) -> str | None:
    """The language whose definitions can be read from a file of that name."""
    return _LANGUAGES.get(path[path.rfind(b".") + 1 :])


def read_definitions(language: str, data: bytes) -> tuple[Definition, ...]:
    """In the order of their lines, of one name once in a line (`a.go = function go()`). A file with
    errors in it has those that are outside of them."""
    from tree_sitter import Parser, QueryCursor

    grammar, query = _grammar(language)
    root = Parser(grammar).parse(data).root_node
    names = {
        name.start_byte: name
        for _, captures in QueryCursor(query).matches(root)
        if any(capture.startswith("definition.") for capture in captures)
        for name in captures["name"]
    }
    lines = data.split(b"\n")
    found = (
        Definition(
            data[name.start_byte : name.end_byte].decode("utf-8", "replace"),
            name.start_point.row + 1,
            lines[name.start_point.row].decode("utf-8", "replace").rstrip(),
        )
        for _, name in sorted(names.items())
    )
    return tuple(dict.fromkeys(found))


_LANGUAGES: Mapping[bytes, str] = {
    suffix: language
    for language, suffixes in {
        "python": (b"py", b"pyi"),
        "javascript": (b"js", b"jsx", b"mjs", b"cjs"),
        "typescript": (b"ts", b"mts", b"cts"),
        "tsx": (b"tsx",),
        "go": (b"go",),
        "rust": (b"rs",),
        "java": (b"java",),
        "c": (b"c", b"h"),
        "cpp": (b"cc", b"cpp", b"cxx", b"hpp", b"hh", b"hxx"),
        "ruby": (b"rb",),
        "php": (b"php",),
    }.items()
    for suffix in suffixes
}


@cache
def _grammar(name: str) -> "tuple[Language, Query]":
    from tree_sitter import Language, Query

    package = _PACKAGES.get(name, f"tree_sitter_{name}")
    pointer: Callable[[], object] = getattr(import_module(package), _POINTERS.get(name, "language"))
    language = Language(pointer())
    return language, Query(language, "\n".join(map(_tags, _TAGS.get(name, (package,)))))


_PACKAGES = {"tsx": "tree_sitter_typescript"}
_POINTERS = {
    "typescript": "language_typescript",
    "tsx": "language_tsx",
    "php": "language_php",
}
_WITH_JAVASCRIPT = ("tree_sitter_javascript", "tree_sitter_typescript")
_TAGS = {"typescript": _WITH_JAVASCRIPT, "tsx": _WITH_JAVASCRIPT}
"""Of a language that adds to another's tags."""


def _tags(package: str) -> str:
    return resources.files(package).joinpath("queries/tags.scm").read_text("utf-8")
