"""Goes on in this process while the shared state is away, and returns to it by itself."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from app.shared.in_process import InProcess
from app.shared.protocol import Shared, SharedUnavailableError, Window

PAUSE_SECONDS = 2.0
"""After a failure, how long the other side is left alone: a black hole must not slow down every call."""

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Fallback:
    """Counts in `shared`, and in this process while it fails; only `ping` tells the difference.

    Counters begin at nothing when sides are changed, so a limit may be exceeded once by at most itself.
    """

    def __init__(self, shared: Shared, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = shared.name
        self._shared = shared
        self._own = InProcess(clock)
        self._clock = clock
        self._paused_until = 0.0
        self._away = False

    async def open(self) -> None:
        """Open the other side."""
        await self._shared.open()

    async def close(self) -> None:
        """Close both sides."""
        await self._shared.close()
        await self._own.close()

    async def ping(self) -> None:
        """Ask the other side itself, and notice that it is back.

        Raises:
            SharedUnavailableError: while it is away.
        """
        try:
            await self._shared.ping()
        except SharedUnavailableError as error:
            self._noticed_away(error)
            raise
        self._noticed_back()

    async def add(self, key: str, amount: int, window_seconds: float) -> Window:
        """Add to a counter on the side that works."""
        return await self._either(lambda side: side.add(key, amount, window_seconds))

    async def read(self, key: str) -> Window:
        """Return a counter of the side that works."""
        return await self._either(lambda side: side.read(key))

    async def forget(self, key: str) -> None:
        """Remove a counter on the side that works."""
        await self._either(lambda side: side.forget(key))

    async def _either(self, work: Callable[[Shared], Awaitable[T]]) -> T:
        if self._clock() < self._paused_until:
            return await work(self._own)
        try:
            answer = await work(self._shared)
        except SharedUnavailableError as error:
            self._noticed_away(error)
            return await work(self._own)
        self._noticed_back()
        return answer

    def _noticed_away(self, error: SharedUnavailableError) -> None:
        self._paused_until = self._clock() + PAUSE_SECONDS
        if not self._away:
            self._away = True
            log.warning(
                "the shared state is away; limits are counted in this process meanwhile", reason=str(error)
            )

    def _noticed_back(self) -> None:
        self._paused_until = 0.0
        if self._away:
            self._away = False
            log.info("the shared state is back")
