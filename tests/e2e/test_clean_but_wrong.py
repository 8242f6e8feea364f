"""Branches that merge without a conflict, into something that neither of them meant."""

import json
from typing import Any

import pytest

from tests.e2e.conftest import Finished, Swarm, file_reply

LINES = "".join(f"x{number} = {number}\n" for number in range(12))
HELPER = "def helper():\n    return 1\n"


def replies(**files: dict[str, str]) -> dict[str, Any]:
    return {f"task:{task}": file_reply(changed) for task, changed in files.items()}


def run(swarm: Swarm, *ids: str, options: tuple[str, ...] = ()) -> Finished:
    return swarm.carry_out(*({"id": id, "role": "builder"} for id in ids), options=options)


def found(done: Finished) -> list[tuple[str, str, list[int] | None]]:
    return [(one["category"], one["path"], one["lines"]) for one in done.json["findings"]]


def test_a_function_that_two_agents_add_in_different_places_is_told(swarm: Swarm) -> None:
    swarm.commit({"lines.py": LINES})
    swarm.script.answers = replies(
        left={"lines.py": HELPER + LINES}, right={"lines.py": LINES + HELPER}
    )

    done = run(swarm, "left", "right")

    assert (done.status, done.json["conflicts"]) == (0, [])
    assert done.json["findings"] == [
        {
            "severity": "major",
            "path": "lines.py",
            "lines": [15, 15],
            "category": "duplicate-definition",
            "title": "helper is defined twice",
            "reason": "line 1 has it too; of either branch by itself it was there once at most",
            "fix": None,
        }
    ]
    shown = " ".join(done.stderr.split())
    assert "Findings in the merged branch ! lines.py:15 helper is defined twice" in shown
    assert swarm.ledger()["run.json"]["report"]["findings"] == done.json["findings"]


def test_a_key_that_two_agents_add_in_different_places_is_told(swarm: Swarm) -> None:
    keys = [f'  "k{number}": {number}' for number in range(12)]

    def settings(*lines: str) -> str:
        return "{\n" + ",\n".join(lines) + "\n}\n"

    swarm.commit({"settings.json": settings(*keys)})
    first, last = settings('  "port": 1', *keys), settings(*keys[:-1], '  "port": 2', keys[-1])
    swarm.script.answers = replies(left={"settings.json": first}, right={"settings.json": last})

    done = run(swarm, "left", "right")

    assert (done.status, found(done)) == (0, [("duplicate-key", "settings.json", [14, 14])])
    assert json.loads(swarm.repo.text(done.json["merged"]["commit"], "settings.json"))["port"] == 2


@pytest.mark.parametrize(("path", "line"), [("items.py", 1), ("items.js", 9)])
def test_a_file_that_does_not_parse_any_more_needs_a_person(
    swarm: Swarm, path: str, line: int
) -> None:
    numbers = [f"    {number},\n" for number in range(12)]
    whole = "".join(["items = [\n", *numbers, "]\n"])
    split = "".join(["items = [\n", *numbers[:6], "]\nothers = [\n", *numbers[6:], "]\n"])
    swarm.commit({path: whole})
    wrapped = whole.replace("[", "Set([").replace("]", "])")
    swarm.script.answers = replies(wrapper={path: wrapped}, splitter={path: split})

    done = run(swarm, "wrapper", "splitter")

    assert (done.status, done.json["exit_code"], done.json["conflicts"]) == (1, 1, [])
    assert found(done) == [("unparsable", path, [line, line])]
    shown = " ".join(done.stderr.split())
    assert "finished, but needs you: 1 merged file cannot be parsed" in shown
    assert f"! {path}:{line} it does not parse any more" in shown


@pytest.mark.parametrize("order", [("renamer", "caller"), ("caller", "renamer")])
def test_a_call_of_what_another_agent_renamed_is_told(swarm: Swarm, order: tuple[str, str]) -> None:
    swarm.commit({"store.py": "def save(item):\n    return item\n"})
    swarm.script.answers = replies(
        renamer={"store.py": "def keep(item):\n    return item\n"},
        caller={"app.py": "from store import save\n\nsave(1)\n"},
    )

    done = run(swarm, *order)

    assert (done.status, found(done)) == (0, [("missing-definition", "app.py", [3, 3])])
    assert "save of store.py is called and not there any more" in " ".join(done.stderr.split())


def test_what_a_fan_in_and_the_end_both_see_is_told_once(swarm: Swarm) -> None:
    swarm.commit({"lines.py": LINES})
    swarm.script.answers = replies(
        left={"lines.py": HELPER + LINES},
        right={"lines.py": LINES + HELPER},
        third={"third.txt": "3\n"},
        both={"both.txt": "2\n"},
        all={"all.txt": "all\n"},
    )
    tasks = [{"id": id, "role": "builder"} for id in ("left", "right", "third")]
    both = {"id": "both", "role": "builder", "depends_on": ["left", "right"]}
    every = {"id": "all", "role": "builder", "depends_on": ["left", "right", "third"]}

    done = swarm.carry_out(*tasks, both, every)

    assert (done.status, found(done)) == (0, [("duplicate-definition", "lines.py", [15, 15])])


def test_what_a_later_agent_mends_is_not_told(swarm: Swarm) -> None:
    swarm.commit({"lines.py": LINES})
    swarm.script.answers = replies(
        left={"lines.py": HELPER + LINES},
        right={"lines.py": LINES + HELPER},
        mender={"lines.py": LINES + HELPER},
    )
    mender = {"id": "mender", "role": "builder", "depends_on": ["left", "right"]}

    done = swarm.carry_out(*({"id": id, "role": "builder"} for id in ("left", "right")), mender)

    assert (done.status, found(done)) == (0, [])
