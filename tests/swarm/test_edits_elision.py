"""Elisions: told apart from code and prose that merely look like them."""

import pytest

from gitswarm.swarm.elision import Elision, new_elisions
from tests.swarm.replies import fence, only_problem, written


def elided(text: str, old: str = "") -> list[int]:
    found = new_elisions(text.split("\n"), old.split("\n"))
    return [elision.line for elision in found]


@pytest.mark.parametrize(
    "line",
    [
        "rest unchanged",
        "# rest unchanged",
        "(rest unchanged)",
        "... rest unchanged ...",
        "# ... rest unchanged ...",
        "    // ... existing code ...",
        "// rest of the file remains unchanged",
        "# Rest of the code stays the same",
        "# The rest of the file is the same as before",
        "<!-- rest of the page is unchanged -->",
        "-- remaining queries unchanged",
        "/* ... */",
        "<!-- ... -->",
        "{/* ... existing code ... */}",
        "...",
        "    ...",
        "…",
        "# ...",
        "// ...",
        "[...]",
        "# ... other methods ...",
        "# ... (unchanged)",
        "# existing code here",
        "# other methods remain unchanged",
        "// ... imports omitted for brevity",
        "x = 1  # rest unchanged",
        "# rest of the code...",
        "# Keep the rest of the file as is",
        "// Rest of the implementation goes here",
        "...rest of the code...",
        "# no changes below",
        ";; ... snip ...",
        "# unchanged",
        "    // Unchanged",
        "(unchanged)",
        "# [unchanged]",
        "/* same as before */",
        "<!-- no changes -->",
        "# snip",
        "// [snip]",
        "# --- snip ---",
        "/* code omitted */",
    ],
)
def test_a_line_that_stands_for_text_is_an_elision(line):
    assert new_elisions(["x", line, "y"], ["x", "z", "y"]) == (Elision(2, line.strip()),)
    assert new_elisions(["x", line, "y"], ["x", line, "y"]) == ()


@pytest.mark.parametrize(
    "line",
    [
        "    ...rest,",
        "    ...existing",
        "  ...props.rest,",
        "foo(...)",
        'print("...")',
        "x: Tuple[int, ...]",
        "def f(): ...",
        "return x[..., 0]",
        "....",
        "# Loading the other modules ...",
        "# Existing users keep their old password.",
        'log("Loading existing config ...")',
        "The rest of the file remains unchanged when you run it.",
        "# unchanged since 1.0, so callers rely on it",
        "## Existing code",
        "# Same as above",
        '("a", "a"),  # unchanged',
        "# Remaining time in seconds",
        "- The rest of the settings have defaults.",
        "...and so on",
        "# ...then call it",
        "... then call it",
        "# wait for the rest",
        "unchanged",
        "### Unchanged",
        "- unchanged",
        "- The remaining options behave as before",
        "# everything else works as before",
        "x" * 400 + " # rest unchanged",
    ],
)
def test_code_and_prose_are_no_elisions(line):
    assert elided(f"x\n{line}\ny") == []


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    ...",
        "def f():\n    ...\n\ndef g():\n    ...\n",
        "class A:  # abstract\n    ...\n",
        "def f():\n    '''Doc.'''\n    ...\n",
        'def f(\n    a,\n) -> int:\n    """Doc.\n\n    More.\n    """\n\n    ...\n\nx = 1',
        "def f():\n    'Doc.'\n    ...\n",
        "try:\n    ...\nexcept E:\n    ...\n",
        ">>> for x in y:\n...     print(x)\n...\n1",
        "    >>> f(\n    ... other,\n    ...)\n",
    ],
)
def test_dots_that_are_a_body_after_a_colon_or_part_of_a_doctest_are_code(text):
    assert elided(text) == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("def f():\n...\n", [2]),
        ("def f():\n    x = 1\n    ...\n", [3]),
        ("def f():\n    ...\n    return x\n", [2]),
        ("def f():\n    # ...\n", [2]),
        ("x = '''\n'''\n    ...\n", [3]),
        ("a:\n  - b\n...\n", [3]),
    ],
)
def test_dots_that_are_not_all_of_a_body_are_elisions(text, lines):
    assert elided(text) == lines


@pytest.mark.parametrize("comment", ["unchanged", "same as before", "(existing body)", "snip"])
def test_dots_are_no_body_where_the_head_says_that_it_stays(comment):
    text = [f"def f():  # {comment}", "    ...", "", "def g():  # a stub", "    ..."]
    assert new_elisions(text, []) == (Elision(2, "..."),)


def test_more_elisions_than_the_old_file_had_are_new():
    assert elided("...\na\n...\n", "...\n") == [3]
    assert elided("# ...\n", "...\n") == [1]


def test_whole_files_that_exist_are_held_to_it():
    body = "def f():\n    x = 1\n    # ... rest unchanged ...\n"
    assert only_problem(fence("python path=a.py", body), {"a.py": "def f(): ...\n"}) == (
        'Line 4: "# ... rest unchanged ..." stands for text that is left out of a.py and would be'
        " lost; give the whole file, or change a part of it with an edit fence."
    )
    assert written(fence("python path=a.py", body)) == {"a.py": body}


OLD = "def f():\n    start()\n    stop()\n"


def edit(search: str, replace: str) -> str:
    return fence("edit path=a.py", f"<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n")


def test_an_edit_does_not_put_an_elision_in_the_place_of_lines():
    assert only_problem(
        edit(OLD, "def f():\n    # ... existing code ...\n    halt()\n"), {"a.py": OLD}
    ) == (
        'Line 2: in a.py REPLACE has "# ... existing code ...", which stands for text that is left'
        " out; write all lines that belong there, or leave those that stay out of both SEARCH and"
        " REPLACE."
    )
    assert only_problem(
        fence(
            "diff path=a.py", "@@ -1,3 +1,3 @@\n def f():\n-    start()\n+    ...\n     stop()\n"
        ),
        {"a.py": OLD},
    ) == (
        'Line 2: in a.py this hunk adds "...", which stands for text that is left out; add all'
        " lines that belong there, and remove only those that go."
    )
    problem = only_problem(
        edit("def f():\n", "def f():\n    # ... existing code ...\n"), {"a.py": OLD}
    )
    assert "stands for text" in problem


def test_dots_that_an_edit_adds_or_that_are_a_body_are_text():
    added = "    stop()\n\n\n...\n"
    assert written(edit("    stop()\n", added), {"a.py": OLD}) == {
        "a.py": "def f():\n    start()\n" + added
    }
    assert written(edit("    start()\n    stop()\n", "    ...\n"), {"a.py": OLD}) == {
        "a.py": "def f():\n    ...\n"
    }
    kept = "def f():\n    ...\n    # rest unchanged\n    stop()\n"
    assert written(edit("    stop()\n", "    halt()\n"), {"a.py": kept}) == {
        "a.py": kept.replace("stop", "halt")
    }


def test_a_long_file_of_dots_is_read_in_reasonable_time():
    text = "def f():\n    ...\n" * 3_000
    assert elided(text + "...\n" * 3_000, "") == list(range(6_001, 9_001))
