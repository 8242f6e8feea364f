"""`swarm.setup`: what a new worktree needs before anything can run in it."""

from pathlib import Path

import pytest

from tests.e2e.checkout import snapshot
from tests.e2e.conftest import Finished, Swarm, file_reply
from tests.messages_api import Scripted

LOOK = "cat .env && ls modules && cat made"


def run(swarm: Swarm, **settings: str) -> Finished:
    """A run of two tasks, whose check shows what there is."""
    swarm.repo.git("config", "swarm.check", LOOK)
    for key, value in settings.items():
        swarm.repo.git("config", f"swarm.{key.replace('_', '.')}", value)
    swarm.script.answers = {"task": lambda call: file_reply({f"{call.task}.txt": "x\n"})}
    before = snapshot(swarm.repo.path)
    done = swarm.carry_out({"id": "a", "role": "builder"}, {"id": "b", "role": "builder"})
    assert snapshot(swarm.repo.path) == before
    return done


@pytest.fixture
def prepared(swarm: Swarm) -> Swarm:
    """The user's checkout has files that are in no commit."""
    swarm.commit({".gitignore": "modules/\n"})
    (swarm.repo.path / ".env").write_text("MODE=test\n")
    (swarm.repo.path / "modules").mkdir()
    (swarm.repo.path / "modules/thing").write_text("large\n")
    return swarm


def test_each_new_worktree_is_set_up_and_goes_all_the_same(prepared: Swarm) -> None:
    prepared.repo.git("config", "swarm.verify", f"{LOOK} a.txt b.txt")

    done = run(prepared, setup="cp .env made", setup_copy=".env", setup_link="modules/")

    assert (done.status, done.json["verify"]["outcome"]) == (0, "passed")
    assert done.outcomes == {"a": "done", "b": "done"}
    outputs = [f["output"] for name, f in prepared.ledger().items() if "/checks/" in name]
    assert outputs == ["MODE=test\nthing\nMODE=test"] * 2
    assert not prepared.worktrees.exists()
    assert (prepared.repo.path / "modules/thing").read_text() == "large\n"
    assert set(prepared.repo.files(done.json["merged"]["commit"])) == {
        *("app.py", "README.md", ".gitignore", "a.txt", "b.txt"),
    }


def test_what_a_setup_left_is_not_in_the_way_of_the_task_s_own_files(swarm: Swarm) -> None:
    swarm.commit({"lock": "1\n"})
    swarm.repo.git(
        "config", "swarm.setup", "echo 2 > lock; echo made > made; mkdir gen; echo made > gen/made"
    )
    files = {"lock": "3\n", "made": "mine\n", "gen/made": "mine\n", "gen/other": "mine\n"}
    swarm.script.answers = {"task": file_reply(files)}

    done = swarm.carry_out({"id": "a", "role": "builder"})

    assert (done.outcomes, done.task("a")["error"]) == ({"a": "done"}, None)
    assert swarm.repo.files(done.json["merged"]["commit"]).items() >= files.items()
    assert not swarm.worktrees.exists()


def test_a_worktree_that_is_made_for_a_person_is_set_up_too(prepared: Swarm) -> None:
    run(prepared, setup="cp .env made", setup_copy=".env", setup_link="modules/")

    folder = Path(prepared("path", "a").stdout.strip())
    prepared.repo.git("config", "swarm.setup", "echo no network; exit 4")
    other = prepared("path", "b", "--json")

    assert {path.name for path in folder.iterdir()} >= {".env", "made", "modules", "a.txt"}
    assert (other.status, other.json["error"]) == (
        1,
        "its worktree could not be set up: echo no network; exit 4 (exit status 4): no network",
    )


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"setup": "echo no network; exit 4"}, "could not be set up: echo no network; exit 4"),
        ({"setup_copy": "nothing"}, "swarm.setup.copy names nothing, which is not in "),
        ({"setup_link": "nothing"}, "swarm.setup.link names nothing, which is not in "),
    ],
)
def test_a_setup_that_fails_is_the_failure_of_its_task(
    prepared: Swarm, settings: dict[str, str], told: str
) -> None:
    done = run(prepared, **settings)

    assert (done.status, done.outcomes) == (1, {"a": "failed", "b": "failed"})
    assert told in done.task("a")["error"]
    assert not prepared.worktrees.exists()


def test_a_setup_that_fails_does_not_wait_for_the_model(prepared: Swarm) -> None:
    prepared.repo.git("config", "swarm.setup", "exit 1")
    prepared.script.answers = {"task": Scripted.text("too late", latency=30.0)}

    done = prepared.carry_out({"id": "a", "role": "builder"})

    assert done.outcomes == {"a": "failed"}
    assert done.json["seconds"] < 20


def test_what_the_commit_has_stays_and_no_link_leads_out(prepared: Swarm, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (prepared.repo.path / "out").mkdir()
    (prepared.repo.path / "out/file").write_text("x\n")
    prepared.base = prepared.repo.commit(
        {"out": str(outside)}, on=prepared.base, modes={"out": "120000"}
    )
    prepared.repo.git("update-ref", "refs/heads/main", prepared.base)
    (prepared.repo.path / "app.py").write_text("changed by the user\n")
    prepared.repo.git("config", "swarm.setup.copy", "app.py")
    prepared.repo.git("config", "--add", "swarm.setup.copy", "out/file")
    prepared.repo.git("config", "swarm.setup", "cat app.py; exit 1")
    prepared.script.answers = {"task": file_reply({"a.txt": "x\n"})}

    done = prepared.carry_out({"id": "a", "role": "builder"})

    assert (
        "names out/file, which a symbolic link leads out of the worktree"
        in (done.task("a")["error"])
    )
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", ".git/config", ""])
def test_a_path_outside_the_checkout_is_no_setting(prepared: Swarm, path: str) -> None:
    done = run(prepared, setup_copy=path)

    assert done.status == 2
    assert done.json["error"].startswith("swarm.setup.copy is ")
