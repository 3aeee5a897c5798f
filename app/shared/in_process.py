"""The shared state of a server that runs alone: a bounded dictionary."""

import time
from collections import OrderedDict
from collections.abc import Callable

from app.shared.protocol import Window

MOST_KEYS = 100_000
"""Past this the oldest window goes: an attacker with many addresses must not fill the memory."""


class InProcess:
    """Counters in this process; nothing here can be unavailable."""

    name = "in-process"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counters: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def open(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Forget everything."""
        self._counters.clear()

    async def ping(self) -> None:
        """Always answers."""

    async def add(self, key: str, amount: int, window_seconds: float) -> Window:
        """Add to a counter; see the Protocol."""
        now = self._clock()
        count, ends = self._counters.get(key, (0, 0.0))
        if ends <= now:
            self._counters.pop(key, None)
            count, ends = 0, now + window_seconds
        self._counters[key] = (count + amount, ends)
        if len(self._counters) > MOST_KEYS:
            self._counters.popitem(last=False)
        return Window(count + amount, ends - now)

    async def read(self, key: str) -> Window:
        """Return a counter; see the Protocol."""
        count, ends = self._counters.get(key, (0, 0.0))
        left = ends - self._clock()
        return Window(count, left) if left > 0 else Window(0, 0.0)

    async def forget(self, key: str) -> None:
        """Remove a counter; see the Protocol."""
        self._counters.pop(key, None)
