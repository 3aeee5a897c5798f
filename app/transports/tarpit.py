"""Lets those wait who would only come again at once: an answer they do not need costs more than a timer.

Whoever is refused for what it does too often hears so a moment later, and a client whose socket was closed
because it broke the rules waits that moment before it gets its next one. Without this a flood is as fast as
its refusals.
"""

import asyncio
import time
from collections.abc import Callable

HELD_BACK_SECONDS = 1.0
"""How long an answer, or the next socket of an offender, is held back."""

MAX_HELD_BACK = 256
"""Requests that wait at once; past it they are answered at once, so that waiting takes no more sockets."""


class Tarpit:
    """Knows who waits, and which clients broke the rules a moment ago."""

    def __init__(
        self,
        seconds: float = HELD_BACK_SECONDS,
        most: int = MAX_HELD_BACK,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._offended: dict[str, float] = {}
        self.waiting = 0
        """How many requests are held back now."""

    async def hold(self) -> None:
        """Wait, unless too many do already."""
        if self.waiting >= self._most:
            return
        self.waiting += 1
        try:
            await asyncio.sleep(self._seconds)
        finally:
            self.waiting -= 1

    def offended(self, principal: str) -> None:
        """Remember that a client's socket was closed because it broke the rules."""
        self._offended[principal] = self._clock() + self._seconds

    async def before_a_socket(self, principal: str) -> None:
        """Wait if the client broke the rules a moment ago; costs others a look into an empty dictionary."""
        until = self._offended.get(principal)
        if until is None:
            return
        if until <= self._clock():
            del self._offended[principal]
            return
        await self.hold()
