"""Whether the server can do its work: every dependency with its ping, asked in one loop, with deadlines.

Nothing here knows HTTP; `app.transports.operations` shows it and the `status` tool tells it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum

from msgspec import Struct

PING_SECONDS = 2.0
"""For one ping; below the container probe's own timeout."""
FRESH_SECONDS = 5.0
"""How long an answer is kept, so that many probes cost one round of pings."""


class Readiness(StrEnum):
    """What the server would do with a call now."""

    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"
    DRAINING = "draining"

    @property
    def serving(self) -> bool:
        """Whether a call would be answered."""
        return self in (Readiness.READY, Readiness.DEGRADED)


class Dependency(Struct, frozen=True):
    """Something the server leans on, together with how to ask it.

    `ping` returns, or raises with one sentence that says what, why and what to do. Without a `required` one
    the server is unavailable; without another it is degraded.
    """

    name: str
    kind: str
    required: bool
    ping: Callable[[], Awaitable[None]]


class Report(Struct, frozen=True):
    """What one ping found; `reason` is None when it answered."""

    name: str
    kind: str
    required: bool
    ok: bool
    milliseconds: float
    reason: str | None = None


class Health:
    """The server's health: `started` and `draining` are set by whoever runs it, the rest is asked."""

    def __init__(
        self, dependencies: Sequence[Dependency], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.started = False
        """Whether the strict start check has passed once."""
        self.draining = False
        """Whether the server was asked to stop."""
        self.obstacle: str | None = None
        """Why the start check has not passed yet, in one sentence."""
        self._dependencies = tuple(dependencies)
        self._clock = clock
        self._began = clock()
        self._reports: tuple[Report, ...] = ()
        self._fresh_until = self._began
        self._asking = asyncio.Lock()

    @property
    def uptime_seconds(self) -> float:
        """Seconds since this object was made."""
        return self._clock() - self._began

    async def reports(self) -> tuple[Report, ...]:
        """Ask every dependency at once, or return what was found a moment ago; ends within PING_SECONDS."""
        async with self._asking:
            if self._clock() >= self._fresh_until:
                self._reports = tuple(await asyncio.gather(*map(self._ask, self._dependencies)))
                self._fresh_until = self._clock() + FRESH_SECONDS
            return self._reports

    async def readiness(self) -> Readiness:
        """Sum it up; what was asked of us goes before what we find."""
        if self.draining:
            return Readiness.DRAINING
        if not self.started:
            return Readiness.STARTING
        failing = [report for report in await self.reports() if not report.ok]
        if any(report.required for report in failing):
            return Readiness.UNAVAILABLE
        return Readiness.DEGRADED if failing else Readiness.READY

    async def _ask(self, dependency: Dependency) -> Report:
        began = self._clock()
        reason = None
        try:
            async with asyncio.timeout(PING_SECONDS):
                await dependency.ping()
        except TimeoutError:
            reason = f"{dependency.kind} did not answer within {PING_SECONDS:g} s: look at its own health."
        except Exception as error:  # noqa: BLE001 - whatever a ping raises is a finding, never a failed probe
            reason = str(error) or type(error).__name__
        milliseconds = round((self._clock() - began) * 1000, 2)
        return Report(
            dependency.name, dependency.kind, dependency.required, reason is None, milliseconds, reason
        )
