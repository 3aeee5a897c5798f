"""How many TCP connections are open at once, whoever opened them and whatever they send.

What the guard counts has shown a token; this is what stands before a byte is read. Past the limit a
connection is told 503 and closed. A few places are kept for this machine itself, so that a flood from
outside cannot make the container's own probe fail.
"""

import asyncio
import ipaddress
import logging
import resource
from collections.abc import Callable
from typing import Any

from aiohttp import web

LOOPBACK_PLACES = 16
"""Connections from this machine that are still taken when all others are refused."""

LINGER_SECONDS = 1.0
"""How long a refused peer may take to read why; closing at once would reset the line before it could."""

MAX_LINGERING = 64
"""Refused peers that are given this time; past it they are cut off."""

SILENCE_SECONDS = 60.0
"""How often the log is told that the limit was reached."""

OTHER_FILES = 128
"""Descriptors for everything else: store, shared state, vendors, logs."""

_SENTENCE = b'{"error":"Too many connections are open; nothing was executed, try again shortly."}'
REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 2\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(_SENTENCE), _SENTENCE)
)

logger = logging.getLogger(__name__)


class Sockets:
    """The protocol factory of a listener: aiohttp's, up to `limit` connections."""

    def __init__(self, server: web.Server, limit: int) -> None:
        self._server = server
        self._limit = limit
        self._lingering: set[_Refused] = set()
        self._silent_until = 0.0

    def __call__(self) -> asyncio.Protocol:
        """Make the protocol of the next connection."""
        left = self._limit - len(self._server.connections)
        if left > 0:
            return self._server()
        now = asyncio.get_running_loop().time()
        if now >= self._silent_until:
            self._silent_until = now + SILENCE_SECONDS
            logger.warning("%d connections are open, and more are refused (limits.sockets)", self._limit)
        return _Refused(self._lingering, self._server if left > -LOOPBACK_PLACES else None)


class _Refused(asyncio.Protocol):
    """Tells a peer why, and closes; hands a peer of this machine over to `server` if there is one."""

    def __init__(self, lingering: "set[_Refused]", server: Callable[[], asyncio.Protocol] | None) -> None:
        self._lingering = lingering
        self._server = server
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Write the refusal and half-close, so that the peer can read it."""
        if self._server is not None and _is_loopback(transport):
            protocol = self._server()
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
            return
        if len(self._lingering) >= MAX_LINGERING:
            transport.abort()
            return
        self._lingering.add(self)
        transport.write(REFUSAL)
        transport.write_eof()
        self._end = asyncio.get_running_loop().call_later(LINGER_SECONDS, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the interface's signature
        """Make room for the next one."""
        self._lingering.discard(self)
        if self._end is not None:
            self._end.cancel()


def _is_loopback(transport: Any) -> bool:
    try:
        address = ipaddress.ip_address(transport.get_extra_info("peername")[0])
    except (TypeError, ValueError, IndexError):
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def make_room(sockets: int) -> int:
    """Raise this process's limit of open files so that `sockets` fit; return how many do fit.

    The soft limit of a shell or a service is often 1,024, below which a flood would leave no
    descriptor for the store; the hard limit is the administrator's and is kept.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = sockets + LOOPBACK_PLACES + MAX_LINGERING + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return sockets
    return max(1, sockets - (wanted - soft))
