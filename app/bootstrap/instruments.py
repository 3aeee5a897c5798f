"""What is put around a server's parts to measure and to trace them."""

from collections.abc import Collection, Mapping

from app.protocol.methods import Around
from app.providers.protocol import Gateway
from app.telemetry import metrics
from app.telemetry.exposition import Exposition
from app.telemetry.journal import Journal
from app.telemetry.mcp_operations import McpOperations
from app.telemetry.observed import Wrap, timed
from app.telemetry.readings import Read, Readings
from app.telemetry.tallies import Tallies
from app.telemetry.vendor_calls import MeasuredGateway


class Instruments:
    """One server's; `store` and `shared` are wraps of their operations, `journal` observes the jobs."""

    def __init__(self) -> None:
        self._tallies = Tallies()
        self.journal = Journal(self._tallies)
        self.store: tuple[Wrap, ...] = (timed(self._tallies.distribution(metrics.STORE)),)
        self.shared: tuple[Wrap, ...] = (timed(self._tallies.distribution(metrics.SHARED)),)

    def gateway(self, gateway: Gateway) -> Gateway:
        """Return a gateway whose calls are measured."""
        return MeasuredGateway(gateway, self._tallies)

    def around(self, tools: Collection[str]) -> list[Around]:
        """Return what is put around the handlers of a dispatcher with these tools."""
        return [McpOperations(self._tallies, tools)]

    def exposition(self, readings: Mapping[str, Read]) -> Exposition:
        """Return what renders everything that was measured, and these readings."""
        return Exposition(self._tallies, Readings(readings, self._tallies))
