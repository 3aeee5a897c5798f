"""Slows down whoever presents wrong tokens: counted here, and in the state that replicas share.

Here the count is exact and bounded in memory; the shared count keeps an attacker from having as many
tries as there are replicas. While the shared state is away the count here goes on alone.
"""

import ipaddress
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Protocol

MAX_FAILURES = 5
"""Wrong tokens an address may present in one window before it has to wait."""

WINDOW_SECONDS = 60.0
"""How long failures count, and how long an address then waits."""

MAX_ADDRESSES = 10_000
"""Addresses remembered; past that the oldest is forgotten."""

IPV6_PREFIX = 64
"""One household has a whole network of this size, so its addresses count as one."""

logger = logging.getLogger(__name__)


class Window(Protocol):
    """A shared counter's value, and after how many seconds it begins at nothing again."""

    @property
    def value(self) -> int:
        """How many were counted."""

    @property
    def seconds_left(self) -> float:
        """When it is forgotten."""


class Counters(Protocol):
    """The part of the shared state that counts; it ends within its own deadline and never raises."""

    def add(self, key: str, amount: int, window_seconds: float) -> Awaitable[Window]:
        """Add to a counter and return it."""

    def read(self, key: str) -> Awaitable[Window]:
        """Return a counter."""


class Throttle:
    """Counts failures an address in a fixed window."""

    def __init__(
        self,
        *,
        max_failures: int = MAX_FAILURES,
        window_seconds: float = WINDOW_SECONDS,
        max_addresses: int = MAX_ADDRESSES,
        shared: Counters | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_failures = max_failures
        self._window = window_seconds
        self._max_addresses = max_addresses
        self._shared = shared
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Return how many seconds an address has to wait for what was counted here; 0 when it may try."""
        source = source_of(address)
        count, until = self._failures.get(source, (0, 0.0))
        left = until - self._clock()
        if left <= 0:
            self._failures.pop(source, None)
            return 0.0
        return left if count >= self._max_failures else 0.0

    async def asked(self, address: str) -> float:
        """Return what `wait` does, after asking what other replicas have counted."""
        left = self.wait(address)
        if left or self._shared is None:
            return left
        window = await self._shared.read(_key(address))
        if window.value >= self._max_failures and window.seconds_left > 0:
            # Kept here, so that the next of its tries costs no round trip.
            self._keep(source_of(address), self._max_failures, self._clock() + window.seconds_left)
            return window.seconds_left
        # Asking took time in which others of this address may have failed.
        return self.wait(address)

    def failed(self, address: str) -> None:
        """Count one failure here, before anything is awaited; the last one allowed starts the wait."""
        source = source_of(address)
        now = self._clock()
        count, until = self._failures.get(source, (0, 0.0))
        count = count + 1 if until > now else 1
        if count == 1 or count >= self._max_failures:
            until = now + self._window
        self._keep(source, count, until)
        if count == self._max_failures:
            # The one line of this offender for as long as it waits.
            logger.warning(
                "wrong tokens: %s presented %d and is refused for %g s", source, count, self._window
            )

    async def tell(self, address: str) -> None:
        """Count one failure for the other replicas too."""
        if self._shared is not None:
            await self._shared.add(_key(address), 1, self._window)

    def _keep(self, source: str, count: int, until: float) -> None:
        self._failures[source] = (count, until)
        self._failures.move_to_end(source)
        if len(self._failures) > self._max_addresses:
            self._failures.popitem(last=False)


@lru_cache(MAX_ADDRESSES)
def source_of(address: str) -> str:
    """Return what stands for everyone behind an address: itself, or its IPv6 network."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), IPV6_PREFIX), strict=False))


def _key(address: str) -> str:
    return f"wrong-tokens:{source_of(address)}"
