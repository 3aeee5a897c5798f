"""What is read from the parts that know it when somebody asks, instead of being counted on the way."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from app.telemetry import metrics
from app.telemetry.metrics import Metric
from app.telemetry.tallies import Labels, Tallies

READ_SECONDS = 2.0
"""For all readings together; a part that does not answer in time is left out of this scrape."""

Values = Mapping[Labels, float]
Read = Callable[[], float | Values | Awaitable[Values] | None]
"""Returns one value without labels (None for none), or values by labels, at once or after asking."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a metric is read."""

    metric: Metric
    read: Read


class Readings:
    """All of them; one that fails is left out, counted, and said once until it works again."""

    def __init__(self, readings: Sequence[Reading], tallies: Tallies) -> None:
        self._readings = tuple(readings)
        self._errors = tallies.counter(metrics.READING_ERRORS)
        self._failing: set[str] = set()

    async def take(self) -> list[tuple[Metric, Values]]:
        """Read everything, at once and within READ_SECONDS."""
        taken = await asyncio.gather(*map(self._take, self._readings))
        return [(reading.metric, values) for reading, values in zip(self._readings, taken, strict=True)]

    async def _take(self, reading: Reading) -> Values:
        name = reading.metric.name
        try:
            found = reading.read()
            if isinstance(found, Awaitable):
                async with asyncio.timeout(READ_SECONDS):
                    found = await found
        except Exception as error:  # noqa: BLE001 - a part that is ill must not hide the others
            self._errors.add((name,))
            if name not in self._failing:
                self._failing.add(name)
                log.warning("a metric cannot be read and is left out", metric=name, reason=repr(error))
            return {}
        self._failing.discard(name)
        if found is None:
            return {}
        return {(): float(found)} if isinstance(found, (int, float)) else found
