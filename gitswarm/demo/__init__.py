"""The demo: a small project of its own, a goal for it, and the recorded replies of a real run."""

import shutil
import sys
from pathlib import Path

from gitswarm.errors import UsageError
from gitswarm.model import Reply, Request
from gitswarm.model.replay import ReplayModel
from gitswarm.repo.repository import Repository

HERE = Path(__file__).parent
PROJECT = HERE / "project"
REPLIES = HERE / "replies"
RENAMED = {"gitignore": ".gitignore"}
"""Files that go by another name while they are data of this package."""

TOKENS_PER_SECOND = 900.0
LONGEST_REPLY_SECONDS = 3.0
"""The replies stream about ten times faster than they were written."""


def goal() -> str:
    return (HERE / "goal.txt").read_text("utf-8").strip()


def verify_command() -> str:
    """The project's own tests, run by the Python that runs this."""
    return f'"{sys.executable}" -B -m unittest'


def make_repository(folder: Path) -> Repository:
    """Put the project into a fresh repository, as one commit. Raises `UsageError` for a folder that
    holds something already."""
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(
            f"{folder} is not empty", hint="git swarm demo FOLDER, with one that is empty or new"
        )
    shutil.copytree(
        PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
    )
    for shipped, name in RENAMED.items():
        (folder / shipped).rename(folder / name)
    Repository.create(folder, branch="main")
    repository = Repository.discover(folder)
    for key, value in {
        "user.name": "gitswarm demo",
        "user.email": "demo@gitswarm.invalid",
        "commit.gpgSign": "false",
        "swarm.verify": verify_command(),
    }.items():
        repository.git("config", key, value)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "-m", "Start the project")
    return Repository.discover(folder)


def recorded_model() -> ReplayModel:
    """The recorded replies, at a pace that can be watched."""
    return ReplayModel(REPLIES, pace=_pace)


def _pace(_: Request, reply: Reply) -> float:
    return min(reply.usage.output / TOKENS_PER_SECOND, LONGEST_REPLY_SECONDS)
