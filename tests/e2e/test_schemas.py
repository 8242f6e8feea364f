"""Everything that `--json` prints is what its schema says, which `Finished.json` checks wherever an
answer is read."""

import json

import pytest
from jsonschema import Draft202012Validator

from tests.e2e.conftest import SCHEMAS, Swarm, file_reply, plan_reply
from tests.messages_api import Call, Scripted


def test_the_schemas_are_schemas() -> None:
    for file in SCHEMAS.glob("*.json"):
        schema = json.loads(file.read_text("utf-8"))
        Draft202012Validator.check_schema(schema)
        name, version = file.stem.rsplit("-", 1)
        assert schema["properties"]["schema"]["const"] == f"gitswarm/{name}/{version}"


def resolve(call: Call) -> str:
    """Both in one file, declined in the other."""
    if "app.py" in call.last_text:
        return "Both.\n\n````resolution hunk=1 confidence=0.9\nONE = 1\n````\n"
    return "````unresolved hunk=1\nThey contradict each other.\n````\n"


def test_a_run_of_which_everything_went_differently(swarm: Swarm) -> None:
    swarm.script.answers = {
        "plan": plan_reply(
            {"id": "one", "role": "builder"},
            {"id": "two", "role": "documenter"},
            {"id": "three", "role": "tester"},
            {"id": "report", "role": "researcher"},
            {"id": "mute", "role": "builder"},
            {"id": "slow", "role": "builder", "timeout_seconds": 0.3},
            {"id": "broken", "role": "builder"},
            {"id": "after", "role": "tester", "depends_on": ["broken"]},
        ),
        "task:one": file_reply({"app.py": "ONE\ntwo\nthree\n", "README.md": "# One\n"}),
        "task:two": file_reply({"app.py": "1\ntwo\nthree\n"}),
        "task:three": file_reply({"README.md": "# Three\n"}),
        "task:report": "All is well.",
        "task:mute": "I did nothing.",
        "task:slow": Scripted.text("too late", latency=2.0),
        "task:broken": Scripted.error(400),
        "resolve": resolve,
    }

    done = swarm("-y", "--json", "--budget", "50", "--verify", "true", "everything at once")

    assert done.status == 1, done.stderr
    report = done.json
    assert {task["id"]: task["outcome"] for task in report["tasks"]} == {
        "one": "done",
        "two": "done",
        "three": "done",
        "report": "noted",
        "mute": "empty",
        "slow": "timeout",
        "broken": "failed",
        "after": "skipped",
    }
    assert {hunk["by"] for c in report["conflicts"] for hunk in c["hunks"]} == {"model", None}
    assert (report["budget_usd"], report["exit_code"]) == (50.0, 1)
    assert report["verify"] == {
        "command": "true",
        "outcome": "passed",
        "runs": 1,
        "culprits": [],
    }
    for command in (["list"], ["status"], ["show"], ["show", "one"], ["path", "one"]):
        assert swarm(*command, "--json").json["schema"] == f"gitswarm/{command[0]}/1"


def test_a_plan(swarm: Swarm) -> None:
    swarm.script.answers = {"plan": plan_reply({"id": "a", "role": "builder"})}

    assert swarm("plan", "--json", "something").json["schema"] == "gitswarm/plan/1"


@pytest.mark.parametrize(
    "arguments",
    [["--json", ""], ["--json", "-y"], ["status", "--json", "no-0000"], ["--json", "-x"]],
)
def test_an_error(swarm: Swarm, arguments: list[str]) -> None:
    done = swarm(*arguments)

    assert done.status == 2
    assert (done.json["schema"], done.json["exit_code"]) == ("gitswarm/error/1", 2)
