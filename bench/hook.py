"""What the hook costs at a push before any model is asked: `git swarm hook run check`.

    python -m bench.hook [ROUNDS]

For each kind of push: the shortest and the median time of so many rounds (9), and the processor
time of the cheapest. Wanted: under 0.3 s. On a machine that does something else as well, the
processor time is the one to compare.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

COMMAND = [sys.executable, "-c", "from gitswarm.cli import main; main()", "hook", "run", "check"]

Commit = Mapping[str, str]
"""New contents of files."""


def code(lines: int, seed: int = 0) -> str:
    return "".join(f"    total_{seed} = add(rows[{n}], key='x{n}')\n" for n in range(lines))


PUSHES: Mapping[str, list[Commit]] = {
    "20 lines": [{"a.py": code(20)}],
    "20 lines with a hash": [{"a.py": code(20) + f"# {'0a1b' * 10}\n"}],
    "5,000 lines": [{f"a{n}.py": code(500, n) for n in range(10)}],
    "500 commits": [{f"a{n % 20}.py": code(10, n)} for n in range(500)],
    "100,000 lines": [{f"a{n}.py": code(1_000, n) for n in range(100)}],
}


def make_repository(folder: Path, commits: list[Commit], *, files: int) -> str:
    """`origin/main` holds so many files, `main` the commits as well; the first new commit."""
    git = ("git", "-C", str(folder))
    subprocess.run(["git", "init", "--quiet", "-b", "main", folder], check=True)
    old = {f"module{n // 100:03}/file{n:06}.py": f"value = {n}\n" for n in range(files)}
    stream = b"".join(fast_import([old, *commits]))
    subprocess.run([*git, "fast-import", "--quiet"], input=stream, check=True)
    base = subprocess.check_output([*git, "rev-list", "--max-parents=0", "main"]).decode().strip()
    subprocess.run([*git, "update-ref", "refs/remotes/origin/main", base], check=True)
    return base


def fast_import(commits: list[Commit]) -> Iterator[bytes]:
    for number, files in enumerate(commits, 1):
        who = f"committer A <a@example.org> {number} +0000"
        yield f"commit refs/heads/main\n{who}\ndata 1\nx\n".encode()
        for path, text in files.items():
            yield f"M 644 inline {path}\ndata {len(text)}\n{text}\n".encode()


def measure(folder: Path, base: str) -> tuple[float, float]:
    """Seconds by the clock and of the processors, of one process and its children."""
    told = {
        "PRE_COMMIT_REMOTE_NAME": "origin",
        "PRE_COMMIT_REMOTE_BRANCH": "refs/heads/main",
        "PRE_COMMIT_FROM_REF": base,
        "PRE_COMMIT_TO_REF": "refs/heads/main",
    }
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(COMMAND, cwd=folder, env={**os.environ, **told}, check=True)
    seconds = time.perf_counter() - began
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    with tempfile.TemporaryDirectory() as name:
        for files in (100, 100_000):
            for push, commits in PUSHES.items():
                folder = Path(name) / f"{files} {push}"
                base = make_repository(folder, commits, files=files)
                times, used = zip(*(measure(folder, base) for _ in range(rounds)), strict=True)
                print(
                    f"{push + f' in {files:,} files':42} {min(times):.2f} s,"
                    f" median {statistics.median(times):.2f} s, processor {min(used):.2f} s"
                )


if __name__ == "__main__":
    main()
