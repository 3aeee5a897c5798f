"""The end of the certificate as a metric: looked at seldom, however often it is read."""

from pathlib import Path

from app.telemetry import certificates as watched
from app.telemetry import metrics
from tests.app import certificates


async def test_it_is_looked_at_once_an_hour_and_kept_meanwhile(tmp_path: Path) -> None:
    now = 0.0
    path = certificates.certificate(tmp_path, days=30)
    async with certificates.shown(path) as url:
        expiry = watched.CertificateExpiry(url, lambda: now)
        first = (await expiry.read())[metrics.CERTIFICATE]
    assert isinstance(first, float)

    now = watched.FRESH_SECONDS - 1
    assert (await expiry.read())[metrics.CERTIFICATE] == first
    now = watched.FRESH_SECONDS
    # The edge is gone by now.
    assert (await expiry.read())[metrics.CERTIFICATE] is None
