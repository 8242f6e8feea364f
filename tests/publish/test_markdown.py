"""Other people's words in a description mean nothing but themselves."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gitswarm.publish.markdown import BREAK, code, own_words, prose
from gitswarm.screen.text import one_line

RENDERER = MarkdownIt("commonmark", {"html": True}).enable("strikethrough").enable("table")


def rendered(markdown: str) -> str:
    return str(RENDERER.render(f"- **x** {markdown}")).strip()


def shown(html: str) -> str:
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        html = html.replace(entity, sign)
    return html


WORDS = st.text(
    st.one_of(st.sampled_from("@#!`*_[]()<>&\\/:-~|$%^+.= aZ1\n"), st.characters()), max_size=60
)


@given(WORDS)
def test_prose_is_rendered_as_it_was_written_and_as_nothing_else(text: str) -> None:
    words = one_line(text).strip()
    html = rendered(prose(text)).replace(BREAK, "")

    inside = re.fullmatch(r"<ul>\s*<li><strong>x</strong>(.*)</li>\s*</ul>", html, re.DOTALL)
    assert inside is not None
    assert shown(inside[1]).strip() == words


@given(WORDS)
def test_a_code_span_shows_exactly_the_text(text: str) -> None:
    words = one_line(text)
    html = rendered(code(text))

    inside = re.search(r"<code>(.*)</code>", html)
    assert inside is not None
    assert shown(inside[1]).strip() == words.strip()


@pytest.mark.parametrize(
    "text",
    [
        "@octocat",
        "mail @org/team",
        "closes #1",
        "fixes ada/other#22",
        "GH-3",
        "!12",
        "https://github.com/a/b/issues/4",
        "www.evil.example",
        "$5 %milestone ~label",
    ],
)
def test_nothing_that_refers_to_something_stays_whole(text: str) -> None:
    assert text.split()[-1] not in rendered(prose(text))


def test_a_cut_leaves_no_half_of_an_escape() -> None:
    assert prose("a*b*c*d*e", 8) == "a\\*b\\*c..."


def test_the_users_own_words_keep_their_meaning() -> None:
    goal = "Fix #3, as @grace asked.\n\n- one\n- [two](https://x.example)\n/merge <!-- x -->"
    assert own_words(goal, 100) == (
        "Fix #3, as @grace asked.\n\n- one\n- [two](https://x.example)\n\\/merge &lt;!-- x -->"
    )


@pytest.mark.parametrize(
    ("goal", "limit", "words"),
    [
        ("Fix:\n```py\nx = 1", 100, "Fix:\n```py\nx = 1\n```"),
        ("Fix:\n```py\nx = 1\n```\nnow", 100, "Fix:\n```py\nx = 1\n```\nnow"),
        ("~~~~\n~~~\n```", 100, "~~~~\n~~~\n```\n~~~~"),
        ("````\n```\n````\n`a`` b` ```x```", 100, "````\n```\n````\n`a`` b` ```x```"),
        ("one\n```\ntwo\n```", 12, "one\n```\ntwo\n...\n```"),
        ("<script> is not escaped", 100, "&lt;script> is not escaped"),
        ("```\n<script>\n/x", 100, "```\n<script>\n/x\n```"),
    ],
)
def test_what_the_user_opens_and_does_not_close_hides_nothing_behind_it(
    goal: str, limit: int, words: str
) -> None:
    assert own_words(goal, limit) == words


@given(
    st.lists(
        st.sampled_from(
            [
                "`",
                "~~~",
                "```",
                " ",
                "\n",
                "a",
                ">",
                "-",
                "<pre>",
                "<!",
                "<?x",
                "<![CDATA[",
                "<div>",
            ]
        ),
        max_size=20,
    ).map("".join)
)
def test_a_heading_below_the_users_words_is_a_heading(goal: str) -> None:
    html = RENDERER.render(f"{own_words(goal, 100)}\n\n### Below")

    assert "<h3>Below</h3>" in html
