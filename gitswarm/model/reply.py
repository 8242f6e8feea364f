"""A reply of the model: Markdown read into fences and prose.

What passes between gitswarm and a model is Markdown whose fences carry an info string of one kind:
a word (a kind of `KINDS`, else a language), then `key=value` pairs. A fence counts only at the top
level and with its closing fence, as CommonMark has them; HTML blocks are off, so that a stray
`<div>` swallows nothing. Whatever is not quite that is a fault: silence would lose a file.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeGuard, get_args

from markdown_it import MarkdownIt
from markdown_it.token import Token

Kind = Literal[
    "edit",
    "diff",
    "patch",
    "delete",
    "nothing",
    "commit",
    "plan",
    "resolution",
    "choice",
    "dropped",
    "unresolved",
    "findings",
]
LONGEST = 1_000_000
"""Characters of a reply that is read; ten times what a model can say in one."""

MOST_FAULTS = 20
"""So many of a reply are told."""

_TOO_LONG = (
    "the reply has {:,} characters and was not read; answer in less, and change large files by"
    " edits instead of giving them whole."
)

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block with its closing fence."""

    kind: Kind | None
    """None where the info string starts with a language word, or is empty."""
    language: str
    """Empty where there is a kind."""
    keys: Mapping[str, str]
    """The pairs of the info string, quotes removed. `hunk` is a positive decimal number,
    `confidence` one from 0 to 1, `option` one or two letters."""
    info: str
    body: str
    """The lines between the fences, byte for byte, line ends included. As CommonMark says, an
    indented opening fence takes as many blanks off each line."""
    line: int
    """Where the opening fence stands in the reply; the first line is 1."""
    last_line: int
    marker: str
    """The opening run, such as four backticks."""

    @property
    def path(self) -> str | None:
        return self.keys.get("path")

    @property
    def is_example(self) -> bool:
        """Shown, not meant: code in no file."""
        return self.kind is None and self.path is None


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a reply that is not in the grammar."""

    line: int
    sentence: str
    """Says what is wrong and what to write instead, to a model."""

    def __str__(self) -> str:
        return f"Line {self.line}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class ReplyText:
    """A reply, read. Nothing of one with faults may be applied."""

    fences: tuple[Fence, ...]
    """Those at the top level, in order: all that count."""
    nested: tuple[Fence, ...]
    """Those in lists and quotes: they count for nothing, but a slip may be seen by them."""
    faults: tuple[Fault, ...]
    """In the order of their lines."""
    prose: str
    """The text around the fences that mean something; examples belong to it. Fit for a commit
    message: line ends are `\\n`, and what UTF-8 or git cannot hold is U+FFFD."""

    def of_kind(self, *kinds: Kind) -> tuple[Fence, ...]:
        return tuple(fence for fence in self.fences if fence.kind in kinds)


def read_reply(text: str) -> ReplyText:
    """Never raises: what cannot be read is among the faults."""
    if len(text) > LONGEST:
        return ReplyText((), (), (Fault(1, _TOO_LONG.format(len(text))),), "")
    lines = _LINE.findall(text)
    blocks = [_Block.of(token, lines) for token in _fence_tokens(text)]
    faults = [*_stray_openers(lines, blocks)]
    fences: list[Fence] = []
    nested: list[Fence] = []
    for block in blocks:
        if not block.closed:
            faults.append(Fault(block.line, _unclosed(block.marker)))
            continue
        info = _Info.read(block.info)
        faults += (Fault(block.line, sentence) for sentence in info.complaints)
        if info.kind in ("diff", "patch") and block.top_level:
            faults += _doubtful_close(lines, block)
        (fences if block.top_level else nested).append(block.fence(info))
    faults.sort(key=lambda fault: fault.line)
    if len(faults) > MOST_FAULTS:
        more = f"and {len(faults) - MOST_FAULTS:,} more lines like these."
        faults[MOST_FAULTS:] = [Fault(faults[MOST_FAULTS].line, more)]
    meant = [fence for fence in fences if not fence.is_example]
    return ReplyText(tuple(fences), tuple(nested), tuple(faults), _prose(lines, meant))


def plain(text: str) -> str:
    """Text from a model as git can keep it: no NUL, no lone surrogate, no carriage return."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""CommonMark's lines: nothing but these three ends one."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


# Blocks: what the Markdown parser saw, on the lines of the original text


@dataclass(frozen=True, slots=True)
class _Block:
    first: int
    """The index of the line with the opening fence."""
    stop: int
    """The index after the last line, the closing fence included."""
    closed: bool
    top_level: bool
    marker: str
    info: str
    body: str

    @classmethod
    def of(cls, token: Token, lines: list[str]) -> "_Block":
        assert token.map is not None, "a fence always knows its lines"
        first, stop = token.map[0], min(token.map[1], len(lines))
        closed = token.map[1] - token.map[0] - 1 > token.content.count("\n")
        if token.level > 0:
            return cls(first, stop, closed, False, token.markup, token.info.strip(), token.content)
        indent = _indent(lines[first])
        inner = lines[first + 1 : stop - 1 if closed else stop]
        body = "".join(line[min(indent, _indent(line)) :] for line in inner)
        info = lines[first][indent + len(token.markup) :].strip()
        return cls(first, stop, closed, True, token.markup, info, body)

    @property
    def line(self) -> int:
        return self.first + 1

    def fence(self, info: "_Info") -> Fence:
        return Fence(
            info.kind,
            info.language,
            info.keys,
            self.info,
            self.body,
            self.line,
            self.stop,
            self.marker,
        )


def _fence_tokens(text: str) -> Iterator[Token]:
    parser = MarkdownIt("commonmark").disable("html_block")
    parser.core.ruler.enableOnly(["normalize", "block"])
    ended = text if text.endswith(("\n", "\r")) else text + "\n"
    return (token for token in parser.parse(ended) if token.type == "fence")


def _indent(line: str) -> int:
    """Blanks only: no half of a tab can be taken off a line, and a Makefile needs its tabs."""
    return len(line) - len(line.lstrip(" "))


def _unclosed(marker: str) -> str:
    line = f'a line "{marker}"' if len(marker) <= 40 else f"a line of {len(marker):,} {marker[0]}"
    return f"the fence opened here is never closed; end it with {line}."


def _doubtful_close(lines: list[str], block: _Block) -> Iterator[Fault]:
    """In a diff, a fence behind a blank is rather an unchanged line of the file."""
    opener, closer = lines[block.first], lines[block.stop - 1]
    if _indent(closer) > _indent(opener):
        yield Fault(
            block.stop,
            f"this closes the diff of line {block.line}, but is indented, as an unchanged line of"
            " the file is in a diff; open and close the diff with more backticks than that.",
        )


def _prose(lines: list[str], fences: Iterable[Fence]) -> str:
    parts, start = [], 0
    for fence in fences:
        parts.append(lines[start : fence.line - 1])
        start = fence.last_line
    parts.append(lines[start:])
    chunks = (plain("".join(part)).strip("\n") for part in parts)
    return "\n\n".join(chunk for chunk in chunks if chunk.strip()).strip()


# Stray openers: what a model meant as an artifact and Markdown does not take for one

_OPENER = re.compile(
    r"""(?: [\s>*+#|•\-\ufeff\u200b-\u200d\u2060] | [0-9]{1,9}[.)] )*
        (?P<marker> `{3,}+ | ~{3,}+ )
        .* (?<![\w-]) path \s* =""",
    re.VERBOSE | re.IGNORECASE,
)
"""A line that would open a fence with `path=`, but for what stands before it."""
_INNER = re.compile(r" {0,3}(?P<marker>`{3,}+|~{3,}+)[ \t]*(?P<info>[^`\s][^`]*)")
"""A line that would open a fence, were it not inside one."""


def _stray_openers(lines: list[str], blocks: list[_Block]) -> Iterator[Fault]:
    openers = {block.first for block in blocks if block.top_level}
    outers: dict[int, _Block] = {}
    for block in blocks:
        for inner in range(block.first + 1, block.stop):
            outers.setdefault(inner, block)
    for index, ended in enumerate(lines):
        line = ended.rstrip("\r\n")
        with_path = _OPENER.match(line)
        found = with_path or _INNER.fullmatch(line)
        if found is None or index in openers:
            continue
        marker = found["marker"]
        outer = outers.get(index)
        if outer is None:
            if with_path:
                yield Fault(index + 1, _NOT_AT_TOP)
        elif with_path:
            if len(marker) >= len(outer.marker):
                yield Fault(index + 1, _inside(outer, marker, "it would edit nothing"))
        elif marker.startswith(outer.marker) and not _Info.read(found["info"].strip()).complaints:
            yield Fault(index + 1, _inside(outer, marker, "its end would end that one"))


_NOT_AT_TOP = (
    "this looks like a fence with path=, but it is not one at the top level (it is in a list or a"
    " quote, indented, or has backticks in its info string), so it would edit nothing; start the"
    " fence at the left margin, with nothing before it."
)


def _inside(outer: _Block, marker: str, harm: str) -> str:
    longer = outer.marker[0] * (len(marker) + 1)
    return (
        f"this looks like the beginning of a fence, but it is inside the one opened in line"
        f" {outer.line}, so {harm}; close that one before it, or, if it belongs to that one's text,"
        f" open and close that one with {longer}."
    )


# The info string

_PAIR = re.compile(r"""([A-Za-z_][\w-]*)=("[^"]*"|'[^']*'|[^\s"']\S*)(?!\S)|\S+""")

_PATH_ONLY = ("path",)
_KEYS: Mapping[Kind | None, tuple[str, ...]] = {
    None: _PATH_ONLY,
    "edit": _PATH_ONLY,
    "diff": _PATH_ONLY,
    "patch": _PATH_ONLY,
    "delete": _PATH_ONLY,
    "resolution": ("hunk", "confidence"),
    "choice": ("hunk", "path", "option", "confidence"),
    "dropped": ("hunk",),
    "unresolved": ("hunk", "path"),
}
"""The keys that a kind takes; none where it is not listed."""

_NEEDS: Mapping[Kind | None, tuple[tuple[str, ...], ...]] = {
    "resolution": (("hunk",),),
    "choice": (("hunk", "path"), ("option",)),
    "dropped": (("hunk",),),
    "unresolved": (("hunk", "path"),),
}
"""Groups of keys, of each of which there must be exactly one."""

_VALUES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "hunk": (re.compile("[1-9][0-9]{0,8}"), "the number of a hunk, such as 3"),
    "confidence": (re.compile(r"0?\.[0-9]{1,9}|[01]|1\.0{1,9}"), "a number from 0 to 1"),
    "option": (re.compile("[A-Za-z]{1,2}"), "the letter of an option that was offered"),
}


@dataclass(frozen=True, slots=True)
class _Info:
    kind: Kind | None
    language: str
    keys: Mapping[str, str]
    complaints: tuple[str, ...]

    @classmethod
    def read(cls, info: str) -> "_Info":
        first, *rest = info.split(maxsplit=1) or [""]
        kind = first if _is_kind(first) else None
        keys, complaints = _read_pairs(kind, rest[0] if rest else "")
        complaints = [*_complain_of_word(first), *complaints]
        return cls(kind, "" if kind else first, keys, tuple(complaints))


def _is_kind(word: str) -> TypeGuard[Kind]:
    return word in KINDS


def _complain_of_word(word: str) -> Iterator[str]:
    if any(mark in word for mark in ":/{="):
        yield (
            f'an info string cannot start with "{word}"; write a language word, a blank, then the'
            ' file as path=FILE, such as "python path=src/a.py" (only the language word for an'
            " example that belongs to no file)."
        )
    elif not _is_kind(word) and _is_kind(word.lower()):
        yield f'"{word}" is written "{word.lower()}".'


def _read_pairs(kind: Kind | None, text: str) -> tuple[dict[str, str], list[str]]:
    keys: dict[str, str] = {}
    complaints: list[str] = []
    allowed = _KEYS.get(kind, ())
    takes = f"it takes {', '.join(allowed)}" if allowed else "it takes none"
    kind_of_fence = f'a "{kind}" fence' if kind else "a fence of a language"
    for found in _PAIR.finditer(text):
        key, value = found[1], found[2]
        if key is None:
            complaints.append(
                f'"{found[0]}" in the info string is not understood; after the first word come'
                " key=value pairs only, a value with blanks in quotes, such as"
                ' path="docs/my file.md".'
            )
            continue
        if value[0] in "\"'":
            value = value[1:-1]
        if key not in allowed:
            complaints.append(f'{kind_of_fence} has no key "{key}"; {takes}.')
            continue
        if key in keys:
            complaints.append(f'the key "{key}" is given twice; give it once.')
        elif not value:
            complaints.append(f'the key "{key}" has no value.')
        elif key in _VALUES and not _VALUES[key][0].fullmatch(value):
            complaints.append(f"{key}={value} is not understood; it is {_VALUES[key][1]}.")
        keys[key] = value
    for group in _NEEDS.get(kind, ()):
        if sum(key in keys for key in group) != 1:
            wanted = " or ".join(f"{key}=" for key in group)
            one = "exactly one of " if len(group) > 1 else ""
            complaints.append(f"{kind_of_fence} needs {one}{wanted}.")
    return keys, complaints
