"""`git swarm resolve` in a checkout that is in the middle of a merge."""

import subprocess
from pathlib import Path

import pytest

from gitswarm.repo.objects import Oid
from tests.conftest import Content
from tests.e2e.conftest import Swarm, git

Files = dict[str, Content]

BASE = "version = 1.0.0\na\nb\nc\nd\nword\ne\nf\ng\nh\nlast\n"
OURS = "version = 1.1.0\na\nb\nc\nd\nours\ne\nf\ng\nh\nLAST\n"
THEIRS = "version = 1.2.0\na\nb\nc\nd\ntheirs\ne\nf\ng\nh\nend\n"
ANSWER = "Both.\n\n````resolution hunk=2 confidence=0.9\nours theirs\n````\n"


@pytest.fixture
def merging(swarm: Swarm) -> Swarm:
    """Three hunks in a merge; the last one is settled by hand, in words of one's own."""
    base = swarm.commit({"v.txt": BASE})
    theirs = swarm.repo.commit({"v.txt": THEIRS}, on=base, message="Say theirs")
    git(swarm.repo.path, "branch", "topic", theirs)
    swarm.commit({"v.txt": OURS})
    subprocess.run(["git", "merge", theirs], cwd=swarm.repo.path, capture_output=True)
    file = swarm.repo.path / "v.txt"
    text = file.read_text()
    at = text.index("<<<<<<< HEAD\nLAST")
    file.write_text(text[:at] + "my own end\n")
    return swarm


def test_what_was_settled_by_hand_stays_and_the_rest_is_asked(merging: Swarm) -> None:
    file = merging.repo.path / "v.txt"
    before = file.read_text()
    merging.script.answers = {"resolve": ANSWER}
    head = git(merging.repo.path, "rev-parse", "HEAD")

    done = merging("resolve", "--json")

    assert done.status == 0, done.stderr
    assert file.read_text() == "version = 1.2.0\na\nb\nc\nd\nours theirs\ne\nf\ng\nh\nmy own end\n"
    (conflict,) = done.json["conflicts"]
    assert [hunk["by"] for hunk in conflict["hunks"]] == ["rule:version", "model"]
    assert (conflict["path"], conflict["kind"]) == ("v.txt", "content")
    assert (done.json["operation"], done.json["staged"]) == ("merge", ["v.txt"])
    assert Path(done.json["saved"], "v.txt").read_text() == before
    (call,) = merging.api.calls
    assert "Say theirs" in call.last_text
    assert git(merging.repo.path, "ls-files", "-u") == ""
    assert git(merging.repo.path, "rev-parse", "HEAD") == head


def test_without_a_model_what_no_rule_answers_stays_marked_and_unstaged(merging: Swarm) -> None:
    file = merging.repo.path / "v.txt"
    before = file.read_text()

    done = merging("resolve", "--no-model", ANTHROPIC_API_KEY="")

    assert (done.status, merging.api.calls) == (1, [])
    assert file.read_text() == "version = 1.2.0\n" + before[before.index("a\nb\n") :]
    assert done.stdout.splitlines()[1] == "v.txt: hunk 2: open, no rule answers it"
    assert len(git(merging.repo.path, "ls-files", "-u").splitlines()) == 3


def test_a_dry_run_changes_nothing_and_shows_the_diff(merging: Swarm) -> None:
    file = merging.repo.path / "v.txt"
    before = file.read_text()
    index = (merging.repo.path / ".git" / "index").read_bytes()

    done = merging("resolve", "--no-model", "--dry-run")

    assert (done.status, file.read_text()) == (1, before)
    assert (merging.repo.path / ".git" / "index").read_bytes() == index
    assert "-version = 1.1.0\n-=======\n version = 1.2.0\n->>>>>>> " in done.stdout


def test_without_a_key_the_open_hunks_say_so_and_rules_still_count(merging: Swarm) -> None:
    done = merging("resolve", "--json", ANTHROPIC_API_KEY="", ANTHROPIC_AUTH_TOKEN="")

    hunks = done.json["conflicts"][0]["hunks"]
    assert (done.status, [hunk["by"] for hunk in hunks]) == (1, ["rule:version", None])
    assert hunks[1]["reason"] == "no credentials for the model API"


def start_merge(swarm: Swarm, base: Files, ours: Files, theirs: Files) -> Oid:
    """A checkout in which `git merge` found a conflict."""
    root = swarm.commit(base)
    tip = swarm.repo.commit(theirs, on=root, message="Say theirs")
    swarm.commit(ours)
    subprocess.run(["git", "merge", tip], cwd=swarm.repo.path, capture_output=True)
    return tip


def test_a_whole_file_is_settled_by_one_of_the_ways_and_that_is_known_later(swarm: Swarm) -> None:
    path = swarm.repo.path
    start_merge(swarm, {"a.txt": "1\n"}, {"a.txt": "2\n"}, {"a.txt": None})
    choice = 'It goes.\n\n````choice path="a.txt" option=B confidence=0.9\n````\n'
    swarm.script.answers = {"resolve": choice}

    shown = swarm("resolve", "--dry-run")
    assert (shown.status, (path / "a.txt").read_text()) == (0, "2\n")
    assert shown.stdout == "a.txt: model: `a.txt` is deleted, as theirs did, It goes.\n"
    done = swarm("resolve", "--json", "--no-model")

    assert done.status == 0, done.stderr
    (conflict,) = done.json["conflicts"]
    assert (conflict["kind"], conflict["hunks"][0]["by"]) == ("modify/delete", "replay")
    assert (done.json["written"], done.json["staged"]) == (["a.txt"], ["a.txt"])
    assert git(path, "status", "--porcelain") == "D  a.txt\n"
    assert not (path / "a.txt").exists()
    assert Path(done.json["saved"], "a.txt").read_text() == "2\n"
    (call,) = swarm.api.calls
    assert "B = `a.txt` is deleted, as theirs did" in call.last_text


def test_a_person_decides_what_has_no_way_and_that_stays_as_it_is(swarm: Swarm) -> None:
    path = swarm.repo.path
    start_merge(swarm, {"a.txt": "1\n", "b": "1\n"}, {"a.txt": "2\n"}, {"a.txt": None})
    unresolved = 'Hm.\n\n````unresolved path="a.txt"\nwho knows\n````\n'
    swarm.script.answers = {"resolve": unresolved}

    done = swarm("resolve")

    assert (done.status, done.stdout) == (1, "a.txt: open, who knows\n")
    assert len(git(path, "ls-files", "-u").splitlines()) == 2


def test_a_lock_file_is_written_anew_from_what_is_resolved(swarm: Swarm) -> None:
    """The command sees what was settled here, by hand too, and ours' version of the lock file."""
    path = swarm.repo.path
    start_merge(
        swarm,
        {"deps": "version = 1.0.0\n", "own": "a\n", "uv.lock": "of 1.0.0\n"},
        {"deps": "version = 1.1.0\n", "own": "b\n", "uv.lock": "of 1.1.0\n"},
        {"deps": "version = 1.2.0\n", "own": "c\n", "uv.lock": "of 1.2.0\n"},
    )
    swarm.repo.git("config", "swarm.regenerate", "cat uv.lock own deps > new; mv new uv.lock")

    waits = swarm("resolve", "--json", "--no-model")
    assert (waits.status, waits.json["staged"]) == (1, ["deps"])
    assert "<<<<<<<" in (path / "uv.lock").read_text()
    (path / "own").write_text("both\n")
    git(path, "add", "own")
    done = swarm("resolve", "--json")

    assert done.status == 0, done.stderr
    assert (path / "uv.lock").read_text() == "of 1.1.0\nboth\nversion = 1.2.0\n"
    (conflict,) = done.json["conflicts"]
    assert conflict["hunks"][0]["by"] == "rule:regenerate"
    assert git(path, "ls-files", "-u") == ""
    assert not swarm.worktrees.exists()
    assert not swarm.api.calls


def test_an_answer_is_known_to_later_merges_and_runs(merging: Swarm) -> None:
    path = merging.repo.path
    merging.script.answers = {"resolve": ANSWER}
    assert merging("resolve").status == 0
    git(path, "merge", "--abort")
    subprocess.run(["git", "merge", "topic"], cwd=path, capture_output=True)

    done = merging("resolve", "--json", "--no-model")

    hunks = [hunk["by"] for hunk in done.json["conflicts"][0]["hunks"]]
    assert hunks == ["rule:version", "replay", None]
    assert len(merging.api.calls) == 1
    assert merging("list", "--json").json["runs"] == []


def test_no_rule_undoes_a_revert(swarm: Swarm) -> None:
    """What a revert brings in is lower than what is there, and than what it started from."""
    path = swarm.repo.path
    swarm.commit({"v.txt": "version = 1.0.0\n"})
    bump = swarm.commit({"v.txt": "version = 1.1.0\n"})
    swarm.commit({"v.txt": "version = 1.2.0\n"})
    subprocess.run(["git", "revert", bump], cwd=path, capture_output=True)

    done = swarm("resolve", "--json", "--no-model", "--rules", "version,superseded,token")

    assert done.json["operation"] == "revert"
    assert [hunk["by"] for hunk in done.json["conflicts"][0]["hunks"]] == [None]


def test_without_a_base_no_rule_answers(swarm: Swarm) -> None:
    """Both sides have a line in the middle in common, so git shows two hunks where a merge that
    tells the base has one. What they go back to is not known: here theirs took something away."""
    common = "".join(f"common {n}\n" for n in range(5))
    start_merge(
        swarm,
        {"a.txt": "version = 2.0.0\nold\n"},
        {"a.txt": f"version = 2.1.0\n{common}x\n"},
        {"a.txt": f"version = 1.9.0\n{common}y\n"},
    )
    done = swarm("resolve", "--json", "--no-model")

    hunks = done.json["conflicts"][0]["hunks"]
    assert [(hunk["n"], hunk["by"]) for hunk in hunks] == [(1, None), (2, None)]


def test_where_nothing_is_in_conflict_it_says_so(swarm: Swarm) -> None:
    done = swarm("resolve", "--json")

    assert (done.status, done.json["error"]) == (2, "nothing is in conflict here")
