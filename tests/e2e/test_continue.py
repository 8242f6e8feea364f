"""What is left open is resolved by a person, with git's own tools."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.checkout import make_dirty, snapshot
from tests.e2e.conftest import Finished, Swarm, file_reply, git

DECLINED = "````unresolved hunk=1\nThey contradict each other.\n````\n"


def task(id: str, *depends_on: str) -> dict[str, Any]:
    return {"id": id, "role": "builder", "title": f"Do {id}", "depends_on": list(depends_on)}


@pytest.fixture
def run(swarm: Swarm) -> Finished:
    """A run with two branches set aside, for one file each."""
    make_dirty(swarm.repo.path)
    swarm.base = swarm.repo.repository.commit_oid("HEAD")
    swarm.script.answers = {
        "task:left": file_reply({"app.py": "one left\ntwo\nthree\n", "README.md": "# Left\n"}),
        "task:right": file_reply({"app.py": "one right\ntwo\nthree\n"}),
        "task:third": file_reply({"README.md": "# Third\n"}),
        "task": lambda call: file_reply({f"{call.task}.txt": f"{call.task}\n"}),
        "resolve": DECLINED,
    }
    done = swarm.carry_out(task("left"), task("right"), task("third"), task("other"))
    assert done.status == 1
    swarm.api.calls.clear()
    return done


def folder(swarm: Swarm, done: Finished, id: str) -> Path:
    run: str = done.json["run"]
    return swarm.worktrees / run / f"{id}.merge"


def stages(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in git(path, "ls-files", "--unmerged").splitlines():
        facts, name = line.split("\t")
        found.setdefault(name, []).append(facts.split(" ")[2])
    return found


def trailers(swarm: Swarm, rev: str) -> list[str]:
    shown = git(swarm.repo.path, "log", "-1", "--format=%(trailers:only,unfold)", rev)
    return shown.strip().splitlines()


def test_the_first_call_makes_the_state_that_git_merge_leaves(swarm: Swarm, run: Finished) -> None:
    before = snapshot(swarm.repo.path)
    done = swarm("continue", "--json", COLUMNS="400")
    first = next(path for path in swarm.worktrees.glob("*/*"))
    id = first.name.removesuffix(".merge")
    file, mine, theirs = {
        "right": ("app.py", "one left", "one right"),
        "third": ("README.md", "# Left", "# Third"),
        "left": ("app.py", "one right", "one left"),
    }[id]

    assert (done.status, swarm.purposes()) == (1, [])
    assert first == folder(swarm, run, id)
    assert f"cd {first}" in done.stderr
    assert f"git swarm continue {run.json['run']}" in done.stderr
    assert stages(first)[file] == ["1", "2", "3"]
    text = (first / file).read_text().splitlines()
    assert [line[:7] for line in text if line[:7] in ("<<<<<<<", "=======", ">>>>>>>")] == [
        "<<<<<<<",
        "=======",
        ">>>>>>>",
    ]
    assert mine in text
    assert theirs in text
    git_dir = Path(git(first, "rev-parse", "--absolute-git-dir").strip())
    assert (git_dir / "MERGE_HEAD").read_text().strip() == run.task(id)["commits"][-1]
    assert (git_dir / "MERGE_MSG").read_text().startswith(f"Merge {id}: Do {id}\n")
    assert git(first, "diff", "--name-only", "--diff-filter=U").splitlines() == [*stages(first)]
    assert done.json["merged"] == run.json["merged"]

    again = swarm("continue", "--json", COLUMNS="400")
    assert again.status == 1
    assert f"in {first} is still in conflict" in again.stderr
    assert snapshot(swarm.repo.path) == before


def resolve(swarm: Swarm, run: Finished, *, commit: bool) -> Path:
    """What a person does in the folder that is there."""
    (path,) = swarm.worktrees.glob("*/*.merge")
    for name in stages(path):
        words = {"app.py": "one left right\ntwo\nthree\n", "README.md": "# Left and third\n"}
        (path / name).write_text(words[name])
        if commit:
            git(path, "add", name)
    if commit:
        git(path, "commit", "--quiet", "--no-edit")
    return path


def test_what_a_person_made_is_taken_and_the_next_one_offered(swarm: Swarm, run: Finished) -> None:
    before = snapshot(swarm.repo.path)
    aside = [c for c in run.json["conflicts"] if any(h["by"] is None for h in c["hunks"])]
    swarm("continue")
    first = resolve(swarm, run, commit=True)
    made = git(first, "rev-parse", "HEAD").strip()
    done = swarm("continue", "--json")
    while list(swarm.worktrees.glob("*/*.merge")):
        resolve(swarm, run, commit=False)
        done = swarm("continue", "--json")

    assert done.status == 0, done.stderr
    merged = done.json["merged"]["commit"]
    assert swarm.repo.files(merged) == {
        **swarm.repo.files(swarm.base),
        "app.py": "one left right\ntwo\nthree\n",
        "README.md": "# Left and third\n",
        "other.txt": "other\n",
    }
    commits = git(swarm.repo.path, "log", "--first-parent", "--format=%H", merged).split()
    assert made in commits
    resolved = [
        line for commit in commits for line in trailers(swarm, commit) if "Resolved" in line
    ]
    assert sorted(resolved) == [
        "Swarm-Resolved: README.md hunk=1 by=human",
        "Swarm-Resolved: app.py hunk=1 by=human",
    ]
    assert {h["by"] for c in done.json["conflicts"] for h in c["hunks"]} == {"human"}
    assert len(done.json["conflicts"]) == len(aside)
    assert not swarm.worktrees.exists()
    assert (swarm.purposes(), snapshot(swarm.repo.path)) == ([], before)
    kept = [v for path, v in swarm.ledger().items() if path.startswith("resolutions/")]
    assert sorted((one["path"], one["by"]) for one in kept) == [
        ("README.md", "human"),
        ("app.py", "human"),
    ]

    again = swarm("integrate", "--json")
    assert again.json["merged"] == done.json["merged"]
    for id in ("other", "left"):
        assert swarm("drop", id, "--json").json["merged"]["tree"] != done.json["merged"]["tree"]
    for id in ("other", "left"):
        restored = swarm("drop", "--undo", id, "--json")
    assert restored.json["merged"]["tree"] == done.json["merged"]["tree"]


def test_tasks_that_waited_for_a_conflict_go_on_after_it(swarm: Swarm) -> None:
    swarm.script.answers = {
        "task:left": file_reply({"app.py": "one left\ntwo\nthree\n"}),
        "task:right": "Gone.\n\n````delete path=app.py\n````\n",
        "task": lambda call: file_reply({f"{call.task}.txt": f"{call.task}\n"}),
        "resolve": "````unresolved path=app.py\nThey contradict each other.\n````\n",
    }
    run = swarm.carry_out(task("left"), task("right"), task("after", "left", "right"))
    opened = swarm("continue", "--json")
    (path,) = swarm.worktrees.glob("*/*.merge")
    untouched = swarm("continue", "--json")
    git(path, "rm", "--quiet", "app.py")
    (path / "more.txt").write_text("by hand\n")
    git(path, "add", "more.txt")
    (path / "notes.txt").write_text("not committed\n")
    done = swarm("continue", "--json")

    assert run.outcomes["after"] == "skipped"
    assert (opened.status, untouched.status) == (1, 1)
    assert done.status == 0, done.stderr
    assert done.outcomes == {"left": "done", "right": "done", "after": "done"}
    files = swarm.repo.files(done.json["merged"]["commit"])
    assert files == {"README.md": "# Project\n", "more.txt": "by hand\n", "after.txt": "after\n"}
    (kept,) = swarm.worktrees.glob("*/*.kept-1")
    assert (kept / "notes.txt").read_text() == "not committed\n"
    assert str(kept) in "".join(done.stderr.split())


def test_where_nothing_is_open_there_is_nothing_to_do(swarm: Swarm) -> None:
    swarm.script.answers = {"task": file_reply({"new.txt": "new\n"})}
    run = swarm.carry_out(task("only"))
    done = swarm("continue", "--json")

    assert (done.status, done.json["merged"]) == (0, run.json["merged"])
    assert not swarm.worktrees.exists()
