"""Repository: the one place that runs git.

Every call of our own knows what others may forget: the repository is named explicitly (a worktree's
`.git` file may have been rewritten by what ran there), hooks, the file system monitor and automatic
maintenance are off, no lock is taken on the user's index for a mere refresh, no secret is in the
environment, bytes go in and out, and the exit status is the answer, never prose.
"""

import os
import re
import signal
import subprocess
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import git

from gitswarm.errors import GitError, GitTimeoutError
from gitswarm.repo.environment import is_secret
from gitswarm.repo.objects import Commit, Oid, RefName, RepoPath, TreeEntry, show
from gitswarm.repo.objectstore import ObjectStore, parse_tree

MINIMUM_GIT = (2, 38)
"""The first version with `git merge-tree --write-tree`."""

_ALWAYS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "log.showSignature=false",
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
    "advice.graftFileDeprecated=false",
)


@dataclass(frozen=True, slots=True)
class GitOutput:
    status: int
    stdout: bytes
    stderr: bytes


Change = tuple[str, Oid] | None
"""What a path of a tree becomes: a mode and a blob, or nothing."""


class Repository:
    """A repository, as seen from the folder where the user stands. Safe to use from threads."""

    def __init__(self, git_dir: Path, common_dir: Path, work_tree: Path | None) -> None:
        self.git_dir = git_dir
        """The git directory of the user's worktree; the common one unless that is a linked one."""
        self.common_dir = common_dir
        self.work_tree = work_tree
        """None for a bare repository."""

    @classmethod
    def discover(cls, start: Path, inherited: Mapping[str, str] | None = None) -> "Repository":
        """The repository that git finds from `start`; `inherited` holds the `GIT_DIR` and the like
        that the process was given (see `take_git_environment`)."""

        def rev_parse(option: str, *, ok: Container[int] = (0,)) -> Path | None:
            arguments = ["rev-parse", "--path-format=absolute", option]
            output = _run(start, arguments, b"", dict(inherited or {}))
            if output.status == 0:
                return Path(os.fsdecode(output.stdout.removesuffix(b"\n")))
            if output.status in ok:
                return None
            raise GitError(
                f"{start} is not in a git repository that git will open: {_says(output)}",
                hint='run it inside a repository, or make one with "git init"',
            )

        git_dir = rev_parse("--git-dir")
        common_dir = rev_parse("--git-common-dir")
        assert git_dir is not None
        assert common_dir is not None
        return cls(git_dir, common_dir, rev_parse("--show-toplevel", ok=(128,)))

    @classmethod
    def create(cls, folder: Path, *, branch: str) -> None:
        """A new repository in a folder, see git-init(1); no template of the user's gets in."""
        arguments = ["init", "--quiet", "--template=", f"--initial-branch={branch}", str(folder)]
        output = _run(folder, arguments, b"", {})
        if output.status != 0:
            raise GitError(f"no repository could be made in {folder}: {_says(output)}")

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
        bound = {"GIT_DIR": str(git_dir or self.git_dir)}
        if tree := work_tree or self.work_tree:
            bound["GIT_WORK_TREE"] = str(tree)
        place = work_tree or self.work_tree or self.git_dir
        output = _run(place, args, input, bound | dict(env or {}), seconds)
        if output.status not in ok:
            raise GitError(f"git {_named(args)} failed with {output.status}: {_says(output)}")
        return output

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

    def config_keys(self, prefix: str) -> list[str]:
        return [key for key in self._config if key.startswith(prefix)]

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

    def commit(self, oid: Oid) -> Commit:
        data = self.git("cat-file", "commit", oid).stdout
        head, _, message = data.partition(b"\n\n")
        fields = [line.partition(b" ") for line in head.split(b"\n")]
        return Commit(
            oid=oid,
            tree=Oid(next(value for key, _, value in fields if key == b"tree").decode()),
            parents=tuple(Oid(value.decode()) for key, _, value in fields if key == b"parent"),
            message=message.decode("utf-8", "replace"),
        )

    def tree(self, commit: Oid) -> Oid:
        return Oid(self.git("rev-parse", "--verify", f"{commit}^{{tree}}").stdout.decode().strip())

    def entries(self, treeish: Oid) -> list[TreeEntry]:
        """Every file, symbolic link and submodule of a tree, in git's order."""
        return [_entry(line) for line in self.lines("ls-tree", "-r", "-z", "--full-tree", treeish)]

    def entries_in(self, treeish: Oid, folder: bytes) -> list[TreeEntry]:
        """What one folder holds, not what is below it; `folder` ends in `/` or is empty."""
        where: list[str | bytes] = ["--", folder] if folder else []
        found = self.lines("--literal-pathspecs", "ls-tree", "-z", "--full-tree", treeish, *where)
        return [_entry(line) for line in found]

    def entry(self, treeish: Oid, path: RepoPath) -> TreeEntry | None:
        where = ("ls-tree", "-z", "--full-tree", treeish, "--", path.rstrip(b"/"))
        found = self.lines("--literal-pathspecs", *where)
        return _entry(found[0]) if found else None

    def blob(self, oid: Oid) -> bytes:
        return self.git("cat-file", "blob", oid).stdout

    def blobs(self, oids: Iterable[Oid]) -> dict[Oid, bytes]:
        """The contents of many blobs, by one process."""
        wanted = list(dict.fromkeys(oids))
        found = {name: data for name, _, data in self._objects(oid.encode() for oid in wanted)}
        if len(found) != len(wanted):
            raise GitError("an object is missing from the repository", hint='run "git fsck"')
        return {oid: found[oid.encode()] for oid in wanted}

    def named_blobs(self, names: Iterable[str]) -> dict[str, bytes]:
        """The contents of those blobs that exist among some `REV:PATH`, in the order given, by one
        process."""
        found = self._objects(os.fsencode(name) for name in names)
        return {os.fsdecode(name): data for name, kind, data in found if kind == b"blob"}

    def sizes(self, oids: Iterable[Oid]) -> dict[Oid, int]:
        """The lengths in bytes of many objects, by one process."""
        wanted = list(dict.fromkeys(oids))
        output = self.git(
            "cat-file",
            "--batch-check=%(objectsize)",
            input="".join(f"{o}\n" for o in wanted).encode(),
        )
        return dict(zip(wanted, map(int, output.stdout.split()), strict=True))

    def _objects(self, names: Iterable[bytes]) -> Iterator[tuple[bytes, bytes, bytes]]:
        """Name, kind and contents of the objects that exist among those named."""
        asked = list(names)
        if not asked:
            return
        terminated = b"".join(name + b"\0" for name in asked)
        form = "--batch=%(objecttype) %(objectsize)"
        data = self.git("cat-file", form, "-z", input=terminated).stdout
        at = 0
        for name in asked:
            missing = name + b" missing\n"
            if data.startswith(missing, at):
                at += len(missing)
                continue
            end = data.index(b"\n", at)
            kind, size = data[at:end].split(b" ")
            start, at = end + 1, end + 1 + int(size) + 1
            yield name, kind, data[start : at - 1]

    # -- writing objects

    @cached_property
    def store(self) -> ObjectStore:
        sha256 = self.config("extensions.objectformat") == "sha256"
        return ObjectStore(
            self.common_dir / "objects", sha256=sha256, hash_object=self._hash_object
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

        names = {directory: f"{tree}:".encode() + directory for directory in changed_in}
        objects = self._objects(names.values())
        existing = {name: data for name, kind, data in objects if kind == b"tree"}
        written = tree
        for directory in sorted(changed_in, key=lambda d: (-d.count(b"/"), d == b"", d)):
            digest_size = len(tree) // 2
            old = parse_tree(existing.get(names[directory], b""), digest_size=digest_size)
            entries = {entry.path: entry for entry in old}
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
        sign = ["-S"] if is_true(self.config("commit.gpgsign")) else []
        output = self.git(
            "commit-tree",
            *sign,
            *(argument for parent in parents for argument in ("-p", parent)),
            "-F",
            "-",
            tree,
            input=message.encode("utf-8", "surrogateescape"),
        )
        return Oid(output.stdout.decode().strip())

    @cached_property
    def author(self) -> str:
        """`NAME <ADDRESS>` of whoever git says is at work; `GitError` when it does not know."""
        return self._identity("GIT_AUTHOR_IDENT")

    @cached_property
    def committer(self) -> str:
        return self._identity("GIT_COMMITTER_IDENT")

    def _identity(self, variable: str) -> str:
        output = self.git("var", variable, ok=(0, 128))
        if output.status != 0:
            raise GitError(
                f"git does not know who commits: {_says(output)}",
                hint='run "git config --global user.name NAME" and the same for user.email',
            )
        stamped = output.stdout.decode("utf-8", "surrogateescape")
        return stamped.rsplit(" ", 2)[0]

    # -- history

    def is_ancestor(self, old: Oid, new: Oid) -> bool:
        return self.git("merge-base", "--is-ancestor", old, new, ok=(0, 1)).status == 0

    def independent(self, commits: Sequence[Oid]) -> frozenset[Oid]:
        """Those of the commits that no other of them contains."""
        if len(commits) < 2:
            return frozenset(commits)
        output = self.git("merge-base", "--independent", *commits)
        return frozenset(Oid(line) for line in output.stdout.decode().split())

    def commits_between(self, base: Oid, tip: Oid) -> list[Oid]:
        """The commits of `tip` that `base` lacks, oldest first."""
        output = self.git("rev-list", "--reverse", "--topo-order", tip, f"^{base}")
        return [Oid(line) for line in output.stdout.decode().split()]

    def subjects(self, base: Oid, tip: Oid, path: RepoPath) -> tuple[str, ...]:
        """The subjects of the commits since `base` that touch a path, newest first, at most six."""
        output = self.git(
            "log", "--no-merges", "-6", "--format=%s", f"{base}..{tip}", "--", b":(literal)" + path
        )
        return tuple(output.stdout.decode("utf-8", "replace").splitlines())

    def changed_paths(self, old: Oid, new: Oid) -> frozenset[RepoPath]:
        """The paths whose content or mode differs between two trees; a rename counts as both."""
        return frozenset(
            RepoPath(path)
            for path in self.lines("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new)
        )

    def changes_between(self, base: Oid, tip: Oid) -> frozenset[tuple[str, RepoPath]]:
        """What each commit of `tip` that `base` lacks did to a path, against every parent: status
        letter (see "Raw output format" in git-diff-tree(1)) and path; a rename is `D` and `A`."""
        records = self.lines(
            "diff-tree",
            "--stdin",
            "--no-commit-id",
            "--root",
            "-m",
            "-r",
            "-z",
            "--name-status",
            "--no-renames",
            "--ignore-submodules=none",
            input="".join(f"{oid}\n" for oid in self.commits_between(base, tip)).encode(),
        )
        return frozenset(
            (status.decode(), RepoPath(path))
            for status, path in zip(records[::2], records[1::2], strict=True)
        )

    # -- refs

    def ref(self, name: RefName) -> Oid | None:
        output = self.git("rev-parse", "--verify", "--quiet", name, ok=(0, 1))
        return Oid(output.stdout.decode().strip()) if output.status == 0 else None

    def refs(self, prefix: str) -> dict[RefName, Oid]:
        """Refs under a prefix that ends at a `/`, with the objects they point at."""
        output = self.git("for-each-ref", "--format=%(objectname) %(refname)", prefix)
        pairs = (line.split(" ", 1) for line in output.stdout.decode().splitlines())
        return {RefName(name): Oid(oid) for oid, name in pairs}

    def update_ref(self, name: RefName, new: Oid, old: Oid | None) -> None:
        """Move a ref only if it still is at `old` (None: only if it does not exist)."""
        self.git("update-ref", name, new, old or "0" * len(new))


def is_true(value: str | None) -> bool:
    """git's reading of a boolean setting, see "Values" in git-config(1)."""
    return (value or "").lower() in ("true", "yes", "on", "1")


def _run(
    cwd: Path,
    args: Sequence[str | bytes],
    input: bytes,
    env: Mapping[str, str],
    seconds: float | None = None,
) -> GitOutput:
    settings = (part for setting in _ALWAYS for part in ("-c", setting))
    command = ["git", *settings, *map(os.fsdecode, args)]
    blanked = {name: "" for name in os.environ if is_secret(name)}
    fixed = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        process = git.Git(str(cwd)).execute(
            command,
            as_process=True,
            istream=subprocess.PIPE,
            env=blanked | fixed | dict(env),
            start_new_session=True,
        )
    except (git.GitCommandNotFound, NotADirectoryError) as error:
        raise GitError(f"git could not be started in {cwd}: {error}") from error
    try:
        stdout, stderr = process.communicate(input, timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise GitTimeoutError(f"git {_named(args)} did not end within {seconds:g} s") from None
    return GitOutput(process.returncode, stdout, stderr)


def _entry(line: bytes) -> TreeEntry:
    facts, _, path = line.partition(b"\t")
    mode, kind, oid = facts.decode().split(" ")
    return TreeEntry(mode, kind, Oid(oid), RepoPath(path))


def _canonical(key: str) -> str:
    """A key as `git config --list` spells it: section and name in lower case."""
    section, _, rest = key.partition(".")
    subsection, dot, name = rest.rpartition(".")
    return f"{section.lower()}.{subsection}{dot}{name.lower()}"


def _named(args: Sequence[str | bytes]) -> str:
    """The command as a message names it; long lists of arguments are cut."""
    words = [arg if isinstance(arg, str) else show(RepoPath(arg)) for arg in args]
    text = " ".join(words[:6])
    return text if len(words) <= 6 else text + " ..."


def _says(output: GitOutput) -> str:
    """The end of what git printed, without the advice that a blank line sets apart from it."""
    *_, reason = re.split(r"\n\s*\n", output.stderr.decode("utf-8", "replace").strip())
    return " / ".join(reason.splitlines()[-3:]) or "it said nothing"
