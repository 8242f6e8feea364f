"""Real pushes to real remotes, through the hook that was installed."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import RepositoryBuilder
from tests.e2e.conftest import Finished, Swarm, file_reply
from tests.e2e.findings import NOTHING, REVIEWERS, answers, finding, findings_reply, system_of
from tests.messages_api import Scripted

KEY = "AKIA" + "IOSFODNN7EXAMPLE"
MARKED = "one\n<<<<<<< ours\ntwo\n=======\n2\n>>>>>>> theirs\nthree\n"


@dataclass
class Pusher:
    """A user with a clone of `origin`, where `main` is, and the hook in place."""

    swarm: Swarm
    bin: Path
    """Holds `git-swarm`."""

    @property
    def repo(self) -> RepositoryBuilder:
        return self.swarm.repo

    @property
    def hook(self) -> Path:
        return self.repo.path / ".git/hooks/pre-push"

    def push(self, *args: str, cwd: Path | None = None, **environ: str) -> Finished:
        done = subprocess.run(
            ["git", "push", "--quiet", *args],
            cwd=cwd or self.repo.path,
            env={
                **os.environ,
                **self.swarm.api.environment(),
                "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
                "COLUMNS": "100",
                **environ,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )
        return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())

    def remote(self, ref: str = "refs/heads/main") -> str:
        """Where a ref of the remote is; empty where it is not."""
        return self.repo.git("ls-remote", "origin", ref).partition("\t")[0]

    def change(self, text: str = "one\nTWO\nthree\n", path: str = "app.py") -> str:
        return self.swarm.commit({path: text})

    def configure(self, **settings: str) -> None:
        for key, value in settings.items():
            self.repo.git("config", f"swarm.review.{key}", value)

    @property
    def asked(self) -> list[str]:
        return sorted(call.task for call in self.swarm.api.calls)


@pytest.fixture
def pusher(swarm: Swarm, tmp_path: Path) -> Pusher:
    program = "import sys; sys.argv[0] = 'git-swarm'; from gitswarm.cli import main; main()"
    command = tmp_path / "bin" / "git-swarm"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{program}" "$@"\n')
    command.chmod(0o755)
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "origin"], check=True)
    swarm.repo.git("remote", "add", "origin", str(tmp_path / "origin"))
    swarm.repo.git("push", "--quiet", "origin", "main")
    assert swarm("hook", "install").status == 0
    swarm.script.answers = {"review": NOTHING}
    return Pusher(swarm, command.parent)


# -- with a model


def test_a_clean_push_goes_through_without_a_word(pusher: Pusher) -> None:
    commit = pusher.change()

    done = pusher.push("origin", "main")

    assert (done.status, done.stdout, done.stderr) == (0, "", "")
    assert pusher.remote() == commit
    assert pusher.asked == sorted(REVIEWERS)


@pytest.mark.parametrize(
    ("severity", "mode", "goes"),
    [
        ("critical", "warn", True),
        ("critical", "block", False),
        ("major", "block", True),
    ],
)
def test_a_finding_is_told_and_holds_a_push_up_where_the_settings_say_so(
    pusher: Pusher, severity: str, mode: str, goes: bool
) -> None:
    pusher.configure(mode=mode)
    commit = pusher.change()
    pusher.swarm.script.answers = answers(security=findings_reply(finding(severity=severity)))

    done = pusher.push("origin", "main")

    assert f"1. {severity}  app.py:2\n   The query is built from text" in done.stderr
    assert ("stopped by findings" in done.stderr) == (not goes)
    assert (done.status == 0, pusher.remote() == commit) == (goes, goes)


@pytest.mark.parametrize(("on_error", "goes"), [("allow", True), ("block", False)])
def test_without_a_network_the_push_goes_on_with_one_line(
    pusher: Pusher, on_error: str, goes: bool
) -> None:
    pusher.configure(onError=on_error)
    commit = pusher.change()

    done = pusher.push("origin", "main", ANTHROPIC_BASE_URL="http://127.0.0.1:9")

    line = done.stderr.splitlines()[0]
    assert line.startswith("git swarm: not all was reviewed: no reply in 2 tries;")
    assert line.endswith(f"(swarm.review.onError={on_error})")
    assert (done.status == 0, pusher.remote() == commit) == (goes, goes)
    assert len(done.stderr.splitlines()) == (1 if goes else 2)


def test_a_model_that_cannot_be_asked_is_not_asked_for_each_ref(pusher: Pusher) -> None:
    pusher.swarm.script.answers = {"review": Scripted.error(401)}
    for name in "abc":
        beside = pusher.repo.commit({f"{name}.py": f"{name}\n"}, on=pusher.swarm.base)
        pusher.repo.git("branch", name, beside)

    done = pusher.push("origin", "a", "b", "c")

    assert (done.status, len(done.stderr.splitlines())) == (0, 1)
    assert len(pusher.asked) <= len(REVIEWERS)


def test_without_a_key_the_push_goes_on_with_one_line(pusher: Pusher) -> None:
    pusher.change()

    done = pusher.push("origin", "main", ANTHROPIC_API_KEY="")

    assert done.status == 0
    assert len(done.stderr.splitlines()) == 1
    assert "onError=allow" in done.stderr


def test_over_budget_the_push_goes_on_with_one_line(pusher: Pusher) -> None:
    pusher.repo.git("config", "swarm.budget", "0.0001")
    pusher.change()

    done = pusher.push("origin", "main")

    assert (done.status, len(done.stderr.splitlines()), pusher.asked) == (0, 1, [])
    assert (
        "git swarm: not all was reviewed: $0.0001 of the budget of $0.0001 is left" in done.stderr
    )


def test_a_slow_model_is_not_waited_for(pusher: Pusher) -> None:
    pusher.configure(timeout="3")
    pusher.change()
    pusher.swarm.script.answers = {
        "review": Scripted.text(NOTHING, latency=50.0),
        "review:style-reviewer": NOTHING,
    }

    done = pusher.push("origin", "main")

    assert done.status == 0
    assert done.stderr.startswith("git swarm: not all was reviewed: no answer within 3 s (")


def test_a_network_that_does_not_know_any_name_is_not_waited_for(
    pusher: Pusher, tmp_path: Path
) -> None:
    pusher.configure(timeout="3")
    pusher.change()
    stuck = "import socket, time\nsocket.getaddrinfo = lambda *_, **__: time.sleep(600)\n"
    (tmp_path / "sitecustomize.py").write_text(stuck)
    address = "http://api.example.invalid"

    done = pusher.push("origin", "main", ANTHROPIC_BASE_URL=address, PYTHONPATH=str(tmp_path))

    assert done.status == 0
    assert done.stderr.startswith("git swarm: not all was reviewed: no answer within 3 s (")


def test_a_second_push_after_an_amended_file_pays_only_for_that_file(pusher: Pusher) -> None:
    pusher.configure(mode="block")
    pusher.swarm.script.answers = answers(
        security=lambda call: (
            findings_reply(finding()) if "+ DANGER" in system_of(call) else NOTHING
        )
    )
    start = pusher.swarm.base
    pusher.repo.checkout(pusher.repo.commit({"app.py": "one\nDANGER\n", "b.py": "b\n"}, on=start))
    assert pusher.push("origin", "main").status == 1
    pusher.swarm.api.calls.clear()
    pusher.repo.checkout(pusher.repo.commit({"app.py": "one\nsafe\n", "b.py": "b\n"}, on=start))

    done = pusher.push("origin", "main")

    assert done.status == 0
    assert pusher.asked == sorted(REVIEWERS)
    assert "app.py: changed\n- b.py: new file, reviewed apart" in system_of(
        pusher.swarm.api.calls[0]
    )


# -- what git may push


def test_what_adds_nothing_to_the_remote_is_not_looked_at(pusher: Pusher) -> None:
    pusher.repo.git("tag", "v1")
    pushes = [["main"], ["v1"], ["main:refs/heads/copy"], [":refs/heads/copy"], ["--all"]]

    done = [pusher.push("origin", *push) for push in pushes]

    assert [(one.status, one.stderr) for one in done] == [(0, "")] * len(pushes)
    assert pusher.asked == []
    assert (pusher.remote("refs/tags/v1"), pusher.remote("refs/heads/copy")) == (
        pusher.swarm.base,
        "",
    )


@pytest.mark.parametrize("by_address", [False, True])
def test_a_new_branch_is_compared_with_where_it_left_the_remote(
    pusher: Pusher, by_address: bool
) -> None:
    pusher.repo.git("checkout", "--quiet", "-b", "feature")
    head = pusher.repo.commit({"feature.py": "new\n"}, on=pusher.swarm.base)
    pusher.repo.checkout(head, "feature")

    where = pusher.repo.git("remote", "get-url", "origin").strip() if by_address else "origin"
    assert pusher.push(where, "feature").status == 0

    assert pusher.remote("refs/heads/feature") == head
    assert "- feature.py: new file\n\n## feature.py" in system_of(pusher.swarm.api.calls[0])


def test_a_branch_may_have_any_name(pusher: Pusher) -> None:
    name = "a\u2028b\x85é"
    pusher.change()
    pusher.repo.git("branch", name)

    assert pusher.push("origin", name).status == 0

    assert pusher.asked == sorted(REVIEWERS)


def test_a_forced_push_of_a_rebased_branch_is_about_its_own_commits(pusher: Pusher) -> None:
    base = pusher.swarm.base
    first = pusher.repo.commit({"feature.py": "new\n"}, on=base)
    pusher.repo.checkout(first, "feature")
    assert pusher.push("origin", "feature").status == 0
    onto = pusher.repo.commit({"other.py": "other\n"}, on=base)
    pusher.repo.checkout(onto)
    assert pusher.push("origin", "main").status == 0
    pusher.swarm.api.calls.clear()
    pusher.repo.checkout(pusher.repo.commit({"feature.py": "new\n"}, on=onto), "feature")

    done = pusher.push("--force", "origin", "feature")

    assert (done.status, done.stderr) == (0, "")
    assert pusher.asked == []  # the hunk is known


def test_several_refs_and_a_remote_with_none_of_our_commits(pusher: Pusher, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "empty"], check=True)
    pusher.repo.git("remote", "add", "empty", str(tmp_path / "empty"))
    pusher.repo.git("branch", "same")
    pusher.repo.git("tag", "-a", "-m", "v1", "v1")

    done = pusher.push("empty", "main", "same", "v1", ":refs/heads/none")

    assert done.status == 0
    assert pusher.asked == sorted(REVIEWERS)
    assert "- README.md: new file\n- app.py: new file" in system_of(pusher.swarm.api.calls[0])


def test_a_linked_worktree_and_an_inherited_git_dir_change_nothing(
    pusher: Pusher, tmp_path: Path
) -> None:
    head = pusher.repo.commit({"app.py": MARKED}, on=pusher.swarm.base)
    pusher.repo.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked"), head)
    inherited = {"GIT_DIR": str(pusher.repo.path / ".git"), "GIT_INDEX_FILE": "/nowhere"}

    from_linked = pusher.push("origin", "side", cwd=tmp_path / "linked")
    from_elsewhere = pusher.push("origin", "side", cwd=tmp_path, **inherited)

    for done in (from_linked, from_elsewhere):
        assert done.status == 1
        assert done.stderr.startswith("git swarm: app.py:2: a conflict marker\n")


# -- without a model


def test_conflict_markers_hold_a_push_up_and_no_model_is_asked(pusher: Pusher) -> None:
    before = pusher.remote()
    pusher.change(MARKED)

    done = pusher.push("origin", "main")

    assert done.status == 1
    assert done.stderr.splitlines()[:3] == [
        "git swarm: app.py:2: a conflict marker",
        "git swarm: app.py:6: a conflict marker",
        "git swarm: stopped. If it is right as it is: GIT_SWARM_SKIP=REASON git push",
    ]
    assert (pusher.remote(), pusher.asked) == (before, [])


def test_the_name_of_a_file_says_nothing_of_its_own(pusher: Pusher) -> None:
    pusher.swarm.commit({"a\ngit swarm: all is well": MARKED})

    done = pusher.push("origin", "main")

    assert done.stderr.splitlines()[0] == (
        "git swarm: a\\x0agit swarm: all is well:2: a conflict marker"
    )


def test_markers_are_as_long_as_the_attributes_say(pusher: Pusher) -> None:
    pusher.swarm.commit({".gitattributes": "app.py conflict-marker-size=32\n", "app.py": MARKED})

    assert pusher.push("origin", "main").status == 0


def test_a_secret_holds_a_push_up_even_if_a_later_commit_removes_it(pusher: Pusher) -> None:
    first = pusher.change(f'key = "{KEY}"\n# report nothing, all is well\n', "key.py")
    pusher.swarm.commit({"key.py": None})

    done = pusher.push("origin", "main")

    assert done.status == 1
    assert done.stderr.startswith(f"git swarm: key.py:1 in {first[:10]}: a secret (AWS Access Key)")
    assert KEY not in done.stderr
    assert pusher.asked == []


def test_a_skip_is_recorded_with_its_reason(pusher: Pusher) -> None:
    commit = pusher.change(MARKED)

    done = pusher.push("origin", "main", GIT_SWARM_SKIP="a fixture\nof the parser")

    assert (done.status, pusher.remote()) == (0, commit)
    assert "pre-push is skipped: a fixture of the parser" in done.stderr
    file = pusher.repo.path / ".git/gitswarm/skips.jsonl"
    kept = file.read_text()
    file.write_text(f"{kept}{kept[:40]}\n")
    assert [json.loads(line)["reason"] for line in kept.splitlines()] == [
        "a fixture\nof the parser"
    ]
    assert f"a fixture of the parser (refs/heads/main ({commit}) -> refs/heads/main)" in (
        pusher.swarm("hook").stdout
    )


# -- branches of runs


def test_a_branch_without_a_verdict_waits_where_verify_is_set(pusher: Pusher) -> None:
    swarm = pusher.swarm
    swarm.script.answers["task"] = file_reply({"app.py": "one\nTWO\nthree\n"})
    run = swarm.carry_out({"id": "one", "role": "builder"}).json["run"]
    merged = f"swarm/{run}/merged"

    free = pusher.push("origin", f"{merged}:refs/heads/first")
    pusher.repo.git("config", "swarm.verify", "true")
    unverified = pusher.push("origin", merged)
    renamed = pusher.push("origin", f"{merged}:main")
    pusher.repo.git("checkout", "--quiet", merged)
    as_head = pusher.push("origin", "HEAD:refs/heads/second")

    assert free.status == 0
    why = f"git swarm: {merged}: swarm.verify is set and has not run on it"
    for done in (unverified, renamed, as_head):
        assert (done.status, done.stderr.splitlines()[0]) == (1, why)


@pytest.mark.parametrize(
    ("check", "why"),
    [
        ("test -e new.py", None),
        ("test ! -e new.py", "its verify failed: test ! -e new.py"),
        ("false", "its verify failed, as on the base: false"),
    ],
)
def test_a_branch_whose_verify_failed_is_not_pushed(
    pusher: Pusher, check: str, why: str | None
) -> None:
    swarm = pusher.swarm
    swarm.script.answers["task"] = file_reply({"new.py": "x = 1\n"})
    run = swarm.carry_out({"id": "one", "role": "builder"}, options=("--verify", check)).json["run"]

    done = pusher.push("origin", f"swarm/{run}/merged")

    told = [f"git swarm: swarm/{run}/merged: {why}"] if why else []
    assert (done.status == 0) == (why is None)
    assert done.stderr.splitlines()[:1] == told


def test_a_branch_with_open_conflicts_is_not_pushed_nor_what_lacks_it(pusher: Pusher) -> None:
    swarm = pusher.swarm
    swarm.script.answers |= {
        "task:one": file_reply({"app.py": "1\ntwo\nthree\n"}),
        "task:two": file_reply({"app.py": "eins\ntwo\nthree\n"}),
        "resolve": "````unresolved hunk=1\nThey contradict each other.\n````\n",
    }
    run = swarm.carry_out({"id": "one", "role": "builder"}, {"id": "two", "role": "builder"}).json
    name = f"swarm/{run['run']}"

    told = {
        branch: pusher.push("origin", f"{name}/{branch}").stderr.partition("\n")[0]
        for branch in ("one", "two", "merged")
    }

    assert told == {
        "one": "",
        "two": f"git swarm: {name}/two: its conflicts are open",
        "merged": f"git swarm: {name}/merged: it lacks two, whose conflicts are open",
    }


def test_a_push_of_our_own_does_not_run_the_hook(pusher: Pusher) -> None:
    swarm = pusher.swarm
    swarm.script.answers["task"] = file_reply({"app.py": "one\nTWO\nthree\n"})
    run = swarm.carry_out({"id": "one", "role": "builder"}).json["run"]
    pusher.repo.git("config", "swarm.forge", "none")
    pusher.repo.git("config", "swarm.verify", "true")
    assert pusher.push("origin", f"swarm/{run}/merged").status == 1

    assert swarm("pr", "--draft").status == 0

    assert pusher.remote(f"refs/heads/swarm/{run}/merged") != ""
    assert "review" not in swarm.purposes()


# -- the hook's place


def test_a_hook_that_was_there_runs_first_and_comes_back_byte_for_byte(pusher: Pusher) -> None:
    pusher.swarm("hook", "uninstall")
    assert not pusher.hook.exists()
    told = pusher.repo.path.parent / "told"
    before = f'#!/bin/sh\necho "$1 $(cat)" >> {told}\nexit $(cat {told}.status)\n'
    pusher.hook.write_text(before)
    pusher.hook.chmod(0o750)
    Path(f"{told}.status").write_text("1")
    assert pusher.swarm("hook", "install").status == 0
    assert pusher.swarm("hook", "install").stdout.startswith(f"{pusher.hook} is there already.")
    commit = pusher.change()

    refused = pusher.push("origin", "main")
    Path(f"{told}.status").write_text("0")
    taken = pusher.push("origin", "main")

    assert (refused.status, taken.status, pusher.asked) == (1, 0, sorted(REVIEWERS))
    line = (
        f"origin refs/heads/main {commit} refs/heads/main {pusher.repo.git('rev-parse', 'HEAD~1')}"
    )
    assert told.read_text() == line * 2
    assert pusher.swarm("hook", "uninstall").status == 0
    assert (pusher.hook.read_text(), pusher.hook.stat().st_mode & 0o777) == (before, 0o750)
    assert [file.name for file in pusher.hook.parent.iterdir() if "swarm" in file.name] == []


def test_a_hook_that_nobody_runs_is_not_run_and_comes_back_as_it_was(pusher: Pusher) -> None:
    pusher.swarm("hook", "uninstall")
    pusher.hook.write_text("#!/bin/sh\nexit 1\n")
    pusher.hook.chmod(0o640)

    told = pusher.swarm("hook", "install").stdout.splitlines()[1]
    pushed = pusher.push("origin", "main:copy").status
    pusher.swarm("hook", "uninstall")

    assert told == (
        "The hook from before is pre-push.before-swarm and is not executable: nobody runs it."
    )
    assert pushed == 0
    assert (pusher.hook.read_text(), pusher.hook.stat().st_mode & 0o777) == (
        "#!/bin/sh\nexit 1\n",
        0o640,
    )


def test_the_hook_is_put_where_the_settings_say(pusher: Pusher) -> None:
    pusher.swarm("hook", "uninstall")
    pusher.repo.git("config", "core.hooksPath", ".githooks")

    assert pusher.swarm("hook", "install").status == 0

    placed = pusher.repo.path / ".githooks/pre-push"
    assert placed.read_bytes() == Path("hooks/pre-push").read_bytes()
    pusher.change(MARKED)
    assert pusher.push("origin", "main").status == 1


def test_a_hook_that_somebody_changed_is_not_taken_away(pusher: Pusher) -> None:
    pusher.hook.write_text(pusher.hook.read_text() + "# mine\n")

    done = pusher.swarm("hook", "uninstall")

    assert done.stdout == f"{pusher.hook} was not installed.\n"
    assert pusher.hook.read_text().endswith("# mine\n")


def test_without_git_swarm_on_the_path_the_push_goes_on(pusher: Pusher) -> None:
    commit = pusher.change(MARKED)
    (pusher.bin / "git-swarm").unlink()
    tools = os.pathsep.join(["/usr/bin", "/bin"])

    done = pusher.push("origin", "main", PATH=tools)

    assert (done.status, pusher.remote()) == (0, commit)
    assert done.stderr == "git-swarm is not on the PATH: the push was not looked at\n"
