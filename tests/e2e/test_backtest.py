"""`git swarm backtest`: past merges answered again, and which rules that turns on."""

import os
from pathlib import Path

from gitswarm.repo.objects import Oid
from tests.e2e.conftest import Swarm, git


def test_rules_are_held_against_what_people_committed_and_turned_on(swarm: Swarm) -> None:
    tip = _version_merges(swarm, 26)
    before = git(swarm.repo.path, "count-objects", "-v")

    looked = swarm("backtest", "--json")

    rules = {one["rule"]: one for one in looked.json["rules"]}
    assert (looked.status, looked.json["merges"], looked.json["conflicted"]) == (0, 26, 26)
    assert looked.json["recovered"] == 26
    assert rules["version"] == {
        "rule": "version",
        "n": 26,
        "merges": 26,
        "exact": 1.0,
        "words": 1.0,
        "lower_bound": rules["version"]["lower_bound"],
        "borne_out": True,
    }
    assert 0.9 < rules["version"]["lower_bound"] < 0.91
    assert git(swarm.repo.path, "count-objects", "-v") == before
    assert looked.json["configured"] is None
    assert "swarm.rules" not in git(swarm.repo.path, "config", "--list")

    done = swarm("backtest", "--configure", tip)

    assert done.stdout.splitlines()[0] == (
        "26 merges, 26 with conflicts of 26 hunks; what was committed can be told for 26."
    )
    assert done.stderr == "swarm.rules is version from now on.\n"
    assert git(swarm.repo.path, "config", "swarm.rules") == "version\n"


def test_little_history_turns_nothing_on(swarm: Swarm) -> None:
    _version_merges(swarm, 20)

    done = swarm("backtest", "--configure", "--json")

    rules = {one["rule"]: one for one in done.json["rules"]}
    assert (rules["version"]["n"], rules["version"]["exact"]) == (20, 1.0)
    assert (rules["version"]["borne_out"], done.json["configured"]) == (False, None)
    assert "swarm.rules" not in git(swarm.repo.path, "config", "--list")


def test_a_range_and_a_number_choose_the_merges(swarm: Swarm, tmp_path: Path) -> None:
    tip = _version_merges(swarm, 4)

    assert swarm("backtest", f"{tip}~5..{tip}", "--json").json["merges"] == 2
    assert swarm("backtest", "--max", "3", "--json").json["merges"] == 3
    assert swarm("backtest", "no-such", "--json").status == 2
    assert os.listdir(tmp_path) == ["project"]


def _version_merges(swarm: Swarm, count: int) -> Oid:
    """So many merges, in each of which two bumped a version and people kept the higher one."""
    repo, at = swarm.repo, swarm.base
    for n in range(1, count + 1):
        text = "name = 'x'\nversion = '{}'\nlicence = 'MIT'\n".format
        at = repo.commit({"pyproject.toml": text(f"{n}.0.0")}, on=at)
        ours = repo.commit({"pyproject.toml": text(f"{n}.1.0")}, on=at)
        theirs = repo.commit({"pyproject.toml": text(f"{n}.2.0")}, on=at)
        tree = repo.repository.tree(theirs)
        at = repo.repository.commit_tree(tree, [ours, theirs], "merge")
    repo.checkout(at)
    return at
