"""Every setting of the README does what its line there says."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.conftest import Finished, Swarm, file_reply, git

TASKS = [
    {"id": "left", "role": "builder", "owns": ["app.py"]},
    {"id": "right", "role": "tester", "owns": ["app.py"]},
]


def run_with(swarm: Swarm, settings: Mapping[str, str]) -> Finished:
    """Two tasks that change the same line, and a model that is not sure of their merge."""
    for key, value in settings.items():
        swarm.repo.git("config", key, value)
    swarm.script.answers = {
        "task": lambda call: file_reply({"app.py": f"one\ntwo {call.task}\nthree\n"}),
        "resolve": "Both.\n\n````resolution hunk=1 confidence=0.3\ntwo left\ntwo right\n````\n",
    }
    return swarm.carry_out(*TASKS)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def done(shared: Swarm, elsewhere: Path) -> Finished:
    return run_with(
        shared,
        {
            "swarm.role.tester.model": "claude-haiku-5-5",
            "swarm.overlap": "serialize",
            "swarm.resolve.minConfidence": "0.2",
            "swarm.coAuthor": "Robot <robot@example.org>",
            "swarm.worktreeDir": str(elsewhere),
        },
    )


def test_one_role_may_have_a_model_of_its_own(shared: Swarm, done: Finished) -> None:
    models = {(call.purpose, call.task): call.body["model"] for call in shared.api.calls}

    assert models == {
        ("task", "left"): "claude-sonnet-5-5",
        ("task", "right"): "claude-haiku-5-5",
        ("resolve", "right"): "claude-sonnet-5-5",
    }


def test_tasks_that_own_the_same_paths_take_turns(shared: Swarm, done: Finished) -> None:
    first, second = (call for call in shared.api.calls if call.purpose == "task")

    assert first.ended is not None
    assert first.ended <= second.arrived


def test_a_resolution_is_taken_that_is_as_sure_as_wanted(shared: Swarm, done: Finished) -> None:
    assert (done.status, [hunk["by"] for hunk in done.json["conflicts"][0]["hunks"]]) == (
        0,
        ["model"],
    )
    assert shared.repo.text(done.json["merged"]["commit"], "app.py") == (
        "one\ntwo left\ntwo right\nthree\n"
    )


def test_a_commit_names_the_configured_co_author(shared: Swarm, done: Finished) -> None:
    (commit,) = done.task("left")["commits"]
    key = "--format=%(trailers:key=Co-authored-by,valueonly)"

    assert git(shared.repo.path, "log", "-1", key, commit).strip() == "Robot <robot@example.org>"


def test_worktrees_are_made_in_the_configured_folder(
    shared: Swarm, done: Finished, elsewhere: Path
) -> None:
    shown = Path(shared("path", "left").stdout.strip())

    assert shown.is_relative_to(elsewhere)
    assert (shown / "app.py").read_text() == "one\ntwo left\nthree\n"


def test_an_empty_co_author_names_nobody_and_unsure_resolutions_are_left(swarm: Swarm) -> None:
    done = run_with(swarm, {"swarm.coAuthor": ""})
    (commit,) = done.task("left")["commits"]

    assert "Co-authored-by" not in git(swarm.repo.path, "log", "-1", "--format=%B", commit)
    assert (done.status, [hunk["by"] for hunk in done.json["conflicts"][0]["hunks"]]) == (1, [None])
