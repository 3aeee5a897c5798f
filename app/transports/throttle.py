"""Slows down whoever presents wrong tokens."""

import time
from collections import OrderedDict
from collections.abc import Callable

MAX_FAILURES = 5
"""Wrong tokens an address may present in one window before it has to wait."""

WINDOW_SECONDS = 60.0
"""How long failures count, and how long an address then waits."""

MAX_ADDRESSES = 10_000
"""Addresses remembered; past that the oldest is forgotten."""


class Throttle:
    """Counts failures an address in a fixed window; bounded in memory."""

    def __init__(
        self,
        *,
        max_failures: int = MAX_FAILURES,
        window_seconds: float = WINDOW_SECONDS,
        max_addresses: int = MAX_ADDRESSES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_failures = max_failures
        self._window = window_seconds
        self._max_addresses = max_addresses
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Return how many seconds an address has to wait; 0 when it may try."""
        count, until = self._failures.get(address, (0, 0.0))
        left = until - self._clock()
        if left <= 0:
            self._failures.pop(address, None)
            return 0.0
        return left if count >= self._max_failures else 0.0

    def failed(self, address: str) -> None:
        """Count one failure; the last one allowed starts the wait."""
        now = self._clock()
        count, until = self._failures.pop(address, (0, 0.0))
        count = count + 1 if until > now else 1
        if count == 1 or count >= self._max_failures:
            until = now + self._window
        self._failures[address] = (count, until)
        if len(self._failures) > self._max_addresses:
            self._failures.popitem(last=False)
