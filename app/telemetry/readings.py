"""What is read from the parts that know it when somebody asks, instead of being counted on the way."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from app.telemetry import metrics
from app.telemetry.metrics import Metric
from app.telemetry.tallies import Labels, Tallies

READ_SECONDS = 4.0
"""For one reading, which may wait for a ping; what does not answer in time is left out of this scrape."""

Values = Mapping[Labels, float]
Taken = Mapping[Metric, float | Values | None]
"""By metric: one value without labels, None where there is none now, or values by labels."""
Read = Callable[[], Taken | Awaitable[Taken]]

log = structlog.get_logger(__name__)


class Readings:
    """All of them by name; one that fails is left out, counted, and said once until it works again."""

    def __init__(self, readings: Mapping[str, Read], tallies: Tallies) -> None:
        self._readings = dict(readings)
        self._errors = tallies.counter(metrics.READING_ERRORS)
        self._failing: set[str] = set()

    async def take(self) -> list[tuple[Metric, Values]]:
        """Read everything at once; ends within READ_SECONDS."""
        taken = await asyncio.gather(*(self._take(name, read) for name, read in self._readings.items()))
        return [
            (metric, {(): value} if isinstance(value, (int, float)) else value)
            for found in taken
            for metric, value in found.items()
            if value is not None
        ]

    async def _take(self, name: str, read: Read) -> Taken:
        try:
            found = read()
            if isinstance(found, Awaitable):
                async with asyncio.timeout(READ_SECONDS):
                    found = await found
        except Exception as error:  # noqa: BLE001 - a part that is ill must not hide the others
            self._errors.add((name,))
            if name not in self._failing:
                self._failing.add(name)
                log.warning("some metrics cannot be read and are left out", reading=name, reason=repr(error))
            return {}
        self._failing.discard(name)
        return found
