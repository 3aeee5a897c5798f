"""Our server with nothing that watches it: what metrics and logs cost is the difference to the product.

The same program as `bench.servers.product`, with no measurement around its parts and no line logged.
"""

import sys

from app.bootstrap import application, instruments
from app.protocol.methods import Around
from app.providers.protocol import Gateway
from app.settings import Settings
from app.telemetry import logs
from bench.servers import product


class Nothing(instruments.Instruments):
    """Measures nothing."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.store = self.shared = []

    def gateway(self, gateway: Gateway) -> Gateway:
        """Leave it as it is."""
        return gateway

    def around(self, tools: object) -> list[Around]:  # noqa: ARG002 - nothing is put around any
        """Put nothing around."""
        return []

    def meter(self, tools: object) -> None:
        """Tell nobody."""


def stop_watching() -> None:
    """Have every server that this process makes from now on be watched by nothing."""
    vars(application).update(Instruments=Nothing)
    vars(logs).update(configure=lambda _settings: None)


if __name__ == "__main__":
    stop_watching()
    sys.exit(product.main())
