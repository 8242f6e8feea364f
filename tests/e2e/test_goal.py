"""The whole way of a goal."""

from tests.e2e.conftest import Swarm, file_reply, plan_reply


def test_five_agents_become_one_merged_branch(swarm: Swarm) -> None:
    swarm.script.answers = {
        "plan": plan_reply(
            {"id": "builder", "role": "builder", "title": "Build it", "owns": ["feature.py"]},
            {"id": "tester", "role": "tester", "depends_on": ["builder"]},
            {"id": "documenter", "role": "documenter"},
            {"id": "researcher", "role": "researcher"},
            {"id": "deployer", "role": "deployer"},
        ),
        "task:builder": file_reply({"feature.py": "x = 1\n"}),
        "task:tester": file_reply({"test_feature.py": "import feature\n"}),
        "task:documenter": file_reply({"README.md": "# Project\n\nNow with a feature.\n"}),
        "task:researcher": "I found nothing against it.",
        "task:deployer": file_reply({".github/workflows/ci.yml": "on: push\n"}),
    }

    done = swarm("-y", "--json", "add a feature")

    assert done.status == 0, done.stderr
    report = done.json
    run = report["run"]
    assert [(t["id"], t["outcome"]) for t in report["tasks"]] == [
        ("builder", "done"),
        ("tester", "done"),
        ("documenter", "done"),
        ("researcher", "noted"),
        ("deployer", "done"),
    ]
    assert report["merged"]["branch"] == f"swarm/{run}/merged"
    assert swarm.repo.files(report["merged"]["commit"]) == {
        ".github/workflows/ci.yml": "on: push\n",
        "README.md": "# Project\n\nNow with a feature.\n",
        "app.py": "one\ntwo\nthree\n",
        "feature.py": "x = 1\n",
        "test_feature.py": "import feature\n",
    }
