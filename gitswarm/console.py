"""Console: everything that people see of gitswarm passes here; nobody else prints.

Answers (a report, a list) go to stdout. What accompanies them (progress, warnings, questions,
errors) goes to stderr. With `--json` all of it goes to stderr: stdout holds the one JSON object,
which the command writes.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from gitswarm.errors import GitswarmError
from gitswarm.screen.text import clean as clean

if TYPE_CHECKING:
    from gitswarm.merge.backtest import Backtest
    from gitswarm.overview import RunLine, RunStatus, TaskView
    from gitswarm.plan.roles import Role
    from gitswarm.plan.tasks import Plan
    from gitswarm.progress import Event
    from gitswarm.publish.pull_request import PullRequest
    from gitswarm.repo.objects import TaskId
    from gitswarm.report import Report
    from gitswarm.review.places import Source
    from gitswarm.review.review import Review
    from gitswarm.screen.question import Answer
    from gitswarm.screen.sheet import Sheet
    from gitswarm.settings import Settings

EXIT_CODES = {
    1: "something needs a person",
    2: "usage, settings, plan file, credentials or repository",
}


class _Watcher(Protocol):
    def expect(self, plan: "Plan") -> None: ...
    def watch(self, event: "Event") -> None: ...
    def pause(self) -> None: ...


class Console:
    """The terminal, or the files and pipes in its place. Leaving it as a context manager takes away
    what is drawn and gives the cursor back; every page does so too before it is written."""

    def __init__(
        self,
        *,
        json: bool = False,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stdin = stdin or sys.stdin
        self._stdout = stdout or sys.stdout
        self._stderr = stderr or sys.stderr
        self._json = json
        self._clock = clock
        self._watcher: _Watcher | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pause()

    # -- while a run is under way

    def watch(self, event: "Event") -> None:
        """Show an event of a run, as `progress.Watch`."""
        self._told().watch(event)

    # -- a plan and the question

    def show_plan(
        self,
        plan: "Plan",
        *,
        estimate: Sequence[str] = (),
        overlaps: Sequence[tuple["TaskId", "TaskId"]] = (),
        is_answer: bool = False,
    ) -> None:
        """The plan as it would be run. It is part of a dialogue, and so on stderr, unless it is all
        that the command was asked for."""
        from gitswarm.screen.plan import write_plan

        self._told().expect(plan)
        self._separate()
        if is_answer:
            write_plan(self._answers(), plan, estimate, overlaps)
        else:
            write_plan(self._remarks(), plan, estimate, overlaps)
            self._separate()

    @property
    def can_ask(self) -> bool:
        """Whether somebody sits there to read a question and answer it."""
        return self._stdin.isatty() and self._stderr.isatty()

    async def confirm(self) -> "Answer":
        """Ask whether to run the plan that was shown: `yes`, `no` or `edit`."""
        from gitswarm.screen.question import ask

        answer = await ask(self._remarks(), self._stdin)
        self._separate()
        return answer

    # -- words beside the answers

    def say(self, text: str, *commands: str) -> None:
        """A remark, and commands to be copied."""
        self._separate()
        sheet = self._remarks()
        sheet.paragraph(text)
        for command in commands:
            sheet.line("  ", command)

    def show_error(self, error: GitswarmError) -> None:
        """What happened, what to do about it, and what the exit code says."""
        sheet = self._remarks()
        sheet.paragraph(("error: ", "bold red"), error.message, hang=2)
        if error.hint:
            sheet.line(("hint: ", "yellow"), error.hint)
        meaning = EXIT_CODES[error.exit_code]
        sheet.paragraph((f"exit code {error.exit_code}: {meaning}", "dim"), hang=2)

    # -- answers

    def show_pull_request(self, pull_request: "PullRequest") -> None:
        from gitswarm.screen.pull_request import write_pull_request

        self._separate()
        write_pull_request(self._answers(), pull_request)

    def show_report(self, report: "Report") -> None:
        from gitswarm.screen.report import write_report

        self._separate()
        write_report(self._answers(), report)

    def show_runs(self, runs: Sequence["RunLine"]) -> None:
        from gitswarm.screen.runs import write_runs

        write_runs(self._answers(), runs)

    def show_status(self, status: "RunStatus") -> None:
        from gitswarm.screen.runs import write_status

        write_status(self._answers(), status)

    def show_task(self, view: "TaskView") -> None:
        from gitswarm.screen.runs import write_task

        write_task(self._answers(), view)

    def show_run(self, status: "RunStatus", tasks: Sequence["TaskView"]) -> None:
        """A run and all of its tasks."""
        from gitswarm.screen.runs import write_run

        write_run(self._answers(), status, tasks)

    def show_line(self, text: str) -> None:
        """One line of an answer."""
        self._answers().line(text)

    def show_review(self, review: "Review", source: "Source") -> None:
        from gitswarm.screen.review import write_review

        write_review(self._answers(), review, source)

    def show_backtest(self, found: "Backtest") -> None:
        from gitswarm.screen.backtest import write_backtest

        write_backtest(self._answers(), found)

    def show_settings(self, settings: Mapping[str, str]) -> None:
        """Keys and values, as `git config --list` has them, the empty ones too."""
        for key, value in settings.items():
            self._answers().line((key, "bold"), f" = {value}" if value else (" is not set", "dim"))

    def show_roles(self, roles: "Sequence[Role]", settings: "Settings") -> None:
        from gitswarm.screen.roles import write_roles

        write_roles(self._answers(), roles, settings)

    def show_diff(self, diff: bytes) -> None:
        """A diff as git made it; on a terminal, cleaned and coloured. The bytes are the same
        everywhere else, so that `git apply` can read them."""
        from gitswarm.screen.diff import write_diff

        if self._stdout.isatty():
            write_diff(self._out, diff.decode("utf-8", "replace"))
        else:
            self._stdout.flush()
            self._stdout.buffer.write(diff)
            self._stdout.buffer.flush()

    # -- streams

    def _answers(self) -> "Sheet":
        if self._json:
            return self._remarks()
        self._pause()
        return self._out

    def _remarks(self) -> "Sheet":
        self._pause()
        return self._err

    @cached_property
    def _out(self) -> "Sheet":
        from gitswarm.screen.sheet import Sheet

        return Sheet(self._stdout)

    @cached_property
    def _err(self) -> "Sheet":
        from gitswarm.screen.sheet import Sheet

        return Sheet(self._stderr)

    def _told(self) -> _Watcher:
        if self._watcher is None:
            if self._stderr.isatty() and self._err.rich.is_interactive:
                from gitswarm.screen.live import Live

                self._watcher = Live(self._err, self._clock)
            else:
                from gitswarm.screen.log import Log

                self._watcher = Log(self._err)
        return self._watcher

    def _separate(self) -> None:
        """Set a page apart from the progress above it. The blank line belongs to the progress: a
        page that goes to a file begins with its first word."""
        if self._watcher is not None:
            self._remarks().blank()

    def _pause(self) -> None:
        if self._watcher is not None:
            self._watcher.pause()
