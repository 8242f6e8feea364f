"""Role files, and the roles that are built in."""

import pytest

from gitswarm.errors import SettingsError
from gitswarm.plan.roles import TOOL_NAMES, Role, Writes, load_builtin_roles, read_role

BUILDER = """\
---
name: builder
description: writes code
writes: code
model: claude-opus-5-5
effort: high
---

# You build

Well.
"""


def problem(text: str) -> str:
    with pytest.raises(SettingsError) as refused:
        read_role(text, source="roles/x.md")
    return refused.value.message


@pytest.mark.parametrize("text", [BUILDER, BUILDER.replace("\n", "\r\n")])
def test_a_role_is_a_header_and_a_prompt(text: str) -> None:
    assert read_role(text, source="x.md") == Role(
        "builder", "writes code", Writes.CODE, "# You build\n\nWell.", "claude-opus-5-5", "high"
    )


def test_every_value_of_the_header_is_text() -> None:
    text = "---\nname: no\ndescription: 2026-13-45\nwrites: nothing\n---\nGo.\n"
    assert read_role(text, source="x.md") == Role("no", "2026-13-45", Writes.NOTHING, "Go.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", '1: a role file begins with a header between two lines "---"'),
        ("Hello\n" + BUILDER, '1: a role file begins with a header between two lines "---"'),
        ("---\nname: x\n", '1: a role file begins with a header between two lines "---"'),
        ("---\n" + "x: y\n" * 9_000, '1: a role file begins with a header between two lines "---"'),
        ("---\n- a\n---\nx", "2: the header must be made of keys and values"),
        ("---\n---\nx", "2: the header must be made of keys and values"),
        (
            BUILDER.replace("model:", "modell:"),
            '5: "modell" is none of the keys name, description, writes, model, effort, tools',
        ),
        (BUILDER.replace("model: ", "name: "), '5: "name" is given twice'),
        (
            BUILDER.replace("writes: code", "writes: all"),
            "4: \"writes\" is wrong: Input should be 'nothing', 'code' or 'code+ci'",
        ),
        (
            BUILDER.replace("high", "huge"),
            "6: \"effort\" is wrong: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
        ),
        (
            BUILDER.replace("name: builder", "name: [a]"),
            '2: "name" is wrong: Input should be a valid string',
        ),
        (BUILDER.replace("description: writes code\n", ""), '1: "description" is missing'),
        (
            BUILDER.replace("high", "[high"),
            "7: not YAML: expected ',' or ']', but got '<stream end>'",
        ),
        (BUILDER.replace("builder", "a\0b"), "2: not YAML: special characters are not allowed"),
        (BUILDER.replace("high", "[" * 5_000), "2: it is nested too deeply"),
        (BUILDER.replace("high", "&a [x]\ntools: *a"), "7: not YAML: an alias"),
        (
            BUILDER.replace("effort: high", "tools: [read_file, Bash]"),
            '6: "tools" is wrong: "Bash" is none of the tools ' + ", ".join(TOOL_NAMES),
        ),
        (BUILDER[: BUILDER.index("# You")], "8: there is no prompt"),
        (BUILDER[: BUILDER.index("\n\n# You")], "8: there is no prompt"),
    ],
)
def test_a_bad_role_file_is_refused_by_file_and_line(text: str, expected: str) -> None:
    assert problem(text) == f"roles/x.md:{expected}"


@pytest.mark.parametrize(
    ("written", "tools"),
    [
        ("[read_file, search]", frozenset({"read_file", "search"})),
        ("read_file", frozenset({"read_file"})),
        ("[]", frozenset()),
    ],
)
def test_a_role_may_be_limited_to_some_of_the_tools(written: str, tools: frozenset[str]) -> None:
    text = BUILDER.replace("effort: high", f"tools: {written}")

    assert read_role(text, source="x.md").tools == tools


@pytest.mark.parametrize(
    ("said", "model"),
    [
        ("opus", "claude-opus-5-5"),
        ("haiku", "claude-haiku-5-5"),
        ("claude-opus-4-8", "claude-opus-4-8"),
        ("our-own-model", "our-own-model"),
        ("inherit", None),
    ],
)
def test_a_model_may_be_named_by_its_family(said: str, model: str | None) -> None:
    text = BUILDER.replace("model: claude-opus-5-5", f"model: {said}")

    assert read_role(text, source="x.md").model == model


def test_the_built_in_roles_write_what_the_design_lets_them() -> None:
    roles = load_builtin_roles()

    assert {name: role.writes for name, role in roles.items()} == {
        "builder": Writes.CODE,
        "communicator": Writes.NOTHING,
        "deployer": Writes.CODE_AND_CI,
        "diagnostician": Writes.NOTHING,
        "documenter": Writes.CODE,
        "fixer": Writes.CODE,
        "migrator": Writes.CODE,
        "performance-reviewer": Writes.NOTHING,
        "researcher": Writes.NOTHING,
        "security-reviewer": Writes.NOTHING,
        "style-reviewer": Writes.NOTHING,
        "tester": Writes.CODE,
    }
    assert all(role.name == name and len(role.prompt) > 500 for name, role in roles.items())
    assert all(role.model is None and role.effort is None for role in roles.values())
