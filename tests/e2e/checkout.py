"""Everything of a checkout that is the user's, to be compared byte for byte."""

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from tests.e2e.conftest import git

Snapshot = dict[str, tuple[int, bytes]]
"""Mode and content by path."""

_OURS = re.compile(r"(^|/)(gitswarm|objects|(logs/)?refs/(heads/)?swarm)(/|$)")
"""What a run adds below a git directory: objects, and what is under its own names."""


def snapshot(work_tree: Path) -> Snapshot:
    """Every file of a checkout, tracked or not, and every file of its git directory: HEAD, index,
    configuration, hooks, refs, reflogs, the stash and the state of a merge."""
    git_dir = Path(git(work_tree, "rev-parse", "--absolute-git-dir").removesuffix("\n"))

    def is_ours(path: Path) -> bool:
        return bool(_OURS.search(str(path.relative_to(git_dir)))) or _is_agents_worktree(path)

    inside = _files(work_tree, but=lambda path: path.name == ".git" or path == git_dir)
    return {**inside, **_files(git_dir, but=is_ours)}


def _is_agents_worktree(path: Path) -> bool:
    """Whether this is what git notes of a worktree of ours, complete or still being made."""
    if path.parent.name != "worktrees":
        return False
    try:
        pointer = (path / "gitdir").read_bytes()
    except FileNotFoundError:
        return True
    return not pointer or b".swarm/" in pointer


def _files(folder: Path, *, but: Callable[[Path], bool]) -> Snapshot:
    found: Snapshot = {}
    if but(folder):
        return found
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        folders[:] = [name for name in folders if not but(here / name)]
        for file in (here / name for name in [*folders, *names]):
            if but(file):
                continue
            mode = file.lstat().st_mode
            if stat.S_ISLNK(mode):
                found[str(file)] = mode, os.fsencode(file.readlink())
            elif stat.S_ISREG(mode):
                found[str(file)] = mode, file.read_bytes()
    return found


def make_dirty(folder: Path) -> None:
    """Work of every sort that is in no commit, on the branch that is checked out."""
    (folder / ".gitignore").write_text("*.log\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "gone.txt").write_text("gone\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "before the work")
    for word in ("first", "second"):
        (folder / "app.py").write_text(f"stashed {word}\n")
        (folder / "new.txt").write_text(f"stashed {word}\n")
        git(folder, "stash", "push", "--quiet", "--include-untracked", "--message", word)
    (folder / "staged.txt").write_text("staged\n")
    (folder / "app.py").write_text("staged\n")
    (folder / "empty.txt").write_text("")
    git(folder, "add", "staged.txt", "app.py")
    git(folder, "add", "--intent-to-add", "empty.txt")
    (folder / "app.py").write_text("unstaged, on top of what is staged\n")
    (folder / "gone.txt").unlink()
    (folder / "run.sh").chmod(0o755)
    (folder / "untracked.txt").write_text("untracked\n")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "ignored.log").write_text("ignored\n")
    make_index_stale(folder)


def make_index_stale(folder: Path) -> None:
    """Give a file another time: git would like to note it in the index at the next occasion."""
    os.utime(folder / "README.md", (0, 0))
