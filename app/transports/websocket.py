"""MCP over WebSocket: subprotocol `mcp`, one JSON-RPC message a text frame.

The specification knows no WebSocket transport but allows custom ones; this binding is what clients
in the field speak. Close codes: 1001 shutdown, 1003 binary frame, 1007 not UTF-8, 1008 not MCP, too
many broken messages or pings, or a client that may no longer call, 1009 too big. A call is cancelled
by `notifications/cancelled`; a lost connection stops what ran on it.
"""

import asyncio

from aiohttp import WSCloseCode, web

from app.contract import MCP_PATH
from app.protocol.dispatcher import Dispatcher
from app.protocol.session import Session
from app.transports.draining import finish_calls
from app.transports.events import RETRY_SECONDS
from app.transports.fairness import Shares
from app.transports.frames import FrameSocket
from app.transports.guard import PRINCIPAL
from app.transports.heartbeat import Heartbeat
from app.transports.outbox import OUTBOX_BYTES, STALL_SECONDS, Outbox
from app.transports.refusals import refuse
from app.transports.websocket_connection import CLOSE_SECONDS, MAX_PINGS_PER_MINUTE, Connection

SUBPROTOCOL = "mcp"
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
HEARTBEAT_SECONDS = 20.0
"""How often a silent peer is pinged; one that does not answer within half of it is dropped."""

SHUTDOWN = b"The server is shutting down; connect again in a few seconds."


class WebSocketTransport:
    """Serves one dispatcher to any number of WebSocket connections."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        outbox_bytes: int = OUTBOX_BYTES,
        stall_seconds: float = STALL_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        max_pings_per_minute: int = MAX_PINGS_PER_MINUTE,
        shares: Shares | None = None,
    ) -> None:
        self._dispatcher = dispatcher
        self._max_message_bytes = max_message_bytes
        # A reply may be as large as a message; the bound must let one through.
        self._outbox_bytes = max(outbox_bytes, 2 * max_message_bytes)
        self._stall_seconds = stall_seconds
        self._heartbeat = Heartbeat(heartbeat_seconds)
        self._max_pings = max_pings_per_minute
        self._shares = shares or Shares()
        self._connections: set[Connection] = set()
        self._draining = False

    @property
    def connections(self) -> int:
        """How many sockets are open."""
        return len(self._connections)

    @property
    def sessions(self) -> list[Session]:
        """The sessions of the open sockets."""
        return [connection.session for connection in self._connections]

    @property
    def in_flight(self) -> int:
        """How many calls are running."""
        return sum(connection.session.in_flight for connection in self._connections)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes that are WebSocket only; `MCP_PATH` is shared, see `HttpTransport`."""
        return [web.get("/", self.serve)]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Upgrade one request and serve it until either side closes."""
        if not wants_upgrade(request):
            return refuse(
                426, f"Connect with WebSocket here, or POST to {MCP_PATH}.", {"Upgrade": "websocket"}
            )
        if self._draining:
            return refuse(
                503, "The server is shutting down; connect again shortly.", {"Retry-After": RETRY_SECONDS}
            )
        socket = FrameSocket(
            protocols=(SUBPROTOCOL,), close_seconds=CLOSE_SECONDS, max_message_bytes=self._max_message_bytes
        )
        await socket.prepare(request)
        transport = request.transport
        if transport is None:
            return socket
        outbox = Outbox(
            transport,
            request.protocol,
            request.writer,
            max_bytes=self._outbox_bytes,
            stall_seconds=self._stall_seconds,
        )
        connection = Connection(
            socket,
            Session(request[PRINCIPAL]),
            outbox,
            dispatcher=self._dispatcher,
            shares=self._shares,
            max_pings_per_minute=self._max_pings,
        )
        self._connections.add(connection)
        self._dispatcher.changes.attach(connection.session, outbox)
        self._heartbeat.watch(connection)
        socket.attach(connection)
        try:
            await connection.read()
        finally:
            socket.detach()
            self._heartbeat.forget(connection)
            self._connections.discard(connection)
            self._dispatcher.changes.detach(connection.session)
            connection.session.abandon()
            outbox.close()
        return socket

    async def drain(self, timeout_seconds: float) -> None:
        """Refuse new work, finish what runs, close each socket with 1001 once its calls are answered.

        Calls that outlive `timeout_seconds` are stopped without an answer.
        """
        self._draining = True
        self._dispatcher.drain()
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        await asyncio.gather(*(self._leave(connection, deadline) for connection in list(self._connections)))

    async def expel(self, principal: str, reason: str, finish_seconds: float) -> None:
        """Close the sockets of a client that may no longer call, its calls answered, with 1008."""
        deadline = asyncio.get_running_loop().time() + finish_seconds
        mine = [each for each in self._connections if each.session.principal == principal]
        await asyncio.gather(*(self._expel(connection, deadline, reason) for connection in mine))

    async def _leave(self, connection: Connection, deadline: float) -> None:
        await finish_calls(connection.session, deadline)
        connection.session.abandon()
        await connection.close(WSCloseCode.GOING_AWAY, SHUTDOWN)

    async def _expel(self, connection: Connection, deadline: float, reason: str) -> None:
        await finish_calls(connection.session, deadline, reason)
        connection.session.abandon()
        await connection.close(WSCloseCode.POLICY_VIOLATION, reason.encode())


def wants_upgrade(request: web.Request) -> bool:
    """Tell whether a request asks to become a WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"
