"""Keeps one busy client from slowing down the others; alone it may use the whole server.

Counted in slices of time: while another client has been at work within the last second, a client that
has sent its share waits for the next slice. Nothing is taken from a client nobody else suffers from.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

MESSAGES_PER_SECOND = 500
"""What one client may send while others are at work."""

SLICE_SECONDS = 0.02
"""Short, so that what a client sends in one burst delays nobody noticeably."""

CONTENTION_SECONDS = 1.0
"""How long after its last message a client counts as at work."""


class Shares:
    """Counts messages by client; asked before each is served."""

    def __init__(
        self, messages_per_second: int = MESSAGES_PER_SECOND, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._share = max(1, int(messages_per_second * SLICE_SECONDS))
        self._clock = clock
        self._counts: dict[str, int] = {}
        self._slice_ends = 0.0
        self._busy_until: dict[str, float] = {}
        self._lines: dict[str, deque[asyncio.Future[None]]] = {}

    def wait(self, principal: str) -> float:
        """Count one message; return the seconds after which to ask again, 0.0 to go ahead."""
        counts = self._counts
        count = counts[principal] = counts.get(principal, 0) + 1
        return 0.0 if count <= self._share else self._past_share(principal)

    async def turn(self, principal: str, seconds: float) -> None:
        """Wait until a message that `wait` has delayed may be served.

        Unread meanwhile, what the client sends fills its own buffers, not the time of others. Its messages
        stand in one line: woken all at once, a slice would begin with hundreds that find it used up again.
        """
        loop = asyncio.get_running_loop()
        line = self._lines.get(principal)
        if line is None:
            line = self._lines[principal] = deque()
            loop.call_later(seconds, self._advance, principal)
        turn = loop.create_future()
        line.append(turn)
        await turn

    def _advance(self, principal: str) -> None:
        """Let those in a client's line go on whom its share allows for."""
        line = self._lines[principal]
        while line:
            if not line[0].done() and (seconds := self.wait(principal)):
                asyncio.get_running_loop().call_later(seconds, self._advance, principal)
                return
            turn = line.popleft()
            if not turn.done():  # else whoever waited is gone
                turn.set_result(None)
        del self._lines[principal]

    def _past_share(self, principal: str) -> float:
        now = self._clock()
        if now >= self._slice_ends:
            # Slices are only ended by whoever has used one up, so that the others never ask for the time.
            busy_until = now + CONTENTION_SECONDS
            self._busy_until = {name: until for name, until in self._busy_until.items() if until > now}
            self._busy_until.update(dict.fromkeys(self._counts, busy_until))
            self._counts = {principal: 1}
            self._slice_ends = now + SLICE_SECONDS
            return 0.0
        others = self._counts.keys() | {name for name, until in self._busy_until.items() if until > now}
        if others != {principal}:
            return self._slice_ends - now
        # Alone: another share before it is asked again. Whoever comes meanwhile is noticed that much later.
        self._counts[principal] = 0
        return 0.0
