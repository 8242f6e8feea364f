"""Context: what planner and agents are shown of a repository before they ask.

It is the end of the prefix that all of them share, so it is the same, byte for byte, for the same
commit. It is read from git's objects, never from the checkout.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from itertools import islice

from gitswarm.model import Prefix
from gitswarm.model.warm import CHARACTERS_PER_TOKEN
from gitswarm.plan.excerpt import excerpt
from gitswarm.plan.outline import read_outline
from gitswarm.plan.path_text import spell
from gitswarm.plan.tools import TOOLS
from gitswarm.plan.tracked import is_binary
from gitswarm.plan.tree_text import SizesOf, draw_tree
from gitswarm.plan.withheld import Withheld
from gitswarm.repo.objects import EXECUTABLE_MODE, FILE_MODE, Oid, RepoPath, TreeEntry
from gitswarm.repo.repository import Repository

TOKEN_BUDGET = 20_000
"""Of what comes from the repository, in the tokens of `approximate_tokens`."""

TREE_SHARE = 0.35
"""Of the budget; what the tree does not need goes to the rest."""

OUTLINE_SHARE = 0.5
"""Of what the tree leaves; what the documents do not need goes to the outline, too."""

DOCUMENT_BYTES = 400_000
"""A larger file is only named."""

WHOLE_FILES = 300
"""In a repository of more files, nobody looks whether all of them fit."""

NESTED = 20
"""So many files with instructions for a folder are named."""


@dataclass(frozen=True, slots=True)
class Document:
    path: str
    text: str
    """Whole, or with marks where something is left out."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a repository's tracked files are, and what it says of itself."""

    commit: Oid
    files: int
    tree: str
    documents: tuple[Document, ...] = ()
    """In the order of their importance; all of the repository's text where `is_whole`."""
    outline: str = ""
    """Definitions by file; empty where there are none, or every file is shown."""
    is_whole: bool = False
    nested_instructions: tuple[str, ...] = ()
    """Instructions for one folder, to be read by those who work there."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """Files at the root that tell about the whole."""

    names: re.Pattern[str]
    """Matches the path in lower case."""
    share: float
    """How much of what is left for documents one of them may take."""
    whole: bool = False
    """An excerpt would be of no use."""

    def is_at(self, path: RepoPath) -> bool:
        return self.names.fullmatch(spell(path).lower()) is not None


_KINDS = (
    _Kind(re.compile(r"(agents|claude)\.md"), share=0.8),
    _Kind(re.compile(r"readme(\.(md|rst|txt|adoc))?"), share=0.5),
    _Kind(re.compile(r"(\.github/|docs/)?contributing(\.(md|rst|txt|adoc))?"), share=0.5),
    _Kind(
        re.compile(
            r"pyproject\.toml|setup\.(py|cfg)|requirements\.txt|tox\.ini|noxfile\.py"
            r"|package\.json|deno\.jsonc?|tsconfig\.json|pnpm-workspace\.yaml"
            r"|go\.(mod|work)|cargo\.toml|pom\.xml|(build|settings)\.gradle(\.kts)?|build\.sbt"
            r"|gemfile|[^/]+\.(gemspec|sln|csproj|cabal)|composer\.json|mix\.exs|package\.swift"
            r"|pubspec\.yaml|cmakelists\.txt|meson\.build|(gnu)?makefile|justfile|module\.bazel"
            r"|dockerfile|(docker-)?compose\.ya?ml|\.pre-commit-config\.yaml"
        ),
        share=0.4,
        whole=True,
    ),
)


_NEAR = (b"", b".github", b"docs")
"""Folders in which they may be."""


def build_context(
    repository: Repository,
    commit: Oid,
    withheld: Withheld,
    *,
    goal: str = "",
    token_budget: int = TOKEN_BUDGET,
) -> Context:
    """Choose what to show of a commit to those who work on a goal, so that it takes at most
    `token_budget` tokens, as `approximate_tokens` counts."""
    entries = repository.entries(commit)
    nested = tuple(_nested_instructions(entries))
    budget = token_budget * CHARACTERS_PER_TOKEN
    room = budget - _HEADINGS_BYTES - sum(len(path.encode()) + 4 for path in nested)
    tree = draw_tree(entries, most_bytes=int(budget * TREE_SHARE), sizes_of=_sizes_of(repository))
    room -= len(tree.encode())
    facts = Context(commit, len(entries), tree, nested_instructions=nested)
    if every := _all_text(repository, entries, room):
        documents = tuple(_whole(_texts(repository, withheld, every)))
        return replace(facts, documents=documents, is_whole=True)
    outline = read_outline(repository, entries, goal, withheld, most_bytes=room)
    reserved = len(outline.text(int(room * OUTLINE_SHARE)).encode())
    near = [e for e in entries if e.path.rpartition(b"/")[0] in _NEAR and e.mode in _REGULAR]
    telling = [entry for entry in near if any(kind.is_at(entry.path) for kind in _KINDS)]
    texts = _texts(repository, withheld, telling)
    documents = tuple(_fitting(texts, room - reserved))
    room -= sum(map(_cost, documents))
    return replace(facts, documents=documents, outline=outline.text(room))


def prefix(context: Context) -> Prefix:
    """The frozen beginning of every conversation of a run."""
    parts = [
        resources.files("gitswarm.plan").joinpath("shared.md").read_text("utf-8").rstrip(),
        _REPOSITORY.format(commit=context.commit),
        f"## Tracked files: {context.files:,}\n\n{_fenced(context.tree)}",
    ]
    if context.nested_instructions:
        listed = "\n".join(f"- {path}" for path in context.nested_instructions)
        parts.append(f"## Instructions for single folders\n\n{_NESTED}\n\n{listed}")
    if context.is_whole:
        parts.append(_WHOLE)
    parts += [f"## {document.path}\n\n{_fenced(document.text)}" for document in context.documents]
    if context.outline:
        parts.append(f"## Definitions\n\n{_OUTLINE}\n\n{_fenced(context.outline)}")
    return Prefix(system="\n\n".join(parts) + "\n", tools=TOOLS)


_REPOSITORY = """\
# The repository

From here on, everything is taken from the repository, at commit {commit}. Numbers after names are \
sizes in bytes; `list_files` shows what is in a folder that is folded here."""

_NESTED = "Read those on the way to the files you change."


_WHOLE = "Every text file is shown whole below, but for empty ones and those kept from models."

_OUTLINE = """\
Those that most of the code refers to, and that the goal may be about, each behind the number of \
its line; in brackets, how many of a file's are shown."""


_HEADINGS_BYTES = sum(map(len, (_REPOSITORY, _NESTED, _OUTLINE))) + 200
"""What is around the tree and the outline, and above all of it."""


def _fenced(text: str) -> str:
    """Marked off by tildes, more of them than the text has anywhere."""
    longest = max((len(run) for run in re.findall("~+", text)), default=0)
    fence = "~" * max(4, longest + 1)
    return f"{fence}\n{text}{'' if text.endswith(chr(10)) else chr(10)}{fence}"


def _sizes_of(repository: Repository) -> SizesOf:
    def sizes(entries: Sequence[TreeEntry]) -> Mapping[Oid, int]:
        # a partial clone would fetch each file that it lacks only to learn its size
        if repository.is_partial:
            return {}
        return repository.sizes(entry.oid for entry in entries)

    return sizes


def _nested_instructions(entries: Sequence[TreeEntry]) -> Iterator[str]:
    named = (b"/agents.md", b"/claude.md")
    nested = (entry.path for entry in entries if entry.path.lower().endswith(named))
    return map(spell, islice(nested, NESTED))


_REGULAR = (FILE_MODE, EXECUTABLE_MODE)


def _all_text(
    repository: Repository, entries: Sequence[TreeEntry], room: int
) -> Sequence[TreeEntry]:
    """Every regular file of a repository; none where all of them do not fit into so many bytes."""
    if len(entries) > WHOLE_FILES or repository.is_partial:
        return []
    files = [entry for entry in entries if entry.mode in _REGULAR]
    sizes = repository.sizes(entry.oid for entry in files)
    cost = sum(sizes[entry.oid] + len(entry.path) + _FRAME_BYTES for entry in files)
    return files if cost <= room else []


def _texts(
    repository: Repository, withheld: Withheld, entries: Sequence[TreeEntry]
) -> dict[RepoPath, str]:
    """What is in those files that are text, not too long, and may be shown."""
    sizes = repository.sizes(entry.oid for entry in entries)
    kept = withheld.by_attribute(entry.path for entry in entries)
    short = [e for e in entries if sizes[e.oid] <= DOCUMENT_BYTES and e.path not in kept]
    data = repository.blobs(entry.oid for entry in short)
    texts = {entry.path: _text(data[entry.oid]) for entry in short}
    return {
        entry.path: texts[entry.path]
        for entry in short
        if texts[entry.path] and withheld.why(entry.path, data[entry.oid]) is None
    }


def _whole(texts: Mapping[RepoPath, str]) -> Iterator[Document]:
    """All of them, those that tell about the whole before the others."""
    telling = [path for kind in _KINDS for path in texts if kind.is_at(path)]
    for path in dict.fromkeys((*telling, *texts)):
        yield Document(spell(path), texts[path])


def _fitting(texts: Mapping[RepoPath, str], room: int) -> Iterator[Document]:
    """Those that fit into so many bytes, each given its share of what is left; none twice."""
    shown: set[str] = set()
    for kind in _KINDS:
        for path, text in texts.items():
            name = spell(path)
            most = int(room * kind.share) - len(name) - _FRAME_BYTES
            if not kind.is_at(path) or text in shown:
                continue
            shown.add(text)
            if kind.whole and len(text.encode()) > most:
                continue
            document = Document(name, excerpt(text, path=name, most_bytes=most))
            if document.text:
                yield document
                room -= _cost(document)


_FRAME_BYTES = 24
"""What is around a document: heading, fences, blank lines."""


def _cost(document: Document) -> int:
    return len(document.text.encode()) + len(document.path.encode()) + _FRAME_BYTES


def _text(data: bytes) -> str:
    """Empty for what is not text."""
    try:
        return "" if is_binary(data) else data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return ""
