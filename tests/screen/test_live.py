"""The lines that are drawn while a run is under way, frame by frame at given moments."""

import pytest

from gitswarm.plan.tasks import Plan, Task
from gitswarm.progress import (
    BranchMerged,
    Resolving,
    StageStarted,
    TaskEnded,
    TaskProgressed,
    TaskStarted,
)
from gitswarm.repo.objects import TaskId
from gitswarm.screen.live import Live
from gitswarm.screen.sheet import Sheet
from tests.screen.runs import BUILDER, DOCS, HOSTILE, PLAN, RESEARCHER
from tests.screen.terminal import Terminal, set_terminal


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Scene:
    """A display whose clock stands still until it is moved."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.live = Live(Sheet(Terminal()), self.clock)

    @property
    def frame(self) -> str:
        return self.live.__rich__().plain + "\n"

    def __enter__(self) -> "Scene":
        return self

    def __exit__(self, *_: object) -> None:
        self.live.pause()


def working() -> Scene:
    """Two agents at work, a third has ended."""
    scene = Scene()
    scene.live.expect(PLAN)
    scene.live.watch(StageStarted("working"))
    scene.live.watch(TaskStarted(RESEARCHER, "researcher", ""))
    scene.live.watch(TaskStarted(DOCS, "documenter", ""))
    scene.clock.now += 12
    scene.live.watch(TaskEnded(RESEARCHER, "noted", 12.0, 1260, 0.036))
    scene.live.watch(TaskStarted(BUILDER, "builder", ""))
    scene.live.watch(TaskProgressed(BUILDER, "writing", 2140, 0.031))
    scene.live.watch(TaskProgressed(DOCS, "repairing", 312, 0.004))
    scene.clock.now += 60.125
    return scene


def test_nothing_is_drawn_before_a_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    set_terminal(monkeypatch)

    assert Scene().frame == "\n"


def test_planning_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    set_terminal(monkeypatch)
    with Scene() as scene:
        scene.live.watch(StageStarted("planning"))
        scene.clock.now += 4.25

        assert scene.frame == "\n⠼ planning  4s\n"


@pytest.mark.parametrize(
    ("columns", "frame"),
    [
        (
            80,
            """
  working  1m 12s, 1 of 3 ended, $0.07
⠧ docs        documenter  repairing  1m 12s    312 tokens  <$0.01
⠧ builder                 writing    1m 00s   2.1k tokens   $0.03
""",
        ),
        (
            60,
            """
  working  1m 12s, 1 of 3 ended, $0.07
⠧ docs        repairing  1m 12s    312 tokens  <$0.01
⠧ builder     writing    1m 00s   2.1k tokens   $0.03
""",
        ),
        (
            40,
            """
  working  1m 12s, 1 of 3 ended, $0.07
⠧ docs        repairing  1m 12s  <$0.01
⠧ builder     writing    1m 00s   $0.03
""",
        ),
        (
            24,
            """
  working  1m 12s, 1 of…
⠧ docs   repair…  1m 12s
⠧ buil…  writing  1m 00s
""",
        ),
    ],
)
def test_each_agent_has_a_line(monkeypatch: pytest.MonkeyPatch, columns: int, frame: str) -> None:
    set_terminal(monkeypatch, columns=columns)
    with working() as scene:
        assert scene.frame == frame


def test_in_the_c_locale_everything_is_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    set_terminal(monkeypatch, columns=24, LANG="C")
    with working() as scene:
        assert scene.frame.isascii()
        assert scene.frame.splitlines()[1] == "  working  1m 12s, 1..."


def test_integration_says_what_it_is_at(monkeypatch: pytest.MonkeyPatch) -> None:
    set_terminal(monkeypatch)
    with Scene() as scene:
        scene.live.watch(StageStarted("integrating"))
        scene.live.watch(Resolving("docs/api.md", 2))
        assert scene.frame == "\n⠋ integrating  0s, resolving 2 hunks in docs/api.md\n"

        scene.live.watch(BranchMerged(BUILDER, 2))
        assert scene.frame == "\n⠋ integrating  0s, merged builder, 2 hunks resolved\n"

        scene.live.watch(StageStarted("verifying", "make test"))
        assert scene.frame == "\n⠋ verifying  0s, make test\n"


def test_more_agents_than_lines_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    set_terminal(monkeypatch, lines=7)
    tasks = tuple(Task(TaskId(f"file-{n}"), "migrator", "p") for n in range(40))
    with Scene() as scene:
        scene.live.expect(Plan("g", tasks))
        scene.live.watch(StageStarted("working"))
        for task in tasks:
            scene.live.watch(TaskStarted(task.id, task.role, ""))
        scene.clock.now += 1

        assert scene.frame == (
            "\n"
            "  working  1s, 0 of 40 ended, $0.00\n"
            "⠇ file-0      migrator  starting       1s      0 tokens   $0.00\n"
            "⠇ file-1      migrator  starting       1s      0 tokens   $0.00\n"
            "  and 38 more\n"
        )


def test_a_price_that_is_not_known_makes_the_sum_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    set_terminal(monkeypatch)
    with working() as scene:
        scene.live.watch(TaskProgressed(BUILDER, "writing", 2140, None))

        assert scene.frame.splitlines()[1] == "  working  1m 12s, 1 of 3 ended, ?"


def test_hostile_words_of_an_agent_stay_in_their_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    set_terminal(monkeypatch)
    with Scene() as scene:
        scene.live.watch(StageStarted("working", HOSTILE))
        scene.live.watch(TaskStarted(BUILDER, "builder", HOSTILE))
        scene.live.watch(TaskProgressed(BUILDER, HOSTILE, 10, 0.0))
        scene.clock.now += 1

        assert scene.frame == (
            "\n"
            "  working  1s, 0 ended, $0.00, [red]boo[/red] second\n"
            "⠇ builder     [red]boo[/red] second      1s     10 tokens   $0.00\n"
        )


def test_what_an_unknown_task_reports_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    set_terminal(monkeypatch)
    with Scene() as scene:
        scene.live.watch(StageStarted("working"))
        scene.live.watch(TaskProgressed(BUILDER, "writing", 10, 0.0))

        assert scene.frame == "\n⠋ working  0s, 0 ended, $0.00\n"
