"""Elisions: lines that stand for text which a model left out, such as `# ... rest unchanged`.

In a whole new file they would be all that is left of the text they stand for; so they would where
an edit puts them in the place of lines. Told apart from the
`...` that is code: a body after `:` in Python, a continued line of a doctest, a spread in
JavaScript.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Elision:
    line: int
    """In the text, from 1."""
    text: str


def new_elisions(new: Sequence[str], old: Sequence[str]) -> tuple[Elision, ...]:
    """The elisions among the new lines that the old ones did not have, or not so often."""
    given = list(_elisions(new))
    known = Counter(elision.text for elision in _elisions(old)) if given else Counter[str]()
    found = []
    for elision in given:
        known[elision.text] -= 1
        if known[elision.text] < 0:
            found.append(elision)
    return tuple(found)


def edited_elisions(
    removed: Sequence[str], added: Sequence[str], *, before: Sequence[str], after: Sequence[str]
) -> tuple[Elision, ...]:
    """The elisions that an edit writes into a file whose lines were `before` and are `after`. Dots
    alone are text where it takes no line away that they could stand for."""
    suspects = {line.strip() for line in added if _may_be(line)}
    if not suspects:
        return ()
    gone = Counter(filter(str.strip, removed)) - Counter(added)
    return tuple(
        elision
        for elision in new_elisions(after, before)
        if elision.text in suspects and (gone or not _LONE.fullmatch(elision.text))
    )


def _may_be(line: str) -> bool:
    return len(line) <= _WIDEST and (_LONE.fullmatch(line) is not None or _is_placeholder(line))


_WIDEST = 300
"""A longer line is text, whatever it says."""
_FARTHEST = 200
"""How many lines away the code is looked for that a `...` belongs to."""


def _elisions(lines: Sequence[str]) -> Iterator[Elision]:
    for index, line in enumerate(lines):
        if not _may_be(line):
            continue
        is_lone = _LONE.fullmatch(line) is not None
        is_bare = line.strip() in _BARE
        above = lines[max(0, index - _FARTHEST) : index]
        is_code = (is_bare or not is_lone) and _continues_doctest(above)
        if is_bare and not is_code:
            is_code = _is_body(line, above, lines[index + 1 : index + _FARTHEST])
        if not is_code:
            yield Elision(index + 1, line.strip())


_BARE = ("...", "…")
_LEADER = r"(?:\#+|//+|/\*+|\*+|--+|;+|%+|<!--|\{/\*|\(\*|\"\"\"|'''|')?"
_TRAILER = r"(?:\*+/|-->|\*/\}|\*\)|\"\"\"|''')?"
_DOTS = r"(?:\.\.\.|…)"
_LONE = re.compile(
    rf"\s*{_LEADER}\s*(?:{_DOTS}|\[\s*{_DOTS}\s*\]|\(\s*{_DOTS}\s*\)|<\s*{_DOTS}\s*>)\s*"
    rf"{_TRAILER}\s*"
)


# `...` that is code

_HEAD = re.compile(r".*:\s*(?:\#(?P<comment>.*))?")
_QUOTES = ('"""', "'''")


def _is_body(line: str, above: Sequence[str], below: Sequence[str]) -> bool:
    """Whether the `...` is all that a block holds after its `:`, but for a docstring."""
    depth = _indent(line)
    following = next((text for text in below if text.strip()), "")
    if following and _indent(following) >= depth:
        return False
    before = [text for text in above if text.strip()]
    if before and not _HEAD.fullmatch(before[-1]):
        before = _without_docstring(before)
    head = _HEAD.fullmatch(before[-1]) if before else None
    if head is None or _indent(before[-1]) >= depth:
        return False
    return head["comment"] is None or not _SAYS_SAME.search(_words(head["comment"]))


def _without_docstring(lines: list[str]) -> list[str]:
    """The lines before the docstring that ends the given ones; none, if none does."""
    last = lines[-1].strip()
    for quotes in _QUOTES:
        if not last.endswith(quotes):
            continue
        if last.startswith(quotes) and len(last) >= 2 * len(quotes):
            return lines[:-1]
        for index in range(len(lines) - 2, -1, -1):
            if quotes in lines[index]:
                return lines[:index] if lines[index].strip().startswith(quotes) else []
    if last[:1] in ('"', "'") and last.endswith(last[0]):
        return lines[:-1]
    return []


def _continues_doctest(above: Sequence[str]) -> bool:
    """Whether a `>>>` goes before, with nothing but lines that continue it in between."""
    for line in reversed(above):
        text = line.strip()
        if text.startswith(">>>"):
            return True
        if not text.startswith("..."):
            return False
    return False


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


# Words that stand for text

_REST = r"(?:rest|remainder|remaining|everything else|all else)"
_KNOWN = r"(?:existing|previous|original|other|unmodified)"
_FILLER = (
    r"(?: (?:of|in|from|for|and|the|this|that|your|my|our|it|file|files|code|class|classes|function"
    r"|functions|method|methods|module|implementation|import|imports|content|contents|line|lines"
    r"|document|section|sections|text|config|configuration|test|tests|script|component|body|logic"
    r"|definition|definitions|part|parts|settings|options|entries|fields|properties|routes|handlers"
    r"|helpers|variables|constants|statements|items|is|are|was|remain|remains|stay|stays|kept|left"
    r"|continues|should|be|will|exactly))*"
)
_SAME = (
    r"(?:unchanged|(?:the )?same(?: as before)?|as is|as before|as it was|as they were|untouched"
    r"|unmodified|omitted|elided|identical|intact|not shown|not changed)"
    r"(?: (?:here|from (?:the )?(?:original|before|above)|below|above))?"
)
_NAMES = r"(?: (?!(?:acts?|behaves?|looks?|works?) )\w+){0,6}"
"""Of what is left out; with such a verb it is a sentence about what the program does."""
_CODE = r"(?:code|implementation|file|content|contents|class|function|body|module|methods|imports)"
_PHRASE = re.compile(
    rf"(?:(?:keep|leave) )?(?:all |the |your )*(?:{_REST}{_NAMES}|{_KNOWN}{_FILLER}) {_SAME}"
    rf"|(?:your |the )?(?:{_REST}|{_KNOWN})(?: of)?(?: the| your)? {_CODE}"
    r"(?: (?:goes|stays|is|continues|remains))? (?:here|below|above)"
    rf"|unchanged {_CODE}|{_CODE} (?:is |are |remains? )?unchanged"
    r"|(?:\w+ ){0,8}(?:omitted|elided|truncated|left out|not shown)"
    r" for (?:brevity|clarity|space|conciseness)"
    r"|no (?:further |other )?changes (?:below|above|from here|after this|beyond this(?: point)?)"
)
"""What a whole line, or a comment, must read (words only, in lower case) to be an elision."""

_SAYS_SAME = re.compile(
    r"\b(?:unchanged|same as|as before|as is|no changes?|existing|omitted|elided|snip(?:ped)?)\b"
)
"""In the comment of a head whose body is `...`."""
_REMARK = re.compile(
    r"(?=\s*[^\s\w])\s*(?:\#|//|/\*|<!--|--|;+|%)?\s*[\[(<]?\s*(?:(?:-{2,}|={2,}|~{2,}|8<-*)\s*)?"
    r"(?:unchanged|same as before|no changes?|snip(?:ped)?|(?:code )?(?:omitted|elided|truncated))"
    rf"\s*(?:--+|==+|~~+)?[\])>]?\s*{_TRAILER}\s*",
    re.IGNORECASE,
)
"""A line with nothing but so short a comment."""
_HINT = re.compile(
    r"\b(?:rest|remain\w*|existing|unchanged|unmodified|previous|omitted|elided|original|same|others?"
    r"|more|continue[sd]?|code|implementation|snip(?:ped)?|truncated|before|keep|kept|skipped|here)\b"
)
_OPENING_HINT = re.compile(
    r"(?:the )?(?:rest|remain\w*|existing|unchanged|unmodified|previous|omitted|elided)\b"
)
_COMMENT = re.compile(r"\#|//|/\*|<!--|--|;|%")
_DOTS_FIRST = re.compile(rf"\s*(?P<leader>{_LEADER})\s*[\[(<{{]?\s*{_DOTS}(?P<gap>\s*)(?=\S)")
_COMMENTED = re.compile(rf"\s*(?=\S){_LEADER}(?<=\S)")
_DOTS_LAST = re.compile(rf".*{_DOTS}\s*[\])>}}]?\s*{_TRAILER}\s*")
_WORDS_MOST = 10


def _is_placeholder(line: str) -> bool:
    if _REMARK.fullmatch(line) or any(_PHRASE.fullmatch(_words(part)) for part in _parts(line)):
        return True
    words = _words(line)
    if not 1 <= len(words.split()) <= _WORDS_MOST:
        return False
    first, last = _DOTS_FIRST.match(line), _DOTS_LAST.fullmatch(line)
    if first:
        meant = first["leader"] or first["gap"] or last
        return bool(meant and _HINT.search(words))
    return bool(last and _COMMENTED.match(line) and _OPENING_HINT.match(words))


def _parts(line: str) -> Iterator[str]:
    """The line, and the comments that it may end in."""
    yield line
    for found in _COMMENT.finditer(line):
        yield line[found.end() :]


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
