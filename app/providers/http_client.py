"""How the vendors are reached: deadlines, kept connections, whom we trust, and the proxy of the environment.

HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR are honoured, as every program of a company's machine
does. Redirects are not followed: a key goes to the configured address only.
"""

import os
import ssl

import httpx

from app.contract import NAME
from app.settings import ConfigurationError, Secret
from app.version import VERSION

CONNECT_SECONDS = 5.0
WRITE_SECONDS = 30.0
POOL_SECONDS = 5.0
READ_SECONDS = 120.0
"""Between two pieces of an answer: thinking models go quiet. How long it takes overall is the caller's."""

KEEPALIVE_SECONDS = 60.0
"""A kept connection saves the next call two or three round trips, TLS included."""
MOST_CONNECTIONS = 100
MOST_KEPT = 20


def trust() -> ssl.SSLContext:
    """Return whom we trust: SSL_CERT_FILE or SSL_CERT_DIR, else the public CAs; it takes 20 ms to make.

    Raises:
        ConfigurationError: what the variable names cannot be read.
    """
    try:
        return httpx.create_ssl_context()
    except (OSError, ssl.SSLError) as error:
        name = "SSL_CERT_FILE" if os.environ.get("SSL_CERT_FILE") else "SSL_CERT_DIR"
        fault = f"{name} names {os.environ.get(name)}, which holds no certificates to be read ({error}): "
        raise ConfigurationError([f"{fault}correct the path."]) from error


def client(key: Secret, trusted: ssl.SSLContext, read_seconds: float) -> httpx.AsyncClient:
    """Make a client that presents this key.

    Raises:
        ConfigurationError: the proxy of the environment is none that can be used.
    """
    try:
        return httpx.AsyncClient(
            headers={
                "Authorization": f"Bearer {key.reveal()}",
                "User-Agent": f"{NAME}/{VERSION}",
                # A compressed stream arrives in lumps, and an answer is small.
                "Accept-Encoding": "identity",
            },
            timeout=httpx.Timeout(
                connect=CONNECT_SECONDS, write=WRITE_SECONDS, pool=POOL_SECONDS, read=read_seconds
            ),
            limits=httpx.Limits(
                max_connections=MOST_CONNECTIONS,
                max_keepalive_connections=MOST_KEPT,
                keepalive_expiry=KEEPALIVE_SECONDS,
            ),
            verify=trusted,
        )
    except (ValueError, ImportError, httpx.InvalidURL):
        # The value is not repeated: it may hold a password.
        fault = "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY is not the address of an HTTP proxy"
        raise ConfigurationError([f"{fault}: write it as http://host:port."]) from None
