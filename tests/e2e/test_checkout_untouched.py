"""The user's checkout is the same before, during and after a run, byte for byte."""

import json
import shlex
from pathlib import Path

import pytest

from tests.e2e.checkout import Snapshot, make_dirty, make_index_stale, snapshot
from tests.e2e.conftest import COMMAND, Answer, Swarm, file_reply, git, plan_reply
from tests.messages_api import Call

HOOKS = (
    *("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "pre-merge-commit"),
    *("post-merge", "post-checkout", "post-rewrite", "post-index-change", "pre-auto-gc"),
    "reference-transaction",
)

SETTINGS = {
    "branch.autoSetupMerge": "always",
    "branch.autoSetupRebase": "always",
    "core.logAllRefUpdates": "always",
    "core.splitIndex": "true",
    "core.untrackedCache": "true",
    "gc.auto": "1",
    "gc.autoDetach": "false",
    "submodule.recurse": "true",
}
"""Under which git writes more than it has to."""


def set_traps(folder: Path, log: Path, hooks: Path) -> None:
    """Everything that a repository can have git run, each noting that it ran."""
    hooks.mkdir(exist_ok=True)
    for name in HOOKS:
        trap(hooks / name, log)
    for key in ("core.fsmonitor", "core.editor", "core.pager", "diff.external", "core.askPass"):
        trap(hooks / key, log)
        git(folder, "config", key, str(hooks / key))


def trap(file: Path, log: Path) -> None:
    file.write_text(f"#!/bin/sh\necho {file.name} >> '{log}'\n")
    file.chmod(0o755)


@pytest.mark.parametrize("where", [".git/hooks", "configured-hooks"])
def test_a_run_changes_nothing_and_runs_nothing_that_the_repository_brings(
    swarm: Swarm, tmp_path: Path, where: str
) -> None:
    folder, log = swarm.repo.path, tmp_path / "sprung"
    make_dirty(folder)
    for key, value in SETTINGS.items():
        git(folder, "config", key, value)
    set_traps(folder, log, folder / where)
    if where != ".git/hooks":
        git(folder, "config", "core.hooksPath", str(folder / where))
    git(folder, "status")
    assert {"core.fsmonitor", "post-index-change"} <= set(log.read_text().split())
    log.unlink()
    make_index_stale(folder)
    before = snapshot(folder)
    meanwhile: list[Snapshot] = []

    def watched(reply: str) -> Answer:
        def answer(call: Call) -> str:
            meanwhile.append(snapshot(folder))
            return reply

        return answer

    left, right = {"id": "left", "role": "builder"}, {"id": "right", "role": "builder"}
    swarm.script.answers = {
        "plan": watched(plan_reply(left, right)),
        "task:left": watched(file_reply({"both.txt": "from left\n"})),
        "task:right": watched(file_reply({"both.txt": "from right\n"})),
        "resolve": watched("Both.\n\n````resolution hunk=1\nfrom left and right\n````\n"),
    }

    done = swarm("-y", "--json", "--verify", "git log -1", "add something")
    shown = swarm("diff")

    assert (done.status, shown.status) == (0, 0), done.stderr
    assert meanwhile == [before] * 4
    assert snapshot(folder) == before
    assert not log.exists(), log.read_text()


def test_a_run_that_a_hook_starts_in_the_middle_of_a_commit_disturbs_neither(
    swarm: Swarm, tmp_path: Path
) -> None:
    git(swarm.repo.path, "worktree", "add", "--quiet", "-b", "feature", "../feature")
    here = tmp_path / "feature"
    plan = swarm.save_plan({"id": "builder", "role": "builder"})
    swarm.script.answers = {"task:builder": file_reply({"new.py": "new\n"})}
    hook = swarm.repo.path / ".git/hooks/pre-commit"
    command = shlex.join([*COMMAND, "run", str(plan), "--json"])
    hook.write_text(
        "#!/bin/sh\n"
        'test -n "$GIT_DIR" && test -n "$GIT_INDEX_FILE" || exit 1\n'
        f"exec {command} > '{tmp_path}/report.json'\n"
    )
    hook.chmod(0o755)
    (here / "app.py").write_text("mine\n")

    with pytest.MonkeyPatch.context() as environment:
        for name, value in swarm.api.environment().items():
            environment.setenv(name, value)
        git(here, "commit", "--all", "--quiet", "--message", "mine")

    report = json.loads((tmp_path / "report.json").read_text())
    base = swarm.repo.files(swarm.base)
    assert report["base"] == swarm.base
    assert swarm.repo.files(report["merged"]["commit"]) == {**base, "new.py": "new\n"}
    assert swarm.repo.files("feature") == {**base, "app.py": "mine\n"}
    assert git(here, "status", "--porcelain") == ""
