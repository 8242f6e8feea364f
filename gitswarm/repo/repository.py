"""Repository: the one place that runs git.

Every call of our own knows what others may forget: the repository is named explicitly (a worktree's
`.git` file may have been rewritten by what ran there), hooks, the file system monitor and automatic
maintenance are off, no lock is taken on the user's index for a mere refresh, no secret is in the
environment, bytes go in and out, and the exit status is the answer, never prose.
"""

import os
import re
import time
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from gitswarm.errors import GitError
from gitswarm.repo.command import GitOutput, named, run_git, run_over_network, says, start_git
from gitswarm.repo.objects import (
    EXECUTABLE_MODE,
    FILE_MODE,
    Commit,
    FileEdit,
    Oid,
    RefName,
    RepoPath,
    TreeEntry,
)
from gitswarm.repo.objectstore import ObjectStore
from gitswarm.repo.standing import ObjectReader, RefUpdater, Start
from gitswarm.repo.trees import differences, parse_tree

MINIMUM_GIT = (2, 38)
"""The first version with `git merge-tree --write-tree`."""

Change = tuple[str, Oid] | None
"""What a path of a tree becomes: a mode and a blob, or nothing."""


class Repository:
    """A repository, as seen from the folder where the user stands. Safe to use from threads."""

    def __init__(
        self,
        git_dir: Path,
        common_dir: Path,
        work_tree: Path | None,
        *,
        index: Path | None = None,
        objects: Path | None = None,
    ) -> None:
        self.git_dir = git_dir
        """The git directory of the user's worktree; the common one unless that is a linked one."""
        self.common_dir = common_dir
        self.work_tree = work_tree
        """None for a bare repository."""
        self.index = index or git_dir / "index"
        """What the next commit will hold. While `git commit -a` or `git commit FILE` runs a hook,
        it is not the one that stays."""
        self._objects = objects
        self._larger: dict[tuple[int, Oid], tuple[RepoPath, ...]] = {}

    @contextmanager
    def with_scratch_objects(self) -> Iterator["Repository"]:
        """The same repository, but what is written to it goes away at the end: it reads all
        objects and adds none."""
        with TemporaryDirectory(prefix="gitswarm-objects-") as folder:
            places = (self.git_dir, self.common_dir, self.work_tree)
            yield Repository(*places, index=self.index, objects=Path(folder))

    @classmethod
    def discover(cls, start: Path, inherited: Mapping[str, str] | None = None) -> "Repository":
        """The repository that git finds from `start`; `inherited` holds the `GIT_DIR` and the like
        that the process was given (see `take_git_environment`)."""

        inherited = inherited or {}

        def rev_parse(*options: str, ok: Container[int] = (0,)) -> Path | None:
            arguments = ["rev-parse", "--path-format=absolute", *options]
            output = run_git(start, arguments, b"", inherited)
            if output.status == 0:
                return Path(os.fsdecode(output.stdout.removesuffix(b"\n")))
            if output.status in ok:
                return None
            raise GitError(
                f"{start} is not in a git repository that git will open: {says(output.stderr)}",
                hint='run it inside a repository, or make one with "git init"',
            )

        git_dir = rev_parse("--git-dir")
        common_dir = rev_parse("--git-common-dir")
        assert git_dir is not None
        assert common_dir is not None
        work_tree = rev_parse("--show-toplevel", ok=(128,))
        index = rev_parse("--git-path", "index") if "GIT_INDEX_FILE" in inherited else None
        return cls(git_dir, common_dir, work_tree, index=index)

    @classmethod
    def create(cls, folder: Path, *, branch: str) -> None:
        """A new repository in a folder, see git-init(1); no template of the user's gets in."""
        arguments = ["init", "--quiet", "--template=", f"--initial-branch={branch}", str(folder)]
        output = run_git(folder, arguments, b"", {})
        if output.status != 0:
            raise GitError(f"no repository could be made in {folder}: {says(output.stderr)}")

    def require_merge_tree(self) -> None:
        """Raise `GitError` when git is too old to merge in memory."""
        says = self.git("version").stdout.decode("ascii", "replace").strip()
        numbers = re.search(r"(\d+)\.(\d+)", says)
        if numbers is None or (int(numbers[1]), int(numbers[2])) < MINIMUM_GIT:
            raise GitError(
                f'merging in memory needs git 2.38 or newer; this is "{says}"',
                hint="install a newer git",
            )

    @property
    def name(self) -> str:
        """What people call the repository: the folder of its main worktree, or of the bare one."""
        return self.folder.name

    @property
    def folder(self) -> Path:
        """The folder of the main worktree; the git directory itself where none is known."""
        if self.work_tree is not None and self.git_dir == self.common_dir:
            return self.work_tree
        return self.common_dir.parent if self.common_dir.name == ".git" else self.common_dir

    @property
    def is_submodule(self) -> bool:
        """Whether its git directory is inside another one, and so its checkout inside another."""
        return ".git" in self.common_dir.parent.parts

    # -- running git

    def git(
        self,
        *args: str | bytes,
        input: bytes = b"",
        ok: Container[int] = (0,),
        git_dir: Path | None = None,
        work_tree: Path | None = None,
        env: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> GitOutput:
        """Run one git command and wait for it; `GitError` unless its status is in `ok`.

        `git_dir` and `work_tree` name another worktree than the user's. A command that takes
        longer than `seconds` is ended: `GitTimeoutError`.
        """
        place, bound = self._bound(git_dir, work_tree)
        output = run_git(place, args, input, bound | dict(env or {}), seconds)
        if output.status not in ok:
            reason = says(output.stderr)
            raise GitError(f"git {named(args)} failed with {output.status}: {reason}")
        return output

    def git_over_network(
        self,
        *args: str | bytes,
        input: bytes = b"",
        may_ask: bool = False,
        seconds: float | None = None,
    ) -> GitOutput:
        """Run one git command that another machine answers; any exit status is returned.
        `may_ask`: a password may be asked for on the terminal. Raises `GitTimeoutError`."""
        place, bound = self._bound(None, None)
        return run_over_network(place, args, input, bound, may_ask=may_ask, seconds=seconds)

    def _bound(self, git_dir: Path | None, work_tree: Path | None) -> tuple[Path, dict[str, str]]:
        """Where a command runs, and the variables that name the repository to it."""
        bound = {"GIT_DIR": str(git_dir or self.git_dir)}
        if tree := work_tree or self.work_tree:
            bound["GIT_WORK_TREE"] = str(tree)
        if self._objects:
            bound |= scratch_objects(self._objects, self.common_dir)
        return work_tree or self.work_tree or self.git_dir, bound

    @cached_property
    def _start(self) -> Start:
        place, bound = self._bound(None, None)
        return partial(start_git, place, env=bound)

    @cached_property
    def _reader(self) -> ObjectReader:
        return ObjectReader(self._start)

    @cached_property
    def _updater(self) -> RefUpdater:
        return RefUpdater(self._start)

    def lines(self, *args: str | bytes, input: bytes = b"") -> list[bytes]:
        """The NUL-terminated records that a command with `-z` prints."""
        return self.git(*args, input=input).stdout.split(b"\0")[:-1]

    # -- settings

    @cached_property
    def _config(self) -> dict[str, list[str | None]]:
        values: dict[str, list[str | None]] = defaultdict(list)
        for record in self.lines("config", "-z", "--list"):
            key, newline, value = record.decode("utf-8", "surrogateescape").partition("\n")
            values[key].append(value if newline else None)
        return dict(values)

    def config(self, key: str) -> str | None:
        """The value of a setting, the last one given; a key without `=` reads as `true`."""
        values = self._config.get(_canonical(key))
        if not values:
            return None
        return "true" if values[-1] is None else values[-1]

    @property
    def hooks_folder(self) -> Path:
        """Where git looks for this repository's hooks, see `core.hooksPath` in git-config(1)."""
        key = ("config", "--type=path", "--get-all", "core.hooksPath")
        *configured, _ours = self.git(*key).stdout.splitlines()
        if not configured:
            return self.common_dir / "hooks"
        return (self.work_tree or self.git_dir) / os.fsdecode(configured[-1])

    def config_all(self, key: str) -> list[str]:
        """Every value of a setting that may be given several times."""
        return [
            "true" if value is None else value for value in self._config.get(_canonical(key), [])
        ]

    def config_keys(self, prefix: str) -> list[str]:
        return [key for key in self._config if key.startswith(prefix)]

    @property
    def has_remote(self) -> bool:
        return any(key.endswith(".url") for key in self.config_keys("remote."))

    @property
    def is_partial(self) -> bool:
        """Whether it is a partial clone, where reading an object may fetch it."""
        return any(key.endswith(".promisor") for key in self.config_keys("remote."))

    # -- reading objects

    def commit_oid(self, rev: str) -> Oid:
        """The commit that a revision names, see gitrevisions(7)."""
        output = self.git(
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            f"{rev}^{{commit}}",
            ok=(0, 1, 128),
        )
        if output.status != 0:
            raise GitError(
                f"{rev!r} does not name a commit",
                hint='"git log --oneline" lists some' if rev != "HEAD" else "make a first commit",
            )
        return Oid(output.stdout.decode().strip())

    def peeled(self, oid: Oid) -> Oid | None:
        """The commit that an object is, or that a tag leads to; None where it is another thing."""
        found = self._reader.info(f"{oid}^{{commit}}".encode())
        return found.oid if found else None

    def commit(self, oid: Oid) -> Commit:
        head, _, message = self._contents(oid).partition(b"\n\n")
        fields = [line.partition(b" ") for line in head.split(b"\n")]
        return Commit(
            oid=oid,
            tree=Oid(next(value for key, _, value in fields if key == b"tree").decode()),
            parents=tuple(Oid(value.decode()) for key, _, value in fields if key == b"parent"),
            message=message.decode("utf-8", "replace"),
        )

    def tree(self, commit: Oid) -> Oid:
        found = self._reader.info(f"{commit}^{{tree}}".encode())
        if found is None:
            raise GitError(f"{commit} has no tree in the repository", hint='run "git fsck"')
        return found.oid

    def entries(self, treeish: Oid) -> list[TreeEntry]:
        """Every file, symbolic link and submodule of a tree, in git's order."""
        return [_entry(line) for line in self.lines("ls-tree", "-r", "-z", "--full-tree", treeish)]

    def entries_in(self, treeish: Oid, folder: bytes) -> list[TreeEntry]:
        """What one folder holds, not what is below it; `folder` ends in `/` or is empty."""
        found = self._reader.contents(f"{treeish}:".encode() + folder.rstrip(b"/"))
        if found is None or found[0].kind != "tree":
            return []
        return [
            replace(entry, path=RepoPath(folder + entry.path))
            for entry in parse_tree(found[1], digest_size=len(found[0].oid) // 2)
        ]

    def entry(self, treeish: Oid, path: RepoPath) -> TreeEntry | None:
        path = RepoPath(path.rstrip(b"/"))
        folder, slash, _ = path.rpartition(b"/")
        entries = self.entries_in(treeish, folder + slash)
        return next((entry for entry in entries if entry.path == path), None)

    def blob_at(self, treeish: Oid, path: RepoPath) -> Oid | None:
        """The file at a path of a tree, which is not read; None where there is none."""
        return self.blobs_at(treeish, [path])[path]

    def blobs_at(self, treeish: Oid, paths: Iterable[RepoPath]) -> dict[RepoPath, Oid | None]:
        wanted = list(paths)
        found = self._reader.all_info([treeish.encode() + b":" + path for path in wanted])
        return {
            path: one.oid if one and one.kind == "blob" else None
            for path, one in zip(wanted, found, strict=True)
        }

    def blob(self, oid: Oid) -> bytes:
        return self._contents(oid)

    def diff_blobs(self, old: Oid, new: Oid) -> bytes:
        """The hunks of a unified diff of two text files, without its heading."""
        form = ("--no-color", "--no-ext-diff", "--no-textconv", "--text", "-U3")
        output = self.git("diff", *form, old, new).stdout
        return output[output.find(b"\n@@") + 1 :]

    def blobs(self, oids: Iterable[Oid]) -> dict[Oid, bytes]:
        wanted = list(dict.fromkeys(oids))
        return dict(zip(wanted, self._all_contents(wanted), strict=True))

    def named_blobs(self, names: Iterable[str]) -> dict[str, bytes]:
        """The contents of those blobs that exist among some `REV:PATH`, in the order given."""
        wanted = list(names)
        found = zip(wanted, self._reader.all_contents([*map(os.fsencode, wanted)]), strict=True)
        return {name: one[1] for name, one in found if one and one[0].kind == "blob"}

    def sizes(self, oids: Iterable[Oid]) -> dict[Oid, int]:
        """The lengths in bytes of many objects, none of which is read."""
        wanted = list(dict.fromkeys(oids))
        found = self._reader.all_info([oid.encode() for oid in wanted])
        if None in found:
            raise _missing(wanted[found.index(None)])
        return {oid: one.size for oid, one in zip(wanted, found, strict=True) if one}

    def larger_than(self, size: int, treeish: Oid) -> tuple[RepoPath, ...]:
        """The files of a tree with more bytes, in git's order; what was found is remembered."""
        if (size, treeish) not in self._larger:
            found = tuple(path for path, length in self._file_sizes(treeish) if length > size)
            self._larger[size, treeish] = found
        return self._larger[size, treeish]

    def total_size(self, treeish: Oid) -> int:
        """The bytes of all files of a tree together."""
        return sum(length for _, length in self._file_sizes(treeish))

    def _file_sizes(self, treeish: Oid) -> Iterator[tuple[RepoPath, int]]:
        """Nothing in a partial clone, which would fetch each file to learn its size."""
        if self.is_partial:
            return
        for record in self.lines("ls-tree", "-r", "-l", "-z", "--full-tree", treeish):
            facts, _, path = record.partition(b"\t")
            length = facts.rpartition(b" ")[2]
            if length.isdigit():
                yield RepoPath(path), int(length)

    def _contents(self, oid: Oid) -> bytes:
        return self._all_contents([oid])[0]

    def _all_contents(self, oids: Sequence[Oid]) -> list[bytes]:
        found = self._reader.all_contents([oid.encode() for oid in oids])
        if None in found:
            raise _missing(oids[found.index(None)])
        return [one[1] for one in found if one]

    # -- writing objects

    @cached_property
    def store(self) -> ObjectStore:
        sha256 = self.config("extensions.objectformat") == "sha256"
        return ObjectStore(
            self._objects or self.common_dir / "objects",
            sha256=sha256,
            hash_object=self._hash_object,
        )

    def _hash_object(self, kind: str, data: bytes) -> Oid:
        stored = self.git("hash-object", "-w", "-t", kind, "--stdin", input=data)
        return Oid(stored.stdout.decode().strip())

    def write_blob(self, data: bytes) -> Oid:
        return self.store.write("blob", data)

    def edit_tree(self, tree: Oid, changes: Mapping[RepoPath, Change]) -> Oid:
        """The tree with some paths replaced, added or (None) removed.

        Only the directories that lead to a changed path are read and written: the cost does not
        depend on the number of files. A directory that becomes empty goes.
        """
        changed_in: dict[bytes, dict[bytes, Change]] = defaultdict(dict)
        for path, change in changes.items():
            directory, _, name = path.rpartition(b"/")
            changed_in[directory][name] = change
        for directory in list(changed_in):
            while directory:
                directory = directory.rpartition(b"/")[0]
                changed_in.setdefault(directory, {})

        written = tree
        deepest_first = sorted(changed_in, key=lambda d: (-d.count(b"/"), d == b"", d))
        names = [f"{tree}:".encode() + directory for directory in deepest_first]
        for directory, found in zip(deepest_first, self._reader.all_contents(names), strict=True):
            old = found[1] if found and found[0].kind == "tree" else b""
            entries = {e.path: e for e in parse_tree(old, digest_size=len(tree) // 2)}
            for name, change in changed_in[directory].items():
                if change is None:
                    entries.pop(RepoPath(name), None)
                else:
                    kind = "tree" if change[0] == "040000" else "blob"
                    entries[RepoPath(name)] = TreeEntry(change[0], kind, change[1], RepoPath(name))
            if directory == b"":
                return self.store.write_tree(entries.values())
            parent, _, name = directory.rpartition(b"/")
            if entries:
                written = self.store.write_tree(entries.values())
                changed_in[parent][name] = ("040000", written)
            elif changed_in[parent].get(name) is None:
                changed_in[parent][name] = None
        return written

    def commit_tree(self, tree: Oid, parents: Sequence[Oid], message: str) -> Oid:
        """A commit by the user, signed where `commit.gpgSign` asks for it."""
        if not is_true(self.config("commit.gpgsign")):
            author, committer = self._dated("AUTHOR"), self._dated("COMMITTER")
            return self.store.write_commit(
                tree, parents, message, author=author, committer=committer
            )
        output = self.git(
            "commit-tree",
            "-S",
            *(argument for parent in parents for argument in ("-p", parent)),
            "-F",
            "-",
            tree,
            input=message.encode("utf-8", "surrogateescape"),
        )
        return Oid(output.stdout.decode().strip())

    def plain_commit(self, tree: Oid, parents: Sequence[Oid], message: str = "") -> Oid:
        """A commit by nobody, which is never signed: for records, and for git to compute with."""
        nobody = "gitswarm <> 0 +0000"
        return self.store.write_commit(tree, parents, message, author=nobody, committer=nobody)

    def _dated(self, who: str) -> str:
        """A person at this moment, or at the one that `GIT_AUTHOR_DATE` or its like fixes."""
        ident = self._author if who == "AUTHOR" else self._committer
        if f"GIT_{who}_DATE" in os.environ:
            return ident
        return f"{_person(ident)} {int(time.time())} {time.strftime('%z')}"

    @property
    def author(self) -> str:
        """`NAME <ADDRESS>` of whoever git says is at work; `GitError` when it does not know."""
        return _person(self._author)

    @property
    def committer(self) -> str:
        return _person(self._committer)

    @cached_property
    def _author(self) -> str:
        return self._ident("AUTHOR")

    @cached_property
    def _committer(self) -> str:
        return self._ident("COMMITTER")

    def _ident(self, who: str) -> str:
        output = self.git("var", f"GIT_{who}_IDENT", ok=(0, 128))
        if output.status != 0:
            raise GitError(
                f"git does not know who commits: {says(output.stderr)}",
                hint='run "git config --global user.name NAME" and the same for user.email',
            )
        return output.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    # -- history

    def is_ancestor(self, old: Oid, new: Oid) -> bool:
        return self.git("merge-base", "--is-ancestor", old, new, ok=(0, 1)).status == 0

    def merge_base(self, one: Oid, other: Oid) -> Oid | None:
        """The best common ancestor; None where there is none, or it is beyond a shallow clone."""
        output = self.git("merge-base", one, other, ok=(0, 1))
        return Oid(output.stdout.decode().split()[0]) if output.status == 0 else None

    def independent(self, commits: Sequence[Oid]) -> frozenset[Oid]:
        """Those of the commits that no other of them contains."""
        if len(commits) < 2:
            return frozenset(commits)
        output = self.git("merge-base", "--independent", *commits)
        return frozenset(Oid(line) for line in output.stdout.decode().split())

    def commits_between(self, base: Oid, tip: Oid) -> list[Oid]:
        """The commits of `tip` that `base` lacks, oldest first."""
        if tip == base:
            return []
        if self.commit(tip).parents == (base,):
            return [tip]
        output = self.git("rev-list", "--reverse", "--topo-order", tip, f"^{base}")
        return [Oid(line) for line in output.stdout.decode().split()]

    def first_parents(self, base: Oid, tip: Oid) -> list[tuple[Oid, tuple[Oid, ...]]]:
        """The commits on the way from `tip` back to `base` by first parents, newest first, each
        with its parents."""
        output = self.git("rev-list", "--first-parent", "--parents", tip, f"^{base}")
        lines = (line.split(" ") for line in output.stdout.decode().splitlines())
        return [(Oid(commit), tuple(map(Oid, parents))) for commit, *parents in lines]

    def not_commits(self, oids: Iterable[Oid]) -> list[Oid]:
        """Those of the objects that are missing, or are no commits."""
        asked = list(oids)
        output = self.git(
            "cat-file",
            "--batch-check=%(objecttype)",
            input="".join(f"{oid}\n" for oid in asked).encode(),
        )
        kinds = output.stdout.splitlines()
        return [oid for oid, kind in zip(asked, kinds, strict=True) if kind != b"commit"]

    def edits(self, base: Oid, tip: Oid, path: RepoPath, most: int) -> list[FileEdit]:
        """What the newest commits since `base` made of a file, oldest first, at most so many."""
        form = (f"-{most}", "-z", "--format=%x01%s", "--raw", "--no-abbrev", "--no-renames")
        where = (f"{base}..{tip}", "--", b":(literal)" + path)
        found: list[FileEdit] = []
        subject = ""
        records = iter(self.lines("log", "--no-merges", *form, *where))
        for record in records:
            if record.startswith(b"\x01"):
                subject = record[1:].decode("utf-8", "replace")
                continue
            old_mode, new_mode, old, new, _ = record.lstrip(b"\n:").split(b" ")
            found.append(FileEdit(subject, _regular(old_mode, old), _regular(new_mode, new)))
            next(records)  # the path
        return found[::-1]

    def earlier_blobs(self, tip: Oid, other: Oid, path: RepoPath, most: int) -> list[Oid]:
        """What a path was on the commits of `tip` that `other` lacks, newest first and without
        what it is now; `most` commits are looked at."""
        records = self.lines(
            "log",
            f"-{most}",
            "-z",
            "--format=",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            f"{other}..{tip}",
            "--",
            b":(literal)" + path,
        )
        facts = [record.split() for record in records if record.startswith(b":")]
        return [Oid(new.decode()) for _, mode, _, new, _ in facts[1:] if mode.startswith(b"100")]

    def changed_paths(self, old: Oid, new: Oid) -> frozenset[RepoPath]:
        """The paths whose content or mode differs between two commits; a rename counts as both."""
        return frozenset(self.changes(old, new))

    def changes(self, old: Oid, new: Oid) -> dict[RepoPath, Change]:
        """What would make the tree of one commit, edited, that of another."""
        found = differences(self._all_contents, self.tree(old), self.tree(new))
        return {one.path: (one.new.mode, one.new.oid) if one.new else None for one in found}

    def changed_blobs(self, old: Oid, new: Oid) -> dict[RepoPath, tuple[Oid | None, Oid | None]]:
        """What was at every path of a regular file that differs between two commits, and what is
        there now; None where there is no such file."""
        changes = differences(self._all_contents, self.tree(old), self.tree(new))
        found = ((one.path, _file(one.old), _file(one.new)) for one in changes)
        return {path: (was, now) for path, was, now in found if was != now}

    def merges_between(self, base: Oid, tip: Oid) -> list[tuple[Oid, Oid, Oid]]:
        """The merges of two commits in `tip` that `base` lacks, oldest first, with parents."""
        return self.merges(tip, f"^{base}")

    def merges(self, *revisions: str, most: int | None = None) -> list[tuple[Oid, Oid, Oid]]:
        """The newest merges of two commits among some, oldest first, with parents."""
        form = ("--reverse", "--topo-order", "--parents", "--min-parents=2", "--max-parents=2")
        count = () if most is None else (f"--max-count={most}",)
        output = self.git("rev-list", *form, *count, *revisions, "--")
        rows = (line.split() for line in output.stdout.decode().splitlines())
        return [(Oid(merge), Oid(ours), Oid(theirs)) for merge, ours, theirs in rows]

    def changes_between(self, base: Oid, tip: Oid) -> frozenset[tuple[str, RepoPath]]:
        """What each commit of `tip` that `base` lacks did to a path, against every parent: status
        letter and path, see `Difference`; a rename is `D` and `A`."""
        commits = [self.commit(oid) for oid in self.commits_between(base, tip)]
        return frozenset(
            (one.status, one.path)
            for commit in commits
            for parent in commit.parents or (None,)
            for one in differences(self._all_contents, parent and self.tree(parent), commit.tree)
        )

    # -- refs

    def ref(self, name: RefName) -> Oid | None:
        found = self._reader.info(name.encode())
        return found.oid if found else None

    def refs(self, prefix: str) -> dict[RefName, Oid]:
        """Refs under a prefix that ends at a `/`, with the objects they point at."""
        output = self.git("for-each-ref", "--format=%(objectname) %(refname)", prefix)
        pairs = (line.split(" ", 1) for line in output.stdout.decode().splitlines())
        return {RefName(name): Oid(oid) for oid, name in pairs}

    def delete_ref(self, name: RefName, old: Oid) -> None:
        """Delete a ref only if it still is at `old`."""
        self.git("update-ref", "-d", name, old)

    def update_ref(self, name: RefName, new: Oid, old: Oid | None) -> None:
        """Move a ref only if it still is at `old` (None: only if it does not exist)."""
        self._updater.update(name, new, old)


def scratch_objects(folder: Path, common_dir: Path) -> dict[str, str]:
    """The variables with which git writes objects to a folder and reads a repository's too."""
    # An alternate may hold a colon when it is quoted: see git(1).
    alternate = str(common_dir / "objects").replace("\\", "\\\\").replace('"', '\\"')
    return {
        "GIT_OBJECT_DIRECTORY": str(folder),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{alternate}"',
    }


def _file(entry: TreeEntry | None) -> Oid | None:
    return entry.oid if entry and entry.mode in (FILE_MODE, EXECUTABLE_MODE) else None


def _regular(mode: bytes, oid: bytes) -> Oid | None:
    return Oid(oid.decode()) if mode.startswith(b"100") else None


def _missing(oid: Oid) -> GitError:
    return GitError(f"object {oid} is missing from the repository", hint='run "git fsck"')


def _person(ident: str) -> str:
    """An identity without its time."""
    return ident.rsplit(" ", 2)[0]


def is_true(value: str | None) -> bool:
    """git's reading of a boolean setting, see "Values" in git-config(1)."""
    return (value or "").lower() in ("true", "yes", "on", "1")


def _entry(line: bytes) -> TreeEntry:
    facts, _, path = line.partition(b"\t")
    mode, kind, oid = facts.decode().split(" ")
    return TreeEntry(mode, kind, Oid(oid), RepoPath(path))


def _canonical(key: str) -> str:
    """A key as `git config --list` spells it: section and name in lower case."""
    section, _, rest = key.partition(".")
    subsection, dot, name = rest.rpartition(".")
    return f"{section.lower()}.{subsection}{dot}{name.lower()}"
