"""`git swarm review`: what is asked, what is shown, and how it ends."""

import json

import pytest

from tests.e2e.conftest import Swarm
from tests.e2e.findings import NOTHING, REVIEWERS, answers, finding, findings_reply, system_of
from tests.messages_api import Scripted


def test_three_reviewers_look_at_one_cached_diff_side_by_side(swarm: Swarm) -> None:
    swarm.commit({"app.py": "one\nTWO\nthree\n"})
    swarm.script.answers = {"review": lambda call: Scripted.text(NOTHING, latency=0.3)}

    done = swarm("review", "HEAD~1..HEAD", "--json")

    assert (done.status, done.json["findings"], done.json["exit_code"]) == (0, [], 0)
    calls = swarm.api.calls
    assert {call.purpose for call in calls} == {"review"}
    assert sorted(call.task for call in calls) == sorted(REVIEWERS)
    assert {call.headers["x-swarm-run"] for call in calls} == {calls[0].headers["x-swarm-run"]}
    assert len({json.dumps([call.body["tools"], call.body["system"]]) for call in calls}) == 1
    assert "     2 + TWO" in system_of(calls[0])
    usages = [call.usage or {} for call in calls]
    assert [usage["cache_read_input_tokens"] > 1_000 for usage in usages] == [False, True, True]
    assert swarm.api.most_in_flight == 2


def test_a_finding_is_shown_with_its_lines_and_decides_the_exit_code(swarm: Swarm) -> None:
    swarm.commit({"app.py": "one\nTWO\nthree\n"})
    swarm.script.answers = answers(
        security=findings_reply(finding(fix="2")), style=findings_reply(finding(severity="minor"))
    )

    done = swarm("review", "HEAD~1")

    assert (done.status, done.stderr) == (1, "")
    assert (
        done.stdout
        == """\
1. critical  app.py:2
   The query is built from text
       2 | TWO
   q goes into the query as it is.
   fix
         | 2
   injection; security-reviewer, style-reviewer

1 finding in 1 file, 2 changed lines; <$0.01 for 3 verdicts.
"""
    )


@pytest.mark.parametrize(
    ("severity", "options", "config", "status"),
    [
        ("critical", [], {}, 1),
        ("major", [], {}, 0),
        ("major", ["--fail-on", "major"], {}, 1),
        ("major", ["--fail-on", "minor"], {}, 1),
        ("major", [], {"swarm.review.blockOn": "note"}, 1),
        ("critical", ["--fail-on", "never"], {}, 0),
    ],
)
def test_the_exit_code_says_whether_a_finding_reaches_the_threshold(
    swarm: Swarm, severity: str, options: list[str], config: dict[str, str], status: int
) -> None:
    swarm.commit({"app.py": "one\nTWO\nthree\n"})
    swarm.script.answers = answers(security=findings_reply(finding(severity=severity)))
    for key, value in config.items():
        swarm.repo.git("config", key, value)

    done = swarm("review", "HEAD~1", "--json", *options)

    assert (done.status, done.json["exit_code"], len(done.json["findings"])) == (status, status, 1)


def test_an_amended_file_pays_only_for_itself_and_a_rebase_for_nothing(swarm: Swarm) -> None:
    swarm.repo.git("branch", "start")
    lines = "".join(f"line {n}\n" for n in range(40))
    start = swarm.commit({"app.py": lines, "b.py": "b\n"})
    first = swarm.repo.commit({"app.py": lines + "danger\n", "b.py": "B\n"}, on=start)
    swarm.repo.checkout(first)
    there = findings_reply(finding(lines=[41, 41]))
    swarm.script.answers = answers(
        security=lambda call: there if "danger" in system_of(call) else NOTHING
    )
    assert swarm("review", "HEAD~1").status == 1
    swarm.api.calls.clear()

    again = swarm("review", "HEAD~1", "--json")

    assert (again.status, len(swarm.api.calls), again.json["asked"]) == (1, 0, 0)
    assert again.json["remembered"] == 2 * 3
    assert again.json["cost_usd"] == 0

    rebased = swarm.repo.commit({"app.py": "new\n" * 5 + lines, "b.py": "b\n"}, on=start)
    moved = swarm.repo.commit(
        {"app.py": "new\n" * 5 + lines + "danger\n", "b.py": "B\n"}, on=rebased
    )
    swarm.repo.checkout(moved)
    after_rebase = swarm("review", "HEAD~1", "--json")

    assert (after_rebase.status, len(swarm.api.calls)) == (1, 0)
    assert after_rebase.json["findings"][0]["lines"] == [46, 46]
    assert after_rebase.json["findings"][0]["in_diff"] is True

    amended = swarm.repo.commit(
        {"app.py": "new\n" * 5 + lines + "danger\n", "b.py": "BB\n"}, on=rebased
    )
    swarm.repo.checkout(amended)
    after_amend = swarm("review", "HEAD~1", "--json")

    assert sorted(call.task for call in swarm.api.calls) == sorted(REVIEWERS)
    assert "+ BB" in system_of(swarm.api.calls[0])
    assert (after_amend.json["asked"], after_amend.json["remembered"]) == (3, 3)
    assert [one["lines"] for one in after_amend.json["findings"]] == [[46, 46]]
