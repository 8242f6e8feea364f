"""Nothing of a withheld file is in any request, and files with keys are named to the user."""

from tests.e2e.conftest import Swarm, file_reply, in_turn, plan_reply
from tests.messages_api import Scripted

KEY = "AKIA" + "IOSFODNN7EXAMPLE"
PRIVATE = "the margin is 61 percent"


def test_withheld_files_reach_no_model_by_any_way(swarm: Swarm) -> None:
    swarm.commit(
        {
            ".gitattributes": "private/** -swarm\n",
            "private/margins.py": f"NOTE = '{PRIVATE}'\n",
            "private/README.md": f"{PRIVATE}\n",
            "deploy/keys.py": f"def connect():\n    return '{KEY}'\n",
            "src/plain.py": "def plain():\n    return 'percent'\n",
        }
    )
    blind_edit = (
        "Guessed.\n\n````edit path={}\n<<<<<<< SEARCH\nNOTE = 1\n=======\nNOTE = 2\n"
        ">>>>>>> REPLACE\n````\n"
    )
    swarm.script.answers = {
        "plan": in_turn(
            Scripted.tools(("read_file", {"path": "deploy/keys.py"})),
            plan_reply(
                {
                    "id": "builder",
                    "role": "builder",
                    "reads": ["private/margins.py", "deploy/keys.py", "src/plain.py"],
                }
            ),
        ),
        "task:builder": in_turn(
            Scripted.tools(
                ("read_file", {"path": "private/margins.py"}),
                ("read_file", {"path": "deploy/keys.py"}),
                ("search", {"pattern": "percent|AKIA"}),
                ("list_files", {}),
            ),
            blind_edit.format("private/margins.py"),
        ),
        "repair:builder": in_turn(
            blind_edit.format("deploy/keys.py"),
            file_reply({"deploy/keys.py": "gone\n"}),
            file_reply({"src/new.py": "new\n"}),
        ),
    }

    done = swarm("-y", "--", "use the keys of the deployment")

    assert done.status == 0
    assert [call.raw for call in swarm.api.calls if KEY.encode() in call.raw] == []
    assert [call.raw for call in swarm.api.calls if PRIVATE.encode() in call.raw] == []
    tools = swarm.calls("task", "builder")[1].body["messages"][-1]["content"]
    assert [block["content"] for block in tools] == [
        'private/margins.py is kept from models by the attribute "-swarm".',
        "deploy/keys.py is kept from models: it holds a secret (AWS Access Key).",
        "2 matching lines in 2 files:\n"
        "deploy/keys.py\n    (it holds a secret: its 1 matches are not shown)\n"
        "src/plain.py\n2\t    return 'percent'",
        tools[3]["content"],
    ]
    assert "private/margins.py" in tools[3]["content"]
    repairs = [call.last_text.split("\n")[2] for call in swarm.calls("repair", "builder")]
    assert repairs == [
        "- Line 3: 'private/margins.py' is kept from models by the attribute \"-swarm\", so it"
        " cannot be edited.",
        "- Line 3: 'deploy/keys.py' is kept from models: it holds a secret (AWS Access Key), so it"
        " cannot be edited.",
        "- Line 3: 'deploy/keys.py' is kept from models: it holds a secret (AWS Access Key), so it"
        " cannot be edited.",
    ]
    named = "deploy/keys.py is shown to no model: it holds a secret (AWS Access Key)"
    assert named in done.stderr
    assert "Shown to no model, because they hold secrets\n  deploy/keys.py (AWS Access Key)" in (
        done.stdout
    )
    assert "private" not in done.stderr.partition("warning")[2].partition("\n")[0]


def test_an_agent_cannot_lift_what_the_base_withholds(swarm: Swarm) -> None:
    swarm.commit({".gitattributes": "private/** -swarm\n", "private/a.txt": f"{PRIVATE}\n"})
    swarm.script.answers = {
        "plan": plan_reply(
            {"id": "first", "role": "builder"},
            {"id": "second", "role": "builder", "depends_on": ["first"]},
        ),
        "task:first": file_reply({".gitattributes": "private/** swarm\n"}),
        "task:second": in_turn(
            Scripted.tools(("read_file", {"path": "private/a.txt"})),
            file_reply({"b.txt": "b\n"}),
        ),
    }

    assert swarm("-y", "--", "lift what is withheld").status == 0

    assert [call.raw for call in swarm.api.calls if PRIVATE.encode() in call.raw] == []


def test_reviewers_see_nothing_of_what_is_withheld_and_it_is_told(swarm: Swarm) -> None:
    swarm.commit({".gitattributes": "private/** -swarm\n"})
    swarm.commit(
        {
            ".gitattributes": None,
            "private/a.txt": f"{PRIVATE}\n",
            "keys.py": f"KEY = '{KEY}'\n",
            "plain.py": "plain = 1\n",
        }
    )
    found = Scripted.text("Nothing.\n\n````findings\n[]\n````\n")
    asking = Scripted.tools(("read_file", {"path": "keys.py"}), ("search", {"pattern": "margin"}))
    swarm.script.answers = {"review": found, "review:style-reviewer": in_turn(asking, found)}

    done = swarm("review", "HEAD~1..HEAD", "--json")

    assert [call.raw for call in swarm.api.calls if KEY.encode() in call.raw] == []
    assert [call.raw for call in swarm.api.calls if PRIVATE.encode() in call.raw] == []
    assert b"plain = 1" in swarm.api.calls[0].raw
    assert done.json["left_out"] == [
        {"path": "keys.py", "why": "kept from models: it holds a secret (AWS Access Key)"},
        {"path": "private/a.txt", "why": 'kept from models by the attribute "-swarm"'},
    ]
