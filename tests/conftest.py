"""Sealed repositories: no configuration, identity, clock or editor of the machine gets in."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from gitswarm.plan.withheld import Withheld
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.environment import take_git_environment
from gitswarm.repo.objects import EXECUTABLE_MODE, FILE_MODE, Oid, RepoPath
from gitswarm.repo.repository import Repository

Content = str | bytes | None


def seal(home: Path, environment: pytest.MonkeyPatch) -> None:
    """HOME, git's configuration, identity and dates are the same wherever a test runs."""
    take_git_environment(os.environ)
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"
    )
    for name in list(os.environ):
        if name.startswith(("XDG_", "ANTHROPIC_")):
            environment.delenv(name)
    settings = {
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_AUTHOR_DATE": "2026-01-01T12:00:00+00:00",
        "GIT_COMMITTER_DATE": "2026-01-01T12:00:00+00:00",
        "GIT_EDITOR": "false",
        "NO_PROXY": "127.0.0.1,localhost",
        "TZ": "UTC",
    }
    for name, value in settings.items():
        environment.setenv(name, value)


@pytest.fixture(autouse=True)
def sealed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path_factory.mktemp("home")
    seal(home, monkeypatch)
    return home


class RepositoryBuilder:
    """Makes history from dictionaries, one commit a call, without touching a checkout."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.git("init", "--quiet")
        self.repository = Repository.discover(path)
        self._open = ExitStack()
        self.head: Oid | None = None

    def close(self) -> None:
        self._open.close()

    def git(self, *args: str) -> str:
        """Run git in the checkout as the user would."""
        return self._user.git(*args).stdout.decode()

    @property
    def _user(self) -> Repository:
        return Repository(self.path / ".git", self.path / ".git", self.path)

    def commit(
        self,
        files: Mapping[str, Content],
        *,
        on: Oid | None = None,
        message: str = "change",
        modes: Mapping[str, str] | None = None,
    ) -> Oid:
        """A commit that sets (or with None removes) files on top of `on`, a root commit without."""
        repository = self.repository
        changes: dict[RepoPath, tuple[str, Oid] | None] = {}
        for name, content in files.items():
            path = RepoPath(os.fsencode(name))
            if content is None:
                changes[path] = None
                continue
            data = content.encode() if isinstance(content, str) else content
            mode = (modes or {}).get(name, FILE_MODE)
            changes[path] = (mode, repository.write_blob(data))
        empty = Oid(repository.git("mktree").stdout.decode().strip())
        tree = repository.edit_tree(repository.tree(on) if on else empty, changes)
        return repository.commit_tree(tree, [on] if on else [], message)

    def withheld(self, commit: Oid) -> Withheld:
        """What the attributes of a commit, and the detector, keep from models."""
        return Withheld(self._open.enter_context(Attributes.of(self.repository, commit)))

    def checkout(self, commit: Oid, branch: str = "main") -> None:
        """Put the user's checkout on a branch at a commit."""
        self.git("checkout", "--quiet", "-B", branch, commit)

    def text(self, treeish: str, path: str) -> str:
        return self.data(treeish, path).decode()

    def data(self, treeish: str, path: str) -> bytes:
        return self.repository.git("cat-file", "blob", f"{treeish}:{path}").stdout

    def files(self, treeish: str) -> dict[str, str]:
        """All files of a tree and their text."""
        entries = self.repository.entries(Oid(treeish))
        return {
            os.fsdecode(entry.path): self.repository.blob(entry.oid).decode(errors="replace")
            for entry in entries
            if entry.mode in (FILE_MODE, EXECUTABLE_MODE)
        }


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[RepositoryBuilder]:
    """An empty repository in a folder named `project`."""
    folder = tmp_path / "project"
    folder.mkdir()
    with closing(RepositoryBuilder(folder)) as builder:
        yield builder
