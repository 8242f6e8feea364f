"""The model rung: what is asked, what is taken, what stays open."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitswarm.errors import UnreachableError
from gitswarm.merge.ask import Answer, WhyWithheld, ask_resolutions
from gitswarm.merge.conflicts import ConflictedText
from gitswarm.merge.question import SYSTEM, Option, Question, Side, first_message
from gitswarm.merge.resolutions import Resolution
from gitswarm.model import OnProgress, Reply, Request, Turn, Usage
from gitswarm.repo.objects import RepoPath, RunId, TaskId

RUN = RunId("jwt-auth-7f3a")
BUILDER = TaskId("builder")


class ScriptedModel:
    """Answers with the given texts, replies or errors in turn, and keeps what it was asked."""

    def __init__(self, *script: str | Reply | Exception) -> None:
        self._script = list(script)
        self.requests: list[Request] = []

    async def ask(self, request: Request, on_progress: OnProgress | None = None) -> Reply:
        self.requests.append(request)
        said = self._script.pop(0)
        if isinstance(said, Exception):
            raise said
        return said if isinstance(said, Reply) else reply(said)

    @property
    def messages(self) -> list[str]:
        """The last user message of every request."""
        return ["".join(b["text"] for b in r.turns[-1].blocks) for r in self.requests]


def reply(text: str, stop_reason: str = "end_turn", cost_usd: float | None = 0.5) -> Reply:
    blocks = ({"type": "text", "text": text},) if text else ()
    return Reply(blocks, stop_reason, Usage(input=100, output=10), "m", cost_usd, seconds=1.0)


def conflicted(data: str | bytes) -> ConflictedText:
    data = data.encode() if isinstance(data, str) else data
    return ConflictedText.parse(data, 7)


def question(text: ConflictedText, path: str = "notes.txt", **changes: object) -> Question:
    fields: dict[str, object] = {
        "path": RepoPath(path.encode()),
        "text": text,
        "ours": Side("Add logout"),
        "theirs": Side("Limit the rate"),
        "versions": (text.take("ours"), text.take("theirs")),
    }
    return Question(**{**fields, **changes})  # type: ignore[arg-type]


async def ask(
    model: ScriptedModel,
    about: Question | str | bytes,
    min_confidence: float = 0.5,
    withheld: WhyWithheld = lambda path, data: None,
) -> Answer:
    if not isinstance(about, Question):
        about = question(conflicted(about))
    return await ask_resolutions(
        model,
        about,
        BUILDER,
        run=RUN,
        model_name="claude-test",
        withheld=withheld,
        min_confidence=min_confidence,
    )


def merged(about: str | bytes, answer: Answer) -> bytes:
    """The file with what was taken; what is open keeps its markers."""
    taken = {one.hunk: one.text for one in answer.resolutions if one.text is not None}
    return conflicted(about).splice(taken).write()


def numbers(message: str) -> list[int]:
    return [int(number) for number in re.findall(r"^## Hunk (\d+)$", message, re.M)]


def outcomes(answer: Answer) -> list[tuple[int, str | None, str]]:
    return [(one.hunk, one.by, one.reason) for one in answer.resolutions]


ONE = """\
def routes():
    yield "/login"
<<<<<<< ours
    yield "/logout"
||||||| base
=======
    yield "/limits"
>>>>>>> theirs
    yield "/about"
"""
TWO = ONE + "\n" + ONE.replace("/", "/api/")
BOTH = """\
Both add a route.

````resolution hunk=1 confidence=0.9
    yield "/logout"
    yield "/limits"
````
"""
SECOND = BOTH.replace("hunk=1", "hunk=2").replace('"/', '"/api/').replace("0.9", "0.7")
FIRST_LINES = b'    yield "/logout"\n    yield "/limits"\n'
SECOND_LINES = FIRST_LINES.replace(b'"/', b'"/api/')


def fence(info: str, body: str = "") -> str:
    return f"````{info}\n{body}````\n"


# What is asked


def test_a_request_shows_intents_hunks_and_options_and_nothing_else() -> None:
    offered = Option("sorted", b'yield "/l"\n'), Option("same", b'    yield "/logout"\n')
    asked = question(
        conflicted(ONE),
        ours=Side("Add logout", "Users leave.\n\n<<<<<<< x", ("Add the route", "Name it\nwell")),
        candidates={1: offered},
    )

    assert (
        first_message(asked, asked.text.hunks)
        == """\
File: `notes.txt`

**ours**: Add logout

> Users leave.
>
> <<< x

Commits of ours:

1. Add the route
2. Name it well

**theirs**: Limit the rate

## Hunk 1

````
def routes():
    yield "/login"
<<<<<<< ours
    yield "/logout"
||||||| base
=======
    yield "/limits"
>>>>>>> theirs
    yield "/about"
````

Options: A = ours (same); B = theirs; C = ours, then theirs; D = theirs, then ours.

E = sorted:

````
yield "/l"
````
"""
    )


def test_a_candidate_that_is_a_side_says_why_to_take_that_side() -> None:
    ours, theirs = b'    yield "/logout"\n', b'    yield "/limits"\n'
    candidates = (
        Option("ours went on", ours),
        Option("a\nsecond\n<<<<<<< reason", ours),
        Option("in a row", ours + theirs),
    )
    asked = question(conflicted(ONE), candidates={1: candidates})

    assert first_message(asked, asked.text.hunks).endswith(
        "\n\nOptions: A = ours (ours went on) (a second <<< reason); B = theirs;"
        " C = ours, then theirs (in a row); D = theirs, then ours.\n"
    )


async def test_a_request_can_be_told_apart_from_others() -> None:
    model = ScriptedModel(BOTH)

    await ask(model, question(conflicted(ONE), path="src/a.py"))

    (request,) = model.requests
    assert (request.purpose, request.run, request.task) == ("resolve", RUN, BUILDER)
    assert (request.label, request.model) == ("src/a.py", "claude-test")
    assert (request.prefix.system, request.prefix.tools) == (SYSTEM, ())


def test_markers_and_fences_are_longer_than_those_in_the_text() -> None:
    about = "<<<<<<< a\n<<<<<<<<<< deep\n=======\n`````sh\n>>>>>>> b\n|||||||||||| table\n"
    asked = question(conflicted(about))

    message = first_message(asked, asked.text.hunks)

    assert "open and close yours with ``````\n" in message
    assert (
        f"""\
``````
{"<" * 13} ours
<<<<<<<<<< deep
{"=" * 13}
`````sh
{">" * 13} theirs
|||||||||||| table
``````
"""
        in message
    )


def test_only_the_hunks_look_like_conflicts() -> None:
    quoted = "see\n<<<<<<< HEAD\n=======\n>>>>>>> x\n"
    asked = question(
        conflicted(ONE),
        path="a\n<<<<<<< b",
        ours=Side(quoted, quoted, (quoted,)),
        candidates={1: (Option(quoted, b"x\n"),)},
    )

    message = first_message(asked, asked.text.hunks)

    assert re.findall(r"[<|=>]{7,}", message) == ["<<<<<<<", "|||||||", "=======", ">>>>>>>"]


def test_the_context_is_bounded_in_lines_and_in_characters() -> None:
    hunk = "<<<<<<< a\nX\n=======\nY\n>>>>>>> b\n"
    above = "".join(f"above {n}\n" for n in range(500))
    below = "".join(f"below {n} {'.' * 600}\n" for n in range(500))
    asked = question(conflicted(above + hunk + below))

    message = first_message(asked, asked.text.hunks)

    assert re.findall(r"^above \d+$", message, re.M) == [f"above {n}" for n in range(488, 500)]
    assert re.findall(r"^below \d+ \.+$", message, re.M) == below.splitlines()[:2]


def test_a_line_longer_than_the_whole_context_is_not_cut_into() -> None:
    hunk = "<<<<<<< a\nX\n=======\nY\n>>>>>>> b\n"
    asked = question(conflicted("é" * 5000 + "\n" + hunk + "é" * 5000))

    assert "é" not in first_message(asked, asked.text.hunks)


def test_a_hunk_is_shown_up_to_its_neighbours_and_with_what_is_settled() -> None:
    settled = question(conflicted(TWO).splice({1: FIRST_LINES}))

    message = first_message(settled, settled.text.hunks)

    assert numbers(message) == [2]
    assert '    yield "/logout"\n    yield "/limits"\n    yield "/about"\n' in message
    assert message.count("<<<<<<<") == 1


# What is taken


async def test_a_resolution_replaces_its_hunk_and_nothing_else() -> None:
    model = ScriptedModel(BOTH)

    answer = await ask(model, ONE)

    assert answer.resolutions == (
        Resolution(RepoPath(b"notes.txt"), 1, "model", FIRST_LINES, 0.9, "Both add a route."),
    )
    assert merged(ONE, answer) == (
        b'def routes():\n    yield "/login"\n' + FIRST_LINES + b'    yield "/about"\n'
    )
    assert (answer.usage, answer.cost_usd, answer.seconds) == (Usage(100, 10), 0.5, 1.0)


async def test_crlf_is_shown_plain_and_comes_back_as_crlf() -> None:
    about = ONE.replace("\n", "\r\n")
    model = ScriptedModel(BOTH)

    answer = await ask(model, about)

    assert "\r" not in model.messages[0]
    assert merged(about, answer) == (
        b'def routes():\n    yield "/login"\n' + FIRST_LINES + b'    yield "/about"\n'
    ).replace(b"\n", b"\r\n")


async def test_a_reply_in_crlf_does_not_bring_its_line_ends_along() -> None:
    answer = await ask(ScriptedModel(BOTH.replace("\n", "\r\n")), ONE)

    assert [one.text for one in answer.resolutions] == [FIRST_LINES]


async def test_an_empty_resolution_removes_the_lines() -> None:
    about = "<<<<<<< a\nkeep\n||||||| o\nkeep\ngo\n=======\ngo\n>>>>>>> b\nend\n"

    answer = await ask(ScriptedModel(fence("resolution hunk=1")), about)

    assert merged(about, answer) == b"end\n"


@pytest.mark.parametrize("letter", ["C", "c"])
async def test_an_option_is_chosen_by_its_letter(letter: str) -> None:
    model = ScriptedModel(fence(f"choice hunk=1 option={letter} confidence=1.0"))

    answer = await ask(model, ONE)

    assert merged(ONE, answer).count(FIRST_LINES) == 1
    assert [one.confidence for one in answer.resolutions] == [1.0]


async def test_a_candidate_is_an_option_too() -> None:
    text = b'    yield "/limits"\n    # and\n    yield "/logout"\n'
    asked = question(conflicted(ONE), candidates={1: (Option("sorted", text),)})

    answer = await ask(ScriptedModel(fence("choice hunk=1 option=E")), asked)

    assert [(one.by, one.text) for one in answer.resolutions] == [("model", text)]


async def test_choosing_one_side_needs_the_other_sides_lines_named() -> None:
    choice = fence("choice hunk=1 option=A confidence=0.8")
    dropped = fence("dropped hunk=1", 'yield "/limits"\nNobody asked for it.\n')
    model = ScriptedModel(choice, choice + dropped)

    answer = await ask(model, ONE)

    assert [(one.text, one.dropped) for one in answer.resolutions] == [
        (b'    yield "/logout"\n', 'yield "/limits"\nNobody asked for it.\n')
    ]
    assert "Not taken: It leaves out something that theirs added." in model.messages[1]
    assert '    yield "/limits"' in model.messages[1]


async def test_without_a_stated_confidence_it_counts_as_one_half() -> None:
    said = fence("resolution hunk=1", FIRST_LINES.decode())

    taken = await ask(ScriptedModel(said), ONE)
    declined = await ask(ScriptedModel(said), ONE, min_confidence=0.6)

    assert [(one.by, one.confidence) for one in taken.resolutions] == [("model", 0.5)]
    assert [(one.by, one.confidence) for one in declined.resolutions] == [(None, 0.5)]


# What is declined


async def test_a_low_confidence_counts_as_declined_and_is_not_asked_again() -> None:
    model = ScriptedModel(BOTH.replace("0.9", "0.49"))

    answer = await ask(model, ONE)

    assert outcomes(answer) == [(1, None, "its confidence, 0.49, is too low: Both add a route.")]
    assert answer.resolutions[0].confidence == 0.49
    assert merged(ONE, answer) == ONE.encode()
    assert len(model.requests) == 1


async def test_a_declined_hunk_stays_open_while_the_others_are_taken() -> None:
    declined = fence("unresolved hunk=1", "The routes\ncontradict.\n")
    model = ScriptedModel(declined + "\nThe same.\n\n" + SECOND)

    answer = await ask(model, TWO)

    assert outcomes(answer) == [
        (1, None, "The routes contradict."),
        (2, "model", "The same. Both add a route."),
    ]
    assert merged(TWO, answer) == TWO.encode().replace(
        TWO.encode()[TWO.rindex("<<<<<<<") : TWO.rindex("    yield")], SECOND_LINES
    )


# What is asked again


async def test_what_was_refused_is_asked_again_and_what_was_taken_stays() -> None:
    poor = fence("resolution hunk=2", '    yield "/api/logout"\n')
    model = ScriptedModel(BOTH + poor, SECOND)

    answer = await ask(model, TWO)

    assert numbers(model.messages[0]) == [1, 2]
    assert (
        model.messages[1]
        == """\
Not every answer could be taken. Answer the hunks below once more, each with all its fences; the \
others are settled.

## Hunk 2

Not taken: It leaves out something that theirs added.
Keep it, or copy each of these lines whole into a fence `dropped hunk=2` and say there why:
    yield "/api/limits"

````
def routes():
    yield "/login"
    yield "/logout"
    yield "/limits"
    yield "/about"

def routes():
    yield "/api/login"
<<<<<<< ours
    yield "/api/logout"
||||||| base
=======
    yield "/api/limits"
>>>>>>> theirs
    yield "/api/about"
````

Options: A = ours; B = theirs; C = ours, then theirs; D = theirs, then ours.
"""
    )
    first, second = model.requests
    assert second.turns == (
        *first.turns,
        Turn("assistant", ({"type": "text", "text": BOTH + poor},)),
        Turn.user(model.messages[1]),
    )
    assert [(one.text, one.confidence) for one in answer.resolutions] == [
        (FIRST_LINES, 0.9),
        (SECOND_LINES, 0.7),
    ]
    assert (answer.usage, answer.cost_usd) == (Usage(200, 20), 1.0)


async def test_what_is_refused_twice_is_left_open() -> None:
    poor = fence("resolution hunk=2", '    yield "/api/logout"\n')
    model = ScriptedModel(BOTH + poor, poor)

    answer = await ask(model, TWO)

    assert len(model.requests) == 2
    assert [(one.hunk, one.by, one.text) for one in answer.resolutions] == [
        (1, "model", FIRST_LINES),
        (2, None, None),
    ]
    assert answer.resolutions[1].reason == (
        "no answer could be taken: It leaves out something that theirs added."
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param("", "Not taken: It has no answer.", id="nothing"),
        pytest.param("I would keep both.", "Not taken: It has no answer.", id="prose"),
        pytest.param(BOTH + BOTH, "Not taken: It has 2 answers; give one.", id="twice"),
        pytest.param(
            BOTH + fence("unresolved hunk=1"), "It has 2 answers; give one.", id="and declined"
        ),
        pytest.param(
            fence("choice hunk=1 option=E"),
            "No option E was offered; there are A, B, C, D.",
            id="option not offered",
        ),
        pytest.param(
            BOTH + fence("resolution hunk=2", "x\n"),
            "- Line 7: that is no hunk of this file; asked are: 1.",
            id="unknown number",
        ),
        pytest.param(
            BOTH + fence("dropped hunk=7", "x\n"), "that is no hunk of this file", id="drops 7"
        ),
        pytest.param(
            BOTH + fence("unresolved path=notes.txt", "x\n"), "that is no hunk", id="by path"
        ),
        pytest.param(BOTH.removesuffix("````\n"), "is never closed", id="not closed"),
        pytest.param(BOTH + "````resolution hunk=1\n", "is never closed", id="another not closed"),
        pytest.param(fence("resolution", FIRST_LINES.decode()), "needs hunk=", id="no number"),
        pytest.param(
            fence("resolution hunk=first", FIRST_LINES.decode()), "hunk=first", id="no digit"
        ),
        pytest.param(
            fence("resolution hunk=1 confidence=high", FIRST_LINES.decode()),
            "confidence=high",
            id="confidence in words",
        ),
        pytest.param(
            fence("resolution hunk=1 by=me", FIRST_LINES.decode()), 'no key "by"', id="unknown key"
        ),
        pytest.param(
            "````resolution hunk=1\n````python\n" + FIRST_LINES.decode() + "````\n````\n",
            "is never closed",
            id="a fence in a fence",
        ),
        pytest.param(
            "````resolution hunk=1\n" + BOTH,
            "it is inside the one opened in line 1",
            id="an answer in an answer",
        ),
        pytest.param(
            f"````resolution hunk=1\n````js {{1,2}}\n{FIRST_LINES.decode()}````\n",
            "Line 1: this fence holds another that is not shorter",
            id="one end for two fences",
        ),
        pytest.param(
            fence("resolution hunk=1", "<<<<<<< ours\n" + FIRST_LINES.decode()),
            "Line 1 of it is a conflict marker.",
            id="a marker in it",
        ),
        pytest.param(
            fence("resolution hunk=1", '    yield "/login"\n' + FIRST_LINES.decode()),
            "It repeats lines from before the hunk: 1.",
            id="context repeated",
        ),
        pytest.param(
            fence("resolution hunk=1", FIRST_LINES.decode() + "\0\n"),
            "characters that do not belong in text",
            id="NUL",
        ),
        pytest.param(
            fence("resolution hunk=1", FIRST_LINES.decode() + "\ud83d\n"),
            "characters that do not belong in text",
            id="half a character",
        ),
    ],
)
async def test_a_slip_is_asked_again_with_the_reason_and_nothing_wrong_is_taken(
    said: str, why: str
) -> None:
    model = ScriptedModel(said, said)
    mended = ScriptedModel(said, BOTH)

    left_open = await ask(model, ONE)
    answer = await ask(mended, ONE)

    assert why in model.messages[1]
    assert numbers(model.messages[1]) == [1]
    assert [(one.hunk, one.by) for one in left_open.resolutions] == [(1, None)]
    assert merged(ONE, left_open) == ONE.encode()
    assert [one.text for one in answer.resolutions] == [FIRST_LINES]


async def test_nothing_but_the_hunks_of_a_repair_looks_like_a_marker() -> None:
    model = ScriptedModel(fence("resolution hunk=1 <<<<<<< ours", FIRST_LINES.decode()), BOTH)

    await ask(model, ONE)

    assert '"<<<" in the info string is not understood' in model.messages[1]
    assert re.findall(r".*<{7}.*", model.messages[1]) == ["<<<<<<< ours"]


@pytest.mark.parametrize(
    ("inner", "why"),
    [("````sh", "is inside the one opened in line 1"), ("````", "this fence has no kind")],
)
async def test_an_inner_fence_that_closes_the_outer_one_cuts_nothing_short(
    inner: str, why: str
) -> None:
    about = f"<<<<<<< a\n{inner}\nmake\n````\n||||||| o\n=======\ntext\n>>>>>>> b\n"
    body = f"text\n{inner}\nmake\n````\n"
    short = f"````resolution hunk=1\n{body}````\n"
    model = ScriptedModel(short, f"`````resolution hunk=1\n{body}`````\n")

    answer = await ask(model, about)

    assert why in model.messages[1]
    assert merged(about, answer) == body.encode()


async def test_nothing_is_taken_from_a_reply_that_was_cut_off() -> None:
    model = ScriptedModel(reply(BOTH + SECOND[:60], "max_tokens"), BOTH + SECOND)

    answer = await ask(model, TWO)

    assert "It was cut off at the length limit" in model.messages[1]
    assert numbers(model.messages[1]) == [1, 2]
    assert [request.max_tokens for request in model.requests] == [16_000, 32_000]
    assert [one.text for one in answer.resolutions] == [FIRST_LINES, SECOND_LINES]


async def test_a_reply_of_nothing_but_thought_that_was_cut_off_is_asked_again() -> None:
    model = ScriptedModel(reply("", "max_tokens"), BOTH)

    answer = await ask(model, ONE)

    assert [turn.role for turn in model.requests[1].turns] == ["user", "user"]
    assert [one.text for one in answer.resolutions] == [FIRST_LINES]


@pytest.mark.parametrize(
    ("stop_reason", "reason"),
    [
        ("refusal", "the model refused to answer: it gave no reason"),
        ("model_context_window_exceeded", "what is in conflict is more than the model can read"),
    ],
)
async def test_a_model_that_cannot_answer_is_not_asked_again(stop_reason: str, reason: str) -> None:
    model = ScriptedModel(reply(BOTH, stop_reason))

    answer = await ask(model, TWO)

    assert outcomes(answer) == [(1, None, reason), (2, None, reason)]
    assert len(model.requests) == 1


async def test_answers_with_which_the_file_does_not_parse_are_asked_again() -> None:
    about = ONE + "".join(f"# {n}\n" for n in range(20)) + ONE
    asked = question(conflicted(about), path="routes.py")
    broken = fence("resolution hunk=1", '    yield "/logout"\n    yield ("/limits"\n')
    second = BOTH.replace("hunk=1", "hunk=2")
    model = ScriptedModel(broken + second, BOTH)

    answer = await ask(model, asked)

    assert numbers(model.messages[1]) == [1]
    assert "With it the file does not parse any more: " in model.messages[1]
    assert [one.text for one in answer.resolutions] == [FIRST_LINES, FIRST_LINES]


async def test_a_file_that_parsed_on_one_side_only_need_not_parse() -> None:
    asked = question(conflicted(ONE), path="routes.py", versions=(b"x = = 1\n", b"x = 1\n"))
    broken = fence("resolution hunk=1", '    yield "/logout"\n    yield ("/limits"\n')

    answer = await ask(ScriptedModel(broken), asked)

    assert [one.by for one in answer.resolutions] == ["model"]


# When the model does not answer


async def test_without_a_first_reply_the_error_is_the_callers() -> None:
    with pytest.raises(UnreachableError):
        await ask(ScriptedModel(UnreachableError("the network is gone")), ONE)


async def test_without_a_second_reply_what_was_taken_stays() -> None:
    model = ScriptedModel(BOTH, UnreachableError("the network is gone"))

    answer = await ask(model, TWO)

    assert outcomes(answer) == [
        (1, "model", "Both add a route."),
        (2, None, "the second answer did not come: the network is gone"),
    ]


# What is never shown to a model


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        pytest.param(ONE.encode() + b"\xe9\n", "the file is not UTF-8", id="Latin-1"),
        pytest.param(ONE.encode() + b"\0\n", "the file is binary", id="binary"),
        pytest.param(
            ONE.replace("/limits", "/li\rmits").encode(),
            "it holds carriage returns within lines",
            id="old Mac",
        ),
        pytest.param(
            ONE.replace("/limits", "/" * 100_000).encode(),
            "it is too long for one answer",
            id="long",
        ),
    ],
)
async def test_what_a_model_cannot_read_stays_open_unasked(about: bytes, reason: str) -> None:
    model = ScriptedModel()

    answer = await ask(model, about)

    assert outcomes(answer) == [(1, None, reason)]
    assert (model.requests, answer.usage, answer.cost_usd) == ([], Usage(), 0.0)


async def test_one_hunk_that_cannot_be_shown_does_not_hold_up_the_others() -> None:
    about = ONE + ONE.replace("/limits", "/" * 100_000)
    model = ScriptedModel(BOTH)

    answer = await ask(model, about)

    assert numbers(model.messages[0]) == [1]
    assert [(one.hunk, one.by) for one in answer.resolutions] == [(1, "model"), (2, None)]


# Whatever a model says


pieces = st.sampled_from(
    [
        BOTH,
        SECOND,
        fence("choice hunk=1 option=C"),
        fence("choice hunk=2 option=B"),
        fence("dropped hunk=2", '    yield "/api/logout"\n'),
        fence("unresolved hunk=1", "why\n"),
        fence("resolution hunk=2", '    yield "/api/logout"\n'),
        fence("resolution hunk=9", "x\n"),
        "````resolution hunk=2\n",
        "````\n",
        "```\n",
        "> quoted\n",
        "- in a list\n  ",
        "\n",
        "text ",
        "<div>\n",
    ]
)
GOOD = {
    1: {FIRST_LINES},
    2: {SECOND_LINES, b'    yield "/api/limits"\n'},
}
"""Of what can be said with these pieces, all that may end up in the file."""


@given(st.lists(st.lists(pieces, max_size=6).map("".join), min_size=2, max_size=2))
async def test_no_reply_leads_to_a_wrong_splice(replies: Sequence[str]) -> None:
    answer = await ask(ScriptedModel(*replies), TWO)

    for one in answer.resolutions:
        assert (one.text is None) == (one.by is None)
        assert one.text is None or one.text in GOOD[one.hunk]
    assert [one.hunk for one in answer.resolutions] == [1, 2]


def many(count: int) -> str:
    around = "".join(f"a line of the text around, {n}\n" for n in range(15))
    hunk = "<<<<<<<\nours {0}\n|||||||\nbase\n=======\ntheirs {0}\n>>>>>>>\n"
    return "".join(around + hunk.format(n) for n in range(1, count + 1))


class ManyModel(ScriptedModel):
    """Answers every hunk that it is shown, until a request fails."""

    def __init__(self, fails_at: int | None = None) -> None:
        super().__init__()
        self._fails_at = fails_at

    async def ask(self, request: Request, on_progress: OnProgress | None = None) -> Reply:
        self.requests.append(request)
        if len(self.requests) == self._fails_at:
            raise UnreachableError("gone")
        shown = numbers(self.messages[-1])
        texts = (fence(f"resolution hunk={n}", f"ours {n}\ntheirs {n}\n") for n in shown)
        return reply("\n".join(texts))


async def test_more_hunks_than_a_model_can_read_at_once_are_asked_in_parts() -> None:
    text = many(500)
    model = ManyModel()

    answer = await ask(model, text)

    asked = [numbers(message) for message in model.messages]
    assert len(asked) == 2
    assert [*asked[0], *asked[1]] == [*range(1, 501)]
    assert [one.by for one in answer.resolutions] == ["model"] * 500
    assert b"<<<<<<<" not in merged(text, answer)
    assert answer.cost_usd == 1.0


async def test_a_part_that_is_not_answered_leaves_the_others_their_answers() -> None:
    model = ManyModel(fails_at=2)

    answer = await ask(model, many(500))

    first, second = map(numbers, model.messages)
    assert answer.unsaid == {*second}
    assert [one.hunk for one in answer.said] == first
    assert {one.by for one in answer.said} == {"model"}
    assert {one.reason for one in answer.resolutions[len(first) :]} == {"gone"}


async def test_nothing_is_asked_of_a_file_that_is_kept_from_models() -> None:
    model = ScriptedModel(reply(BOTH))

    answer = await ask(model, ONE, withheld=lambda path, data: "is kept from models: a secret")

    assert outcomes(answer) == [(1, None, "the file is kept from models: a secret")]
    assert answer.replies == ()
