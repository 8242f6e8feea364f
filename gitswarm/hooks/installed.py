"""The hook in the place where git looks for it, and what was there before."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from gitswarm.errors import GitError, UsageError
from gitswarm.repo.repository import Repository

HOOKS = ("pre-push",)


@dataclass(frozen=True)
class HookFile:
    """One hook of a repository."""

    name: str
    folder: Path
    """Where git looks for hooks."""

    @classmethod
    def of(cls, repository: Repository, name: str) -> "HookFile":
        if name not in HOOKS:
            raise UsageError(
                f'there is no hook "{name}" to install', hint=f"there is {', '.join(HOOKS)}"
            )
        return cls(name, repository.hooks_folder)

    @property
    def path(self) -> Path:
        return self.folder / self.name

    @property
    def earlier(self) -> Path:
        """What was there before; the hook runs it first."""
        return self.folder / f"{self.name}.before-swarm"

    @property
    def is_installed(self) -> bool:
        return _read(self.path) == self._script

    @property
    def _script(self) -> bytes:
        return resources.files("gitswarm.hooks").joinpath(self.name).read_bytes()

    def install(self) -> None:
        """Put the hook into place; one that is there is kept and goes on running. Raises
        `GitError` where that is not possible, and then nothing has changed."""
        if self.is_installed:
            return
        if _exists(self.path) and _exists(self.earlier):
            raise GitError(
                f"{self.earlier} is there already, and {self.path} is another hook",
                hint=f"look at both, and move one of them away: {self.earlier}",
            )
        with _told(self.path):
            self.folder.mkdir(parents=True, exist_ok=True)
            new = self.folder / f"{self.name}.new-swarm"
            new.write_bytes(self._script)
            new.chmod(0o755)
            if _exists(self.path):
                self.path.rename(self.earlier)
            new.rename(self.path)

    def uninstall(self) -> bool:
        """Put everything back as it was; False where there was nothing of ours."""
        if not _exists(self.path) and not _exists(self.earlier):
            return False
        if not self.is_installed:
            if not _exists(self.earlier):
                return False
            raise GitError(
                f"{self.path} is not the hook that was installed, so it stays",
                hint=f"the one from before is {self.earlier}",
            )
        with _told(self.path):
            if _exists(self.earlier):
                self.earlier.rename(self.path)
            else:
                self.path.unlink()
        return True


def _exists(path: Path) -> bool:
    """Whether there is anything, a symbolic link that leads nowhere included."""
    return path.is_symlink() or path.exists()


def _read(path: Path) -> bytes | None:
    try:
        return None if path.is_symlink() else path.read_bytes()
    except OSError:
        return None


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise GitError(
            f"{path} cannot be changed: {error.strerror}", hint="look at the folder's permissions"
        ) from None
