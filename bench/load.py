"""Many agents on an account that takes few calls at once: 200 tasks, 20 calls, 429 for the rest.

    python -m bench.load [RUNS]

Every reply takes a second from its first byte to its last, so nobody could do it in less than
10 s. The server is a process of its own. The command is `git swarm run PLAN --jobs 200`, as a
process, in a repository of 300 files; printed are the medians of RUNS (1) runs of it:

    wall      from the start of the process to its end
    import    what `import anthropic` takes by itself
    ratio     wall less import, over the ideal of 10 s. Wanted: at most 1.15
    refused   calls answered with 429
    lost      tasks that are not done, or whose file is not in the merged tree. Wanted: none
    memory    the most that was resident, of the command. Wanted: under 300 MB
    cpu       of the command and every git it ran; more than wall times cores cannot be had

A worktree is made for each task below TMPDIR, sparse as there are so many. TMPDIR on a tmpfs shows
what is left without the disk: an ext4 without a journal takes a millisecond for each new file while
thousands were deleted in the last minute, as worktrees are.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from bench.speedup import import_seconds, make_repository
from tests.messages_api import Call, MessagesApi, Scripted

TASKS = [f"task-{number:03}" for number in range(200)]
AT_ONCE = 20
SECONDS = 1.0
FILES = 300
IDEAL = len(TASKS) / AT_ONCE * SECONDS


def respond(call: Call) -> Scripted:
    text = f"Written.\n\n````text path=src/{call.task}.txt\n{call.task}\n````\n"
    return Scripted.text(text, seconds=SECONDS)


@contextlib.contextmanager
def serving() -> Iterator[MessagesApi]:
    """The server as a process; what is returned knows only where it is."""
    command = [sys.executable, "-m", "tests.messages_api", "--script", __file__]
    with subprocess.Popen(
        [*command, "--max-in-flight", str(AT_ONCE)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            url = server.stdout.readline().split()[1]
            yield MessagesApi(port=int(url.rpartition(":")[2]))
        finally:
            server.terminate()


def statuses(api: MessagesApi) -> list[int]:
    """Of every call so far, what it was answered with."""
    with build_opener(ProxyHandler({})).open(f"{api.url}/calls") as response:
        return [call["status"] for call in json.load(response)]


def run_once() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name, serving() as api:
        folder, output, plan = (Path(name) / part for part in ("project", "output", "plan.json"))
        folder.mkdir()
        make_repository(folder, files=FILES)
        tasks = [{"id": task, "role": "builder", "prompt": "Do your part."} for task in TASKS]
        plan.write_text(json.dumps({"version": 1, "goal": "much", "tasks": tasks}))
        command = [sys.executable, "-c", "from gitswarm.cli import main; main()"]
        with output.open("w") as stdout:
            began = time.monotonic()
            process = subprocess.Popen(
                [*command, "run", str(plan), "--jobs", str(len(TASKS)), "--json"],
                cwd=folder,
                env={**os.environ, **api.environment()},
                stdout=stdout,
                stderr=subprocess.DEVNULL,
            )
            _, status, used = os.wait4(process.pid, 0)
            wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        report = json.loads(output.read_text())
        done = {task["id"] for task in report["tasks"] if task["outcome"] == "done"}
        merged = subprocess.run(
            ["git", "-C", folder, "ls-tree", "--name-only", report["merged"]["tree"], "src/"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        answers = statuses(api)
    kept = done & {Path(path).stem for path in merged}
    return {
        "wall": wall,
        "calls": len(answers),
        "refused": answers.count(429),
        "lost": len(TASKS) - len(kept),
        "memory": used.ru_maxrss / 1024,
        "cpu": used.ru_utime + used.ru_stime,
        "exit": process.returncode,
    }


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    imported = import_seconds()
    measured = [run_once() for _ in range(runs)]
    median = {key: statistics.median(run[key] for run in measured) for key in measured[0]}
    print(f"{'wall':<10}{median['wall']:7.2f} s")
    print(f"{'import':<10}{imported:7.2f} s")
    print(f"{'ratio':<10}{(median['wall'] - imported) / IDEAL:7.2f} times {IDEAL:g} s")
    print(f"{'refused':<10}{median['refused']:7.0f} of {median['calls']:.0f} calls")
    print(f"{'lost':<10}{max(run['lost'] for run in measured):7.0f} of {len(TASKS)} tasks")
    print(f"{'memory':<10}{max(run['memory'] for run in measured):7.0f} MB")
    print(f"{'cpu':<10}{median['cpu']:7.2f} s")
    print(f"{'exit':<10}{median['exit']:7.0f}")


if __name__ == "__main__":
    main()
