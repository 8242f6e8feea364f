"""Paths: what a reply may write, and why not.

A path that a model names is refused unless it means one file inside the tree on every file system
that may check the tree out. The spellings of `.git` are those that git itself refuses for NTFS and
HFS+ (`is_ntfs_dotgit` and `is_hfs_dotgit` in its source), and those that differ only in
characters which a case-folding file system ignores.
"""

import re
import unicodedata
from collections.abc import Callable, Collection

from gitswarm.plan.roles import Writes
from gitswarm.repo.objects import SUBMODULE_MODE, SYMLINK_MODE, RepoPath, TreeEntry, show
from gitswarm.swarm.ownership import owned_by

__all__ = ["is_ci_definition", "owned_by", "refusal", "role_refusal"]

FindEntry = Callable[[RepoPath], TreeEntry | None]
"""Looks a path up in the tree that is written to."""


def refusal(
    path: RepoPath,
    writes: Writes,
    entry: FindEntry,
    *,
    deleting: bool = False,
    deleted: Collection[RepoPath] = (),
) -> str | None:
    """Why this path is not written, as a sentence that begins with the path; None if it may be.

    `deleted` are the paths that go at the same time: a file among them may become a folder.
    """
    reason = (
        _why_not_a_path(path)
        or _why_not_this_role(path, writes)
        or _why_not_through(path, entry, deleted)
        or _why_not_onto(path, entry(path), deleting=deleting)
        or _why_not_meant(path, entry)
    )
    return f"{show(path)!r} {reason}." if reason else None


def role_refusal(path: RepoPath, writes: Writes) -> str | None:
    """The same for a path that a program has written: what it is good for, it is already."""
    reason = _why_not_this_role(path, writes)
    return f"{show(path)!r} {reason}." if reason else None


# The path by itself

_MAX_PART = 255
"""Bytes; what common file systems take."""
_MAX_PATH = 1024

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_DRIVE = re.compile(r"[A-Za-z]:")


def _why_not_a_path(path: RepoPath) -> str | None:
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        return "is not UTF-8"
    if not text:
        return "is empty; name a file"
    if text.startswith("/") or _DRIVE.match(text):
        return "is absolute; write it from the top of the repository"
    if _CONTROL.search(text):
        return "holds a control character"
    if "\\" in text:
        return "holds a backslash; parts are joined by /"
    if len(path) > _MAX_PATH:
        return f"is longer than {_MAX_PATH} bytes"
    for part in text.split("/"):
        if reason := _why_not_a_part(part):
            return reason
    return None


def _why_not_a_part(part: str) -> str | None:
    if not part:
        return "has an empty part: it ends with / or holds //"
    if not part.rstrip(". "):
        return f'has the part "{part}"; write it from the top of the repository'
    if len(part.encode()) > _MAX_PART:
        return f"has a part longer than {_MAX_PART} bytes"
    if _is_git_folder(part):
        return "is in git's own folder"
    return None


_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Unicode's Default_Ignorable_Code_Point, which holds all that HFS+ ignores."""

_GIT_FOLDER = re.compile(r"(?:\.git|git~[0-9]+)[. ]*(?::.*)?")
"""NTFS also knows `.git` by a short name, drops trailing dots and blanks, and takes what follows a
colon for the name of a stream."""


def _is_git_folder(part: str) -> bool:
    return _GIT_FOLDER.fullmatch(_fold(part)) is not None


def _fold(part: str) -> str:
    """The part as the most forgiving file system compares it."""
    folded = unicodedata.normalize("NFKC", _IGNORABLE.sub("", part)).casefold()
    return folded.replace("i\u0307", "i").replace("\u0131", "i")


def folded(path: RepoPath) -> str:
    """What the most forgiving file system takes the path for."""
    return _fold(path.decode("utf-8", "replace"))


# What a role may write

_OWN_FOLDER = ".gitswarm"

_CI_FOLDERS = (
    (".github", "workflows"),
    (".circleci",),
    (".forgejo",),
    (".gitea",),
    (".buildkite",),
)
_CI_PREFIXES = (".gitlab-ci", "azure-pipelines", ".woodpecker")
"""Files and folders at the top whose names begin so."""
_CI_FILE = re.compile(r"jenkinsfile|(?:\.gitlab-ci|azure-pipelines).*\.ya?ml")
"""Files that a CI server can be pointed at wherever they are."""


def _why_not_this_role(path: RepoPath, writes: Writes) -> str | None:
    if writes is Writes.NOTHING:
        return "cannot be written: this role changes no files, it reports in prose"
    if _parts(path)[0] == _OWN_FOLDER:
        return "is in gitswarm's own folder, which no role may change"
    if writes is Writes.CODE and is_ci_definition(path):
        return "is a CI definition, which this role may not change"
    return None


def _parts(path: RepoPath) -> tuple[str, ...]:
    """Its parts as the most forgiving file system compares them."""
    return tuple(_fold(part).rstrip(". ") for part in path.decode("utf-8", "replace").split("/"))


def is_ci_definition(path: RepoPath) -> bool:
    """Whether a CI server would take its orders from this file."""
    parts = _parts(path)
    return (
        any(parts[: len(folder)] == folder for folder in _CI_FOLDERS)
        or parts[0].startswith(_CI_PREFIXES)
        or _CI_FILE.fullmatch(parts[-1]) is not None
    )


# What is there already


def _why_not_through(path: RepoPath, entry: FindEntry, deleted: Collection[RepoPath]) -> str | None:
    parts = path.split(b"/")
    for depth in range(1, len(parts)):
        parent = RepoPath(b"/".join(parts[:depth]))
        found = entry(parent)
        if found is None:
            return None
        if found.mode == SYMLINK_MODE:
            return f"goes through the symbolic link {show(parent)!r}"
        if found.mode == SUBMODULE_MODE:
            return f"is in the submodule {show(parent)!r}"
        if found.kind == "blob" and parent not in deleted:
            return f"cannot be: {show(parent)!r} is a file"
    return None


_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?: *\..*)?")
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]')


def _why_not_onto(path: RepoPath, found: TreeEntry | None, *, deleting: bool) -> str | None:
    if found is None:
        return None if deleting else _why_not_new(path)
    if found.kind == "tree":
        return "is a folder; name the files in it"
    if found.mode == SUBMODULE_MODE:
        return "is a submodule"
    if found.mode == SYMLINK_MODE and not deleting:
        return "is a symbolic link; edit the file it points to"
    return None


def _why_not_new(path: RepoPath) -> str | None:
    """Names that cannot be checked out everywhere; where such a file exists, it may be changed."""
    for part in path.decode().split("/"):
        if _RESERVED.fullmatch(part.casefold()) or part.endswith((".", " ")):
            return f'has the part "{part}", which Windows cannot hold'
        if found := _NOT_ON_WINDOWS.search(part):
            return f"holds a {found[0]}, which Windows cannot hold"
    return None


_DECORATION = re.compile(
    r"""(?: [\[(<{@"'] | \./ | ^[ab]/(?=[^/]+/) )*+
        (?P<path> .*? )
        (?: [])>},;"'] | \#L[0-9L-]*+ )*+""",
    re.VERBOSE,
)
"""What models put around a path: a diff's letters, brackets, quotes, punctuation, lines."""
_HOME = re.compile(r"~$|\$(?:[A-Z_]+|\{[A-Z_]+\})$")
_UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")
"""Of no use in any script, unlike joiners."""
_NEVER_LAST = re.compile(r"[,;]$|#L[0-9L-]+$")


def _why_not_meant(path: RepoPath, entry: FindEntry) -> str | None:
    """Of a new name: that it is the name of a file that exists, or a whole path, in disguise."""
    if entry(path) is not None:
        return None
    text = path.decode()
    if _UNSEEN.search(text):
        return "holds a character that does not show"
    if _HOME.match(text.partition("/")[0]):
        return "does not begin at the top of the repository"
    if text.startswith(("a/", "b/")) and entry(RepoPath(path[:1])) is not None:
        return None
    bare = _DECORATION.fullmatch(text)
    assert bare is not None, "whatever is no decoration is path"
    meant = RepoPath(bare["path"].encode())
    found = entry(meant) if meant and meant != path else None
    if found is not None and found.kind == "blob" and "#" in text:
        return f"names lines of {show(meant)!r}; to change a part of it, use an edit fence for it"
    if found is not None and found.kind == "blob":
        return f"does not exist, but {show(meant)!r} does; write the path as it is"
    if _NEVER_LAST.search(text):
        return "ends in what is no part of a path"
    return None
