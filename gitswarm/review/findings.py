"""What reviewers found: their replies read, and the same finding told once."""

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from gitswarm.errors import ModelError
from gitswarm.findings import Finding, Severity
from gitswarm.model.reply import read_reply

ALIKE = 0.6
"""Two titles so much alike, about the same lines, are the same finding."""

OTHER = "other"
"""The category of what has none."""

_OTHER_WORDS = {
    "blocker": Severity.CRITICAL,
    "high": Severity.MAJOR,
    "error": Severity.MAJOR,
    "medium": Severity.MINOR,
    "moderate": Severity.MINOR,
    "warning": Severity.MINOR,
    "low": Severity.NOTE,
    "info": Severity.NOTE,
    "nit": Severity.NOTE,
}

_WORST_FIRST = list(Severity)


class UnreadableReplyError(ModelError):
    """A reply without findings that can be read; the message tells the model why."""


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, who found it and where it stands to the change."""

    finding: Finding
    reviewers: tuple[str, ...]
    in_diff: bool = True
    """Whether its lines are among those that the change shows."""
    remarks: tuple[str, ...] = ()
    """What of the reviewer's own words could not be taken as it was."""

    def to_json(self) -> dict[str, Any]:
        return {
            **self.finding.to_json(),
            "in_diff": self.in_diff,
            "reviewers": list(self.reviewers),
            "remarks": list(self.remarks),
        }

    def reaches(self, threshold: Severity) -> bool:
        """Whether it counts at this threshold. What is not about the change does not: nobody can
        be held up by a place that they did not touch, or that does not exist."""
        return self.in_diff and is_at_least(self.finding.severity, threshold)


def is_at_least(severity: Severity, threshold: Severity) -> bool:
    return _WORST_FIRST.index(severity) <= _WORST_FIRST.index(threshold)


class _Entry(BaseModel):
    """One finding as a model writes it; what is missing or odd is made good where that is safe."""

    model_config = ConfigDict(extra="allow")

    path: str
    title: str
    severity: Any = None
    lines: Any = None
    category: str | None = None
    reason: str | None = None
    fix: Any = None


def read_findings(text: str) -> tuple[tuple[Found, ...], tuple[str, ...]]:
    """The findings of a reply, without reviewers and not placed yet, and notes on what of it was
    ignored. Raises `UnreadableReplyError`."""
    reply = read_reply(text)
    blocks = reply.of_kind("findings")
    if not blocks:
        faults = "\n".join(map(str, reply.faults))
        raise UnreadableReplyError(
            f"There is no closed block opened with ````findings at the left margin.\n{faults}"
        )
    found: list[Found] = []
    notes: list[str] = []
    for block in blocks:
        for number, value in enumerate(_entries(block.body), 1):
            try:
                entry = _Entry.model_validate(value)
            except ValidationError as error:
                problem = error.errors()[0]
                where = ".".join(map(str, problem["loc"])) or "it"
                notes.append(f"finding {number} is left out: {where}: {problem['msg']}")
                continue
            notes += [f'finding {number}: unknown key "{key}"' for key in entry.model_extra or ()]
            found.append(_found(entry))
    return tuple(found), tuple(notes)


def _entries(body: str) -> list[Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableReplyError(f"The block `findings` is not JSON: {error}") from None
    if isinstance(value, Mapping):
        value = value.get("findings", [value])
    if not isinstance(value, list):
        raise UnreadableReplyError("The block `findings` is not a JSON list.")
    return value


def _found(entry: _Entry) -> Found:
    remarks = []
    severity, known = _severity(entry.severity)
    if not known:
        remarks.append(f'"{entry.severity}" is no severity: taken as {severity.value}')
    lines = _lines(entry.lines)
    if lines is None and entry.lines is not None:
        remarks.append(f"lines {entry.lines!r} cannot be read")
    fix = entry.fix if isinstance(entry.fix, str) else None
    if fix is None and entry.fix is not None:
        remarks.append("its fix is no text")
    category, reason = entry.category or OTHER, entry.reason or ""
    finding = Finding(severity, entry.path, lines, category, entry.title, reason, fix)
    return Found(finding, (), remarks=tuple(remarks))


def _severity(word: Any) -> tuple[Severity, bool]:
    """One that is unknown is neither hidden nor enough to stop anybody by default."""
    text = str(word).strip().lower()
    if text in _WORST_FIRST:
        return Severity(text), True
    return _OTHER_WORDS.get(text, Severity.MAJOR), False


def _lines(value: Any) -> tuple[int, int] | None:
    numbers = [value] if isinstance(value, int) else value
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= 2:
        return None
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in numbers):
        return None
    return min(numbers), max(numbers)


def merged(found: Iterable[Found]) -> tuple[Found, ...]:
    """Each finding once, the worst first, then in order of their places."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda found: _WORST_FIRST.index(found.finding.severity)):
        same = next((n for n, other in enumerate(kept) if _same(one, other)), None)
        if same is None:
            kept.append(one)
        else:
            kept[same] = _joined(kept[same], one)
    return tuple(sorted(kept, key=_order))


def _order(found: Found) -> tuple[int, str, tuple[int, int], str]:
    finding = found.finding
    severity = _WORST_FIRST.index(finding.severity)
    return severity, finding.path, finding.lines or (0, 0), finding.title


def _same(one: Found, other: Found) -> bool:
    """Of one reviewer's own findings, only their titles say that they are the same."""
    first, second = one.finding, other.finding
    if first.path != second.path or not _meet(first.lines, second.lines):
        return False
    is_others = not set(one.reviewers) & set(other.reviewers)
    if is_others and first.category.casefold() == second.category.casefold() != OTHER:
        return True
    titles = first.title.casefold(), second.title.casefold()
    return difflib.SequenceMatcher(None, *titles).ratio() >= ALIKE


def _meet(one: tuple[int, int] | None, other: tuple[int, int] | None) -> bool:
    if one is None or other is None:
        return one == other
    return one[0] <= other[1] and other[0] <= one[1]


def _joined(worse: Found, other: Found) -> Found:
    finding = worse.finding
    if finding.fix is None and finding.lines == other.finding.lines:
        finding = replace(finding, fix=other.finding.fix)
    return Found(
        finding,
        _union(worse.reviewers, other.reviewers),
        worse.in_diff or other.in_diff,
        _union(worse.remarks, other.remarks),
    )


def _union(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))
