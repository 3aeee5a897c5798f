"""Streamable HTTP of the stateless revision: every POST stands alone, a disconnect ends its request.

Source: specification 2026-07-28, basic/transports/streamable-http.
"""

import asyncio
from typing import Any

from aiohttp import web

from app.protocol import envelopes
from app.protocol.dispatcher import Dispatcher
from app.protocol.errors import (
    DRAINING,
    HEADER_MISMATCH,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    MISSING_CAPABILITY,
    PARSE_ERROR,
    UNSUPPORTED_PROTOCOL_VERSION,
    ProtocolError,
)
from app.protocol.metadata import PROTOCOL_VERSION
from app.protocol.session import Session
from app.transports.draining import finish_calls
from app.transports.events import Exchange
from app.transports.guard import PRINCIPAL, cors
from app.transports.replies import JSON
from app.transports.routing import check_headers

STATUSES = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    HEADER_MISMATCH: 400,
    MISSING_CAPABILITY: 400,
    UNSUPPORTED_PROTOCOL_VERSION: 400,
    METHOD_NOT_FOUND: 404,
    DRAINING: 503,
}
"""Statuses of error replies; every other reply is a 200."""


class StatelessLeg:
    """Serves requests that carry their revision with them."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._serving: set[Session] = set()

    @property
    def in_flight(self) -> int:
        """How many requests wait for their answer."""
        return len(self._serving)

    async def drain(self, deadline: float) -> None:
        """Finish what runs until `deadline` on the event loop's clock."""
        await asyncio.gather(*(finish_calls(session, deadline) for session in list(self._serving)))

    async def expel(self, principal: str, reason: str, deadline: float) -> None:
        """Finish what a client that may no longer call still has running, until `deadline`."""
        mine = [session for session in self._serving if session.principal == principal]
        await asyncio.gather(*(finish_calls(session, deadline, reason) for session in mine))

    async def post(self, request: web.Request, message: Any) -> web.StreamResponse:
        """Serve one message."""
        exchange = Exchange(STATUSES, cors(request))
        if isinstance(message, dict) and "id" in message:
            try:
                check_headers(request.headers, message, self._mirrors(message))
            except ProtocolError as error:
                body = envelopes.failure(envelopes.id_of(message), error)
                return web.Response(
                    status=STATUSES[error.code], body=body, content_type=JSON, headers=exchange.headers
                )
        session = Session(request[PRINCIPAL], stateless=True)
        if not self._dispatcher.dispatch(session, exchange, message):
            return web.Response(status=202, headers=exchange.headers)
        response = exchange.at_once()
        if response is not None:
            return response
        self._serving.add(session)
        try:
            return await exchange.respond(request)
        finally:
            self._serving.discard(session)
            # Whoever closes the response has cancelled the request.
            for call in list(session.calls.values()):
                call.cancel(by_client=True)

    def _mirrors(self, message: dict[str, Any]) -> Any:
        params = message.get("params")
        if message.get("method") != "tools/call" or not isinstance(params, dict):
            return ()
        return self._dispatcher.tools.mirrors(params.get("name"))


def names_revision(message: Any) -> bool:
    """Tell whether a message names its own revision, as stateless requests do."""
    params = message.get("params") if isinstance(message, dict) else None
    meta = params.get("_meta") if isinstance(params, dict) else None
    return isinstance(meta, dict) and PROTOCOL_VERSION in meta
