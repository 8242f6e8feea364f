"""The worktrees of 5 and of 50 agents on 100,000 files, against plain `git worktree add`.

    python -m bench.worktrees [FOLDER]

Below FOLDER (a temporary one) a repository is made, and one plain worktree: what that takes, times
the number of agents, is what agents would pay who are all given whole checkouts. Ours are sparse,
made by four threads as a run makes them, and each is brought to a commit that changes one file.

    time      plain over ours. Wanted: at least 20
    disk      plain over ours, in blocks allocated. Wanted: at least 50
"""

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gitswarm.repo.objects import FILE_MODE, BranchName, Oid, RepoPath
from gitswarm.repo.repository import Repository
from gitswarm.repo.worktree import Worktree
from gitswarm.swarm.checkout import THREADS

FILES = 100_000
AGENTS = (5, 50)


def make_repository(folder: Path) -> None:
    """One commit of many small files, a hundred to a directory."""
    subprocess.run(["git", "init", "--quiet", "-b", "main", folder], check=True)
    lines = [b"commit refs/heads/main\ncommitter A <a@example.org> 1 +0000\ndata 1\nx\n"]
    for number in range(FILES):
        path = f"module{number // 1000:03}/package{number // 100 % 10}/file{number:06}.py"
        data = f"def function_{number}():\n    return {number}\n"
        lines.append(f"M 644 inline {path}\ndata {len(data)}\n{data}\n".encode())
    load = ["git", "-C", str(folder), "fast-import", "--quiet"]
    subprocess.run(load, input=b"".join(lines), check=True)


def allocated(*folders: Path) -> int:
    """Bytes on disk, as du(1) counts them."""
    found = (entry for folder in folders for entry in folder.rglob("*"))
    return sum(os.lstat(entry).st_blocks * 512 for entry in found)


def measure_plain(folder: Path, path: Path) -> tuple[float, int]:
    began = time.monotonic()
    subprocess.run(["git", "-C", folder, "worktree", "add", "--quiet", "-b", "p", path], check=True)
    seconds = time.monotonic() - began
    size = allocated(path, folder / ".git/worktrees")
    remove = ["git", "-C", str(folder), "worktree", "remove", "--force", str(path)]
    subprocess.run(remove, check=True)
    return seconds, size


def measure_ours(repository: Repository, folder: Path, agents: int) -> tuple[float, int]:
    base = repository.commit_oid("main")

    def work(number: int) -> Worktree:
        branch, path = BranchName(f"swarm/{agents}/{number}"), folder / f"{agents}-{number}"
        worktree = Worktree.add(repository, path, branch=branch, commit=base, only=[])
        changed = RepoPath(f"module{number:03}/package0/file{number:03}000.py".encode())
        change = {changed: (FILE_MODE, repository.write_blob(b"changed\n"))}
        tree = repository.edit_tree(repository.tree(base), change)
        commit: Oid = repository.commit_tree(tree, [base], "change")
        worktree.move_to(base, commit)
        return worktree

    began = time.monotonic()
    with ThreadPoolExecutor(THREADS) as threads:
        worktrees = list(threads.map(work, range(agents)))
    seconds = time.monotonic() - began
    size = allocated(folder, repository.common_dir / "worktrees")
    for worktree in worktrees:
        worktree.discard()
    return seconds, size


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        folder = Path(name) / "project"
        make_repository(folder)
        plain_seconds, plain_bytes = measure_plain(folder, Path(name) / "plain")
        print(f"plain      {plain_seconds:8.2f} s {plain_bytes / 1e6:8.0f} MB each")
        repository = Repository.discover(folder)
        for agents in AGENTS:
            seconds, size = measure_ours(repository, Path(name) / "ours", agents)
            print(
                f"{agents} agents  {seconds:8.2f} s {size / 1e6:8.0f} MB:"
                f" {agents * plain_seconds / seconds:.0f} times faster,"
                f" {agents * plain_bytes / size:.0f} times less disk"
            )


if __name__ == "__main__":
    main()
