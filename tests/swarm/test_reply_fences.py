"""What counts as a fence, what it says of itself, and what it holds."""

import pytest

from gitswarm.model.reply import Fence, read_reply
from tests.swarm.replies import fence


def only_fence(text: str) -> Fence:
    reply = read_reply(text)
    assert reply.faults == ()
    (found,) = reply.fences
    return found


def test_a_language_and_a_path_make_a_whole_file():
    assert only_fence("Here:\n\n````python path=src/a.py\nx = 1\n````\n") == Fence(
        kind=None,
        language="python",
        keys={"path": "src/a.py"},
        info="python path=src/a.py",
        body="x = 1\n",
        line=3,
        last_line=5,
        marker="````",
    )


@pytest.mark.parametrize(
    ("info", "keys"),
    [
        ("edit path=a.py", {"path": "a.py"}),
        ("diff path=a.py", {"path": "a.py"}),
        ("patch path=a.py", {"path": "a.py"}),
        ("delete path=a.py", {"path": "a.py"}),
        ("nothing", {}),
        ("commit", {}),
        ("plan", {}),
        ("findings", {}),
        ("resolution hunk=3", {"hunk": "3"}),
        ("resolution hunk=3 confidence=0.9", {"hunk": "3", "confidence": "0.9"}),
        (
            "choice hunk=3 option=B confidence=1",
            {"hunk": "3", "option": "B", "confidence": "1"},
        ),
        ("choice path=P option=B", {"path": "P", "option": "B"}),
        ("dropped hunk=12", {"hunk": "12"}),
        ("unresolved hunk=3", {"hunk": "3"}),
        ("unresolved path=P", {"path": "P"}),
    ],
)
def test_every_kind_is_known_by_its_word_and_takes_its_keys(info, keys):
    found = only_fence(fence(info))
    assert (found.kind, found.language, found.keys) == (info.split()[0], "", keys)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('path="docs/my file.md"', "docs/my file.md"),
        ("path='docs/it is \"so\".md'", 'docs/it is "so".md'),
        ("path=docs/a=b.md", "docs/a=b.md"),
        ("path=d[id].tsx", "d[id].tsx"),
        ("path=größe.md", "größe.md"),
    ],
)
def test_a_value_may_be_quoted(written, value):
    assert only_fence(fence(f"markdown {written}")).path == value


def test_a_fence_in_a_language_without_a_path_is_an_example():
    assert only_fence(fence("python", "x\n")).is_example
    assert only_fence(fence("", "x\n")).is_example
    assert not only_fence(fence("python path=a.py", "x\n")).is_example
    assert not only_fence(fence("commit", "x\n")).is_example


@pytest.mark.parametrize("marker", ["```", "````", "~~~", "~~~~~~~"])
def test_backticks_and_tildes_both_make_fences(marker):
    found = only_fence(fence("text path=a", "x\n", marker))
    assert (found.body, found.marker) == ("x\n", marker)


def test_a_closing_fence_may_be_longer_and_indented_and_followed_by_blanks():
    assert only_fence("```text path=a\nx\n   ````` \t\n").body == "x\n"


def test_a_shorter_run_or_one_of_the_other_character_closes_nothing():
    body = "```\n~~~~\n```` x y\n    ````\n```sh\n~~~~~sh\n````x````\n    ````sh\n"
    assert only_fence(fence("text path=a", body)).body == body


def test_a_fence_needs_no_blank_line_around_it():
    assert only_fence("text\n````text path=a\nx\n````\ntext\n").body == "x\n"


def test_a_fence_may_end_the_reply_without_a_line_end():
    assert only_fence("````text path=a\nx\n````").body == "x\n"


def test_a_fence_may_be_empty():
    assert only_fence("````text path=a\n````\n").body == ""


@pytest.mark.parametrize(
    "body",
    [
        "all:\n\tcc -o a a.c\n",
        "one\r\ntwo\r\n",
        "form\x0cfeed\x0b\x1c\x85 \u2028\n",
        "nul\x00\n",
        "trailing blanks  \t\n\n\n",
        "\ufeffbyte order mark\n",
        "  indented\n    more\n",
        "<div>\n\n<!-- <pre>\n",
        "- list\n\n      code\n> quote\n",
        "[a]: b\n\n***\n\nsetext\n===\n",
    ],
)
def test_the_body_is_the_text_between_the_fences_byte_for_byte(body):
    assert only_fence(fence("text path=a", body)).body == body


def test_a_lone_carriage_return_ends_a_line_and_stays():
    assert only_fence("````text path=a\rone\rtwo\r````\r").body == "one\rtwo\r"


def test_an_indented_opener_takes_as_many_blanks_off_each_line_and_no_tab():
    text = "  ````make path=Makefile\n  all:\n\tcc\n x\n    y\n\n  ````\n"
    assert only_fence(text).body == "all:\n\tcc\nx\n  y\n\n"


def test_html_before_a_fence_does_not_hide_it():
    assert only_fence("<details>\n````text path=a\nx\n````\n</details>\n").body == "x\n"


def test_a_fence_after_a_list_is_at_the_top_level():
    assert only_fence("- one\n- two\n````text path=a\nx\n````\n").body == "x\n"


def test_a_longer_fence_may_hold_fences_with_paths():
    body = "```python path=a.py\nx\n```\n"
    found = only_fence(fence("markdown path=README.md", body))
    assert (found.path, found.body) == ("README.md", body)


def test_a_fence_in_a_list_or_quote_counts_for_nothing():
    reply = read_reply("- ```text\n  x\n  ```\n\n> ```\n> y\n> ```\n")
    assert reply.faults == ()
    assert reply.fences == ()
    assert [(found.info, found.body) for found in reply.nested] == [("text", "x\n"), ("", "y\n")]


def test_an_indented_block_is_no_fence():
    reply = read_reply("text\n\n    ```text\n    x\n    ```\n")
    assert (reply.fences, reply.nested, reply.faults) == ((), (), ())


def test_the_prose_is_what_stands_around_the_fences_with_its_examples():
    reply = read_reply(
        "I did this.\r\n\n"
        + fence("python path=a.py", "x\n")
        + "\n\nUse it so:\n\n"
        + fence("python", "import a\n")
        + fence("commit", "Do it\n")
        + "\nEnd\x00 \ud800.\n"
    )
    assert reply.prose == (
        "I did this.\n\nUse it so:\n\n````python\nimport a\n````\n\nEnd\ufffd \ufffd."
    )


def test_fences_of_a_kind_are_found_in_order():
    reply = read_reply(
        fence("resolution hunk=2", "b\n")
        + fence("dropped hunk=2", "why\n")
        + fence("resolution hunk=1", "a\n")
    )
    assert [found.keys["hunk"] for found in reply.of_kind("resolution", "dropped")] == [
        "2",
        "2",
        "1",
    ]
    assert [found.body for found in reply.of_kind("resolution")] == ["b\n", "a\n"]
