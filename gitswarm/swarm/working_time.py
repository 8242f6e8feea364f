"""WorkingTime: how long a task may work. Its clock stands still while a call waits for its turn."""

import asyncio

from gitswarm.model import CallProgress


class WorkingTime:
    """A task is not to blame for a model service that holds everybody back: what it waits then is
    bounded by the limiter, and not counted here."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._left = seconds
        self._limit: asyncio.Timeout | None = None

    def limit(self) -> asyncio.Timeout:
        """A block that ends with `TimeoutError` once it has worked for so long."""
        self._limit = asyncio.timeout(self.seconds)
        return self._limit

    def watch(self, progress: CallProgress) -> None:
        """Hear of the one call that the task has under way."""
        limit = self._limit
        if limit is None or limit.expired():
            return
        now, ends = asyncio.get_running_loop().time(), limit.when()
        if progress.state != "waiting":
            if ends is None:
                limit.reschedule(now + self._left)
        elif ends is not None:
            self._left = ends - now
            limit.reschedule(None)
