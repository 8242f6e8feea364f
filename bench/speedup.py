"""How much of a run's time is ours: five agents side by side against a server that takes its time.

    python -m bench.speedup [RUNS]

The agents take 1.83, 2.21, 2.47, 3.12 and 3.85 s, a tenth of those of the sketch that claimed a
speedup of 3.3 for them (as written it runs them one after another: 1.0). The limit is the sum
over the longest, 3.5. Printed are the medians of RUNS (3) runs of the command, as a process:

    wall      from the start of the process to its end
    planner, longest, import    what no program could do without
    overhead  wall less these three: git, worktrees, merges, the report. Wanted: under 0.5 s
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.messages_api import Call, MessagesApi, Scripted

AGENTS = {
    "builder": 1.83,
    "tester": 2.21,
    "documenter": 2.47,
    "researcher": 3.12,
    "deployer": 3.85,
}
PLANNER = 0.5
FILES = 200


def respond(call: Call) -> Scripted:
    if call.purpose == "plan":
        tasks = [{"id": role, "role": role, "prompt": "Do your part."} for role in AGENTS]
        plan = json.dumps({"goal": "a feature", "tasks": tasks})
        return Scripted.text(f"A plan.\n\n````plan\n{plan}\n````\n", seconds=PLANNER)
    text = "Looked into it."
    if call.task != "researcher":
        text += f"\n\n````text path=src/{call.task}.txt\n{call.task}\n````\n"
    return Scripted.text(text, seconds=AGENTS[call.task])


def make_repository(folder: Path, *, files: int = FILES) -> None:
    for number in range(files):
        file = folder / f"src/module{number % 10}/file{number}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"value = {number}\n")
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-C", str(folder)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "base"]):
        subprocess.run([*git, *command], check=True)
    for key, value in (("user.name", "bench"), ("user.email", "bench@example.org")):
        subprocess.run([*git, "config", key, value], check=True)


def import_seconds() -> float:
    """What `import anthropic` takes by itself, less the start of Python."""

    def timed(program: str) -> float:
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", program], check=True)
        return time.monotonic() - began

    timed("import anthropic")
    return statistics.median(timed("import anthropic") - timed("pass") for _ in range(3))


def run_once(api: MessagesApi) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "project"
        folder.mkdir()
        make_repository(folder)
        api.calls.clear()
        command = [sys.executable, "-c", "from gitswarm.cli import main; main()"]
        began = time.monotonic()
        done = subprocess.run(
            [*command, "-y", "--json", "a feature"],
            cwd=folder,
            env={**os.environ, **api.environment()},
            capture_output=True,
            check=True,
        )
        wall = time.monotonic() - began
    report = json.loads(done.stdout)
    assert [task["outcome"] for task in report["tasks"]] == ["done"] * 3 + ["noted", "done"]
    spans = {call.task or "planner": (call.ended or 0.0) - call.arrived for call in api.calls}
    return {
        "wall": wall,
        "planner": spans.pop("planner"),
        "longest": max(spans.values()),
        "sum": sum(spans.values()),
        "speedup": report["speedup"],
    }


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    imported = import_seconds()
    with MessagesApi(respond).serving() as api:
        measured = [run_once(api) for _ in range(runs)]
    median = {key: statistics.median(run[key] for run in measured) for key in measured[0]}
    alone = median["planner"] + median["longest"]
    for name, seconds in (
        ("wall", median["wall"]),
        ("planner", median["planner"]),
        ("longest", median["longest"]),
        ("import", imported),
        ("overhead", median["wall"] - alone - imported),
    ):
        print(f"{name:<10}{seconds:7.2f} s")
    one_after_another = median["planner"] + median["sum"]
    print(f"{'speedup':<10}{one_after_another / median['wall']:7.2f} times, import included")
    print(f"{'':<10}{median['sum'] / median['longest']:7.2f} at most, for the agents alone")


if __name__ == "__main__":
    main()
