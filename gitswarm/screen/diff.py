"""A diff on a terminal: cleaned, since it shows what a model wrote, and in git's colours."""

from gitswarm.screen.sheet import Sheet
from gitswarm.screen.text import clean

_STYLES = (
    ("diff --git ", "bold"),
    ("index ", "bold"),
    ("--- ", "bold"),
    ("+++ ", "bold"),
    ("@@ ", "cyan"),
    ("+", "green"),
    ("-", "red"),
)


def write_diff(sheet: Sheet, diff: str) -> None:
    for line in clean(diff).splitlines():
        style = next((style for start, style in _STYLES if line.startswith(start)), "")
        sheet.line((line, style))
