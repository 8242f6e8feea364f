"""Lines of JSON, YAML and TOML read as entries, one for each outermost key, and merged as such."""

import re
from collections.abc import Mapping, Sequence

from gitswarm.merge.rules.sequences import in_order

Lines = tuple[str, ...]

_JSON = r'\s*(?P<key>"(?:[^"\\]|\\.)*")\s*:'
_YAML = r"""\s*(?P<key>"[^"]*"|'[^']*'|[^\s"'#\[\]{},&*!|>%@`-][^#]*?|-[^\s#][^#]*?)\s*:(?=\s|$)"""
_TOML = r"""\s*(?P<key>\[\[?[^\]]+\]\]?(?=\s*(?:#|$))|(?:"[^"]*"|[\w.-]+)\s*(?==))"""
_KEYS: Mapping[str, str] = {"json": _JSON, "toml": _TOML, "yaml": _YAML, "yml": _YAML}
"""How the line of a key starts; in TOML that of a table is one."""


_A_RUN = 3
"""So many keys in order are kept in order."""


def merge_entries(suffix: str, base: Lines, ours: Lines, theirs: Lines) -> Lines | None:
    """What ours has, with the entries that theirs added or changed and without those that it
    removed; None where the lines are no entries, or an entry cannot be merged.

    The commas of JSON are left out behind the last entry.
    """
    sides = [_entries(suffix, side) for side in (base, ours, theirs)]
    if any(side is None for side in sides):
        return None
    old, left, right = (side or {} for side in sides)
    merged: list[Lines] = []
    order = in_order([*left], [*right])
    if all(len(side) >= _A_RUN and [*side] == sorted(side) for side in (left, right)):
        order.sort()
    for key in order:
        entry = _merge_entry(suffix, old.get(key, ()), left.get(key, ()), right.get(key, ()))
        if entry is None:
            return None
        merged.append(entry)
    written = [entry for entry in merged if entry]
    if suffix == "json":
        written = [*map(with_comma, written[:-1]), *written[-1:]]
    return tuple(line for entry in written for line in entry)


def with_comma(lines: Lines) -> Lines:
    """An entry of JSON that another one follows."""
    if not lines or lines[-1].rstrip().endswith((",", "{", "[")):
        return lines
    last = lines[-1]
    return (*lines[:-1], f"{last.rstrip()},{last[len(last.rstrip()) :]}")


def _without_comma(lines: Lines) -> Lines:
    last = lines[-1]
    if not last.rstrip().endswith(","):
        return lines
    return (*lines[:-1], f"{last.rstrip()[:-1]}{last[len(last.rstrip()) :]}")


def _entries(suffix: str, lines: Sequence[str]) -> dict[str, Lines] | None:
    """The lines by key, each with the comments above it and all that is below it up to the next;
    what comes before the first key has the key ""."""
    found = [re.match(_KEYS[suffix], line) for line in lines]
    depths = [_depth(line) for line, match in zip(lines, found, strict=True) if match]
    if not depths:
        return {"": tuple(lines)} if lines else {}
    sections = suffix == "toml" and any(m and m["key"].startswith("[") for m in found)
    entries: dict[str, list[str]] = {"": []}
    above: list[str] = []
    key = ""
    for line, match in zip(lines, found, strict=True):
        starts = match is not None and _depth(line) == min(depths)
        if sections and match is not None:
            starts = match["key"].startswith("[") or not key.startswith("[")
        if match is not None and starts:
            key = match["key"].strip()
            if key in entries:
                return None
            entries[key] = [*above, line]
            above = []
        elif not line.strip() or line.lstrip().startswith("#"):
            above.append(line)
        else:
            entries[key] += [*above, line]
            above = []
    entries[key] += above
    read = {key: tuple(entry) for key, entry in entries.items() if entry}
    if suffix == "json":
        return {key: _without_comma(entry) for key, entry in read.items()}
    return read


def _merge_entry(suffix: str, base: Lines, ours: Lines, theirs: Lines) -> Lines | None:
    if theirs in (ours, base):
        return ours
    if ours == base:
        return theirs
    if not ours or not theirs:
        return None
    parts = [_parts(suffix, entry) for entry in (base, ours, theirs)]
    head, body, tail = (tuple(part[index] for part in parts) for index in range(3))
    merged_head, merged_tail = _choose(*head), _choose(*tail)
    if merged_head is None or merged_tail is None or not all((*head[1:], *body[1:])):
        return None
    merged_body = merge_entries(suffix, *body)
    return None if merged_body is None else (*merged_head, *merged_body, *merged_tail)


def _parts(suffix: str, entry: Lines) -> tuple[Lines, Lines, Lines]:
    """The line of an entry's key with what is above it, what is below, and the closing brackets."""
    at = next((n for n, line in enumerate(entry, 1) if re.match(_KEYS[suffix], line)), 0)
    end = len(entry)
    while end > at and re.fullmatch(r"[\s\]},]*", entry[end - 1]):
        end -= 1
    return entry[:at], entry[at:end], entry[end:]


def _choose(base: Lines, ours: Lines, theirs: Lines) -> Lines | None:
    if theirs in (ours, base):
        return ours
    return theirs if ours == base else None


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
