"""The requests of a kept connection that repeat what was already admitted on it.

Host, Origin, token and address are judged once for a connection and their exact bytes remembered; a
request that brings the same bytes again is the same client. Nothing is skipped that could have changed:
one byte that differs, a header more or less, or other clients, and the guard judges anew.
"""

import asyncio
import hmac
from weakref import WeakKeyDictionary

from aiohttp import hdrs, web

from app.contract import MCP_PATH

JUDGED = frozenset({b"host", b"origin", b"x-forwarded-for"})
FEW = 64
"""Connections that are not worth tidying up."""

TOKEN = b"authorization"

_Said = tuple[list[tuple[bytes, bytes]], bytes]


class Admitted:
    """What each open connection was admitted with.

    Closed ones are let go whenever the number has doubled: the collector alone would leave them for long.
    """

    def __init__(self) -> None:
        self._by_connection: WeakKeyDictionary[asyncio.Transport, tuple[_Said, tuple[str, str]]] = (
            WeakKeyDictionary()
        )
        self._tidy_at = FEW

    def find(self, request: web.Request) -> tuple[str, str] | None:
        """Return the principal and the address of a request that repeats an admitted one."""
        connection = request.transport
        if connection is None or request.method != hdrs.METH_POST or request.raw_path != MCP_PATH:
            return None
        before = self._by_connection.get(connection)
        if before is None:
            return None
        (names, token), answer = before
        said = _said(request)
        if said is None:
            return None
        # A proxy sends several clients over one connection: tokens are compared in constant time.
        if said[0] == names and hmac.compare_digest(said[1], token):
            return answer
        return None

    def remember(self, request: web.Request, principal: str, address: str) -> None:
        """Keep what a request was admitted with."""
        connection, said = request.transport, _said(request)
        if connection is not None and said is not None:
            self._by_connection[connection] = (said, (principal, address))
            if len(self._by_connection) > self._tidy_at:
                self._tidy()

    def forget(self) -> None:
        """Judge every connection anew, because the clients are others now."""
        self._by_connection.clear()

    def _tidy(self) -> None:
        for connection in [each for each in self._by_connection if each.is_closing()]:
            del self._by_connection[connection]
        self._tidy_at = max(FEW, 2 * len(self._by_connection))


def _said(request: web.Request) -> _Said | None:
    """Return the bytes that were judged, in the order they came; None unless there is exactly one token."""
    names, tokens = [], []
    for header in request.raw_headers:
        name = header[0].lower()
        if name in JUDGED:
            names.append(header)
        elif name == TOKEN:
            tokens.append(header[1])
    return (names, tokens[0]) if len(tokens) == 1 else None
