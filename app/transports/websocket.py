"""MCP over WebSocket: subprotocol `mcp`, one JSON-RPC message a text frame.

The specification knows no WebSocket transport but allows custom ones; this binding is what clients
in the field speak. Close codes: 1001 shutdown, 1003 binary frame, 1007 not UTF-8, 1008 not MCP, too
many broken messages or pings, or a client that may no longer call, 1009 too big. A call is cancelled
by `notifications/cancelled`; a lost connection stops what ran on it.
"""

import asyncio

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from app.contract import MCP_PATH
from app.protocol.dispatcher import Dispatcher
from app.protocol.errors import ProtocolError
from app.protocol.session import Session
from app.transports.draining import finish_calls
from app.transports.events import RETRY_SECONDS
from app.transports.fairness import Shares
from app.transports.guard import OFFENCE, PRINCIPAL
from app.transports.outbox import OUTBOX_BYTES, STALL_SECONDS, Outbox
from app.transports.refusals import refuse

SUBPROTOCOL = "mcp"
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
HEARTBEAT_SECONDS = 20.0
"""How often a silent peer is pinged; one that does not answer within half of it is dropped."""

CLOSE_SECONDS = 5.0
"""How long a peer may take to answer our close frame."""

MAX_BROKEN_MESSAGES = 20
"""Frames in a row that are not JSON-RPC before the peer is told to go."""

MAX_PINGS_PER_MINUTE = 60
"""Pings and pongs of one peer before it is told to go; ours asks for three pongs a minute."""

NOT_MCP = b"This server speaks MCP: JSON-RPC 2.0 in text frames, starting with initialize."
BROKEN = b"Too many frames were not JSON-RPC 2.0 messages."
PINGS = b"Too many pings."
BINARY = b"Send text frames; this server reads no binary ones."
NOT_UTF8 = b"A text frame was not UTF-8."
MALFORMED = b"A frame broke the WebSocket protocol or was larger than MAX_MESSAGE_BYTES."
SHUTDOWN = b"The server is shutting down; connect again in a few seconds."


class _Connection:
    """One socket: its session, its way out, and the count of what was wrong in a row."""

    __slots__ = ("broken", "minute_ends", "outbox", "pings", "served", "session", "socket")

    def __init__(self, socket: web.WebSocketResponse, session: Session, outbox: Outbox) -> None:
        self.socket = socket
        self.session = session
        self.outbox = outbox
        self.broken = 0
        self.served = False
        self.pings = 0
        self.minute_ends = 0.0


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
        self._heartbeat_seconds = heartbeat_seconds
        self._max_pings = max_pings_per_minute
        self._shares = shares or Shares()
        self._connections: set[_Connection] = set()
        self._draining = False

    @property
    def connections(self) -> int:
        """How many sockets are open."""
        return len(self._connections)

    @property
    def in_flight(self) -> int:
        """How many calls are running."""
        return sum(len(connection.session.calls) for connection in self._connections)

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
        socket = web.WebSocketResponse(
            timeout=CLOSE_SECONDS,
            heartbeat=self._heartbeat_seconds,
            protocols=(SUBPROTOCOL,),
            # Compression costs five times the CPU on loopback and opens the door to bombs.
            compress=False,
            max_msg_size=self._max_message_bytes,
            decode_text=False,
            # Pings are counted here before they are answered.
            autoping=False,
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
        connection = _Connection(socket, Session(request[PRINCIPAL]), outbox)
        self._connections.add(connection)
        self._dispatcher.changes.attach(connection.session, outbox)
        try:
            await self._read(connection)
        finally:
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

    async def _leave(self, connection: _Connection, deadline: float) -> None:
        await finish_calls(connection.session, deadline)
        connection.session.abandon()
        await self._close(connection, WSCloseCode.GOING_AWAY, SHUTDOWN)

    async def _expel(self, connection: _Connection, deadline: float, reason: str) -> None:
        await finish_calls(connection.session, deadline, reason)
        connection.session.abandon()
        await self._close(connection, WSCloseCode.POLICY_VIOLATION, reason.encode())

    async def _read(self, connection: _Connection) -> None:
        socket, session, outbox = connection.socket, connection.session, connection.outbox
        receive, decode, dispatch = socket.receive, self._dispatcher.decode, self._dispatcher.dispatch
        principal, wait = session.principal, self._shares.wait
        while True:
            frame = await receive()
            if seconds := wait(principal):
                await self._shares.turn(principal, seconds)
            if frame.type is not WSMsgType.TEXT:
                if frame.type is WSMsgType.PING or frame.type is WSMsgType.PONG:
                    if await self._pinged(connection, frame):
                        continue
                elif frame.type is WSMsgType.BINARY:
                    await self._refuse(connection, WSCloseCode.UNSUPPORTED_DATA, BINARY)
                elif frame.type is WSMsgType.ERROR:
                    socket[OFFENCE] = MALFORMED.decode()
                return
            try:
                message = decode(frame.data)
            except ProtocolError as error:
                if not _is_utf8(frame.data):
                    await self._refuse(connection, WSCloseCode.INVALID_TEXT, NOT_UTF8)
                    return
                self._dispatcher.refuse(session, outbox, error)
            else:
                if type(message) is dict and "jsonrpc" in message:
                    connection.broken = 0
                    connection.served = True
                    dispatch(session, outbox, message)
                    continue
                if not connection.served and type(message) is dict:
                    await self._refuse(connection, WSCloseCode.POLICY_VIOLATION, NOT_MCP)
                    return
                dispatch(session, outbox, message)
                if type(message) is list:
                    continue
            connection.broken += 1
            if connection.broken >= MAX_BROKEN_MESSAGES:
                await self._refuse(connection, WSCloseCode.POLICY_VIOLATION, BROKEN)
                return

    async def _pinged(self, connection: _Connection, frame: WSMessage) -> bool:
        """Answer a ping; False once the peer was told to go because it sent too many."""
        now = asyncio.get_running_loop().time()
        if now >= connection.minute_ends:
            connection.minute_ends, connection.pings = now + 60.0, 0
        connection.pings += 1
        if connection.pings > self._max_pings:
            await self._refuse(connection, WSCloseCode.POLICY_VIOLATION, PINGS)
            return False
        if frame.type is WSMsgType.PING:
            await connection.socket.pong(frame.data)
        return True

    async def _refuse(self, connection: _Connection, code: int, reason: bytes) -> None:
        """Close on a peer that broke the rules, and leave the reason for the log."""
        connection.socket[OFFENCE] = reason.decode()
        await self._close(connection, code, reason)

    async def _close(self, connection: _Connection, code: int, reason: bytes) -> None:
        """Close a socket after what is queued for it; drop it if the peer takes too long."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await connection.outbox.drained()
                await connection.socket.close(code=code, message=reason)
        except (TimeoutError, ConnectionError):
            connection.outbox.abort()


def wants_upgrade(request: web.Request) -> bool:
    """Tell whether a request asks to become a WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
