"""When the certificate of PUBLIC_URL ends, looked at seldom and never in the way of a scrape."""

import time
from collections.abc import Callable

from yarl import URL

from app import certificate
from app.telemetry import metrics
from app.telemetry.readings import Taken

FRESH_SECONDS = 3600.0
AGAIN_SECONDS = 300.0
"""After a look that failed; the edge may start after this server."""


class CertificateExpiry:
    """A reading: the moment in seconds since 1970, nothing while the certificate cannot be seen."""

    def __init__(self, url: URL, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._look_at = float("-inf")
        self._expires: float | None = None

    async def read(self) -> Taken:
        """Look if it is time to, and return what was seen last."""
        now = self._clock()
        if now >= self._look_at:
            # Before the look, which a slow edge makes the scrape give up on.
            self._look_at = now + AGAIN_SECONDS
            try:
                shown = await certificate.shown_at(self._url)
            except certificate.UnreachableError:
                self._expires = None
            else:
                self._expires, self._look_at = shown.expires.timestamp(), now + FRESH_SECONDS
        return {metrics.CERTIFICATE: self._expires}
