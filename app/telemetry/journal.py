"""One log line a vendor call, and what its money and its job came to; see `app.jobs.observer`."""

import structlog

from app.jobs.orders import Order
from app.providers.records import NANO_USD_PER_USD, Model
from app.stores.records import JobStatus, NewCall, Settlement
from app.telemetry import metrics
from app.telemetry.semantics import provider_name
from app.telemetry.tallies import Tallies

REFUSED = "refused"
"""The status of a job that was never started: no money, no such model, a key used before."""

log = structlog.get_logger(__name__)


class Journal:
    """Writes down and counts; the request's id and the trace come from the context of the call."""

    def __init__(self, tallies: Tallies) -> None:
        self._cost = tallies.counter(metrics.COST)
        self._failovers = tallies.counter(metrics.FAILOVERS)
        self._ended = tallies.counter(metrics.JOBS_ENDED)

    def settled(self, job: str, order: Order, call: NewCall, settlement: Settlement, seconds: float) -> None:
        """Write the line of a vendor call; it holds nothing of what was asked or answered."""
        self._cost.add((provider_name(call.vendor), call.model), settlement.cost / NANO_USD_PER_USD)
        log.info(
            "model call",
            job=job,
            principal=order.principal,
            tool=order.tool,
            vendor=call.vendor,
            model=call.model,
            input_tokens=settlement.input_tokens,
            cached_tokens=settlement.cached_tokens,
            output_tokens=settlement.output_tokens,
            cost_usd=settlement.cost / NANO_USD_PER_USD,
            upstream_request_id=settlement.request_id,
            duration_ms=round(seconds * 1000),
            outcome=settlement.outcome,
            money=settlement.state.value,
        )

    def failed_over(self, failed: Model, reason: str) -> None:
        """Count."""
        self._failovers.add((provider_name(failed.vendor.id), failed.id, reason))

    def ended(self, order: Order, status: JobStatus, *, started: bool) -> None:
        """Count."""
        self._ended.add((order.tool, status.value if started else REFUSED))
