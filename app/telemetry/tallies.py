"""Plain counters for one event loop, read when somebody asks.

An addition is a look into a dictionary and an integer: no lock, no label object. Whoever adds runs on the
event loop, and whoever reads does too.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from app.telemetry.metrics import Kind, Metric

Labels = tuple[str, ...]


class Tally:
    """Sums by labels, for what only grows."""

    __slots__ = ("_sums",)

    def __init__(self) -> None:
        self._sums: dict[Labels, int | float] = {}

    def add(self, labels: Labels, amount: float = 1) -> None:
        """Add to the sum of these labels."""
        self._sums[labels] = self._sums.get(labels, 0) + amount

    def __iter__(self) -> Iterator[tuple[Labels, float]]:
        return iter(list(self._sums.items()))


class Distribution:
    """How often values fell into which bucket, by labels; `bounds` are the upper ends, in order.

    A row is the counts by bucket, what is above the last bound behind them, and last the sum of all values.
    """

    __slots__ = ("bounds", "rows")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.rows: dict[Labels, list[float]] = {}

    def add(self, labels: Labels, value: float) -> None:
        """Count one value."""
        row = self.rows.get(labels)
        if row is None:
            row = self.row(labels)
        row[bisect_left(self.bounds, value)] += 1
        row[-1] += value

    def row(self, labels: Labels) -> list[float]:
        """Return the row of these labels, made if need be; a hot path keeps it and adds for itself."""
        return self.rows.setdefault(labels, [0] * (len(self.bounds) + 2))


class Tallies:
    """The tallies of one server by metric; tests and servers in one process never share them."""

    def __init__(self) -> None:
        self._kept: dict[Metric, Tally | Distribution] = {}

    def __iter__(self) -> Iterator[tuple[Metric, Tally | Distribution]]:
        return iter(list(self._kept.items()))

    def counter(self, metric: Metric) -> Tally:
        """Return the tally of a counter; who counts asks once and keeps it.

        Raises:
            TypeError: it is something else.
        """
        found = self._kept.setdefault(metric, _made(metric))
        if not isinstance(found, Tally):
            raise TypeError(f"{metric.name} is no counter")
        return found

    def distribution(self, metric: Metric) -> Distribution:
        """Return the distribution of a histogram; who measures asks once and keeps it.

        Raises:
            TypeError: it is something else.
        """
        found = self._kept.setdefault(metric, _made(metric))
        if not isinstance(found, Distribution):
            raise TypeError(f"{metric.name} is no histogram")
        return found


def _made(metric: Metric) -> Tally | Distribution:
    return Distribution(metric.bounds) if metric.kind is Kind.HISTOGRAM else Tally()
