"""`git swarm pr`: real pushes over HTTP, and a forge that answers as the real ones do."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from gitswarm.repo.objects import FILE_MODE, Oid, RepoPath
from tests.e2e.checkout import snapshot
from tests.e2e.conftest import Finished, Swarm, file_reply, git, plan_reply
from tests.forge_server import TOKEN, Fault, ForgeServer, Kind

NAME = "ada/project"


@dataclass
class Publisher:
    """A repository whose `origin` is on a forge, with a finished run in it."""

    swarm: Swarm
    forge: ForgeServer

    def pr(self, *options: str, **environ: str) -> Finished:
        return self.swarm("pr", *options, **{"GH_TOKEN": TOKEN, **environ})  # type: ignore[arg-type]

    def run(self, *, verify: str = "true", goal: str = "Add a greeting", **answers: str) -> str:
        """A finished run of two tasks; its id."""
        self.swarm.script.answers = {
            "plan": plan_reply(
                {"id": "builder", "role": "builder", "title": "Write the greeting"},
                {"id": "notes", "role": "researcher"},
            ),
            "task:builder": file_reply({"hello.py": "print('hello')\n"}, note="It greets."),
            "task:notes": "Nothing stands against it.",
            **{key.replace("_", ":"): answer for key, answer in answers.items()},
        }
        done = self.swarm("-y", "--json", "--verify", verify, goal)
        name: str = done.json["run"]
        return name

    def pushed(self, branch: str) -> str | None:
        """The commit of a branch on the forge."""
        return self.forge.refs(NAME).get(f"refs/heads/{branch}")

    def head(self, branch: str) -> str:
        return git(self.swarm.repo.path, "rev-parse", branch).strip()

    def rebuild(self, run: str, text: str) -> Oid:
        """Another merged branch in place of the run's, verified, as after `redo`."""
        repo, branch = self.swarm.repo, f"refs/heads/swarm/{run}/merged"
        commit = repo.commit({"hello.py": text}, on=self.swarm.base)
        git(repo.path, "update-ref", branch, commit)
        ledger = git(repo.path, "rev-parse", f"refs/swarm/{run}").strip()
        tree = git(repo.path, "rev-parse", f"{commit}^{{tree}}").strip()
        verdict = {"command": "true", "outcome": "passed", "runs": 1, "culprits": []}
        blob = repo.repository.write_blob(json.dumps(verdict).encode())
        kept = repo.repository.edit_tree(
            repo.repository.tree(Oid(ledger)),
            {RepoPath(f"verdicts/{tree}.json".encode()): (FILE_MODE, blob)},
        )
        step = repo.repository.commit_tree(kept, [Oid(ledger), commit], "rebuilt")
        git(repo.path, "update-ref", f"refs/swarm/{run}", step)
        return commit


@pytest.fixture
def publisher(swarm: Swarm, tmp_path: Path) -> Iterator[Callable[[Kind], Publisher]]:
    """Makes the forge of a kind, with the repository's base on it."""
    with ExitStack() as stack:

        def make(kind: Kind) -> Publisher:
            forge = stack.enter_context(ForgeServer(kind, tmp_path / "forge").serving())
            forge.create(NAME)
            git(swarm.repo.path, "remote", "add", "origin", forge.url(NAME))
            git(swarm.repo.path, "push", "--quiet", "origin", "main")
            return Publisher(swarm, forge)

        yield make


def test_a_verified_run_becomes_a_pull_request(publisher: Callable[[Kind], Publisher]) -> None:
    ada = publisher("github")
    run = ada.run()
    before = snapshot(ada.swarm.repo.path)

    done = ada.pr("--json")

    assert done.status == 0, done.stderr
    (pull,) = ada.forge.pulls
    branch = f"swarm/{run}/merged"
    assert ada.pushed(branch) == ada.head(branch) == pull["head"]["sha"]
    assert done.json == {
        "schema": "gitswarm/pr/1",
        "run": run,
        "action": "opened",
        "forge": "github",
        "remote": "origin",
        "base": "main",
        "branch": branch,
        "commit": ada.head(branch),
        "rebuilt": False,
        "branches": [],
        "title": "Add a greeting",
        "draft": False,
        "number": 1,
        "url": f"{ada.forge.origin}/{NAME}/pull/1",
        "addresses": [],
        "ci_paths": [],
        "warnings": [],
        "exit_code": 0,
    }
    assert (pull["title"], pull["base"]["ref"], pull["draft"]) == ("Add a greeting", "main", False)
    assert pull["body"] == BODY.format(
        run=run,
        base=ada.swarm.base[:12],
        builder=ada.head(f"swarm/{run}/builder")[:10],
        notes=ada.head(f"swarm/{run}/notes")[:10],
        cost=pull["body"].partition("### Cost\n\n")[2].partition("\n")[0],
    )
    after = snapshot(ada.swarm.repo.path)
    tracking = f"refs/remotes/origin/{branch}"
    assert {path: it for path, it in after.items() if not path.endswith(tracking)} == before


BODY = """\
<!-- git swarm: run {run}; "git swarm pr" replaces what is from here -->
Add a greeting

### What each agent did

- **builder**: Write the greeting. Commit `{builder}` on `swarm/{run}/builder`
  - Note: It greets.
- **notes** (researcher): 1 commit on `swarm/{run}/notes`
  - `{notes}` researcher: notes
  - Note: Nothing stands against it.

### Conflicts

There were none.

### Verify

`true` passed on exactly this branch.

### Findings still open

None.

### Cost

{cost}

Made by `git swarm`, run `{run}`, from `{base}`.
<!-- git swarm: to here; run {run} -->"""


def test_a_run_that_could_become_a_pull_request_offers_it(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("none")
    ada.swarm.script.answers = {"task:builder": file_reply({"hello.py": "1\n"})}

    done = ada.swarm("run", ada.swarm.save_plan({"id": "builder", "role": "builder"}))

    assert done.status == 0, done.stderr
    assert re.search(r"\n  git swarm pr goal-[0-9a-f]{4} --draft +open its", done.stdout)


def test_run_twice_it_updates_and_keeps_what_people_wrote(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    run = ada.run()
    ada.pr()
    (pull,) = ada.forge.pulls
    ours = pull["body"]
    pull |= {"title": "Greet politely", "body": f"Please read this.\n\n{ours}\n\nAnd this."}

    ada.rebuild(run, "print('good morning')\n")
    done = ada.pr("--json")

    assert done.status == 0, done.stderr
    assert (done.json["action"], done.json["number"], done.json["rebuilt"]) == ("updated", 1, True)
    assert done.json["title"] == pull["title"] == "Greet politely"
    left_out = "/builder`\n  - **Left out**: its work is not in this branch\n"
    now = ours.replace("/builder`\n", left_out)
    assert pull["body"] == f"Please read this.\n\n{now}\n\nAnd this."
    assert ada.pushed(f"swarm/{run}/merged") == ada.head(f"swarm/{run}/merged")
    assert [str(r) for r in ada.forge.requests] == [
        "GET repos/ada/project/pulls",
        "POST repos/ada/project/pulls",
        "GET repos/ada/project/pulls",
        "PATCH repos/ada/project/pulls/1",
    ]


def test_a_title_that_somebody_changed_stays_where_it_is_not_known_what_it_was(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    run = ada.run()
    ledger = git(ada.swarm.repo.path, "rev-parse", f"refs/swarm/{run}").strip()
    ada.pr()
    ada.forge.pulls[0]["title"] = "Greet politely"
    git(ada.swarm.repo.path, "update-ref", f"refs/swarm/{run}", ledger)

    done = ada.pr("--json")

    assert (done.json["action"], done.json["title"]) == ("updated", "Greet politely")
    assert ada.forge.pulls[0]["title"] == "Greet politely"


def test_where_a_remote_leads_elsewhere_now_nothing_was_published_before(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("gitea")
    ada.run()
    ada.pr()
    ada.forge.create("ada/other")
    git(ada.swarm.repo.path, "remote", "set-url", "origin", ada.forge.url("ada/other"))
    git(ada.swarm.repo.path, "push", "--quiet", "origin", "main")

    done = ada.pr("--json")

    assert (done.json["action"], done.json["number"]) == ("opened", 1)


def test_a_run_that_lost_a_task_updates_its_pull_request(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    run = ada.run(
        plan=plan_reply({"id": "one", "role": "builder"}, {"id": "two", "role": "builder"}),
        task_one=file_reply({"one.py": "1\n"}),
        task_two=file_reply({"two.py": "2\n"}),
    )
    ada.pr()
    branch = f"swarm/{run}/merged"
    first = ada.pushed(branch)

    dropped = ada.swarm("drop", "two", "--run", run, "--json", "--verify", "true")
    done = ada.pr("--json")

    assert dropped.status == 0, dropped.stderr
    assert done.status == 0, done.stderr
    assert (done.json["action"], done.json["rebuilt"]) == ("updated", True)
    assert ada.pushed(branch) == ada.head(branch) != first
    (pull,) = ada.forge.pulls
    left_out = f"`swarm/{run}/two`\n  - **Left out**: its work is not in this branch\n"
    assert pull["body"].count("**Left out**") == pull["body"].count(left_out) == 1


def test_a_rebuilt_branch_does_not_push_over_the_commits_of_others(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    run = ada.run()
    ada.pr()
    branch = f"swarm/{run}/merged"
    theirs = ada.swarm.repo.commit({"theirs.py": ""}, on=Oid(ada.head(branch)), message="theirs")
    git(ada.swarm.repo.path, "push", "--quiet", "origin", f"{theirs}:refs/heads/{branch}")
    ada.rebuild(run, "print('good morning')\n")

    done = ada.pr()

    assert done.status == 1
    assert f"{branch} on origin holds commits that this run did not make" in done.stderr
    assert f"hint: look at them: git fetch origin {branch} && git log FETCH_HEAD" in done.stderr
    assert ada.pushed(branch) == theirs


@pytest.mark.parametrize("rebuilt", [True, False], ids=["rebuilt", "as it was"])
def test_what_somebody_pushes_meanwhile_is_not_pushed_over(
    publisher: Callable[[Kind], Publisher], rebuilt: bool
) -> None:
    ada = publisher("github")
    run = ada.run()
    ada.pr()
    branch, there = f"swarm/{run}/merged", ada.forge.repository(NAME)
    if rebuilt:
        ada.rebuild(run, "print('good morning')\n")
    tree = git(there, "rev-parse", f"{branch}^{{tree}}").strip()
    identity = ("-c", "user.name=Grace", "-c", "user.email=grace@example.com")
    theirs = git(there, *identity, "commit-tree", "-p", branch, "-m", "theirs", tree).strip()
    ada.forge.before_push = lambda: git(there, "update-ref", f"refs/heads/{branch}", theirs)

    done = ada.pr("--json")

    assert done.status == 1, done.stdout
    assert f"origin did not take {branch} [rejected]" in done.json["error"]
    assert ada.pushed(branch) == theirs


# -- refused without --draft


@pytest.mark.parametrize(
    ("verify", "reason"),
    [
        ("", "no check has seen its merged branch"),
        ("false", "its check fails, on the base too"),
        ("test ! -e hello.py", "its check fails"),
    ],
)
def test_what_is_not_verified_is_published_as_a_draft_only(
    publisher: Callable[[Kind], Publisher], verify: str, reason: str
) -> None:
    ada = publisher("github")
    run = ada.run(verify=verify)

    refused = ada.pr("--json", "--base", "main")

    assert refused.status == 1
    way = f'verify it: git swarm integrate {run} --verify "COMMAND"; '
    draft = f"as a draft all the same: git swarm pr {run} --draft --base main"
    assert refused.json == {
        "schema": "gitswarm/error/1",
        "error": f"run {run} is not verified: {reason}",
        "hint": draft if verify else way + draft,
        "exit_code": 1,
    }
    assert ada.pushed(f"swarm/{run}/merged") is None

    done = ada.pr("--draft", "--json")

    assert done.status == 0, done.stderr
    assert done.json["draft"] is True
    assert ada.forge.pulls[0]["draft"] is True


def test_a_run_that_was_not_verified_can_be_verified_as_the_hint_says(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    run = ada.run(verify="")
    git(ada.swarm.repo.path, "config", "swarm.verify", "true")

    refused = ada.pr()
    verified = ada.swarm("integrate", run)

    assert f"hint: verify it: git swarm integrate {run}; as a draft" in refused.stderr
    assert verified.status == 0, verified.stderr
    assert ada.pr("--json").json["draft"] is False


def test_a_check_that_failed_once_and_then_passed_has_verified_it_and_that_is_told(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    ada.run(verify="test -e ../tried || { touch ../tried; false; }")

    done = ada.pr()

    assert done.status == 0, done.stderr
    assert "failed once and then **passed** on the very same tree." in ada.forge.pulls[0]["body"]


def test_a_branch_that_moved_since_it_was_verified_is_not_verified(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    run = ada.run()
    moved = ada.swarm.repo.commit({"x": "y"}, on=Oid(ada.head(f"swarm/{run}/merged")))
    git(ada.swarm.repo.path, "update-ref", f"refs/heads/swarm/{run}/merged", moved)

    done = ada.pr()

    assert done.status == 1
    assert f"run {run} is not verified: its branch moved since" in done.stderr


def test_open_hunks_are_published_as_a_draft_only_and_a_draft_becomes_ready(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    run = ada.run(
        plan=plan_reply({"id": "one", "role": "builder"}, {"id": "two", "role": "builder"}),
        task_one=file_reply({"app.py": "ONE\ntwo\nthree\n"}),
        task_two=file_reply({"app.py": "1\ntwo\nthree\n"}),
        resolve="````unresolved hunk=1\nThey contradict each other; see #7.\n````\n",
    )

    refused = ada.pr()

    assert refused.status == 1
    assert f"error: run {run} has 1 open hunk in app.py\n" in refused.stderr
    assert f"hint: decide what is open: git swarm continue {run}; as a" in refused.stderr
    assert ada.pr("--draft").status == 0
    (pull,) = ada.forge.pulls
    assert pull["body"].count("  - **Left out**: its work is not in this branch\n") == 1
    assert (
        "- `app.py` (content, between one and two):\n"
        "  - hunk 1 is **open**, its branch is left out: "
        "They contradict each other; see #\u200b7.\n"
    ) in pull["body"]


def test_a_draft_becomes_ready_and_ready_becomes_a_draft(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    ada.run()
    states = []

    for options in (["--draft"], [], ["--draft"]):
        assert ada.pr(*options).status == 0
        states.append(ada.forge.pulls[0]["draft"])

    assert states == [True, False, True]
    assert len(ada.forge.pulls) == 1


def test_where_there_are_no_drafts_the_title_says_that_it_is_one(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    ada.forge.has_drafts = False
    ada.run()
    told = []

    for options in (["--draft"], ["--draft"], []):
        done = ada.pr("--json", *options)
        assert done.status == 0, done.stderr
        told.append((done.json["action"], ada.forge.pulls[0]["title"], done.json["warnings"]))

    only_the_title = (
        "127.0.0.1 has no drafts in this repository: only the title says that it is one"
    )
    assert told == [
        ("opened", "Draft: Add a greeting", [only_the_title]),
        ("updated", "Draft: Add a greeting", []),
        ("updated", "Add a greeting", []),
    ]


@pytest.mark.parametrize(
    ("prepare", "error"),
    [
        ("nothing", "there are no runs in this repository yet"),
        ("empty", "has merged nothing, so there is nothing to publish"),
    ],
)
def test_without_a_merged_branch_nothing_is_published(
    publisher: Callable[[Kind], Publisher], prepare: str, error: str
) -> None:
    ada = publisher("github")
    if prepare == "empty":
        ada.run(plan=plan_reply({"id": "notes", "role": "researcher"}))

    done = ada.pr()

    assert done.status == (1 if prepare == "empty" else 2)
    assert error in done.stderr


# -- other forges


def test_gitlab_opens_and_updates_a_merge_request_by_push_options(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("gitlab")
    run = ada.run()
    url = f"{ada.forge.origin}/{NAME}/-/merge_requests/1"

    opened, again = ada.pr("--json", "--draft"), ada.pr("--json")
    ada.rebuild(run, "print('good morning')\n")
    updated = ada.pr("--json")

    answers = [opened.json, again.json, updated.json]
    assert [(a["action"], a["number"], a["url"]) for a in answers] == [
        ("opened", 1, url),
        ("unchanged", 1, url),
        ("updated", 1, url),
    ]
    assert again.json["warnings"] == [
        "GitLab takes a title, a description and the draft state with a new commit only"
    ]
    first, second = ada.forge.pushed_with(NAME)[1:]
    assert first["refs"] == [f"refs/heads/swarm/{run}/merged"]
    assert first["options"][:3] == [
        "merge_request.create",
        "merge_request.target=main",
        "merge_request.title=Draft: Add a greeting",
    ]
    assert first["options"][3].startswith(
        "merge_request.description=Add a greeting\\n\\n### What each agent did\\n\\n- **builder**: "
    )
    assert first["options"][4:] == ["merge_request.draft"]
    assert second["options"][2] == "merge_request.title=Add a greeting"


@pytest.mark.parametrize("opened", [True, False])
def test_of_a_branch_that_gitlab_had_already_the_merge_request_is_found(
    publisher: Callable[[Kind], Publisher], opened: bool
) -> None:
    ada = publisher("gitlab")
    run = ada.run()
    branch = f"swarm/{run}/merged"
    options = ["-o", "merge_request.create"] if opened else []
    git(ada.swarm.repo.path, "push", "--quiet", *options, "origin", branch)

    done = ada.pr("--json")

    place = f"{ada.forge.origin}/{NAME}/-/merge_requests"
    assert done.status == 0, done.stderr
    if opened:
        assert (done.json["action"], done.json["url"]) == ("unchanged", f"{place}/1")
    else:
        new = f"{place}/new?merge_request%5Bsource_branch%5D={branch.replace('/', '%2F')}"
        assert (done.json["action"], done.json["url"]) == ("pushed", None)
        assert done.json["warnings"] == [
            f"GitLab had this commit already; open its merge request at {new}"
        ]


def test_gitlab_takes_the_longest_description_in_any_script(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("gitlab")
    ada.swarm.commit(
        {".gitlab/merge_request_templates/Default.md": "## 检查\n" + "说明。\n" * 9000}
    )
    git(ada.swarm.repo.path, "push", "--quiet", "origin", "main")
    ada.run(goal="问候")

    done = ada.pr("--json")

    assert done.status == 0, done.stderr
    assert done.json["action"] == "opened"
    (description,) = ada.forge.pushed_with(NAME)[-1]["options"][3:]
    assert description.startswith("merge_request.description=问候\\n\\n### What each agent did")
    assert len(description.encode()) > 59_000


def test_gitea_opens_and_updates_a_pull_request_by_a_push_to_refs_for(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("gitea")
    run = ada.run()
    url = f"{ada.forge.origin}/{NAME}/pulls/1"

    opened, again = ada.pr("--json"), ada.pr("--json")
    ada.rebuild(run, "print('good morning')\n")
    updated = ada.pr("--json")

    answers = [opened.json, again.json, updated.json]
    assert [(a["action"], a["number"], a["url"], a["rebuilt"]) for a in answers] == [
        ("opened", 1, url, False),
        ("unchanged", 1, url, False),
        ("updated", 1, url, True),
    ]
    assert updated.json["warnings"] == [
        "the title and the description are as they were: a push to refs/for gives them to new pull "
        "requests only"
    ]
    first, second, third = ada.forge.pushed_with(NAME)
    assert first["refs"] == ["refs/for/main"]
    assert first["options"][:2] == [f"topic={run}", "title=Add a greeting"]
    assert first["options"][2].startswith(
        "description=<p>Add a greeting</p> <h3>What each agent did</h3> <ul> <li><strong>builder"
    )
    assert second["refused"] == "new commit is same with old commit"
    assert third["options"][3:] == ["force-push=true"]
    assert ada.forge.refs(NAME)["refs/pull/1/head"] == ada.head(f"swarm/{run}/merged")


def test_gitea_is_given_the_rebuilt_commits_also_where_the_last_push_was_not_recorded(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("gitea")
    run = ada.run()
    ada.rebuild(run, "print('good morning')\n")
    ledger = git(ada.swarm.repo.path, "rev-parse", f"refs/swarm/{run}").strip()
    ada.pr()
    git(ada.swarm.repo.path, "update-ref", f"refs/swarm/{run}", ledger)
    ada.rebuild(run, "print('good evening')\n")

    done = ada.pr("--json")

    assert (done.status, done.json["action"], done.json["rebuilt"]) == (0, "updated", True)
    assert ada.forge.refs(NAME)["refs/pull/1/head"] == ada.head(f"swarm/{run}/merged")


def test_commits_of_others_in_a_pull_request_on_gitea_are_not_pushed_over(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("gitea")
    run = ada.run()
    ada.pr()
    theirs = ada.swarm.repo.commit({"theirs": ""}, on=Oid(ada.head(f"swarm/{run}/merged")))
    git(ada.swarm.repo.path, "push", "--quiet", "origin", f"{theirs}:refs/pull/1/head")
    ada.rebuild(run, "print('good morning')\n")

    done = ada.pr("--json")

    assert done.status == 1
    assert done.json["error"] == (
        "refs/pull/1/head on origin holds commits that this run did not make"
    )
    assert ada.forge.refs(NAME)["refs/pull/1/head"] == theirs


def test_a_push_that_gitea_rejects_is_not_taken_for_one_that_it_had_already(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("gitea")
    ada.run()
    ada.pr()
    ada.forge.add_hook(NAME, "pre-receive", "echo 'this repository is archived' >&2; exit 1")

    done = ada.pr("--json")

    assert done.status == 1
    assert done.json["error"].endswith("it said: this repository is archived")


def test_anywhere_else_the_branch_is_pushed_and_what_the_remote_printed_is_shown(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("none")
    run = ada.run()
    ada.forge.add_hook(
        NAME,
        "post-receive",
        "echo 'Open a change: https://me:hunter22hunter@code.example/new?branch=x' >&2",
    )

    done = ada.pr()

    assert done.status == 0, done.stderr
    assert done.stdout == (
        f"{run}  pushed, no pull request opened\n"
        "  Add a greeting\n"
        "\n"
        f"Pushed  swarm/{run}/merged at {ada.head(f'swarm/{run}/merged')[:10]}\n"
        f"To      origin, 127.0.0.1:{ada.forge.port}/ada/project\n"
        "Address origin printed:\n"
        "  https://code.example/new?branch=x\n"
    )
    assert ada.pushed(f"swarm/{run}/merged") == ada.head(f"swarm/{run}/merged")


def test_a_repository_on_the_same_machine_is_pushed_to_again_and_again(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("none")
    run = ada.run()
    git(ada.swarm.repo.path, "remote", "set-url", "origin", str(ada.forge.repository(NAME)))

    done, again = ada.pr("--json"), ada.pr(COLUMNS="200")

    assert (done.status, done.json["action"], done.json["url"]) == (0, "pushed", None)
    assert again.status == 0
    assert f"To      origin, {ada.forge.repository(NAME)}\n" in again.stdout
    assert ada.pushed(f"swarm/{run}/merged") == ada.head(f"swarm/{run}/merged")


def test_a_folder_is_not_taken_for_github(publisher: Callable[[Kind], Publisher]) -> None:
    ada = publisher("none")
    run = ada.run()
    git(ada.swarm.repo.path, "remote", "set-url", "origin", str(ada.forge.repository(NAME)))
    git(ada.swarm.repo.path, "config", "swarm.forge", "github")

    done = ada.pr("--json")

    assert done.status == 2
    assert done.json["error"].endswith("leads to no repository OWNER/NAME on GitHub")
    assert ada.pushed(f"swarm/{run}/merged") is None


# -- what goes wrong, and the rerun that finishes


@dataclass(frozen=True)
class Wrong:
    status: int
    error: str
    hint: str


@pytest.mark.parametrize(
    ("fault", "wrong"),
    [
        (
            Fault("POST", 401, "Bad credentials"),
            Wrong(2, "127.0.0.1 does not accept the token: Bad credentials", "gh auth login"),
        ),
        (
            Fault("POST", 403, "Resource not accessible by personal access token"),
            Wrong(
                1,
                "does not let this account open or change pull requests in ada/project: Resource "
                "not accessible by personal access token",
                "give the token the right to write pull requests",
            ),
        ),
        (
            Fault("GET", 404, "Not Found"),
            Wrong(1, "127.0.0.1 shows no repository ada/project to this account", "check the"),
        ),
        (
            Fault("POST", 403, "rate limit", {"x-ratelimit-remaining": "0", "retry-after": "900"}),
            Wrong(
                1, "has had too many requests from this account and takes more in 15m 00s", "run"
            ),
        ),
        (
            Fault("POST", 422, "Validation Failed", times=2),
            Wrong(1, "did not take the pull request (422): Validation Failed", "set right what"),
        ),
        (Fault("GET", 0, times=3), Wrong(1, "does not answer: ", "run it again, it goes on")),
        (Fault("GET", 502, "Bad Gateway", times=3), Wrong(1, "(502): Bad Gateway", "set right")),
    ],
    ids=lambda value: f"{value.status}" if isinstance(value, Fault) else "",
)
def test_what_the_forge_refuses_is_told_and_run_again_it_finishes(
    publisher: Callable[[Kind], Publisher], fault: Fault, wrong: Wrong
) -> None:
    ada = publisher("github")
    run = ada.run()
    ada.forge.faults = [fault]

    done = ada.pr("--json")

    assert done.status == done.json["exit_code"] == wrong.status, done.stderr
    assert done.json["error"].startswith("the branch is pushed, but ")
    assert wrong.error in done.json["error"]
    assert done.json["hint"].startswith(wrong.hint)
    assert done.json["hint"].endswith(f"git swarm pr {run}")
    assert ada.pushed(f"swarm/{run}/merged") == ada.head(f"swarm/{run}/merged")
    assert ada.pr("--json").json["action"] == "opened"


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST", 429, headers={"retry-after": "0"}),
        Fault("GET", 503),
        Fault("POST", 502, after=True),
        Fault("POST", 0, after=True),
    ],
    ids=["a short rate limit", "a fault", "made, but 502", "made, but no answer"],
)
def test_what_passes_is_waited_for_and_nothing_is_opened_twice(
    publisher: Callable[[Kind], Publisher], fault: Fault
) -> None:
    ada = publisher("github")
    ada.run()
    ada.forge.faults = [fault]

    done = ada.pr("--json")

    assert done.status == 0, done.stderr
    assert [pull["number"] for pull in ada.forge.pulls] == [1] == [done.json["number"]]


def test_one_that_was_closed_meanwhile_is_followed_by_another(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    ada.run()
    ada.pr()
    ada.forge.pulls[0]["state"] = "closed"

    done = ada.pr("--json")

    assert (done.status, done.json["action"], done.json["number"]) == (0, "opened", 2)
    assert done.json["warnings"] == ["#1 was closed meanwhile, so a new one is opened"]


@pytest.mark.parametrize("name", ["ada/renamed", "team/project"])
def test_in_a_repository_that_was_moved_the_open_one_is_found(
    publisher: Callable[[Kind], Publisher], name: str
) -> None:
    ada = publisher("github")
    ada.run()
    ada.forge.create(name)
    ada.forge.moved = {NAME: name}
    git(ada.swarm.repo.path, "push", "--quiet", "origin", "main")

    done = [ada.pr("--json"), ada.pr("--json")]

    assert [(one.status, one.json["action"], one.json["number"]) for one in done] == [
        (0, "opened", 1),
        (0, "updated", 1),
    ], done[-1].stderr


def test_one_that_was_merged_meanwhile_is_not_opened_again(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    ada.run()
    ada.pr()
    ada.forge.pulls[0] |= {"state": "closed", "merged_at": "2026-01-01T00:00:00Z"}

    done = ada.pr("--json")

    assert done.status == 1
    assert done.json["error"] == (
        "pull request #1 has brought this commit into main already: "
        f"{ada.forge.origin}/{NAME}/pull/1"
    )


@pytest.mark.parametrize(
    ("options", "error", "hint"),
    [
        (
            ["--base", "trunk"],
            'origin has no branch "trunk" to open a pull request into',
            '"git ls-remote --heads origin" lists its branches',
        ),
        (["--remote", "upstream"], 'there is no remote "upstream"', "the remotes are origin"),
        (
            ["--remote", "https://ada:hunter2@code.example/x"],
            'there is no remote "https://code.example/x"',
            "the remotes are origin",
        ),
        (["no-such-0000"], 'there is no run "no-such-0000"', '"git swarm list" shows the runs'),
    ],
)
def test_a_name_that_does_not_exist_is_told_and_nothing_is_pushed(
    publisher: Callable[[Kind], Publisher], options: list[str], error: str, hint: str
) -> None:
    ada = publisher("github")
    run = ada.run()

    done = ada.pr("--json", *options)

    assert (done.status, done.json["error"], done.json["hint"]) == (2, error, hint)
    assert ada.pushed(f"swarm/{run}/merged") is None


def test_no_password_is_shown_that_was_given_as_the_name_of_a_remote(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    ada.run(verify="")

    done = ada.pr("--remote", "https://ada:hunter2@code.example/x")

    assert done.status == 2
    assert "hunter2" not in done.stdout + done.stderr


def test_without_a_remote_it_is_told_how_to_add_one(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    ada.run()
    git(ada.swarm.repo.path, "remote", "remove", "origin")

    done = ada.pr("--json")

    assert (done.status, done.json["error"]) == (2, "this repository has no remote to push to")
    assert done.json["hint"] == "git remote add origin URL"


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("echo 'GH006: Protected branch update failed' >&2; exit 1", "GH006: Protected branch"),
        ("echo 'push declined: secrets found' >&2; exit 1", "push declined: secrets found"),
    ],
)
def test_a_push_that_is_rejected_is_told_in_the_remotes_words(
    publisher: Callable[[Kind], Publisher], hook: str, said: str
) -> None:
    ada = publisher("github")
    run = ada.run()
    ada.forge.add_hook(NAME, "pre-receive", hook)

    done = ada.pr("--json")

    assert done.status == 1
    assert done.json["error"].startswith(
        f"origin did not take swarm/{run}/merged [remote rejected] (pre-receive hook declined); "
        f"it said: {said}"
    )
    assert done.json["hint"].endswith(f"git swarm pr {run}")
    assert ada.forge.requests == []
    ada.forge.add_hook(NAME, "pre-receive", "exit 0")
    assert ada.pr().status == 0


@pytest.mark.parametrize("login", ["reader:secret-of-reader@", "ada:wrong-password@"])
def test_without_permission_to_push_nothing_is_asked_of_the_api_and_no_password_is_shown(
    publisher: Callable[[Kind], Publisher], login: str
) -> None:
    ada = publisher("github")
    run = ada.run()
    ada.forge.users = {"ada": "secret-of-ada", "reader": "secret-of-reader"}
    git(ada.swarm.repo.path, "remote", "set-url", "origin", ada.forge.url(NAME, login=login))

    done = ada.pr("--json")

    assert done.status == 1
    assert done.json["error"].startswith("git cannot talk to origin (http://127.0.0.1:")
    assert login.partition(":")[2].rstrip("@") not in done.stdout + done.stderr
    assert ada.forge.requests == []
    good = ada.forge.url(NAME, login="ada:secret-of-ada@")
    git(ada.swarm.repo.path, "remote", "set-url", "origin", good)
    assert ada.pr(run).status == 0


def test_a_remote_that_is_gone_is_told_and_run_again_it_finishes(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    run = ada.run()
    where = ada.forge.repository(NAME)
    away = where.with_name("away")
    where.rename(away)

    done = ada.pr("--json")

    assert done.status == 1
    assert done.json["error"].endswith("not found")
    assert (
        done.json["hint"] == f'check it with "git ls-remote origin", then run: git swarm pr {run}'
    )
    away.rename(where)
    assert ada.pr().status == 0


def test_without_a_login_for_the_api_nothing_is_pushed(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    run = ada.run()

    done = ada.pr("--json", GH_TOKEN="")

    assert done.status == 2
    assert done.json["error"] == (
        "there is no login for 127.0.0.1, so no pull request can be opened; nothing was pushed"
    )
    assert ada.pushed(f"swarm/{run}/merged") is None


# -- where the token comes from


def test_the_token_may_be_what_git_itself_would_log_in_with(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    ada.run()
    helper = f"!f() {{ echo username=ada; echo password={TOKEN}; }}; f"
    git(ada.swarm.repo.path, "config", "credential.helper", helper)

    done = ada.pr("--json", GH_TOKEN="")

    assert done.status == 0, done.stderr
    assert {r.headers["authorization"] for r in ada.forge.requests} == {f"Bearer {TOKEN}"}


def test_a_credential_helper_finds_its_own_token_in_the_environment_and_not_the_models_key(
    publisher: Callable[[Kind], Publisher], tmp_path: Path
) -> None:
    ada = publisher("github")
    ada.run()
    ada.forge.users = {"ada": TOKEN}
    told = tmp_path / "told"
    helper = f"!f() {{ env > {told}; echo username=ada; echo password=$FORGE_TOKEN; }}; f"
    git(ada.swarm.repo.path, "config", "credential.helper", helper)

    done = ada.pr("--json", GH_TOKEN="", FORGE_TOKEN=TOKEN, ANTHROPIC_API_KEY="sk-test-key-0123")

    assert done.status == 0, done.stderr
    assert "sk-test-key-0123" not in told.read_text()


# -- nothing secret leaves, nothing of a model's is acted upon


def test_no_password_and_no_secret_is_printed_stored_or_published(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    run = ada.run(
        goal="Connect the billing: https://ada:hunter2-in-goal@db.example/x and "
        "key-of-the-payment-provider",
        task_builder=file_reply(
            {"hello.py": "1\n"},
            note="See https://bot:hunter2-in-note@x.example. ghp_" + "a1" * 18,
        ),
    )
    ada.forge.users = {"ada": TOKEN}
    url = ada.forge.url(NAME, login=f"ada:{TOKEN}@")
    git(ada.swarm.repo.path, "remote", "set-url", "origin", url)

    secret = {"GH_TOKEN": "", "PAYMENT_API_KEY": "key-of-the-payment-provider"}
    done = [ada.pr("--branches", **secret), ada.pr("--json", **secret)]

    assert [one.status for one in done] == [0, 0]
    ledger = git(ada.swarm.repo.path, "show", f"refs/swarm/{run}:publish.json")
    pull = ada.forge.pulls[0]
    shown = "".join(
        [*(one.stdout + one.stderr for one in done), ledger, pull["title"], pull["body"]]
    )
    secrets = (TOKEN, "hunter2", "key-of-the-payment-provider", "ghp_")
    assert [secret for secret in secrets if secret in shown] == []
    assert "Connect the billing: https://db.example/x and [removed: a secret]" in pull["body"]
    assert "See https:\u200b//x.example." in pull["body"]


def test_nothing_that_an_agent_wrote_is_acted_upon(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    note = (
        "Done, @octocat and @org/team! Closes #1, fixes ada/other#2, resolves GH-3, closes "
        "https://github.com/ada/project/issues/4. ![pixel](https://evil.example/p.png) "
        "<!-- hidden --> <img src=x> [link](javascript:x) </details>"
    )
    ada.run(
        goal="Answer @grace; closes #9\n\n/close is a word here",
        task_builder=file_reply({"hello.py": "1\n"}, note=note)
        + "\n````commit\nGreet @octocat, closes #5 `\n````\n",
    )

    assert ada.pr().status == 0

    body = ada.forge.pulls[0]["body"]
    assert "Answer @grace; closes #9\n\n\\/close is a word here" in body
    assert re.search(r"  - `[0-9a-f]{10}` Greet @\u200boctocat, closes #\u200b5 \\`\n", body)
    (told,) = re.findall("  - Note: (Done.*)", body)
    assert told == (
        "Done, @\u200boctocat and @\u200borg/team\\! Closes #\u200b1, fixes ada/other#\u200b2, "
        "resolves GH\u200b-3, closes https:\u200b//github.com/ada/project/issues/4. "
        "\\!\u200b\\[pixel\\](https:\u200b//evil.example/p.png) &lt;\\!-- hidden --&gt; "
        "&lt;img src=x&gt; \\[link\\](javascript:x) &lt;/details&gt;"
    )


# -- what reviewers want


def test_changes_to_ci_definitions_are_told_before_they_are_pushed(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    ada.run(
        plan=plan_reply({"id": "ship", "role": "deployer"}),
        task_ship=file_reply({".github/workflows/ship.yml": "on: push\n", "app.py": "1\n"}),
    )
    ada.forge.add_hook(NAME, "pre-receive", "exit 1")

    done = ada.pr("--json")

    assert (
        "this proposes changes to CI definitions, which may run as soon as they are pushed: "
        ".github/workflows/ship.yml"
    ) in " ".join(done.stderr.split())
    ada.forge.add_hook(NAME, "pre-receive", "exit 0")
    assert ada.pr("--json").json["ci_paths"] == [".github/workflows/ship.yml"]
    assert (
        "### Changes to CI definitions\n\n- `.github/workflows/ship.yml`\n"
        in (ada.forge.pulls[0]["body"])
    )


def test_ci_definitions_in_branches_of_tasks_are_told_where_these_are_pushed(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    run = ada.run(
        plan=plan_reply({"id": "code", "role": "builder"}, {"id": "ship", "role": "deployer"}),
        task_code=file_reply({"app.py": "1\n"}),
        task_ship=file_reply({".github/workflows/ship.yml": "on: push\n"}),
    )
    ada.swarm("drop", "ship", "--run", run, "--verify", "true")

    alone, with_branches = ada.pr("--json"), ada.pr("--json", "--branches")

    assert (alone.json["ci_paths"], alone.json["warnings"]) == ([], [])
    assert with_branches.json["warnings"] == [
        "branches of tasks change CI definitions, which may run as soon as they are pushed: "
        ".github/workflows/ship.yml"
    ]


def test_ci_definitions_in_the_users_own_commits_that_go_along_are_told(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    ada.swarm.commit({".gitlab-ci.yml": "mine\n"})
    ada.run()

    assert ada.pr("--json").json["ci_paths"] == [".gitlab-ci.yml"]


def test_commits_of_the_users_own_that_go_along_are_told(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    ada.swarm.commit({"private.txt": "not pushed yet"})
    ada.run()

    done = ada.pr("--json")

    assert done.json["warnings"] == [
        "1 commit of yours, from which the run started, is not in main and will be part of it"
    ]


TEMPLATE = """\
<!-- Thank you! -->
## What does this change?

<!-- in a few words -->

## Checklist

- [ ] I have read it myself
"""


def test_the_template_of_the_base_is_filled_in(publisher: Callable[[Kind], Publisher]) -> None:
    ada = publisher("github")
    ada.swarm.commit({".github/Pull_Request_Template.md": TEMPLATE})
    git(ada.swarm.repo.path, "push", "--quiet", "origin", "main")
    run = ada.run(
        task_builder=file_reply({".github/Pull_Request_Template.md": "All is well.\n", "a": "1\n"})
    )

    assert ada.pr().status == 0

    body = ada.forge.pulls[0]["body"]
    begin = f'<!-- git swarm: run {run}; "git swarm pr" replaces what is from here -->'
    assert body.startswith(
        f"<!-- Thank you! -->\n## What does this change?\n\n{begin}\nAdd a greeting\n"
    )
    assert body.endswith(
        f"<!-- git swarm: to here; run {run} -->\n\n<!-- in a few words -->\n\n## Checklist\n\n"
        "- [ ] I have read it myself"
    )


def test_the_branches_of_the_tasks_are_pushed_where_that_is_asked_for(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    run = ada.run()

    done = ada.pr("--json", "--branches")

    branches = [f"swarm/{run}/builder", f"swarm/{run}/notes"]
    assert done.json["branches"] == branches
    assert [ada.pushed(branch) for branch in branches] == [ada.head(b) for b in branches]


def test_the_browser_is_shown_the_address(
    publisher: Callable[[Kind], Publisher], tmp_path: Path
) -> None:
    ada = publisher("github")
    ada.run()
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho noise\necho "$1" > {tmp_path}/shown\n')
    browser.chmod(0o755)

    done = ada.pr("--web", "--json", BROWSER=f"{browser} %s")

    assert (tmp_path / "shown").read_text() == done.json["url"] + "\n"


# -- through gh


@pytest.fixture
def gh(tmp_path: Path) -> str:
    """The folder of a login of gh, which talks to the forge through a socket."""
    if shutil.which("gh") is None:
        pytest.skip("gh is not installed")
    folder = tmp_path / "gh"
    folder.mkdir()
    (folder / "config.yml").write_text(f"http_unix_socket: {tmp_path}/forge/gh.sock\n")
    (folder / "hosts.yml").write_text(
        f"github.localhost:\n  oauth_token: {TOKEN}\n  user: ada\n  git_protocol: https\n"
    )
    return str(folder)


def test_gh_opens_and_updates_it_where_it_is_logged_in(
    publisher: Callable[[Kind], Publisher], gh: str
) -> None:
    ada = publisher("github")
    ada.run()
    url = ada.forge.url(NAME, host="github.localhost")
    git(ada.swarm.repo.path, "remote", "set-url", "origin", url)

    done = [ada.pr("--json", *o, GH_TOKEN="", GH_CONFIG_DIR=gh) for o in (["--draft"], [])]

    assert [(one.status, one.json["action"]) for one in done] == [(0, "opened"), (0, "updated")]
    assert ada.forge.pulls[0]["draft"] is False
    assert {r.headers["host"] for r in ada.forge.requests} == {"api.github.localhost"}
    assert all(r.headers["user-agent"].startswith("GitHub CLI") for r in ada.forge.requests)
    assert [str(r) for r in ada.forge.requests] == [
        "GET repos/ada/project/pulls",
        "POST repos/ada/project/pulls",
        "GET repos/ada/project/pulls",
        "PATCH repos/ada/project/pulls/1",
        "POST graphql",
    ]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("POST", 403, "no"), "does not let this account open or change pull requests"),
        (Fault("GET", 404, "Not Found"), "shows no repository ada/project to this account"),
        (
            Fault("POST", 403, "limit", {"x-ratelimit-remaining": "0", "retry-after": "900"}),
            "has had too many requests from this account and takes more in 15m 00s",
        ),
        (Fault("GET", 0, times=9), "github.localhost does not answer gh: "),
    ],
    ids=["403", "404", "rate limit", "no answer"],
)
def test_what_is_refused_through_gh_is_told_and_run_again_it_finishes(
    publisher: Callable[[Kind], Publisher], gh: str, fault: Fault, error: str
) -> None:
    ada = publisher("github")
    ada.run()
    url = ada.forge.url(NAME, host="github.localhost")
    git(ada.swarm.repo.path, "remote", "set-url", "origin", url)
    ada.forge.faults = [fault]

    done = ada.pr("--json", GH_TOKEN="", GH_CONFIG_DIR=gh)

    assert done.status == 1
    assert error in done.json["error"]
    ada.forge.faults = []
    assert ada.pr("--json", GH_TOKEN="", GH_CONFIG_DIR=gh).json["action"] == "opened"


def test_where_gh_cannot_know_the_port_the_same_host_is_asked_directly(
    publisher: Callable[[Kind], Publisher],
) -> None:
    if shutil.which("gh") is None:
        pytest.skip("gh is not installed")
    ada = publisher("github")
    ada.run()
    url = ada.forge.url(NAME, host="github.localhost")
    git(ada.swarm.repo.path, "remote", "set-url", "origin", url)

    done = ada.pr("--json")

    assert done.status == 0, done.stderr
    assert {r.headers["user-agent"] for r in ada.forge.requests} == {"gitswarm"}


def test_where_gh_is_not_logged_in_the_same_host_is_asked_directly(
    publisher: Callable[[Kind], Publisher],
) -> None:
    ada = publisher("github")
    ada.run()
    url = ada.forge.url(NAME, host="github.localhost", login=f"ada:{TOKEN}@")
    git(ada.swarm.repo.path, "remote", "set-url", "origin", url)

    done = ada.pr("--json", GH_TOKEN="")

    assert done.status == 0, done.stderr
    assert {r.headers["user-agent"] for r in ada.forge.requests} == {"gitswarm"}
    assert {r.headers["host"] for r in ada.forge.requests} == {
        f"api.github.localhost:{ada.forge.port}"
    }
