"""How much each client may have kept in files within an hour, counted for all replicas together."""

import math
from typing import Protocol

from app.files.errors import QuotaError

HOUR_SECONDS = 3600.0


class Window(Protocol):
    """A counter, and after how many seconds it begins at nothing again."""

    @property
    def value(self) -> int:
        """What it has come to."""

    @property
    def seconds_left(self) -> float:
        """How long it goes on counting."""


class Counters(Protocol):
    """The part of the shared state that counts."""

    async def add(self, key: str, amount: int, window_seconds: float) -> Window:
        """Add to a counter and return it."""


class Quota:
    """Counts bytes by client; an hour begins with its first file."""

    def __init__(self, counters: Counters, bytes_per_hour: int) -> None:
        self._counters = counters
        self._most = bytes_per_hour

    async def spend(self, principal: str, size: int) -> None:
        """Count a file that is about to be kept.

        Raises:
            QuotaError: it does not fit any more.
        """
        window = await self._counters.add(f"files:{principal}", size, HOUR_SECONDS)
        if window.value > self._most:
            seconds = max(1, math.ceil(window.seconds_left))
            raise QuotaError(
                f"Client '{principal}' has had {self._most:,} bytes of files kept within an hour "
                f"([limits] file_bytes_per_hour): wait {seconds} s, or send files with no_store.",
                seconds,
            )
