"""Streamable HTTP on one path: POST a message, GET a stream, DELETE a session.

What is here speaks the handshake revisions; stateless requests go on to `http_stateless`.
Sources: MCP specification 2025-03-26 to 2025-11-25, basic/transports "Streamable HTTP".
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

from aiohttp import hdrs, web
from multidict import istr

from app.contract import MCP_PATH
from app.protocol import envelopes
from app.protocol.dispatcher import Dispatcher
from app.protocol.errors import (
    DRAINING,
    INVALID_REQUEST,
    PARSE_ERROR,
    InvalidRequest,
    ProtocolError,
    UnsupportedProtocolVersion,
)
from app.protocol.revisions import HANDSHAKE_REVISIONS, STATELESS_REVISIONS
from app.protocol.session import Session
from app.transports.body import BODY_SECONDS, BodyRefused, read_body
from app.transports.draining import finish_calls
from app.transports.events import EVENTS, RETRY_SECONDS, Exchange
from app.transports.guard import PRINCIPAL, cors
from app.transports.http_stateless import StatelessLeg, names_revision
from app.transports.refusals import refuse
from app.transports.replicas import CHANGED, Replicas
from app.transports.replies import JSON
from app.transports.routing import VERSION_HEADER
from app.transports.sessions import LocalSessions, Sessions
from app.transports.websocket import MAX_MESSAGE_BYTES, wants_upgrade

SESSION_HEADER = istr("Mcp-Session-Id")

STATUSES = {PARSE_ERROR: 400, INVALID_REQUEST: 400, DRAINING: 503}
"""Statuses of error replies; every other reply, errors included, is a 200."""

Upgrade = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpTransport:
    """Serves one dispatcher over Streamable HTTP.

    `upgrade` takes over GET requests on the same path that ask to become a WebSocket; pass
    `WebSocketTransport.serve`. With `replicas`, sessions and streams survive a change of replica;
    without, they live and end in this object.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        upgrade: Upgrade,
        replicas: Replicas | None = None,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._dispatcher = dispatcher
        self._upgrade = upgrade
        self._replicas = replicas
        self._sessions: Sessions = LocalSessions() if replicas is None else replicas.sessions
        if replicas is not None:
            replicas.end_stream = self._end_stream
        self._max_message_bytes = max_message_bytes
        self._body_seconds = body_seconds
        self._serving: dict[Exchange, Session] = {}
        self._listening: dict[Session, Exchange] = {}
        self._stateless = StatelessLeg(dispatcher)
        self._draining = False

    @property
    def in_flight(self) -> int:
        """How many requests wait for their answer."""
        return len(self._serving) + self._stateless.in_flight

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this transport, the WebSocket upgrade on `MCP_PATH` included."""
        return [
            web.post(MCP_PATH, self._post),
            web.get(MCP_PATH, self._get, allow_head=False),
            web.delete(MCP_PATH, self._delete),
        ]

    async def drain(self, timeout_seconds: float) -> None:
        """Refuse new work with 503, end idle streams, finish what runs up to `timeout_seconds`."""
        self._draining = True
        self._dispatcher.drain()
        for stream in self._listening.values():
            stream.finish(None)
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        await asyncio.gather(
            self._stateless.drain(deadline),
            *(finish_calls(session, deadline) for session in set(self._serving.values())),
        )

    async def expel(self, principal: str, reason: str, finish_seconds: float) -> None:
        """End the streams of a client that may no longer call, and its requests within `finish_seconds`."""
        mine = {session for session in self._serving.values() if session.principal == principal}
        for session, stream in self._listening.items():
            if session.principal == principal:
                stream.finish(None)
        deadline = asyncio.get_running_loop().time() + finish_seconds
        await asyncio.gather(
            self._stateless.expel(principal, reason, deadline),
            *(finish_calls(session, deadline, reason) for session in mine),
        )

    async def _post(self, request: web.Request) -> web.StreamResponse:
        if not accepts(request.headers.get(hdrs.ACCEPT, ""), JSON, EVENTS):
            return refuse(406, f"The Accept header must list {JSON} and {EVENTS}.")
        if request.headers.get(hdrs.CONTENT_TYPE) != JSON and request.content_type != JSON:
            return refuse(415, "Send the message as application/json.")
        try:
            message = self._dispatcher.decode(
                await read_body(request, self._max_message_bytes, self._body_seconds)
            )
        except BodyRefused as error:
            return refuse(error.status, error.sentence)
        except ProtocolError as error:
            return _fault(request, error, 400)
        version = request.headers.get(VERSION_HEADER)
        if version not in HANDSHAKE_REVISIONS:
            if version is not None and version not in STATELESS_REVISIONS and not names_revision(message):
                known = [*HANDSHAKE_REVISIONS, *STATELESS_REVISIONS]
                return _fault(request, UnsupportedProtocolVersion(version, known), 400, message)
            if version is not None or names_revision(message):
                return await self._stateless.post(request, message)
        exchange = Exchange(STATUSES, cors(request))
        session = await self._session(request, message)
        if isinstance(session, web.Response):
            return session
        opening = session.revision is None
        replicas = self._replicas
        if replicas is not None and not opening:
            exchange.recorder = replicas.recorder(session, message)
            if elsewhere := replicas.not_here(session, message):
                replicas.tell(session, elsewhere)
        answered = self._dispatcher.dispatch(session, exchange, message)
        if replicas is not None and replicas.changes_session(message):
            await replicas.sessions.save(session)
        if not answered:
            return web.Response(status=202, headers=exchange.headers)
        if opening and session.revision is not None:
            exchange.headers[SESSION_HEADER] = await self._sessions.open(session)
        if not exchange.finished:
            # Until the reply is there, not until the client is gone: it may be gone long before.
            self._serving[exchange] = session
            exchange.when_finished = lambda: self._serving.pop(exchange)
        return await exchange.respond(request)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        if wants_upgrade(request):
            return await self._upgrade(request)
        if request.headers.get(VERSION_HEADER) in STATELESS_REVISIONS:
            return _only_post()
        if self._draining:
            return refuse(
                503, "The server is shutting down; connect again shortly.", {hdrs.RETRY_AFTER: RETRY_SECONDS}
            )
        if not accepts(request.headers.get(hdrs.ACCEPT, ""), EVENTS):
            return refuse(406, f"The Accept header must list {EVENTS}.")
        session = await self._session(request, None)
        if isinstance(session, web.Response):
            return session
        exchange = Exchange(STATUSES, cors(request), stream=True)
        last_event_id = request.headers.get(hdrs.LAST_EVENT_ID)
        replicas = self._replicas
        if replicas is not None and last_event_id and not last_event_id.startswith(CHANGED):
            if not await replicas.resume(session, exchange, last_event_id):
                return refuse(400, "What followed this Last-Event-ID is not kept; send the request again.")
            return await exchange.respond(request)
        if session in self._listening:
            if not last_event_id:
                return refuse(409, "This session has a stream already; close it before opening another.")
            # Its reader lost it before we noticed.
            self._end_stream(session)
        self._listening[session] = exchange
        try:
            if replicas is None:
                self._dispatcher.changes.attach(session, exchange)
            else:
                await replicas.listen(session, exchange, last_event_id)
            return await exchange.respond(request)
        finally:
            if self._listening.get(session) is exchange:
                del self._listening[session]
                self._dispatcher.changes.detach(session)
                if replicas is not None:
                    replicas.leave(session)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get(VERSION_HEADER) in STATELESS_REVISIONS:
            return _only_post()
        session_id = request.headers.get(SESSION_HEADER)
        if session_id is None:
            return refuse(400, f"Name the session to end in {SESSION_HEADER}.")
        session = await self._sessions.close(session_id, request[PRINCIPAL])
        if session is None:
            return refuse(404, "This session is unknown or has expired; initialize a new one.")
        self._end_stream(session)
        return web.Response(status=204, headers=cors(request))

    def _end_stream(self, session: Session) -> None:
        stream = self._listening.get(session)
        if stream is not None:
            stream.finish(None)

    async def _session(self, request: web.Request, message: Any) -> Session | web.Response:
        """Return the session a request belongs to: a new one for `initialize`."""
        principal = request[PRINCIPAL]
        session_id = request.headers.get(SESSION_HEADER)
        if session_id is None:
            if type(message) is dict and message.get("method") == "initialize" and "id" in message:
                return Session(principal)
            error = InvalidRequest(f"Send initialize first, then its {SESSION_HEADER}.")
            return _fault(request, error, 400, message)
        session = await self._sessions.find(session_id, principal)
        if session is None:
            error = InvalidRequest("This session is unknown or has expired; initialize a new one.")
            return _fault(request, error, 404, message)
        return session


@lru_cache(maxsize=256)
def accepts(header: str, *types: str) -> bool:
    """Tell whether an Accept header admits all of some media types, wildcards included."""
    offered = {part.partition(";")[0].strip().lower() for part in header.split(",")}
    return all(offered & {wanted, f"{wanted.partition('/')[0]}/*", "*/*"} for wanted in types)


def _only_post() -> web.Response:
    return refuse(405, "This revision has neither sessions nor a GET stream; use POST.", {hdrs.ALLOW: "POST"})


def _fault(request: web.Request, error: ProtocolError, status: int, message: Any = None) -> web.Response:
    body = envelopes.failure(error.request_id or envelopes.id_of(message), error)
    return web.Response(status=status, body=body, content_type=JSON, headers=cors(request))
