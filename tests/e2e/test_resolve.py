"""`git swarm resolve` in a checkout that is in the middle of a merge."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Swarm, git

BASE = "version = 1.0.0\na\nb\nc\nd\nword\ne\nf\ng\nh\nlast\n"
OURS = "version = 1.1.0\na\nb\nc\nd\nours\ne\nf\ng\nh\nLAST\n"
THEIRS = "version = 1.2.0\na\nb\nc\nd\ntheirs\ne\nf\ng\nh\nend\n"
ANSWER = "Both.\n\n````resolution hunk=2 confidence=0.9\nours theirs\n````\n"


@pytest.fixture
def merging(swarm: Swarm) -> Swarm:
    """Three hunks in a merge; the last one is settled by hand, in words of one's own."""
    base = swarm.commit({"v.txt": BASE})
    theirs = swarm.repo.commit({"v.txt": THEIRS}, on=base, message="Say theirs")
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


def test_where_nothing_is_in_conflict_it_says_so(swarm: Swarm) -> None:
    done = swarm("resolve", "--json")

    assert (done.status, done.json["error"]) == (2, "nothing is in conflict here")
