"""What was resolved once is not asked again: not in the same run, and not in a later one."""

import json

from tests.e2e.conftest import Swarm, file_reply, git

LEFT = {"id": "left", "role": "builder"}
RIGHT = {"id": "right", "role": "builder"}
ANSWER = "Both.\n\n````resolution hunk=1 confidence=0.9\none left right\n````\n"


def both(swarm: Swarm, resolve: str = ANSWER) -> None:
    swarm.script.answers = {
        "task": lambda call: file_reply({"app.py": f"one {call.task}\ntwo\nthree\n"}),
        "resolve": resolve,
    }


def test_a_later_run_takes_the_answer_of_an_earlier_one(swarm: Swarm) -> None:
    both(swarm)
    first = swarm.carry_out(LEFT, RIGHT)
    again = swarm.carry_out(RIGHT, LEFT)

    assert (first.status, again.status) == (0, 0)
    assert len(swarm.calls("resolve", "left") + swarm.calls("resolve", "right")) == 1
    assert again.json["merged"]["tree"] == first.json["merged"]["tree"]
    assert [conflict["hunks"] for conflict in again.json["conflicts"]] == [
        [{"n": 1, "by": "replay", "confidence": 0.9, "reason": "Both."}]
    ]
    told = git(swarm.repo.path, "log", "-1", "--format=%B", again.json["merged"]["branch"])
    assert "Swarm-Resolved: app.py hunk=1 by=replay\n" in told


def test_an_answer_to_another_base_is_none(swarm: Swarm) -> None:
    both(swarm)
    swarm.carry_out(LEFT, RIGHT)
    swarm.commit({"app.py": "ONE\ntwo\nthree\n"})
    again = swarm.carry_out(LEFT, RIGHT)

    assert [hunk["by"] for hunk in again.json["conflicts"][0]["hunks"]] == ["model"]
    assert len(swarm.calls("resolve", "right")) == 2


def test_what_an_earlier_run_left_open_is_asked_by_a_later_one(swarm: Swarm) -> None:
    both(swarm, "````unresolved hunk=1\nThey contradict each other.\n````\n")
    first = swarm.carry_out(LEFT, RIGHT)
    both(swarm)
    again = swarm.carry_out(LEFT, RIGHT)

    assert (first.status, again.status) == (1, 0)


def test_an_answer_that_lost_a_side_meanwhile_is_not_taken(swarm: Swarm) -> None:
    """Somebody wrote to the ledger, or it was fetched: what it holds is checked like any answer."""

    both(swarm)
    swarm.carry_out(LEFT, RIGHT)
    (ref,) = swarm.repo.repository.refs("refs/swarm/")
    path = next(path for path in swarm.ledger() if path.startswith("resolutions/"))
    for text in ("one left\n", "<<<<<<< ours\none left right\n"):
        forged = {**json.loads(swarm.repo.text(ref, path)), "text": text}
        tip = swarm.repo.commit({path: json.dumps(forged)}, on=swarm.repo.repository.ref(ref))
        swarm.repo.git("update-ref", ref, tip)
        again = swarm.carry_out(LEFT, RIGHT)
        merged = again.json["merged"]["commit"]
        assert [hunk["by"] for hunk in again.json["conflicts"][0]["hunks"]] == ["model"]
        assert swarm.repo.text(merged, "app.py") == "one left right\ntwo\nthree\n"
        swarm.repo.git("update-ref", "-d", f"refs/swarm/{again.json['run']}")


def test_a_damaged_ledger_stands_in_nobodys_way(swarm: Swarm) -> None:
    both(swarm)
    swarm.carry_out(LEFT, RIGHT)
    (ref,) = swarm.repo.repository.refs("refs/swarm/")
    path = next(path for path in swarm.ledger() if path.startswith("resolutions/"))
    for damaged in ("{", "[]", '{"path": 1}'):
        tip = swarm.repo.commit({path: damaged}, on=swarm.repo.repository.ref(ref))
        swarm.repo.git("update-ref", ref, tip)
        other = swarm.carry_out(LEFT, RIGHT)
        assert other.status == 0
        swarm.repo.git("update-ref", "-d", f"refs/swarm/{other.json['run']}")
    assert len(swarm.calls("resolve", "right")) == 4
