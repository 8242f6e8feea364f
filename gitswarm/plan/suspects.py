"""Suspects: the parts of a text that may hold a key, found in a few milliseconds.

The detector takes seconds for what one push may have, and for some lines minutes. Here is told, for
much less, where it would find nothing.
"""

from collections.abc import Iterator

LONG_WORD = 20
"""Characters that every key has without a blank between them, but for those with a telltale."""

NEAR = 150
"""Characters that are looked at in less time than it takes to begin anew behind them."""

_TELLTALES = ("private key", "putty-user-key", "_authtoken", "xox", "hooks.slack.com", "sq0csp-")
"""What is in the keys that may have no long word, in lower case."""

_WORDS = bytes(
    ord("x") if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "+/=_-") else ord(" ")
    for byte in range(256)
)


def suspects(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each part of a text that may hold a key: lines with a long word and those
    between near ones, or all of it where there is a telltale."""
    lower = text.lower()
    if any(telltale in lower for telltale in _TELLTALES):
        yield 0, len(text)
        return
    part: tuple[int, int] | None = None
    for start, end in _lines_with_long_words(text):
        if part and start - part[1] <= NEAR:
            part = part[0], end
            continue
        if part:
            yield part
        part = start, end
    if part:
        yield part


def _lines_with_long_words(text: str) -> Iterator[tuple[int, int]]:
    words = text.encode("latin-1", "replace").translate(_WORDS)
    end = 0
    while (found := words.find(b"x" * LONG_WORD, end)) >= 0:
        start = text.rfind("\n", 0, found) + 1
        end = text.find("\n", found)
        if end < 0:
            end = len(text)
        yield start, end


def may_hold(kind: str, text: str, start: int, end: int) -> bool:
    """False where the detector would only waste its time, for some kinds that of the square of a
    long line: it looks for a word behind anything that there may be, and the word is not there."""
    word = _WORD_OF.get(kind)
    return word is None or text.find(word, start, end) >= 0


_WORD_OF = {
    "Mailchimp Access Key": "-us",
    "NPM tokens": ":_authToken=",
    "OpenAI Token": "T3BlbkFJ",
    "Stripe Access Key": "k_live_",
}
