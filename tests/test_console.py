"""What goes to which stream, what stays on a terminal, and what costs nothing until it is used."""

import asyncio
import io
import os
import pty
import subprocess
import sys
from collections.abc import Iterator

import pytest

from gitswarm.console import Console
from gitswarm.errors import CredentialsError, ModelError
from tests.screen.runs import EVENTS, HOSTILE, MERGED, PLAN
from tests.screen.terminal import File, Terminal, set_terminal


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    set_terminal(monkeypatch, columns=100)


LOG = """\
run links-expire-3f9c from 8fde84b0c1
planning
working
researcher started: How other stores expire
docs started as documenter
researcher noted after 41s, 1.3k tokens, $0.04
builder started: Add expiry
warning: docs wrote signpost/api.py, which builder owns
docs failed after 7.0s, 900 tokens, ?: the reply was cut three times
builder done after 1m 13s, 8.3k tokens, $0.16
tester skipped: it depends on "docs", which failed
builder and docs will conflict in README.md, a, b, c, d and 1 more
integrating
resolving 2 hunks in README.md
merged builder
merged researcher, 1 hunk resolved
docs is set aside: the conflict in README.md is open
verifying: python -m pytest -q
"""


def test_a_run_is_logged_to_stderr_one_line_an_event_and_the_report_goes_to_stdout() -> None:
    out, err = File(), File()

    with Console(stdout=out, stderr=err) as console:
        for event in EVENTS:
            console.watch(event)
        console.show_report(MERGED)

    assert err.getvalue() == LOG + "\n"
    assert out.getvalue().startswith("links-expire-3f9c  merged and verified\n")


def test_lines_of_a_log_are_never_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    set_terminal(monkeypatch, columns=20)
    err = File()

    with Console(stdout=File(), stderr=err) as console:
        for event in EVENTS:
            console.watch(event)

    assert err.getvalue() == LOG


def test_with_json_nothing_but_the_command_writes_to_stdout() -> None:
    out, err, plain = File(), File(), File()

    with Console(json=True, stdout=out, stderr=err) as console:
        console.watch(EVENTS[0])
        console.show_plan(PLAN, is_answer=True)
        console.show_report(MERGED)
        console.show_runs([])
        console.show_error(ModelError("it went wrong"))
    Console(stdout=plain, stderr=File()).show_report(MERGED)

    assert out.getvalue() == ""
    assert plain.getvalue() in err.getvalue()


ENDED = """\
run links-expire-3f9c from 8fde84b0c1
✓ researcher              noted         41s   1.3k tokens   $0.04
! docs wrote signpost/api.py, which builder owns
✗ docs        documenter  failed         7s    900 tokens       ?
  the reply was cut three times
✓ builder                 done       1m 13s   8.3k tokens   $0.16
- tester                  skipped
  it depends on "docs", which failed
! builder and docs will conflict in README.md, a, b, c, d and 1 more
! docs is set aside: the conflict in README.md is open
"""


def test_on_a_terminal_what_has_ended_stays_and_nothing_else_does() -> None:
    err = Terminal()

    with Console(stdout=File(), stderr=err) as console:
        for event in EVENTS:
            console.watch(event)

    assert err.seen == ENDED
    hidden, given_back = (err.getvalue().rfind(f"\x1b[?25{verb}") for verb in "lh")
    assert 0 <= hidden < given_back


def test_the_display_makes_way_for_a_page_and_comes_back() -> None:
    err = Terminal()

    with Console(stdout=File(), stderr=err) as console:
        console.watch(EVENTS[0])
        console.watch(EVENTS[1])
        console.show_error(ModelError("it went wrong"))
        for event in EVENTS[2:]:
            console.watch(event)

    first, rest = ENDED.split("\n", 1)
    page = "error: it went wrong\nexit code 1: something needs a person\n"
    assert err.seen == f"{first}\n{page}{rest}"


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("TTY_INTERACTIVE", "0")])
def test_a_terminal_that_cannot_go_back_gets_the_log(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    err = Terminal()

    with Console(stdout=File(), stderr=err) as console:
        for event in EVENTS:
            console.watch(event)

    assert err.seen == LOG


def test_without_colour_a_terminal_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured, plain = Terminal(), Terminal()
    Console(stdout=coloured, stderr=File()).show_report(MERGED)
    set_terminal(monkeypatch, columns=100, NO_COLOR="1")
    Console(stdout=plain, stderr=File()).show_report(MERGED)

    assert "\x1b[32m✓" in coloured.getvalue()
    assert "\x1b[3" not in plain.getvalue()
    assert plain.seen == coloured.seen


def test_an_error_says_what_happened_what_to_do_and_what_the_exit_code_means() -> None:
    err = File()
    error = CredentialsError("the key was refused\x1b[2J", hint="export ANTHROPIC_API_KEY=...")

    Console(stdout=File(), stderr=err).show_error(error)

    assert err.getvalue() == (
        "error: the key was refused\n"
        "hint: export ANTHROPIC_API_KEY=...\n"
        "exit code 2: usage, settings, plan file, credentials or repository\n"
    )


def test_a_remark_wraps_and_its_commands_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    set_terminal(monkeypatch, columns=24)
    err = File()

    Console(stdout=File(), stderr=err).say("The replies were recorded before.", "cd " + "x" * 30)

    assert err.getvalue() == "The replies were\nrecorded before.\n  cd " + "x" * 30 + "\n"


def test_what_the_encoding_lacks_is_written_as_an_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")

    Console(stdout=out, stderr=File()).show_error(ModelError("ungültig"))
    Console(stdout=File(), stderr=out).show_error(ModelError("ungültig"))
    Console(stdout=out, stderr=File()).show_report(MERGED)

    assert b"error: ung\\xfcltig\n" in raw.getvalue()
    assert b"\n+ researcher" in raw.getvalue()


def test_a_pipe_that_nobody_reads_is_for_the_command_to_answer() -> None:
    class Broken(File):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        Console(stdout=Broken(), stderr=File()).show_runs([])


class TestConfirm:
    @pytest.fixture
    def typing(self) -> Iterator[tuple[int, io.TextIOBase]]:
        """What is typed into a terminal, and the terminal as it is read."""
        keyboard, terminal = pty.openpty()
        with os.fdopen(keyboard, "wb", buffering=0), os.fdopen(terminal) as stdin:
            yield keyboard, stdin

    @pytest.mark.parametrize(
        ("typed", "answer", "asked"),
        [
            (b"y\n", "yes", 1),
            (b" YES \n", "yes", 1),
            (b"n\n", "no", 1),
            (b"ed\n", "edit", 1),
            (b"\nmaybe\nno\n", "no", 3),
            (b"\x04", "no", 1),
        ],
    )
    async def test_takes_an_answer_or_its_beginning(
        self, typing: tuple[int, io.TextIOWrapper], typed: bytes, answer: str, asked: int
    ) -> None:
        keyboard, stdin = typing
        err = Terminal()
        os.write(keyboard, typed)
        console = Console(stdin=stdin, stdout=File(), stderr=err)

        assert console.can_ask
        assert await console.confirm() == answer
        assert err.seen.count("Run this plan? yes, no or edit:") == asked

    async def test_can_be_called_off(self, typing: tuple[int, io.TextIOWrapper]) -> None:
        err = Terminal()
        question = asyncio.create_task(
            Console(stdin=typing[1], stdout=File(), stderr=err).confirm()
        )
        await asyncio.sleep(0)

        question.cancel()

        with pytest.raises(asyncio.CancelledError):
            await question
        assert err.getvalue().endswith(" \x1b[2myes, no or edit: \x1b[0m\n")

    def test_is_not_possible_where_question_or_answer_would_be_lost(self) -> None:
        assert not Console(stdin=File(), stdout=File(), stderr=Terminal()).can_ask
        assert not Console(stdin=Terminal(), stdout=File(), stderr=File()).can_ask


class TestDiff:
    DIFF = b"diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-\xe9\r\n+\x1b[2Jnew\r\n"

    def test_reaches_a_pipe_byte_for_byte(self) -> None:
        raw = io.BytesIO()
        out = io.TextIOWrapper(raw)

        Console(stdout=out, stderr=File()).show_diff(self.DIFF)

        assert raw.getvalue() == self.DIFF

    def test_is_cleaned_and_coloured_on_a_terminal(self) -> None:
        out = Terminal()

        Console(stdout=out, stderr=File()).show_diff(self.DIFF)

        assert out.getvalue() == (
            "\x1b[1mdiff --git a/a b/a\x1b[0m\n"
            "\x1b[1m--- a/a\x1b[0m\n"
            "\x1b[1m+++ b/a\x1b[0m\n"
            "\x1b[36m@@ -1 +1 @@\x1b[0m\n"
            "\x1b[31m-\ufffd\x1b[0m\n"
            "\x1b[32m+new\x1b[0m\n"
        )


def test_a_console_that_shows_nothing_imports_nothing_to_show_it_with() -> None:
    script = """
import sys
from gitswarm.console import Console
with Console(json=True):
    pass
print(sorted(name for name in sys.modules if name in ("rich", "anthropic", "asyncio", "git")))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


def test_hostile_text_comes_out_harmless_and_unread_as_markup() -> None:
    err = File()

    Console(stdout=File(), stderr=err).say(HOSTILE)

    assert err.getvalue() == "[red]boo[/red]\nsecond\n"
