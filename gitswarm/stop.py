"""Stop: the user's wish that what is under way should end."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class StopRequestedError(Exception):
    """The user asked the run to stop, in the middle of a stage."""


class Stop(asyncio.Event):
    """Set when the user asks the run to stop; knows by which signal."""

    signum = signal.SIGINT

    def request(self, signum: signal.Signals) -> None:
        self.signum = signum
        self.set()

    async def or_result(self, stage: Coroutine[Any, Any, T]) -> T:
        """What a stage comes to; `StopRequestedError` as soon as the user asks to stop."""
        working = asyncio.ensure_future(stage)
        stopping = asyncio.ensure_future(self.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            raise StopRequestedError
        finally:
            working.cancel()
            stopping.cancel()
            await asyncio.wait({working, stopping})
