"""The metrics as Prometheus reads them, rendered by its own client library from our plain counters.

The library is loaded with the first scrape, in a thread: a start pays nothing for it.
"""

import asyncio
import importlib
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from app.telemetry.metrics import Kind, Metric
from app.telemetry.readings import Readings, Values
from app.telemetry.tallies import Distribution, Tallies


class Exposition:
    """Renders what was counted and what is read now."""

    def __init__(self, tallies: Tallies, readings: Readings) -> None:
        self._tallies = tallies
        self._readings = readings
        self._taken: list[tuple[Metric, Values]] = []
        self._registry: Any = None
        self._one_at_a_time = asyncio.Lock()

    async def render(self, accept: str) -> tuple[bytes, str]:
        """Return the body and the content type for this Accept header (OpenMetrics or Prometheus' text)."""
        async with self._one_at_a_time:
            library = await asyncio.to_thread(importlib.import_module, "prometheus_client")
            choose = (
                await asyncio.to_thread(importlib.import_module, "prometheus_client.exposition")
            ).choose_encoder
            if self._registry is None:
                self._registry = self._made(library)
            self._taken = await self._readings.take()
            encode, content_type = choose(accept)
            body: bytes = encode(self._registry)
            return body, content_type

    def collect(self) -> Iterator[Any]:
        """Yield the metric families; the library's registry calls this."""
        for metric, tally in self._tallies:
            yield _histogram(metric, tally) if isinstance(tally, Distribution) else _family(metric, tally)
        for metric, values in self._taken:
            if values:
                yield _family(metric, values.items())

    def _made(self, library: ModuleType) -> Any:
        # Its own registry: the default one belongs to the whole process.
        registry = library.CollectorRegistry(auto_describe=False)
        registry.register(self)
        library.ProcessCollector(registry=registry)
        library.GCCollector(registry=registry)
        return registry


def _family(metric: Metric, values: Iterable[tuple[tuple[str, ...], float]]) -> Any:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    make = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = make(metric.name, metric.help, labels=metric.labels)
    for labels, value in values:
        family.add_metric(labels, value)
    return family


def _histogram(metric: Metric, distribution: Distribution) -> Any:
    from prometheus_client.core import HistogramMetricFamily

    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, row in list(distribution.rows.items()):
        *counts, total = row
        if not any(counts):
            continue  # made ready for a hot path, and never used
        below, buckets = 0.0, []
        for bound, count in zip((*map(float, distribution.bounds), "+Inf"), counts, strict=True):
            below += count
            buckets.append((str(bound), below))
        family.add_metric(labels, buckets, total)
    return family
