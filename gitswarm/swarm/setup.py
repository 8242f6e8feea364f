"""Setup: what a new worktree needs before anything can run in it: files of the user's checkout that
are in no commit, and a command."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from gitswarm.process import run_shell
from gitswarm.repo.repository import Repository
from gitswarm.settings import Settings
from gitswarm.swarm.checks import FailedCheck
from gitswarm.swarm.work import TaskFailedError


@dataclass(frozen=True, slots=True)
class Setup:
    checkout: Path
    """The user's, from which files are taken."""
    command: str | None
    copy: tuple[str, ...]
    link: tuple[str, ...]
    seconds: float
    """The time limit of the command."""

    @classmethod
    def configured(cls, settings: Settings, repository: Repository) -> "Setup | None":
        """As `swarm.setup`, `swarm.setup.copy` and `swarm.setup.link` say; None where none does."""
        if not (settings.setup or settings.setup_copy or settings.setup_link):
            return None
        return cls(
            repository.work_tree or repository.folder,
            settings.setup,
            settings.setup_copy,
            settings.setup_link,
            settings.timeout_seconds,
        )

    async def prepare(self, folder: Path) -> None:
        """Make a worktree ready. Raises `SetupError`."""
        for path in self.copy:
            self._bring(path, folder, link=False)
        for path in self.link:
            self._bring(path, folder, link=True)
        if self.command is None:
            return
        run = await run_shell(self.command, folder, timeout=self.seconds)
        if not run.passed:
            told = FailedCheck(self.command, run).summary
            raise SetupError(f"its worktree could not be set up: {told}")

    def _bring(self, path: str, folder: Path, *, link: bool) -> None:
        """What the commit has at that path stays: it is the newer word."""
        source, target = self.checkout / path, folder / path
        key = "swarm.setup.link" if link else "swarm.setup.copy"
        if os.path.lexists(target):
            return
        if not source.exists():
            raise SetupError(f"{key} names {path}, which is not in {self.checkout}")
        if not target.parent.resolve().is_relative_to(folder.resolve()):
            raise SetupError(f"{key} names {path}, which a symbolic link leads out of the worktree")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if link:
                target.symlink_to(source, target_is_directory=source.is_dir())
            elif source.is_dir():
                shutil.copytree(source, target, symlinks=True)
            else:
                shutil.copy2(source, target)
        except (OSError, shutil.Error) as error:
            raise SetupError(f"{key}: {path} could not be brought along: {error}") from None


class SetupError(TaskFailedError):
    """A worktree could not be made ready."""
