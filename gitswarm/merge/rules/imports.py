"""imports: what both sides import, merged as a set of modules and names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gitswarm.merge.rules.place import Place, Ruling, lines_of
from gitswarm.merge.rules.sequences import in_order


def imports(place: Place) -> Ruling | None:
    """What ours imports, with what theirs added and without what theirs removed, where the hunk is
    nothing but imports. Each statement stays with those it stood beside.

    Declines where one side adds to a module from which the other takes something away, and where a
    name would come from two modules.
    """
    patterns = _PATTERNS.get(_LANGUAGES.get(place.suffix, ""))
    if patterns is None or not (place.ours + place.theirs).strip():
        return None
    read = [_read(patterns, side) for side in (place.base, place.ours, place.theirs)]
    base, ours, theirs = ({} if side is None else side for side in read)
    if None in read:
        return None
    merged: list[_Import] = []
    for module in in_order([*ours], [*theirs]):
        sides = [side.get(module) for side in (base, ours, theirs)]
        present = [one for one in sides[1:] if one]
        names = _merged_names(*(one.names if one else () for one in sides))
        if names is None:
            return None
        if not present[0].names:
            if len(present) == 2 or sides[0] is None:
                merged.append(present[0])
        elif names:
            merged.append(max(present, key=_is_spread).with_names(names))
    every = [name for one in merged for name in one.names]
    if len({*every}) < len(every):
        return None
    text = "".join(one.text for one in merged)
    return Ruling(text, "the modules and names that the sides import, together")


def is_import(line: str) -> bool:
    """Whether a line of a program, whatever its language, is an import or starts one."""
    return _ANY_IMPORT.match(line) is not None


@dataclass(frozen=True, slots=True)
class _Import:
    """One statement."""

    text: str
    """Its lines, and the blank ones below."""
    module: str
    """What tells it from others; the whole statement where it has no list of names."""
    names: tuple[str, ...] = ()
    start: int = 0
    """Where the names are in the text."""
    end: int = 0

    @property
    def listed(self) -> str:
        """The names as they are written."""
        return self.text[self.start : self.end]

    def with_names(self, names: tuple[str, ...]) -> "_Import":
        if {*names} == {*self.names}:
            return self
        if _is_spread(self):
            indent = re.findall(r"\n([^\S\n]*)\S", self.listed)[0]
            last = re.findall(r"\s*\Z", self.listed)[0]
            listed = "".join(f"\n{indent}{name}," for name in names) + last
        else:
            blank_before, blank_after = re.findall(r"\A\s*|\s*\Z", self.listed)[:2]
            listed = f"{blank_before}{', '.join(names)}{blank_after}"
            if self.text[: self.start].endswith("::"):
                listed = f"{{{listed}}}"
        return _Import(self.text[: self.start] + listed + self.text[self.end :], self.module, names)


def _is_spread(one: _Import) -> bool:
    """Whether every name has a line of its own, or nearly so."""
    return "\n" in one.listed


_ANY_IMPORT = re.compile(
    r"\s*(?:import|from|(?:pub(?:\(\w+\))? )?use|using|#include|export .* from)\b"
    r'|.*\brequire\(|\s*(?:\w+ )?"[\w./-]+"\s*$'
)

_PATTERNS: Mapping[str, Sequence[str]] = {
    "python": (
        r"\s*from\s+\S+\s+import\s+\((?P<names>[^()#]*)\)\s*",
        r"\s*from\s+\S+\s+import\s+(?P<names>[^()#;\\]*?)\s*",
    ),
    "script": (
        r"\s*(?:import|export)\s+(?:type\s+)?(?:\w+\s*,\s*)?\{(?P<names>[^{}]*)\}"
        r"\s*from\s*['\"][^'\"]*['\"];?\s*",
    ),
    "rust": (
        r"\s*(?:pub(?:\(\w+\))?\s+)?use\s+[\w:]+::\{(?P<names>[^{}]*)\};\s*",
        r"\s*(?:pub(?:\(\w+\))?\s+)?use\s+[\w:]+::(?P<names>\w+(?: as \w+)?);\s*",
    ),
    "plain": (),
}
"""Statements with names that can be added to or taken from; others are whole."""

_LANGUAGES = {
    **dict.fromkeys(("py", "pyi"), "python"),
    **dict.fromkeys(("ts", "tsx", "js", "jsx", "mjs", "mts"), "script"),
    "rs": "rust",
    **dict.fromkeys(("go", "java", "kt", "c", "h", "cpp", "cc", "cs", "swift"), "plain"),
}

_COMMENT = re.compile(r"(?m)^\s*(?:#(?!include)|//|/\*)")


def _read(patterns: Sequence[str], text: str) -> dict[str, _Import] | None:
    """The statements by module; None where something else is there, or a module twice."""
    found: dict[str, _Import] = {}
    for statement in _statements(text):
        one = _parse(patterns, statement)
        if not is_import(statement) or _COMMENT.search(statement) or one.module in found:
            return None
        found[one.module] = one
    return found


def _parse(patterns: Sequence[str], statement: str) -> _Import:
    for pattern in patterns:
        if match := re.fullmatch(pattern, statement):
            start, end = match.span("names")
            names = (" ".join(name.split()) for name in match["names"].split(","))
            around = re.sub(r"[(){};\s]+", " ", f"{statement[:start]} {statement[end:]}")
            return _Import(statement, around.strip(), tuple(filter(None, names)), start, end)
    return _Import(statement, statement.strip())


def _statements(text: str) -> Iterator[str]:
    """Lines, those of a bracket together, each with the blank lines below it. What does not close
    its brackets comes last, and is no statement."""
    statement, opened = "", 0
    for line in lines_of(text):
        if statement.strip() and line.strip() and not opened:
            yield statement
            statement = ""
        statement += line
        opened += len(re.findall(r"[({]", line)) - len(re.findall(r"[)}]", line))
    if opened:
        yield "("
    elif statement.strip():
        yield statement


def _merged_names(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]
) -> tuple[str, ...] | None:
    """None where one side adds and the other removes."""
    for one, other in ((ours, theirs), (theirs, ours)):
        added, removed = {*one} - {*base} - {*other}, {*base} & {*one} - {*other}
        if added and removed:
            return None
    gone = {*base} - ({*ours} & {*theirs})
    names = [name for name in in_order(ours, theirs) if name not in gone]
    for key in (str, str.casefold):
        if all([*side] == sorted(side, key=key) for side in (ours, theirs)):
            return tuple(sorted(names, key=key))
    return tuple(names)
