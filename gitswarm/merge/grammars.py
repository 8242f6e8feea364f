"""Grammars: files of the languages that tree-sitter knows, read into trees.

A package that is not installed leaves its language without a grammar.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from gitswarm.repo.objects import RepoPath

if TYPE_CHECKING:
    from tree_sitter import Language, Node

_GRAMMARS: Mapping[bytes, tuple[str, str]] = {
    b"c": ("tree_sitter_c", "language"),
    b"cc": ("tree_sitter_cpp", "language"),
    b"cjs": ("tree_sitter_javascript", "language"),
    b"cpp": ("tree_sitter_cpp", "language"),
    b"cts": ("tree_sitter_typescript", "language_typescript"),
    b"cxx": ("tree_sitter_cpp", "language"),
    b"go": ("tree_sitter_go", "language"),
    b"hpp": ("tree_sitter_cpp", "language"),
    b"java": ("tree_sitter_java", "language"),
    b"js": ("tree_sitter_javascript", "language"),
    b"jsx": ("tree_sitter_javascript", "language"),
    b"mjs": ("tree_sitter_javascript", "language"),
    b"mts": ("tree_sitter_typescript", "language_typescript"),
    b"rb": ("tree_sitter_ruby", "language"),
    b"rs": ("tree_sitter_rust", "language"),
    b"ts": ("tree_sitter_typescript", "language_typescript"),
    b"tsx": ("tree_sitter_typescript", "language_tsx"),
}
"""The package of a grammar and its function, by the last part of a file's name."""


def suffix(path: RepoPath) -> bytes:
    """The last part of a file's name in lower case; empty where it has only one."""
    name = path.rpartition(b"/")[2]
    return name.rpartition(b".")[2].lower() if b"." in name[1:] else b""


def language(path: RepoPath) -> str:
    """What the language of a file is called here; empty where it has no grammar."""
    return _GRAMMARS.get(suffix(path), ("", ""))[0].removeprefix("tree_sitter_")


def parse(path: RepoPath, data: bytes) -> "Node | None":
    """The root of a file's syntax tree; None for a language without a grammar."""
    language = _language(suffix(path))
    if language is None:
        return None
    from tree_sitter import Parser

    return Parser(language).parse(data).root_node


def first_error(root: "Node") -> tuple[int, str] | None:
    """The line, from 1, of the first place that does not follow the grammar, and what is wrong."""
    node = root
    while node.has_error:
        if node.is_missing:
            return _line(node), f"{node.type!r} is missing"
        broken = next((child for child in node.children if child.has_error), None)
        if node.is_error and broken is None:
            text = (node.text or b"").decode("utf-8", "replace").partition("\n")[0][:_SHOWN]
            return _line(node), f"{text!r} does not belong here"
        if broken is None:
            return _line(node), "it does not follow the grammar"
        node = broken
    return None


_SHOWN = 40
"""Characters of the text that a message quotes."""


def _line(node: "Node") -> int:
    return node.start_point.row + 1


@cache
def _language(suffix: bytes) -> "Language | None":
    if suffix not in _GRAMMARS:
        return None
    package, function = _GRAMMARS[suffix]
    try:
        from tree_sitter import Language

        return Language(getattr(import_module(package), function)())
    except ImportError:
        return None
