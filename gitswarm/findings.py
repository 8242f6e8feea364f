"""Finding: one thing wrong with a change, its place and its reason."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad a finding is, worst first."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    severity: Severity
    path: str
    lines: tuple[int, int] | None
    """First and last line of the new version, from 1; None where it is about the whole file."""
    category: str
    """One word or two, such as `injection`, `duplicate-definition`, `unparsable`."""
    title: str
    reason: str
    fix: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "severity": self.severity.value,
            "path": self.path,
            "lines": self.lines and list(self.lines),
            "category": self.category,
            "title": self.title,
            "reason": self.reason,
            "fix": self.fix,
        }
