"""All branches become one: what git cannot merge is put to the model, or left to a person."""

import re
from typing import Any

import pytest

from gitswarm.repo.objects import Oid
from tests.e2e.conftest import Finished, Swarm, file_reply, git
from tests.messages_api import Call, Scripted

TEXT = "one\ntwo\nthree\n"


def task(id: str, role: str = "builder", **facts: Any) -> dict[str, Any]:
    return {"id": id, "role": role, "title": f"Do {id}", **facts}


def resolve(call: Call) -> str:
    """Both additions of a hunk in the order of the alphabet, whichever side they are of."""
    return "Both are wanted.\n\n````resolution hunk=1 confidence=0.9\ntwo {}\n````\n".format(
        " ".join(sorted(set(re.findall(r"^two (\w+)$", call.last_text, re.M))))
    )


PLAN = [
    task("left"),
    task("right"),
    task("third"),
    task("fourth"),
    task("finder", "researcher"),
    task("content"),
    task("up"),
    task("down"),
    task("both", depends_on=["third", "fourth"]),
    task("again", depends_on=["fourth", "third"]),
    task("told", depends_on=["finder", "content", "third"]),
    task("between", depends_on=["up", "down"]),
]


def changed(word: str, *paths: str) -> str:
    return file_reply(dict.fromkeys(paths, f"one\ntwo {word}\nthree\n"))


@pytest.fixture(scope="module")
def repository(shared: Swarm) -> Swarm:
    shared.commit(dict.fromkeys(["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"], TEXT))
    return shared


@pytest.fixture(scope="module")
def settled(repository: Swarm) -> Finished:
    """A run whose conflicts are all resolved: two in the end, one in a fan-in."""
    repository.script.answers = {
        "task:left": changed("left", "a.txt", "b.txt"),
        "task:right": changed("right", "a.txt", "b.txt"),
        "task:up": changed("up", "c.txt"),
        "task:down": changed("down", "c.txt"),
        "task:finder": "Look at a.txt.",
        "task:content": "I looked.\n\n````nothing\nIt is there already.\n````\n",
        "task": lambda call: file_reply({f"{call.task}.txt": f"{call.task}\n"}),
        "resolve": resolve,
    }
    return repository.carry_out(*PLAN, options=("--jobs", "12"))


@pytest.fixture(scope="module")
def calls(repository: Swarm, settled: Finished) -> list[Call]:
    """What was asked in that run."""
    return list(repository.api.calls)


def merges(swarm: Swarm, done: Finished) -> list[tuple[list[Oid], str]]:
    """Parents and subject of the commits on the way of `merged` from its base, oldest first."""
    ends = f"{done.json['base']}..{done.json['merged']['commit']}"
    log = git(swarm.repo.path, "log", "--first-parent", "--reverse", "--format=%P\t%s", ends)
    lines = (line.split("\t") for line in log.splitlines())
    return [([Oid(parent) for parent in parents.split()], subject) for parents, subject in lines]


def trailers(swarm: Swarm, commit: str) -> list[str]:
    shown = git(swarm.repo.path, "log", "-1", "--format=%(trailers:only,unfold)", commit)
    return shown.strip().splitlines()


def tip(done: Finished, id: str) -> Oid:
    return Oid(done.task(id)["commits"][-1])


def test_both_sides_of_every_conflict_are_in_the_merged_tree(
    repository: Swarm, settled: Finished
) -> None:
    made = ["third", "fourth", "both", "again", "told", "between"]

    assert settled.status == 0, settled.stderr
    assert repository.repo.files(settled.json["merged"]["commit"]) == {
        **repository.repo.files(repository.base),
        "a.txt": "one\ntwo left right\nthree\n",
        "b.txt": "one\ntwo left right\nthree\n",
        "c.txt": "one\ntwo down up\nthree\n",
        **{f"{name}.txt": f"{name}\n" for name in made},
    }


def test_every_tip_is_merged_with_two_parents_those_first_that_conflict_least(
    repository: Swarm, settled: Finished
) -> None:
    found = merges(repository, settled)

    names = ["both", "again", "told", "between", "left", "right"]
    assert [(parents[1], subject) for parents, subject in found] == [
        (tip(settled, name), f"Merge {name}: Do {name}") for name in names
    ]
    assert [len(parents) for parents, _ in found] == [2] * len(found)
    assert found[0][0][0] == repository.base


def test_conflicts_are_reported_with_who_resolved_them_and_why(settled: Finished) -> None:
    answer = [{"n": 1, "by": "model", "confidence": 0.9, "reason": "Both are wanted."}]

    def conflict(path: str, *between: str) -> dict[str, Any]:
        return {"path": path, "kind": "content", "between": list(between), "hunks": answer}

    assert settled.json["conflicts"] == [
        conflict("c.txt", "up", "down"),
        conflict("a.txt", "left", "right"),
        conflict("b.txt", "left", "right"),
    ]


def test_trailers_say_what_a_commit_is_and_who_resolved_its_hunks(
    repository: Swarm, settled: Finished
) -> None:
    run = settled.json["run"]

    assert trailers(repository, tip(settled, "right")) == [
        f"Swarm-Run: {run}",
        "Swarm-Task: right",
        "Swarm-Role: builder",
        "Swarm-Model: claude-sonnet-5-5",
        "Co-authored-by: claude-sonnet-5-5 <noreply@anthropic.com>",
    ]
    assert trailers(repository, f"swarm/{run}/merged") == [
        f"Swarm-Run: {run}",
        "Swarm-Task: right",
        "Swarm-Role: builder",
        "Swarm-Resolved: a.txt hunk=1 by=model",
        "Swarm-Resolved: b.txt hunk=1 by=model",
    ]


def test_tasks_with_the_same_dependencies_start_from_one_fan_in(
    repository: Swarm, settled: Finished
) -> None:
    commit = repository.repo.repository.commit
    both, again, told = (commit(tip(settled, id)) for id in ("both", "again", "told"))

    assert both.parents == again.parents
    assert commit(both.parents[0]).parents == (tip(settled, "third"), tip(settled, "fourth"))
    assert told.parents == (tip(settled, "third"),)  # a note brings nothing to merge


def test_notes_are_kept_on_their_branches_and_not_merged(
    repository: Swarm, settled: Finished
) -> None:
    merged = settled.json["merged"]["commit"]
    run = settled.json["run"]

    for task, note in {
        "finder": "Look at a.txt.",
        "content": "It is there already.\n\nI looked.",
    }.items():
        assert not repository.repo.repository.is_ancestor(tip(settled, task), merged)
        assert note in git(repository.repo.path, "log", "-1", "--format=%b", f"swarm/{run}/{task}")


def test_a_task_is_told_all_that_those_it_depends_on_said(calls: list[Call]) -> None:
    (told,) = [call for call in calls if call.task == "told" and call.purpose == "task"]

    assert "## Note of `finder`\n\n> Look at a.txt." in told.last_text
    assert "## Note of `content`\n\n> It is there already.\n>\n> I looked." in told.last_text


def test_the_model_is_asked_of_each_file_once_without_the_codebase(
    settled: Finished, calls: list[Call]
) -> None:
    asked = [call for call in calls if call.purpose == "resolve"]

    assert sorted((call.task, call.last_text.splitlines()[0]) for call in asked) == [
        ("down", "File: `c.txt`"),
        ("right", "File: `a.txt`"),
        ("right", "File: `b.txt`"),
    ]
    assert not [call for call in asked if "README.md" in str(call.body["system"])]
    assert not [call for call in asked if "tools" in call.body]


def test_the_order_of_the_plan_does_not_change_the_tree(
    repository: Swarm, settled: Finished, calls: list[Call]
) -> None:
    backwards = repository.carry_out(*reversed(PLAN), options=("--jobs", "12"))

    assert backwards.status == 0, backwards.stderr
    assert merges(repository, backwards) != merges(repository, settled)
    assert backwards.json["merged"]["tree"] == settled.json["merged"]["tree"]


@pytest.fixture(scope="module")
def undecided(repository: Swarm, calls: list[Call]) -> Finished:
    """A run with a conflict of every sort that stays open. Its base is another one, so that the
    answers of the earlier runs do not fit."""
    names = ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"]
    repository.commit(dict.fromkeys(names, "one\nII\nthree\n"))
    repository.script.answers = {
        "task:left": changed("left", "a.txt"),
        "task:right": changed("right", "a.txt"),
        "task:editor": changed("edited", "b.txt"),
        "task:remover": "````delete path=b.txt\n````\n",
        "task:up": changed("up", "c.txt"),
        "task:down": changed("down", "c.txt"),
        "task:low": changed("low", "d.txt"),
        "task:lower": changed("lower", "d.txt"),
        "task:first": changed("first", "e.txt"),
        "task:second": changed("second", "e.txt"),
        "task:fine": file_reply({"fine.txt": "fine\n"}),
        "task:idle": "I changed nothing.",
        "resolve:right": "````unresolved hunk=1\nThey contradict each other.\n````\n",
        "resolve:remover": "````unresolved path=b.txt\nWhere does the edit go?\n````\n",
        "resolve:down": Scripted.error(400, "too odd"),
        "resolve:lower": "A guess.\n\n````resolution hunk=1 confidence=0.3\ntwo low lower\n````\n",
        "resolve:second": "Ours.\n\n````resolution hunk=1 confidence=1\ntwo first\n````\n",
    }
    repository.api.calls.clear()
    return repository.carry_out(
        *map(task, ["left", "right", "editor", "remover", "up", "down", "low", "lower"]),
        *map(task, ["first", "second", "fine", "idle"]),
        task("after", depends_on=["left", "right"]),
        task("between", depends_on=["up", "down"]),
        options=("--jobs", "14"),
    )


def test_a_branch_with_an_open_conflict_is_set_aside_and_the_others_are_merged(
    repository: Swarm, undecided: Finished
) -> None:
    assert (undecided.status, undecided.json["exit_code"]) == (1, 1)
    assert repository.repo.files(undecided.json["merged"]["commit"]) == {
        **repository.repo.files(repository.base),
        "a.txt": "one\ntwo left\nthree\n",
        "b.txt": "one\ntwo edited\nthree\n",
        "c.txt": "one\ntwo up\nthree\n",
        "d.txt": "one\ntwo low\nthree\n",
        "e.txt": "one\ntwo first\nthree\n",
        "fine.txt": "fine\n",
    }
    shown = " ".join(undecided.stderr.split())
    assert (
        "Set aside left out of the merged branch, nothing lost"
        " ! right waits for a decision on a.txt"
        " ! remover waits for a decision on b.txt"
        " ! down waits for a decision on c.txt"
        " ! lower waits for a decision on d.txt"
        " ! second waits for a decision on e.txt"
    ) in shown


def test_what_is_set_aside_stays_on_its_branch(repository: Swarm, undecided: Finished) -> None:
    run = undecided.json["run"]
    words = {"right": "a.txt", "down": "c.txt", "lower": "d.txt", "second": "e.txt"}

    for task, path in words.items():
        branch = f"swarm/{run}/{task}"
        assert repository.repo.text(branch, path) == f"one\ntwo {task}\nthree\n"
        assert repository.repo.repository.is_ancestor(
            tip(undecided, task), Oid(f"refs/swarm/{run}")
        )
    assert "b.txt" not in repository.repo.files(tip(undecided, "remover"))


def test_an_open_hunk_says_why_nobody_resolved_it(undecided: Finished) -> None:
    told = undecided.json["conflicts"]
    conflicts = {
        conflict["path"]: {key: value for key, value in conflict.items() if key != "path"}
        for conflict in told
    }

    def hunk(reason: str, confidence: float | None = None) -> list[dict[str, Any]]:
        return [{"n": 1, "by": None, "confidence": confidence, "reason": reason}]

    assert conflicts == {
        "a.txt": {
            "kind": "content",
            "between": ["left", "right"],
            "hunks": hunk("They contradict each other."),
        },
        "b.txt": {
            "kind": "modify/delete",
            "between": ["editor", "remover"],
            "hunks": hunk("Where does the edit go?"),
        },
        "c.txt": {
            "kind": "content",
            "between": ["up", "down"],
            "hunks": hunk("the API refused the request: 400 too odd"),
        },
        "d.txt": {
            "kind": "content",
            "between": ["low", "lower"],
            "hunks": hunk("its confidence, 0.3, is too low: A guess.", 0.3),
        },
        "e.txt": {
            "kind": "content",
            "between": ["first", "second"],
            "hunks": hunk("no answer could be taken: It leaves out something that theirs added."),
        },
    }
    assert len(told) == len(conflicts)


def test_dependents_of_an_open_fan_in_are_skipped_and_say_so(undecided: Finished) -> None:
    waiting = ("idle", "after", "between")
    told = {id: (undecided.outcomes[id], undecided.task(id)["error"]) for id in waiting}

    assert told == {
        "idle": ("empty", None),
        "after": ("skipped", "left and right, which it builds on, conflict in a.txt"),
        "between": ("skipped", "up and down, which it builds on, conflict in c.txt"),
    }


def test_a_refused_answer_is_asked_again_once_and_a_declined_hunk_never(
    repository: Swarm, undecided: Finished
) -> None:
    asked = {task: len(repository.calls("resolve", task)) for task in ("right", "second")}

    assert asked == {"right": 1, "second": 2}


def test_a_conflict_is_with_the_task_that_changed_the_file_last(swarm: Swarm) -> None:
    """Not with one that came once more with a later branch."""
    swarm.commit({"a.txt": TEXT, "b.txt": TEXT})
    swarm.script.answers = {
        "task:ground": changed("ground", "a.txt"),
        "task:other": file_reply({"other.txt": "other\n"}),
        "task:early": changed("early", "a.txt"),
        "task:middle": changed("middle", "b.txt"),
        "task:late": changed("late", "a.txt", "b.txt"),
        "resolve": "````unresolved hunk=1\nThey contradict each other.\n````\n",
    }
    done = swarm.carry_out(
        task("ground"),
        task("other"),
        *(task(id, depends_on=["ground", "other"]) for id in ("early", "middle", "late")),
    )

    between = {conflict["path"]: conflict["between"] for conflict in done.json["conflicts"]}
    assert between == {"a.txt": ["early", "late"], "b.txt": ["middle", "late"]}


def test_nothing_is_asked_for_a_branch_that_waits_for_a_person_anyway(swarm: Swarm) -> None:
    """A merge driver of the user's failed, which is said, and leaves nothing to split."""
    swarm.commit({"a.lock": "1\n", ".gitattributes": "*.lock merge=locks\n"})
    swarm.repo.git("config", "merge.locks.driver", "echo no server >&2; exit 1")
    swarm.script.answers = {
        "task:left": file_reply({"app.py": "1\ntwo\nthree\n", "a.lock": "2\n"}),
        "task:right": file_reply({"app.py": "ONE\ntwo\nthree\n", "a.lock": "3\n"}),
    }

    done = swarm.carry_out(task("left"), task("right"))

    assert done.status == 1
    assert "resolve" not in swarm.purposes()
    why = "not asked: the same merge has a content conflict, which a person has to decide"
    told = {c["path"]: [(h["by"], h["reason"]) for h in c["hunks"]] for c in done.json["conflicts"]}
    assert told["app.py"] == [(None, why)]
    assert [by for by, _ in told["a.lock"]] == [None]
    warning = 'a.lock (merge driver "locks"): no server'
    assert f"Remarks warning: {warning}" in " ".join(done.stderr.split())
