"""Stops calls that take too long, with one timer for all of them.

A timer a call would cost more than many a call; one sweep a second costs nothing that shows.
"""

import asyncio
import sys

from app.protocol.call import Call

SWEEP_SECONDS = 1.0
"""How late a call may be stopped."""


class Deadlines:
    """Watches running calls; keeps them from being collected while they run."""

    def __init__(self, limit_seconds: float) -> None:
        self._limit_seconds = limit_seconds
        self._limit = max(1, round(limit_seconds / SWEEP_SECONDS))
        self._sweeps = 0
        self._running: set[Call] = set()
        self._scheduled = False

    def __len__(self) -> int:
        return len(self._running)

    def watch(self, call: Call, *, forever: bool = False) -> None:
        """Start a call's clock; one that may take `forever` is only kept."""
        # One more than the limit: the first sweep may come at once.
        call.deadline = sys.maxsize if forever else self._sweeps + self._limit + 1
        self._running.add(call)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    def forget(self, call: Call) -> None:
        """Stop a call's clock."""
        self._running.discard(call)

    def _sweep(self) -> None:
        self._sweeps += 1
        for call in [call for call in self._running if call.deadline <= self._sweeps]:
            call.stop(f"it ran longer than the {self._limit_seconds:g} s this server allows")
        self._scheduled = bool(self._running)
        if self._scheduled:
            asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)
