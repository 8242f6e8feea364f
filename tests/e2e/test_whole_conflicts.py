"""Conflicts without hunks: the model chooses one of the ways that are offered, or leaves it."""

import re
from typing import Any

import pytest

from tests.e2e.conftest import Answer, Finished, Swarm, file_reply, git, in_turn
from tests.messages_api import Call

TEXT = "".join(f"line {number}\n" for number in range(1, 31))
EDITED = TEXT.replace("line 3\n", "edited\n")
DELETE = "````delete path=a.txt\n````\n"


def task(id: str, **facts: Any) -> dict[str, Any]:
    return {"id": id, "role": "builder", "title": f"Do {id}", **facts}


def pick(words: str, call: Call, confidence: str = "0.9") -> str:
    """The option whose consequence holds these words."""
    path = re.findall(r"^File: `(.*)`$", call.last_text, re.M)[0]
    (letter,) = re.findall(rf"^- ([A-Z]) = .*{re.escape(words)}", call.last_text, re.M)
    return f"Because.\n\n````choice path={path} option={letter} confidence={confidence}\n````\n"


def choose(words: str, confidence: str = "0.9") -> Answer:
    return lambda call: pick(words, call, confidence)


def edit_and_delete(swarm: Swarm, resolve: Answer, *more: dict[str, Any]) -> Finished:
    swarm.commit({"a.txt": TEXT})
    swarm.script.answers |= {
        "task:editor": file_reply({"a.txt": EDITED}),
        "task:remover": f"Gone.\n\n{DELETE}",
        "resolve": resolve,
    }
    return swarm.carry_out(task("editor"), task("remover"), *more)


def told(done: Finished) -> list[tuple[str, str, list[tuple[Any, ...]]]]:
    return [
        (
            conflict["kind"],
            conflict["path"],
            [(one["n"], one["by"], one["confidence"], one["reason"]) for one in conflict["hunks"]],
        )
        for conflict in done.json["conflicts"]
    ]


@pytest.mark.parametrize(("words", "stays"), [("stays", True), ("is deleted", False)])
def test_a_file_that_one_edited_and_one_deleted_goes_as_the_model_chose(
    swarm: Swarm, words: str, stays: bool
) -> None:
    done = edit_and_delete(swarm, choose(words))

    assert done.status == 0, done.stderr
    files = swarm.repo.files(done.json["merged"]["commit"])
    assert files.get("a.txt") == (EDITED if stays else None)
    assert told(done) == [("modify/delete", "a.txt", [(1, "model", 0.9, "Because.")])]
    message = git(swarm.repo.path, "log", "-1", "--format=%B", done.json["merged"]["commit"])
    assert "Swarm-Resolved: a.txt hunk=1 by=model" in message
    assert (
        "Conflicts 1 file ✓ a.txt modify/delete, between editor and remover model (0.90): Because."
    ) in " ".join(done.stderr.split())


def test_the_request_says_what_each_side_did_and_what_can_be_chosen(swarm: Swarm) -> None:
    edit_and_delete(swarm, choose("stays"))

    (call,) = swarm.calls("resolve", "remover")
    assert call.last_text == (
        "File: `a.txt`\n\n"
        "Conflict: modify/delete\n\n"
        "**ours**: Do editor\n\n> Do what editor does.\n\n"
        "Commits of ours:\n\n1. Do editor\n\n"
        "What ours did:\n\n"
        "````\n@@ -1,6 +1,6 @@\n line 1\n line 2\n-line 3\n+edited\n line 4\n line 5\n line 6\n"
        "````\n\n"
        "**theirs**: Do remover\n\n> Do what remover does.\n\n"
        "Commits of theirs:\n\n1. Do remover\n\n"
        "What theirs did:\n\nIt deleted the file.\n\n"
        "Options:\n\n"
        "- A = `a.txt` stays, as ours has it\n"
        "- B = `a.txt` is deleted, as theirs did\n"
    )


DECLINED = "````unresolved path=a.txt\nThe edit may belong elsewhere.\n````\n"


@pytest.mark.parametrize(
    ("resolve", "confidence", "reason"),
    [
        (DECLINED, None, "The edit may belong elsewhere."),
        (choose("stays", "0.3"), 0.3, "its confidence, 0.3, is too low: Because."),
    ],
)
def test_what_the_model_does_not_know_is_left_open(
    swarm: Swarm, resolve: Answer, confidence: float | None, reason: str
) -> None:
    done = edit_and_delete(swarm, resolve)

    assert (done.status, done.json["exit_code"]) == (1, 1)
    assert told(done) == [("modify/delete", "a.txt", [(1, None, confidence, reason)])]
    assert swarm.repo.files(done.json["merged"]["commit"])["a.txt"] == EDITED
    assert len(swarm.calls("resolve", "remover")) == 1


def test_an_option_that_was_not_offered_is_asked_again_once(swarm: Swarm) -> None:
    wrong = "````choice path=a.txt option=Q\n````\n"
    right = "````choice path=a.txt option=B confidence=1\n````\n"

    done = edit_and_delete(swarm, in_turn(wrong, right))

    assert told(done) == [("modify/delete", "a.txt", [(1, "model", 1, "")])]
    first, second = swarm.calls("resolve", "remover")
    assert "- No option Q was offered; there are A, B." in second.last_text
    assert "- B = `a.txt` is deleted, as theirs did" in second.last_text
    assert first.last_text != second.last_text


def test_an_answer_that_stays_wrong_leaves_it_to_a_person(swarm: Swarm) -> None:
    done = edit_and_delete(swarm, "````choice path=b.txt option=A\n````\n")

    reason = "no answer could be taken: Line 1: it is not about `a.txt`."
    assert told(done) == [("modify/delete", "a.txt", [(1, None, None, reason)])]
    assert len(swarm.calls("resolve", "remover")) == 2


def test_a_choice_holds_for_the_same_conflict_in_a_later_merge(swarm: Swarm) -> None:
    swarm.script.answers = {"task": lambda call: file_reply({f"{call.task}.txt": "1\n"})}
    pair = ["editor", "remover"]

    done = edit_and_delete(
        swarm,
        choose("is deleted"),
        task("third"),
        task("two", depends_on=pair),
        task("three", depends_on=[*pair, "third"]),
    )

    assert done.status == 0, done.stderr
    assert len([call for call in swarm.api.calls if call.purpose == "resolve"]) == 1
    assert "a.txt" not in swarm.repo.files(done.json["merged"]["commit"])
    assert sorted(by for _, _, ((_, by, *_),) in told(done)) == ["model", "replay"]


def renamed(name: str, old: str, new: str) -> str:
    return f"{DELETE}\n````text path={name}\n{TEXT.replace(old, new)}````\n"


@pytest.mark.parametrize(
    ("words", "names"),
    [("called `b.txt`", ["b.txt"]), ("called `c.txt`", ["c.txt"]), ("two", ["b.txt", "c.txt"])],
)
def test_a_file_with_two_new_names_gets_those_that_the_model_chose(
    swarm: Swarm, words: str, names: list[str]
) -> None:
    swarm.commit({"a.txt": TEXT})
    swarm.script.answers = {
        "task:left": renamed("b.txt", "line 3\n", "left\n"),
        "task:right": renamed("c.txt", "line 27\n", "right\n"),
        "resolve": choose(words),
    }

    done = swarm.carry_out(task("left"), task("right"))

    both = TEXT.replace("line 3\n", "left\n").replace("line 27\n", "right\n")
    assert done.status == 0, done.stderr
    files = swarm.repo.files(done.json["merged"]["commit"])
    assert {name: text for name, text in files.items() if "line 1\n" in text} == dict.fromkeys(
        names, both
    )
    assert told(done) == [("rename/rename", "a.txt", [(1, "model", 0.9, "Because.")])]


def test_a_renamed_file_whose_text_is_in_conflict_too_waits_for_a_person(swarm: Swarm) -> None:
    swarm.commit({"a.txt": TEXT})
    swarm.script.answers = {
        "task:left": renamed("b.txt", "line 3\n", "left\n"),
        "task:right": renamed("c.txt", "line 3\n", "right\n"),
    }

    done = swarm.carry_out(task("left"), task("right"))

    assert (done.status, done.json["conflicts"][0]["kind"]) == (1, "rename/rename")
    assert "resolve" not in swarm.purposes()


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_of_two_binary_files_one_is_taken(swarm: Swarm, side: str) -> None:
    """Text for the agents, which git is told to take as a whole."""
    swarm.commit({"a.txt": TEXT, ".gitattributes": "*.txt -merge\n"})
    versions = {"ours": EDITED, "theirs": TEXT.replace("line 3\n", "")}
    swarm.script.answers = {
        "task:left": file_reply({"a.txt": versions["ours"]}),
        "task:right": file_reply({"a.txt": versions["theirs"]}),
        "resolve": choose(f"as {side} has it"),
    }

    done = swarm.carry_out(task("left"), task("right"))

    assert done.status == 0, done.stderr
    assert swarm.repo.text(done.json["merged"]["commit"], "a.txt") == versions[side]
    assert told(done) == [("binary", "a.txt", [(1, "model", 0.9, "Because.")])]


def test_a_file_and_a_folder_of_one_name_can_both_stay(swarm: Swarm) -> None:
    swarm.script.answers = {
        "task:left": file_reply({"docs": "a file\n"}),
        "task:right": file_reply({"docs/index.md": "a folder\n"}),
        "resolve": choose("both stay"),
    }

    done = swarm.carry_out(task("left"), task("right"))

    assert done.status == 0, done.stderr
    files = swarm.repo.files(done.json["merged"]["commit"])
    assert {name: text for name, text in files.items() if "docs" in name} == {
        "docs/index.md": "a folder\n",
        "docs~left": "a file\n",
    }
    assert told(done) == [("file/directory", "docs", [(1, "model", 0.9, "Because.")])]


def test_other_conflicts_of_the_same_merge_are_asked_and_written_too(swarm: Swarm) -> None:
    swarm.commit({"a.txt": TEXT, "b.txt": "one\n"})
    both = "Both.\n\n````resolution hunk=1 confidence=0.9\nleft right\n````\n"

    def answer(call: Call) -> str:
        return both if "## Hunk 1" in call.last_text else pick("is deleted", call)

    swarm.script.answers = {
        "task:left": file_reply({"a.txt": EDITED, "b.txt": "left\n"}),
        "task:right": f"{DELETE}\n````text path=b.txt\nright\n````\n",
        "resolve": answer,
    }

    done = swarm.carry_out(task("left"), task("right"))

    assert done.status == 0, done.stderr
    files = swarm.repo.files(done.json["merged"]["commit"])
    assert (files.get("a.txt"), files["b.txt"]) == (None, "left right\n")
