"""The attributes that a merge obeys: those of one trusted commit, wherever it is run from.

git reads `.gitattributes` from the folder one stands in, and from nowhere in a bare repository.
Here it is shown a scratch work tree that holds the `.gitattributes` files of one commit and nothing
else, so that an agent's branch cannot change how it is merged. The user's own attributes files and
merge drivers keep working. See gitattributes(5).
"""

import os
import re
from codecs import BOM_UTF8
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

from gitswarm.repo.command import GitOutput
from gitswarm.repo.objects import EXECUTABLE_MODE, FILE_MODE, Oid, RepoPath, empty_tree
from gitswarm.repo.repository import Repository

MARKER_SIZE = 23
"""Long enough that documents hardly ever hold such a run; git's own default is 7."""

PLAIN_MERGE = "GIT_SWARM_PLAIN_MERGE"
"""Set for the merges that are made here: our own merge driver then does no more than git does, for
what it would settle is to be seen, recorded and told."""

GIT_MARKER_SIZE = 7
_NAME = b".gitattributes"


@dataclass(frozen=True)
class Attributes:
    """A scratch folder: `tree` (the work tree), `attributes` (the defaults) and no index."""

    repository: Repository
    folder: Path

    @classmethod
    @contextmanager
    def of(
        cls, repository: Repository, commit: Oid, *, marker_size: int = MARKER_SIZE
    ) -> Iterator["Attributes"]:
        """The attributes as `commit` has them; the scratch folder goes at the end. Where they do
        not say how long conflict markers are, it is `marker_size`."""
        with TemporaryDirectory(prefix="gitswarm-attributes-") as name:
            folder = Path(name)
            (folder / "tree").mkdir()
            for path, data in _attribute_files(repository, commit).items():
                file = folder / "tree" / os.fsdecode(path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
            default = b"* conflict-marker-size=%d\n" % marker_size
            (folder / "attributes").write_bytes(default + _users_file(repository))
            yield cls(repository, folder)

    @contextmanager
    def with_marker_size(self, size: int) -> Iterator["Attributes"]:
        """A copy in which every path has markers of `size`, whatever the commit's files say.

        `$GIT_DIR/info/attributes` is the user's and still goes before it.
        """
        with TemporaryDirectory(prefix="gitswarm-attributes-") as name:
            folder = Path(name)
            copytree(self.folder, folder, dirs_exist_ok=True)
            root = folder / "tree" / os.fsdecode(_NAME)
            for file in {root, *(folder / "tree").rglob(root.name)}:
                with file.open("ab") as end:
                    end.write(b"\n* conflict-marker-size=%d\n" % size)
            yield Attributes(self.repository, folder)

    def git(
        self,
        *args: str | bytes,
        input: bytes = b"",
        ok: Container[int] = (0,),
        env: Mapping[str, str] | None = None,
    ) -> GitOutput:
        """Run a git command that sees these attributes and no index."""
        return self.repository.git(
            "-c",
            f"core.attributesFile={self.folder / 'attributes'}",
            *args,
            input=input,
            ok=ok,
            work_tree=self.folder / "tree",
            env={
                "GIT_INDEX_FILE": str(self.folder / "index"),
                PLAIN_MERGE: "1",
                **(env or {}),
            },
        )

    def values(self, name: str, paths: Iterable[RepoPath]) -> dict[RepoPath, str]:
        """What one attribute is for each of some paths: `set`, `unset`, `unspecified` or a value,
        see git-check-attr(1)."""
        asked = b"".join(path + b"\0" for path in paths)
        fields = self.git("check-attr", "-z", "--stdin", name, input=asked).stdout.split(b"\0")
        return {
            RepoPath(path): value.decode("utf-8", "replace")
            for path, value in zip(fields[0:-1:3], fields[2:-1:3], strict=True)
        }

    def marker_sizes(self, paths: Iterable[RepoPath]) -> dict[RepoPath, int]:
        """How long git makes the conflict markers in each of some files."""
        values = self.values("conflict-marker-size", paths)
        return {path: _marker_size(value) for path, value in values.items()}


def marker_sizes_here(repository: Repository, paths: Iterable[RepoPath]) -> dict[RepoPath, int]:
    """The same by the attributes of the checkout that one stands in."""
    asked = b"".join(path + b"\0" for path in paths)
    if not asked:
        return {}
    output = repository.git("check-attr", "-z", "--stdin", "conflict-marker-size", input=asked)
    fields = output.stdout.split(b"\0")
    return {
        RepoPath(path): _marker_size(value.decode("utf-8", "replace"))
        for path, value in zip(fields[0:-1:3], fields[2:-1:3], strict=True)
    }


def _marker_size(value: str) -> int:
    """git reads the value as C's atoi does, and anything but a positive number as its default."""
    digits = re.match("[0-9]+", value)
    return (int(digits[0]) if digits else 0) or GIT_MARKER_SIZE


def _attribute_files(repository: Repository, commit: Oid) -> dict[RepoPath, bytes]:
    """The attributes files of a commit that git would read from a checkout: no symbolic links."""
    found: dict[RepoPath, Oid] = {}
    everywhere = b":(top,glob)**/" + _NAME
    form = ("diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames")
    facts_and_paths = iter(repository.lines(*form, empty_tree(commit), commit, "--", everywhere))
    for facts, path in zip(facts_and_paths, facts_and_paths, strict=True):
        _, mode, _, oid, _ = facts.decode().split(" ")
        if mode in (FILE_MODE, EXECUTABLE_MODE) and b".." not in path.split(b"/"):
            found[RepoPath(path)] = Oid(oid)
    blobs = repository.blobs(found.values())
    return {path: blobs[oid] for path, oid in found.items()}


def _users_file(repository: Repository) -> bytes:
    """What the user's global attributes file holds; nothing when it cannot be read, as for git."""
    key = ("config", "--type=path", "--get", "core.attributesFile")
    output = repository.git(*key, ok=(0, 1))
    if output.status == 0:
        name = os.fsdecode(output.stdout.removesuffix(b"\n"))
        path = (repository.work_tree or repository.git_dir) / name
    else:
        settings = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
        path = Path(settings) / "git" / "attributes"
    try:
        return path.read_bytes().removeprefix(BOM_UTF8)
    except OSError:
        return b""
