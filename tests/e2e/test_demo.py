"""The demo: recorded replies, real everything else."""

import json
import subprocess
import sys
from pathlib import Path

from gitswarm.repo.repository import Repository
from tests.e2e.conftest import check


def test_five_recorded_agents_become_one_verified_branch(tmp_path: Path) -> None:
    folder = tmp_path / "signpost"
    command = [sys.executable, "-c", "from gitswarm.cli import main; main()", "demo"]

    done = subprocess.run(
        [*command, "--json", str(folder)], capture_output=True, check=True, timeout=60
    )

    report = json.loads(done.stdout)
    check(report)
    assert report["exit_code"] == 0
    assert sorted(task["role"] for task in report["tasks"]) == [
        "builder",
        "deployer",
        "documenter",
        "researcher",
        "tester",
    ]
    assert report["verify"]["outcome"] == "passed"
    assert {hunk["by"] for c in report["conflicts"] for hunk in c["hunks"]} == {"model"}
    assert "recorded" in done.stderr.decode()
    repository = Repository.discover(folder)
    plan = repository.git("cat-file", "blob", f"refs/swarm/{report['run']}:plan.json").stdout
    assert any(task["depends_on"] for task in json.loads(plan)["tasks"])
    assert repository.git("status", "--porcelain").stdout == b""


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    command = [sys.executable, "-c", "from gitswarm.cli import main; main()", "demo"]

    done = subprocess.run([*command, str(tmp_path)], capture_output=True, timeout=60)

    assert done.returncode == 2
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]
