"""Live: a run on a terminal. What is over scrolls up; what is under way stays at the bottom."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from rich.live import Live as RichLive
from rich.text import Text

from gitswarm.plan.tasks import Plan
from gitswarm.progress import (
    BranchMerged,
    BranchSetAside,
    ConflictForecast,
    Event,
    Resolving,
    RunStarted,
    StageStarted,
    TaskEnded,
    TaskProgressed,
    TaskStarted,
    Warned,
)
from gitswarm.repo.objects import TaskId
from gitswarm.screen.log import ERROR_LIMIT, forecast, sentence, set_aside
from gitswarm.screen.outcomes import ATTENTION, sign
from gitswarm.screen.sheet import Column, Piece, Row, Sheet, styled
from gitswarm.screen.text import money, one_line, tokens, whole_seconds

FRAMES_PER_SECOND = 8


@dataclass(frozen=True, slots=True)
class _Agent:
    """A task under way."""

    task: TaskId
    role: str
    since: float
    state: str = "starting"
    output_tokens: int = 0
    cost_usd: float | None = 0.0


@dataclass(frozen=True, slots=True)
class _Scene:
    """All that a frame shows. It is replaced, never changed: the frames are drawn by a thread."""

    stage: str = ""
    since: float = 0.0
    detail: str = ""
    agents: dict[TaskId, _Agent] = field(default_factory=dict)
    ended: int = 0
    expected: int = 0
    """How many tasks the plan has; 0 where no plan was shown."""
    spent: float | None = 0.0
    """US dollars, by the tasks that have ended."""


class Live:
    def __init__(self, sheet: Sheet, clock: Callable[[], float]) -> None:
        self._sheet = sheet
        self._clock = clock
        self._scene = _Scene()
        self._drawing: RichLive | None = None
        self._task_width = 10
        self._role_width = 0

    def expect(self, plan: Plan) -> None:
        """Make room for the names of a plan's tasks before the first of them starts."""
        self._scene = replace(self._scene, expected=len(plan.tasks))
        for task in plan.tasks:
            self._make_room(task.id, task.role)

    def watch(self, event: Event) -> None:
        if self._drawing is None:
            self._drawing = RichLive(
                self,
                console=self._sheet.rich,
                refresh_per_second=FRAMES_PER_SECOND,
                transient=True,
                redirect_stdout=False,
            )
            self._drawing.start()
        self._tell(event)

    def pause(self) -> None:
        """Take away what is drawn; the next event brings it back."""
        if self._drawing is not None:
            self._drawing.stop()
            self._drawing = None

    def _tell(self, event: Event) -> None:
        scene = self._scene
        match event:
            case RunStarted():
                self._sheet.line((sentence(event), "dim"))
            case StageStarted():
                detail = one_line(event.detail)
                self._scene = replace(
                    scene, stage=event.stage, since=self._clock(), detail=detail, agents={}
                )
            case TaskStarted():
                self._make_room(event.task, event.role)
                self._put(_Agent(event.task, event.role, self._clock()))
            case TaskProgressed():
                if agent := scene.agents.get(event.task):
                    self._put(
                        replace(
                            agent,
                            state=event.state,
                            output_tokens=event.output_tokens,
                            cost_usd=event.cost_usd,
                        )
                    )
            case TaskEnded():
                self._end(event)
            case ConflictForecast():
                self._attention(forecast(event))
            case Resolving() | BranchMerged():
                self._scene = replace(scene, detail=sentence(event))
            case BranchSetAside():
                self._attention(set_aside(event))
            case Warned():
                self._attention(one_line(event.message))

    def _put(self, agent: _Agent) -> None:
        self._scene = replace(self._scene, agents={**self._scene.agents, agent.task: agent})

    def _end(self, event: TaskEnded) -> None:
        scene = self._scene
        agents = dict(scene.agents)
        agent = agents.pop(event.task, None)
        self._scene = replace(
            scene,
            agents=agents,
            ended=scene.ended + 1,
            spent=_sum(scene.spent, event.cost_usd),
        )
        self._make_room(event.task, "")
        row = self._row(
            sign(event.outcome, self._sheet.glyphs),
            event.task,
            agent.role if agent else "",
            event.outcome,
            _amounts(event.seconds, event.output_tokens, event.cost_usd),
        )
        self._sheet.print(self._sheet.aligned(self._columns(), [row]))
        if event.error:
            self._sheet.paragraph((one_line(event.error, ERROR_LIMIT), "dim"), indent=2)

    def _attention(self, words: str) -> None:
        mark = (self._sheet.glyphs.attention, ATTENTION)
        self._sheet.paragraph(mark, " ", words, hang=2)

    def _make_room(self, task: TaskId, role: str) -> None:
        self._task_width = max(self._task_width, len(task))
        if role not in ("", task):
            self._role_width = max(self._role_width, len(one_line(role)))

    def _columns(self) -> list[Column]:
        role = [Column(least=self._role_width, spare=3)]
        return [
            Column(least=self._task_width + 2),
            *(role if self._role_width else []),
            Column(least=9),
            Column(right=True, least=6),
            Column(right=True, least=12, spare=2),
            Column(right=True, least=6, spare=1),
        ]

    def _row(self, mark: Piece, task: str, role: str, state: str, amounts: Row) -> Row:
        told = [styled((role if role != task else "", "dim"))] if self._role_width else []
        return [styled(mark, " ", task), *told, styled(one_line(state)), *amounts]

    def __rich__(self) -> Text:
        """What is under way at this moment, in no more lines than the terminal has."""
        scene, now = self._scene, self._clock()
        if not scene.stage:
            return Text()
        glyphs = self._sheet.glyphs
        turn = glyphs.spinner[int(now * FRAMES_PER_SECOND) % len(glyphs.spinner)]
        agents = list(scene.agents.values())
        shown = agents[: max(1, self._sheet.rich.height - 5)]
        rows = [
            self._row(
                (turn, "cyan"),
                agent.task,
                agent.role,
                agent.state,
                _amounts(now - agent.since, agent.output_tokens, agent.cost_usd),
            )
            for agent in shown
        ]
        lines = [Text(), self._sheet.cut(self._headline(scene, now, turn))]
        lines += self._sheet.aligned(self._columns(), rows)
        if len(shown) < len(agents):
            lines.append(styled((f"  and {len(agents) - len(shown)} more", "dim")))
        return Text("\n").join(lines)

    def _headline(self, scene: _Scene, now: float, turn: str) -> Text:
        facts = [whole_seconds(now - scene.since)]
        if scene.stage == "working":
            known = f" of {scene.expected}" if scene.expected else ""
            facts.append(f"{scene.ended}{known} ended")
            running = [agent.cost_usd for agent in scene.agents.values()]
            facts.append(money(_sum(scene.spent, *running)))
        if scene.detail:
            facts.append(scene.detail)
        mark = " " if scene.agents else turn
        return styled((mark, "cyan"), " ", (scene.stage, "bold"), ("  " + ", ".join(facts), "dim"))


def _amounts(seconds: float, output_tokens: int, cost_usd: float | None) -> Row:
    if not seconds:
        return [Text(), Text(), Text()]
    return [
        styled(whole_seconds(seconds)),
        styled((f"{tokens(output_tokens)} tokens", "dim")),
        styled(money(cost_usd)),
    ]


def _sum(*amounts: float | None) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None
