"""The repository's own template for the descriptions of pull requests."""

import re
from collections.abc import Sequence

from gitswarm.publish.forge import ForgeKind
from gitswarm.repo.objects import EXECUTABLE_MODE, FILE_MODE, Oid
from gitswarm.repo.repository import Repository

_NAMES = ("pull_request_template.md", "pull_request_template.txt", "pull_request_template")
_FOLDERS = ("", "docs/")
_GITHUB = tuple(f"{folder}{name}" for folder in (".github/", *_FOLDERS) for name in _NAMES)
_GITEA = tuple(
    f"{folder}{name}"
    for folder in (".forgejo/", ".gitea/", ".github/", *_FOLDERS)
    for name in _NAMES
)
_GITLAB = (".gitlab/merge_request_templates/default.md",)

_PLACES: dict[ForgeKind, tuple[str, ...]] = {
    ForgeKind.GITHUB: (*_GITHUB, *_GITLAB),
    ForgeKind.GITEA: (*_GITEA, *_GITLAB),
    ForgeKind.GITLAB: (*_GITLAB, *_GITHUB),
    ForgeKind.NONE: (),
}
"""Where a forge looks, in its order and in lower case; then where another one would: a repository
that moved has kept its template."""

_HEADING = re.compile(r"(?P<marks>#{1,5})[ \t]+(?P<title>.*?)[ \t#]*")
_ABOUT_THE_CHANGE = re.compile(
    r"descri|summary|overview|proposed|motivation|^what\b|^about\b|^changes?$", re.IGNORECASE
)


def find_template(repository: Repository, commit: Oid, kind: ForgeKind) -> str:
    """The template in a commit's tree; empty where there is none."""
    folders = ("", "docs/", ".github/", ".gitea/", ".forgejo/", ".gitlab/merge_request_templates/")
    found = {
        entry.path.decode("utf-8", "replace").lower(): entry
        for folder in _spellings(repository, commit, folders)
        for entry in repository.entries_in(repository.tree(commit), folder)
        if entry.mode in (FILE_MODE, EXECUTABLE_MODE)
    }
    for place in _PLACES[kind]:
        if entry := found.get(place):
            text = repository.blob(entry.oid).decode("utf-8", "replace")
            return text.replace("\r\n", "\n").strip()
    return ""


def _spellings(repository: Repository, commit: Oid, folders: Sequence[str]) -> list[bytes]:
    """These folders as the tree spells them."""
    tree = repository.tree(commit)
    at: dict[str, list[bytes]] = {"": [b""]}
    for folder in folders:
        parts = folder.split("/")[:-1]
        for depth in range(len(parts)):
            upper, path = "/".join(parts[:depth]), "/".join(parts[: depth + 1])
            if path not in at:
                at[path] = [
                    entry.path.rstrip(b"/") + b"/"
                    for parent in at[upper]
                    for entry in repository.entries_in(tree, parent)
                    if entry.kind == "tree"
                    and entry.path.decode("utf-8", "replace").lower() == path
                ]
    return [spelling for folder in folders for spelling in at[folder.rstrip("/")]]


def fill(template: str, description: str) -> str:
    """The template with the description under its first heading that asks what the change is;
    before everything else where none does. Nothing of it goes, and nothing is ticked."""
    if not template:
        return description
    lines = template.split("\n")
    for n, line in enumerate(lines):
        heading = _HEADING.fullmatch(line)
        if heading and _ABOUT_THE_CHANGE.search(heading["title"]):
            below = "\n".join(lines[n + 1 :]).strip("\n")
            return "\n\n".join(filter(None, ["\n".join(lines[: n + 1]), description, below]))
    return f"{description}\n\n{template}"
