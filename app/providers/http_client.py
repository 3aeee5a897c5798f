"""How the vendors are reached: deadlines, kept connections, whom we trust, and the proxy of the environment.

HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR are honoured, as every program of a company's machine
does. Nothing else of the environment is: no cookies are kept, no .netrc is read.
"""

import os
import ssl
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import certifi
from yarl import URL

from app.contract import NAME
from app.settings import ConfigurationError, Secret
from app.version import VERSION

CONNECT_SECONDS = 10.0
"""Until there is a connection: a place among MOST_CONNECTIONS, the name, the proxy's tunnel and TLS."""
WRITE_SECONDS = 30.0
"""For each piece of a request; see `Body`."""
READ_SECONDS = 120.0
"""Between two pieces of an answer: thinking models go quiet. How long it takes overall is the caller's."""

KEEPALIVE_SECONDS = 60.0
"""A kept connection saves the next call two or three round trips, TLS included."""
MOST_CONNECTIONS = 100
MOST_HEADER_BYTES = 32 * 1024
"""Of one line of an answer's head."""

_PROXIES = ("https", "http", "all")


def trust() -> ssl.SSLContext:
    """Return whom we trust: SSL_CERT_FILE or SSL_CERT_DIR, else the public CAs; it takes 20 ms to make.

    Raises:
        ConfigurationError: what the variable names cannot be read.
    """
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        if file or folder:
            trusted = ssl.create_default_context(cafile=file or None, capath=None if file else folder)
        else:
            trusted = ssl.create_default_context(cafile=certifi.where())
    except (OSError, ssl.SSLError) as error:
        name = "SSL_CERT_FILE" if file else "SSL_CERT_DIR"
        fault = f"{name} names {file or folder}, which holds no certificates to be read ({error}): "
        raise ConfigurationError([f"{fault}correct the path."]) from error
    trusted.set_alpn_protocols(["http/1.1"])
    return trusted


def proxy(url: str) -> URL | None:
    """Return the proxy that the environment names for an address; None where it is reached directly.

    Raises:
        ConfigurationError: a proxy of the environment is none that can be used.
    """
    try:
        found = {scheme: _address(value) for scheme, value in getproxies().items() if scheme in _PROXIES}
    except ValueError:
        # The value is not repeated: it may hold a password.
        fault = "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY is not the address of an HTTP proxy"
        raise ConfigurationError([f"{fault}: write it as http://host:port."]) from None
    target = urlsplit(url)
    if not found or proxy_bypass(target.netloc.rpartition("@")[2]):
        return None
    return found.get(target.scheme, found.get("all"))


def session(key: Secret, trusted: ssl.SSLContext, read_seconds: float) -> aiohttp.ClientSession:
    """Make a client that presents this key, within a running event loop."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            ssl=trusted, limit=MOST_CONNECTIONS, keepalive_timeout=KEEPALIVE_SECONDS
        ),
        headers={
            "Authorization": f"Bearer {key.reveal()}",
            "User-Agent": f"{NAME}/{VERSION}",
            # A compressed stream arrives in lumps, and an answer is small.
            "Accept-Encoding": "identity",
        },
        timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=read_seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
        max_line_size=MOST_HEADER_BYTES,
        max_field_size=MOST_HEADER_BYTES,
    )


def _address(value: str) -> URL:
    address = URL(value if "://" in value else f"http://{value}")
    if address.scheme not in ("http", "https") or not address.host:
        raise ValueError
    return address
