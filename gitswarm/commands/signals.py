"""Signals: how what is under way ends when the user asks for it."""

import asyncio
import math
import signal
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from gitswarm.cli import StoppedError
from gitswarm.stop import Stop

T = TypeVar("T")

ECHO_SECONDS = 0.2
"""Within this time a second signal is the first one again: Ctrl-C reaches every process of the
terminal, and git passes it on to the command that it runs."""


def run_until_signalled(
    pursue: Callable[[Stop], Coroutine[Any, Any, T]], *, leave_threads: bool = False
) -> T:
    """Run to the report. A first SIGINT or SIGTERM stops cleanly; a second one cancels whatever is
    under way, and the process exits without a report; both leave a run that its ledger knows.

    `leave_threads`: what threads do need not come to its end, such as asking for an address where
    there is no network.
    """

    async def main() -> T:
        stop = Stop()
        loop = asyncio.get_running_loop()
        if leave_threads:
            loop.set_default_executor(_Unwaited())
        work = asyncio.ensure_future(pursue(stop))
        insists_from = math.inf

        def on_signal(signum: signal.Signals) -> None:
            nonlocal insists_from
            if not stop.is_set():
                insists_from = loop.time() + ECHO_SECONDS
            elif loop.time() >= insists_from:
                work.cancel()
            stop.request(signum)

        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, on_signal, signum)
        try:
            return await work
        except asyncio.CancelledError:
            raise StoppedError(stop.signum) from None
        finally:
            for signum in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(signum)

    return asyncio.run(main())


class _Unwaited(ThreadPoolExecutor):
    """Threads that nobody waits for at the end."""

    def shutdown(self, *_: Any, **__: Any) -> None:
        super().shutdown(wait=False, cancel_futures=True)
