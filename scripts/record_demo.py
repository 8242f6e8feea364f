"""Record the replies of the demo anew: a real run of its goal, kept for `git swarm demo` to replay.

    ANTHROPIC_API_KEY=... .venv/bin/python scripts/record_demo.py FOLDER

FOLDER is where the run's repository goes, to look at afterwards. The replies of an earlier
recording are removed first. Needed whenever what is sent to the model changes in a way that its
answers would show.
"""

import argparse
import asyncio
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

from gitswarm import demo
from gitswarm.console import Console
from gitswarm.model.claude import ClaudeModel
from gitswarm.model.limits import Limiter
from gitswarm.model.prices import Prices
from gitswarm.model.replay import RecordingModel
from gitswarm.orchestrator import Orchestrator, require_fit
from gitswarm.plan.roles import load_builtin_roles
from gitswarm.plan.tasks import Plan
from gitswarm.report import Report
from gitswarm.run import Run
from gitswarm.settings import Settings
from gitswarm.stop import Stop

PATIENCE_SECONDS = 3_600.0
"""For one task: whoever answers may be a person."""


async def record(folder: Path, console: Console) -> Report:
    repository = demo.make_repository(folder)
    settings = Settings.load(repository)
    shutil.rmtree(demo.REPLIES, ignore_errors=True)

    async def patient(plan: Plan) -> Plan:
        console.show_plan(plan)
        return replace(
            plan, tasks=tuple(replace(t, timeout_seconds=PATIENCE_SECONDS) for t in plan.tasks)
        )

    async with ClaudeModel(limiter=Limiter(8), prices=Prices.load()) as model:
        return await Orchestrator(
            run=Run.begin(
                repository,
                demo.goal(),
                require_fit(repository, "HEAD"),
                model=settings.model,
            ),
            repository=repository,
            settings=settings,
            roles=load_builtin_roles(),
            model=RecordingModel(model, demo.REPLIES),
            watch=console.watch,
            stop=Stop(),
            started=time.monotonic(),
        ).pursue(confirm=patient)


def main() -> int:
    parser = argparse.ArgumentParser(description="Record the demo's replies anew.")
    parser.add_argument("folder", type=Path)
    console = Console()
    with console:
        report = asyncio.run(record(parser.parse_args().folder, console))
    console.show_report(report)
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
