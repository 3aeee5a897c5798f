"""A request's view of a job: progress with what is being said, and an early answer for impatient clients."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from app.protocol.tools import Call

PROGRESS_SECONDS = 0.5
"""The least time between two reports, so that a fast answer does not become a thousand messages."""

HEARTBEAT_SECONDS = 5.0
"""The longest: clients that reset their patience by progress hear of a model that thinks in silence."""

Look = Callable[[], tuple[str, str]]
"""Returns (stage, everything said so far)."""


class View:
    """Reports to one call until `over` is done or the call's patience ends."""

    def __init__(self, call: Call, look: Look, news: Callable[[], Awaitable[None]]) -> None:
        self._call = call
        self._look = look
        self._news = news
        self._shown = 0
        self._steps = 0.0
        self._stage = ""

    async def until(self, over: "asyncio.Future[Any]", seconds: float | None) -> bool:
        """Watch until it is over, or for so long; return whether it is over."""
        loop = asyncio.get_running_loop()
        ends = None if seconds is None else loop.time() + seconds
        if self._look()[1] and not over.done():
            # Who comes later is told at once what was said before.
            await self._report()
        while not over.done():
            left = HEARTBEAT_SECONDS if ends is None else min(HEARTBEAT_SECONDS, ends - loop.time())
            if left <= 0:
                return False
            news = asyncio.ensure_future(self._news())
            try:
                await asyncio.wait({over, news}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            finally:
                news.cancel()
            if over.done():
                break
            await self._report()
            pause = PROGRESS_SECONDS if ends is None else min(PROGRESS_SECONDS, max(0.0, ends - loop.time()))
            await asyncio.wait({over}, timeout=pause)
        return True

    async def _report(self) -> None:
        stage, said = self._look()
        fresh = said[self._shown :]
        self._shown = len(said)
        # Every value must be above the last one, also when nothing was said meanwhile.
        self._steps = max(self._steps + 1, float(len(said)))
        await self._call.progress(self._steps, message=fresh or stage)
