"""URLs that clients give: fetched only from hosts that the operator lists, and never from inside a network.

The list is exact, the scheme is https, and each redirect is judged like the first URL. Whoever fetches
connects to addresses that `is_public` has passed, and to no others: a name that resolves to something else
a moment later changes nothing.
Source: OWASP, "Server-Side Request Forgery Prevention".
"""

import ipaddress
from collections.abc import Collection
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from app.files.errors import FileRefusedError

MOST_REDIRECTS = 3
HTTPS_PORT = 443
LONGEST_URL = 2_000

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TRANSLATED = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
"""Addresses that a NAT64 turns into IPv4 ones (RFC 6052, RFC 8215)."""


class Fetch(Protocol):
    """One GET of one URL, without following redirects."""

    async def get(self, url: str, *, most: int) -> tuple[bytes, str | None]:
        """Return the body, or where the answer redirects to.

        Raises:
            FileRefusedError: there is no such answer, it is larger than `most` bytes, or its address is
                not public.
        """


class Urls:
    """Fetches what may be fetched; `allowed` are host names, with `:port` where it is not 443."""

    def __init__(self, allowed: Collection[str], fetch: Fetch) -> None:
        self._allowed = frozenset(host.lower() for host in allowed)
        self._fetch = fetch

    async def fetched(self, url: str, *, most: int) -> tuple[str, bytes]:
        """Return the last part of the path as a name, and the content.

        Raises:
            FileRefusedError: it may not be fetched, or it cannot be.
        """
        for _ in range(MOST_REDIRECTS + 1):
            self.judge(url)
            body, onward = await self._fetch.get(url, most=most)
            if onward is None:
                return urlsplit(url).path, body
            url = urljoin(url, onward)
        raise FileRefusedError(
            f"The URL was not fetched because it redirects more than {MOST_REDIRECTS} times: give the last "
            f"one."
        )

    def judge(self, url: str) -> None:
        """Refuse a URL that may not be fetched.

        Raises:
            FileRefusedError: with the reason.
        """
        if not self._allowed:
            raise FileRefusedError(
                "URLs are not fetched by this server ([files] allow_urls in server.toml names no host): send "
                "the file's content instead."
            )
        host = _host(url)
        if host not in self._allowed:
            raise FileRefusedError(
                f"The URL was not fetched because {host!r:.80} is not among the hosts of [files] allow_urls "
                f"in server.toml ({', '.join(sorted(self._allowed))}): send the file's content instead."
            )


def _host(url: str) -> str:
    """Return host and port as the list writes them, if the URL is one that could be allowed at all."""
    reason = None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _odd("it is no URL") from None
    if len(url) > LONGEST_URL or not url.isascii() or any(letter <= " " or letter == "\\" for letter in url):
        reason = "it holds characters that have no place in a URL, or too many"
    elif parts.scheme != "https":
        reason = "only https is fetched"
    elif parts.username is not None or parts.password is not None:
        reason = "it holds a user name or a password"
    elif not host:
        reason = "it names no host"
    if reason is not None or host is None:
        raise _odd(reason or "it names no host")
    host = host.lower()
    return host if port in (None, HTTPS_PORT) else f"{host}:{port}"


def _odd(reason: str) -> FileRefusedError:
    return FileRefusedError(
        f"The URL was not fetched because {reason}: give a plain https:// URL, or send the file's content."
    )


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the open Internet, whichever way it is written down."""
    if isinstance(address, ipaddress.IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour
        if inside is None and any(address in network for network in _TRANSLATED):
            inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inside is not None:
            return is_public(inside)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast
