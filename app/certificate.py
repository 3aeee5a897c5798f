"""The certificate that clients are shown at a URL: until when it holds, and whether this host trusts it."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from yarl import URL

LOOK_SECONDS = 5.0
"""For one handshake."""


class UnreachableError(Exception):
    """There is no TLS to look at; one sentence."""


class Certificate(Struct, frozen=True):
    """`distrust` is None where a client with this host's authorities accepts it, else why it does not."""

    expires: datetime
    distrust: str | None = None

    def left(self, now: datetime | None = None) -> timedelta:
        """Return how long it still holds; below zero once it has ended."""
        return self.expires - (now or datetime.now(UTC))


async def shown_at(url: URL) -> Certificate:
    """Look at the certificate of an https URL; nothing is sent beyond the handshake.

    Raises:
        UnreachableError: no handshake within LOOK_SECONDS.
    """
    try:
        # The default context honours SSL_CERT_FILE, as every client of OpenSSL does.
        return await _handshake(url, ssl.create_default_context())
    except ssl.SSLCertVerificationError as error:
        unchecked = ssl.create_default_context()
        unchecked.check_hostname = False
        unchecked.verify_mode = ssl.CERT_NONE
        reason = error.verify_message or str(error)
    except (OSError, TimeoutError) as error:
        raise UnreachableError(_sentence(url, error)) from error
    try:
        found = await _handshake(url, unchecked)
    except (OSError, TimeoutError) as error:
        raise UnreachableError(_sentence(url, error)) from error
    return Certificate(found.expires, reason)


async def _handshake(url: URL, context: ssl.SSLContext) -> Certificate:
    from cryptography import x509  # not at the top: a server without TLS would pay for it at each start

    async with asyncio.timeout(LOOK_SECONDS):
        _, writer = await asyncio.open_connection(url.host, url.port, ssl=context)
        try:
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        finally:
            writer.transport.abort()
    return Certificate(x509.load_der_x509_certificate(shown).not_valid_after_utc)


def _sentence(url: URL, error: Exception) -> str:
    reason = str(error) or f"no answer within {LOOK_SECONDS:g} s"
    return f"{url.host}:{url.port} makes no TLS connection ({reason}): start the edge, or correct PUBLIC_URL."
