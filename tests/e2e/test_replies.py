"""Nothing of a reply that escapes is written, and it is asked for again."""

import os
from pathlib import Path

import pytest

from tests.e2e.checkout import Snapshot, snapshot
from tests.e2e.conftest import Finished, Swarm, file_reply, git, in_turn, plan_reply
from tests.messages_api import Scripted

SECRET = "the secret that no model may read"


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret.txt").write_text(f"{SECRET}\n")
    return folder


@pytest.fixture(scope="module")
def repository(shared: Swarm, outside: Path) -> Swarm:
    """With symbolic links that lead outside, and a submodule."""
    folder = shared.repo.path
    (folder / "link").symlink_to(outside)
    (folder / "notes.txt").symlink_to(outside / "secret.txt")
    git(folder, "add", "link", "notes.txt")
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{shared.base},vendor")
    git(folder, "commit", "--quiet", "--message", "lead outside")
    return shared


@pytest.fixture(scope="module")
def before(repository: Swarm) -> Snapshot:
    return snapshot(repository.repo.path)


@pytest.fixture(scope="module")
def escapes(repository: Swarm, outside: Path, before: Snapshot) -> Finished:
    bad = [
        "../escaped",
        f"{outside}/escaped",
        ".git/config",
        ".GIT/hooks/post-checkout",
        "link/escaped",
        "vendor/escaped",
        ".github/workflows/ci.yml",
        ".gitswarm/roles/builder.md",
        "notes.txt",
    ]
    everywhere = file_reply({"good.py": "good\n", **dict.fromkeys(bad, "escaped\n")})
    repository.script.answers = {
        "plan": plan_reply(
            {"id": "escaper", "role": "builder"},
            {"id": "stubborn", "role": "builder"},
            {"id": "researcher", "role": "researcher"},
            {"id": "reader", "role": "builder"},
        ),
        "task:escaper": everywhere,
        "repair:escaper": file_reply({"good.py": "good\n"}),
        "task:stubborn": file_reply({"../stubborn": "escaped\n"}),
        "repair:stubborn": file_reply({"../stubborn": "escaped\n"}),
        "task:researcher": file_reply({"report.md": "found\n"}),
        "repair:researcher": "I found nothing.",
        "task:reader": in_turn(
            Scripted.tools(
                ("read_file", {"path": "notes.txt"}),
                ("read_file", {"path": "link/secret.txt"}),
                ("read_file", {"path": f"{outside}/secret.txt"}),
                ("read_file", {"path": "../outside/secret.txt"}),
                ("read_file", {"path": ".git/config"}),
                ("search", {"pattern": "secret"}),
                ("list_files", {"glob": "link/**"}),
            ),
            file_reply({"read.py": "read\n"}),
        ),
    }
    return repository("-y", "--json", "escape if you can")


def test_a_reply_that_escapes_is_repaired_or_fails(escapes: Finished) -> None:
    assert escapes.outcomes == {
        "escaper": "done",
        "stubborn": "failed",
        "researcher": "noted",
        "reader": "done",
    }
    assert escapes.task("stubborn")["error"] == (
        "its reply could not be applied after 3 repairs: Line 3: '../stubborn' has the part \"..\";"
        " write it from the top of the repository."
    )


def test_nothing_is_written_where_it_does_not_belong(
    repository: Swarm, outside: Path, before: Snapshot, escapes: Finished
) -> None:
    base = repository.repo.files(escapes.json["base"])
    merged = repository.repo.files(escapes.json["merged"]["commit"])

    assert merged == {**base, "good.py": "good\n", "read.py": "read\n"}
    assert os.listdir(outside) == ["secret.txt"]
    assert snapshot(repository.repo.path) == before
    assert sorted(os.listdir(repository.repo.path.parent)) == ["project"]


def test_the_model_is_told_of_every_path_why_it_was_refused(
    repository: Swarm, outside: Path, escapes: Finished
) -> None:
    (repair,) = repository.calls("repair", "escaper")

    assert (
        repair.last_text
        == f"""\
Nothing of your reply was applied, because of this:

- Line 7: '../escaped' has the part ".."; write it from the top of the repository.
- Line 11: '{outside}/escaped' is absolute; write it from the top of the repository.
- Line 15: '.git/config' is in git's own folder.
- Line 19: '.GIT/hooks/post-checkout' is in git's own folder.
- Line 23: 'link/escaped' goes through the symbolic link 'link'.
- Line 27: 'vendor/escaped' is in the submodule 'vendor'.
- Line 31: '.github/workflows/ci.yml' is a CI definition, which this role may not change.
- Line 35: '.gitswarm/roles/builder.md' is in gitswarm's own folder, which no role may change.
- Line 39: 'notes.txt' is a symbolic link; edit the file it points to.

Send the complete reply again, with every block of it, the good ones too: a reply is applied as a \
whole or not at all.
"""
    )


def test_a_reply_is_asked_for_again_three_times_at_most(
    repository: Swarm, escapes: Finished
) -> None:
    stubborn = [call.purpose for call in repository.api.calls if call.task == "stubborn"]

    assert stubborn == ["task", "repair", "repair", "repair"]


def test_no_tool_reads_through_a_symbolic_link_or_outside_the_tracked_files(
    repository: Swarm, outside: Path, escapes: Finished
) -> None:
    answers = repository.calls("task", "reader")[1].body["messages"][-1]["content"]

    assert [answer["content"] for answer in answers] == [
        f"notes.txt is a symbolic link to {outside}/secret.txt; links are not followed.",
        f"link is a symbolic link to {outside}; links are not followed.",
        f'path is "{outside}/secret.txt", not a path from the root of the repository.',
        'path is "../outside/secret.txt", which leads outside.',
        'path is ".git/config", which is inside ".git".',
        "No line matches.",
        "No file matches the glob link/**.",
    ]
    assert not [call for call in repository.api.calls if SECRET.encode() in call.raw]


def test_every_call_says_which_run_and_task_it_is_for(repository: Swarm, escapes: Finished) -> None:
    calls = repository.api.calls

    assert {call.headers["x-swarm-run"] for call in calls} == {escapes.json["run"]}
    assert sorted((call.purpose, call.headers.get("x-swarm-task")) for call in calls[1:]) == [
        ("repair", "escaper"),
        ("repair", "researcher"),
        *[("repair", "stubborn")] * 3,
        ("task", "escaper"),
        *[("task", "reader")] * 2,
        ("task", "researcher"),
        ("task", "stubborn"),
    ]
    assert (calls[0].purpose, calls[0].headers.get("x-swarm-task")) == ("plan", None)


def test_planner_and_agents_share_one_prefix_byte_for_byte_and_pay_for_it_once(
    repository: Swarm, escapes: Finished
) -> None:
    planner, *agents = repository.api.calls
    shared_prefix = system_and_tools(planner.raw)

    assert {system_and_tools(call.raw) for call in agents} == {shared_prefix}
    assert shared_prefix.count(b'"cache_control"') == 1
    usages = [call.usage for call in agents if call.usage]
    assert len(usages) == len(agents)
    assert min(usage["cache_read_input_tokens"] for usage in usages) > 1000


def system_and_tools(request: bytes) -> bytes:
    """As they went over the wire, where they come last."""
    parts = request[request.rindex(b'"system":') :]
    assert b'"tools":' in parts
    return parts


def test_a_task_is_shown_what_those_it_depends_on_did(swarm: Swarm) -> None:
    swarm.script.answers = {
        "task:api": file_reply({"api.py": "def total(): ...\n"}),
        "task:caller": in_turn(
            Scripted.tools(
                ("show_diff", {}),
                ("show_diff", {"path": 7}),
                ("write_file", {"path": "a"}),
            ),
            file_reply({"caller.py": "call\n"}),
        ),
    }

    run = swarm.carry_out(
        {"id": "api", "role": "builder"},
        {"id": "caller", "role": "builder", "depends_on": ["api"]},
    )

    assert run.outcomes == {"api": "done", "caller": "done"}
    results = swarm.calls("task", "caller")[1].body["messages"][-1]["content"]
    assert [block["is_error"] for block in results] == [False, True, True]
    assert results[0]["content"].startswith("1 file changed, 7 lines of diff:\nA api.py +1 -0\n\n")
    assert results[0]["content"].endswith("+def total(): ...")
    assert results[1]["content"].startswith("show_diff was called with wrong arguments: path: ")
    assert results[2]["content"] == (
        "There is no tool 'write_file', only read_file, search, list_files, show_diff."
    )


def test_what_a_task_reads_first_is_bounded_and_the_rest_is_named(swarm: Swarm) -> None:
    large = {f"large{n}.txt": f"{n}" * 190_000 + "\n" for n in range(3)}
    swarm.commit({**large, "huge.txt": "h" * 200_001})
    swarm.script.answers = {"task": file_reply({"b.txt": "b\n"})}

    swarm.carry_out({"id": "a", "role": "builder", "reads": [*large, "huge.txt", "app.py", "none"]})

    (call,) = swarm.calls("task", "a")
    shown = [n for n in range(3) if f"{n}" * 190_000 in call.last_text]
    assert shown == [0, 1]
    assert "## `app.py`\n\n````\none\ntwo\nthree\n````\n" in call.last_text
    assert (
        "Not there, not text, too long or kept from models: `large2.txt`, `huge.txt`, `none`\n"
    ) in call.last_text


def test_a_file_loses_most_of_its_lines_only_where_that_is_said_twice(swarm: Swarm) -> None:
    swarm.commit({"a.py": "".join(f"line {n}\n" for n in range(30))})
    small = file_reply({"a.py": "small\n"})
    edit = "````edit path=a.py\n<<<<<<< SEARCH\nline 3\n=======\nthree\n>>>>>>> REPLACE\n````\n"
    swarm.script.answers = {
        "task": small,
        "repair:meant": small,
        "repair:mended": edit,
    }

    done = swarm.carry_out(
        {"id": "meant", "role": "builder", "prompt": "Do it."},
        {"id": "mended", "role": "builder", "prompt": "Do it."},
    )

    assert done.outcomes == {"meant": "done", "mended": "done"}
    shown = {
        id: git(swarm.repo.path, "show", f"{done.task(id)['commits'][-1]}:a.py")
        for id in done.outcomes
    }
    assert shown["meant"] == "small\n"
    assert shown["mended"].splitlines()[2:5] == ["line 2", "three", "line 4"]
