"""Terminals and files to print to, and what somebody in front of them would read."""

import io
import re

import pytest

_STEP = re.compile(
    r"\x1b\[(?P<count>\d*)(?P<verb>[AK])"
    r"|\x1b\[[0-9;?]*[a-zA-Z]"
    r"|(?P<control>[\r\n])"
    r"|(?P<text>[^\x1b\r\n]+)"
)


class File(io.StringIO):
    """A file or a pipe."""

    encoding = "utf-8"


class Terminal(File):
    """A terminal that keeps every byte it was sent."""

    def isatty(self) -> bool:
        return True

    @property
    def seen(self) -> str:
        """All lines as they stand now, those that have scrolled away included."""
        lines = [""]
        row = column = 0
        for step in _STEP.finditer(self.getvalue()):
            if step["verb"] == "A":
                row -= int(step["count"] or 1)
            elif step["verb"] == "K":
                assert step["count"] == "2"
                lines[row] = ""
            elif step["control"] == "\r":
                column = 0
            elif step["control"] == "\n":
                row, column = row + 1, 0
                lines += [""] * (row == len(lines))
            elif text := step["text"]:
                before = lines[row][:column].ljust(column)
                lines[row] = before + text + lines[row][column + len(text) :]
                column += len(text)
        return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"


def set_terminal(
    monkeypatch: pytest.MonkeyPatch, *, columns: int = 80, lines: int = 24, **environ: str
) -> None:
    """The environment of a terminal of this size, and nothing else that speaks of terminals."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "LC_ALL", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "TERM": "xterm-256color",
        "COLUMNS": str(columns),
        "LINES": str(lines),
        **environ,
    }.items():
        monkeypatch.setenv(name, value)
