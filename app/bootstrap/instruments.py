"""What is put around a server's parts to measure and to trace them."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from aiohttp.typedefs import Middleware

from app.bootstrap.adapters import replica
from app.protocol.methods import Around, Meter
from app.providers.protocol import Gateway
from app.settings import Settings
from app.telemetry import metrics
from app.telemetry.exposition import Exposition
from app.telemetry.journal import Journal
from app.telemetry.mcp_operations import McpOperations
from app.telemetry.observed import Wrap, timed
from app.telemetry.readings import Read, Readings
from app.telemetry.tallies import Tallies
from app.telemetry.vendor_calls import MeasuredGateway

if TYPE_CHECKING:
    from app.telemetry.traces import Tracing

SYSTEMS = {"sqlite": "sqlite", "postgres": "postgresql", "supabase": "postgresql"}
"""What OpenTelemetry calls the database behind each store (`db.system.name`)."""


class Instruments:
    """One server's; `store` and `shared` are wraps of their operations, `journal` observes the jobs."""

    def __init__(self, settings: Settings) -> None:
        self._tallies = Tallies()
        self._tracing = _tracing(settings)
        self.journal = Journal(self._tallies)
        self.store: list[Wrap] = [timed(self._tallies.distribution(metrics.STORE))]
        self.shared: list[Wrap] = [timed(self._tallies.distribution(metrics.SHARED))]
        self.middlewares: list[Middleware] = []
        """What goes behind the guard."""
        if self._tracing is not None:
            self.store.append(self._tracing.wrap(SYSTEMS[settings.store]))
            self.shared.append(self._tracing.wrap("redis"))
            self.middlewares.append(self._tracing.middleware)

    async def close(self) -> None:
        """Send what was traced and not sent yet."""
        if self._tracing is not None:
            await self._tracing.close()

    def gateway(self, gateway: Gateway) -> Gateway:
        """Return a gateway whose calls are measured and traced."""
        measured = MeasuredGateway(gateway, self._tallies)
        return measured if self._tracing is None else self._tracing.gateway(measured)

    def around(self, tools: Collection[str]) -> list[Around]:
        """Return what is put around the handlers of a dispatcher with these tools."""
        return [] if self._tracing is None else [self._tracing.around(tools)]

    def meter(self, tools: Collection[str]) -> Meter | None:
        """Return what is told of every request of such a dispatcher."""
        return McpOperations(self._tallies, tools)

    def exposition(self, readings: Mapping[str, Read]) -> Exposition:
        """Return what renders everything that was measured, and these readings."""
        return Exposition(self._tallies, Readings(readings, self._tallies))


def _tracing(settings: Settings) -> "Tracing | None":
    if settings.otel_exporter_otlp_endpoint is None:
        return None
    # Imported here: without the variable nothing of OpenTelemetry is loaded, and it need not be installed.
    from app.telemetry.traces import Tracing

    return Tracing(
        settings.otel_exporter_otlp_endpoint,
        settings.otel_exporter_otlp_headers,
        service=settings.otel_service_name,
        instance=replica(),
    )
