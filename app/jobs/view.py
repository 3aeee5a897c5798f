"""A request's view of a job: progress with what is being said, and an early answer for impatient clients."""

import asyncio
from collections.abc import Callable
from typing import Any

from app.protocol.tools import Call

PROGRESS_SECONDS = 0.5
"""The least time between two reports, so that a fast answer does not become a thousand messages."""

HEARTBEAT_SECONDS = 5.0
"""The longest: clients that reset their patience by progress hear of a model that thinks in silence."""

Look = Callable[[], tuple[str, str]]
"""Returns (stage, everything said so far)."""


class View:
    """Reports to one call until `over` is done or the call's patience ends.

    `shown` is the stage that need not be reported, because it is over in a moment or was reported before.
    """

    def __init__(
        self, call: Call, look: Look, news: Callable[[], "asyncio.Future[None]"], shown: str = ""
    ) -> None:
        self._call = call
        self._look = look
        self._news = news
        self._shown = 0
        self._stage = shown
        self._steps = 0.0

    async def until(self, over: "asyncio.Future[Any]", seconds: float | None) -> bool:
        """Watch until it is over, or for so long; return whether it is over."""
        loop = asyncio.get_running_loop()
        ends = None if seconds is None else loop.time() + seconds
        while not over.done():
            left = HEARTBEAT_SECONDS if ends is None else min(HEARTBEAT_SECONDS, ends - loop.time())
            if left <= 0:
                return False
            stage, said = self._look()
            if len(said) > self._shown:
                # The first words are shown at once; from then on so many as have gathered.
                await self._report(stage, said)
                await asyncio.wait({over}, timeout=min(PROGRESS_SECONDS, left))
            elif stage != self._stage or not await self._woken(over, left):
                await self._report(stage, said)
        return True

    async def _woken(self, over: "asyncio.Future[Any]", seconds: float) -> bool:
        """Wait for news or the end, for so long; return whether there is either."""
        news = self._news()

        def end(_: object) -> None:
            if not news.done():
                news.set_result(None)

        over.add_done_callback(end)
        try:
            # Not asyncio.wait: the first words would spend a turn of the event loop in it.
            async with asyncio.timeout(seconds):
                await news
        except TimeoutError:
            return False
        finally:
            over.remove_done_callback(end)
        return True

    async def _report(self, stage: str, said: str) -> None:
        fresh = said[self._shown :]
        self._shown, self._stage = len(said), stage
        # Every value must be above the last one, also when nothing was said meanwhile.
        self._steps = max(self._steps + 1, float(len(said)))
        await self._call.progress(self._steps, message=fresh or stage)
