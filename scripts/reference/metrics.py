"""The table of every metric."""

from app.telemetry.metrics import METRICS, Kind
from scripts.reference.blocks import table


def metrics() -> str:
    """Return every metric, in the order of the code."""
    rows = [
        (
            f"`{metric.name}{'_total' if metric.kind is Kind.COUNTER else ''}`",
            metric.kind.value,
            ", ".join(f"`{label}`" for label in metric.labels),
            metric.help,
        )
        for metric in METRICS
    ]
    return table(("metric", "type", "labels", "meaning"), *rows)
