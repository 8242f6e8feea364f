"""Context: what planner and agents are shown of a repository before they ask.

It is the end of the prefix that all of them share, so it is the same, byte for byte, for the same
commit. It is read from git's objects, never from the checkout.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import islice

from gitswarm.model import Prefix
from gitswarm.plan.excerpt import excerpt
from gitswarm.plan.path_text import spell
from gitswarm.plan.tools import TOOLS
from gitswarm.plan.tracked import is_binary
from gitswarm.plan.tree_text import SizesOf, draw_tree
from gitswarm.repo.objects import EXECUTABLE_MODE, FILE_MODE, Oid, TreeEntry
from gitswarm.repo.repository import Repository

TOKEN_BUDGET = 16_000

BYTES_PER_TOKEN = 3
"""Of code and English prose; fewer than the models' tokenizers really need per token, so that a
budget holds."""

TREE_SHARE = 0.45
"""Of the budget; what the tree does not need goes to the documents."""

DOCUMENT_BYTES = 400_000
"""A larger file is only named."""

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
    documents: tuple[Document, ...]
    """In the order of their importance."""
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


def build_context(
    repository: Repository, commit: Oid, *, token_budget: int = TOKEN_BUDGET
) -> Context:
    """Choose what to show of a commit, so that it takes at most about `token_budget` tokens."""
    entries = repository.entries(commit)
    nested = tuple(_nested_instructions(entries))
    room = token_budget * BYTES_PER_TOKEN - sum(len(path.encode()) + 4 for path in nested)
    tree = draw_tree(entries, most_bytes=int(room * TREE_SHARE), sizes_of=_sizes_of(repository))
    documents = _documents(repository, entries, room - len(tree.encode()))
    return Context(commit, len(entries), tree, tuple(documents), nested)


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
    parts += [f"## {document.path}\n\n{_fenced(document.text)}" for document in context.documents]
    return Prefix(system="\n\n".join(parts) + "\n", tools=TOOLS)


_REPOSITORY = """\
# The repository

From here on, everything is taken from the repository, at commit {commit}. Numbers after names are \
sizes in bytes; `list_files` shows what is in a folder that is folded here."""

_NESTED = "Read those on the way to the files you change."


def _fenced(text: str) -> str:
    """Marked off by tildes, more of them than the text has anywhere."""
    longest = max((len(run) for run in re.findall("~+", text)), default=0)
    fence = "~" * max(4, longest + 1)
    return f"{fence}\n{text}{'' if text.endswith(chr(10)) else chr(10)}{fence}"


def _sizes_of(repository: Repository) -> SizesOf:
    def sizes(entries: Sequence[TreeEntry]) -> Mapping[Oid, int]:
        # a partial clone would fetch each file that it lacks only to learn its size
        if any(key.endswith(".promisor") for key in repository.config_keys("remote.")):
            return {}
        return repository.sizes(entry.oid for entry in entries)

    return sizes


def _nested_instructions(entries: Sequence[TreeEntry]) -> Iterator[str]:
    named = (b"/agents.md", b"/claude.md")
    nested = (entry.path for entry in entries if entry.path.lower().endswith(named))
    return map(spell, islice(nested, NESTED))


_REGULAR = (FILE_MODE, EXECUTABLE_MODE)


def _documents(
    repository: Repository, entries: Sequence[TreeEntry], room: int
) -> Iterator[Document]:
    """The documents that fit into so many bytes, each given its share of what is left."""
    shown: set[Oid] = set()
    for kind, entry in _candidates(entries):
        if entry.oid in shown or repository.sizes([entry.oid])[entry.oid] > DOCUMENT_BYTES:
            continue
        shown.add(entry.oid)
        path = spell(entry.path)
        text = _text(repository.blob(entry.oid))
        most = int(room * kind.share) - len(path) - _FRAME_BYTES
        if kind.whole and len(text.encode()) > most:
            continue
        text = excerpt(text, path=path, most_bytes=most)
        if text:
            yield Document(path, text)
            room -= len(text.encode()) + len(path) + _FRAME_BYTES


_FRAME_BYTES = 24
"""What is around a document: heading, fences, blank lines."""


def _candidates(entries: Sequence[TreeEntry]) -> Iterator[tuple[_Kind, TreeEntry]]:
    near = [
        entry
        for entry in entries
        if entry.mode in _REGULAR and entry.path.rpartition(b"/")[0] in (b"", b".github", b"docs")
    ]
    for kind in _KINDS:
        for entry in near:
            if kind.names.fullmatch(spell(entry.path).lower()):
                yield kind, entry


def _text(data: bytes) -> str:
    """Empty for what is not text."""
    try:
        return "" if is_binary(data) else data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return ""
