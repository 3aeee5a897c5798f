"""One WebSocket connection: what its peer sends is served, counted, or answered by a close code."""

import asyncio

from aiohttp import WSCloseCode, WSMessage, WSMsgType

from app.protocol.dispatcher import Dispatcher
from app.protocol.errors import ProtocolError
from app.protocol.session import Session
from app.transports.fairness import Shares
from app.transports.frames import FrameSocket
from app.transports.guard import OFFENCE
from app.transports.outbox import Outbox

CLOSE_SECONDS = 5.0
"""How long a peer may take to answer our close frame."""

MAX_BROKEN_MESSAGES = 20
"""Frames in a row that are not JSON-RPC before the peer is told to go."""

MAX_PINGS_PER_MINUTE = 60
"""Pings and pongs of one peer before it is told to go; ours ask for three or four pongs a minute."""

NOT_MCP = b"This server speaks MCP: JSON-RPC 2.0 in text frames, starting with initialize."
BROKEN = b"Too many frames were not JSON-RPC 2.0 messages."
PINGS = b"Too many pings."
BINARY = b"Send text frames; this server reads no binary ones."
NOT_UTF8 = b"A text frame was not UTF-8."
MALFORMED = b"A frame broke the WebSocket protocol or was larger than MAX_MESSAGE_BYTES."


class Connection:
    """One socket: its session, its way out, and the count of what was wrong in a row.

    A message is served by `take`, in the loop turn that brought it; `read` gets what has to wait for
    something, and every frame that is no message.
    """

    __slots__ = (
        "_broken",
        "_dispatcher",
        "_max_pings",
        "_minute_ends",
        "_pings",
        "_served",
        "_shares",
        "outbox",
        "session",
        "silent",
        "socket",
    )

    def __init__(
        self,
        socket: FrameSocket,
        session: Session,
        outbox: Outbox,
        *,
        dispatcher: Dispatcher,
        shares: Shares,
        max_pings_per_minute: int,
    ) -> None:
        self.socket = socket
        self.session = session
        self.outbox = outbox
        self.silent = 0
        self._dispatcher = dispatcher
        self._shares = shares
        self._max_pings = max_pings_per_minute
        self._broken = 0
        self._served = False
        self._pings = 0
        self._minute_ends = 0.0

    def take(self, data: bytes) -> bool:
        """Serve a message whose turn it is; anything else is left to `read`, untouched."""
        session = self.session
        if self._shares.wait(session.principal):
            return False
        try:
            message = self._dispatcher.decode(data)
        except ProtocolError:
            return False
        if type(message) is not dict or "jsonrpc" not in message:
            return False
        self._broken = 0
        self._served = True
        self._dispatcher.dispatch(session, self.outbox, message)
        return True

    async def read(self) -> None:
        """Read what was not taken, until either side closes."""
        socket, principal = self.socket, self.session.principal
        while True:
            frame = await socket.receive()
            if seconds := self._shares.wait(principal):
                await self._shares.turn(principal, seconds)
            if frame.type is WSMsgType.TEXT:
                going_on = await self._message(frame.data)
            elif frame.type is WSMsgType.PING or frame.type is WSMsgType.PONG:
                going_on = await self._pinged(frame)
            else:
                if frame.type is WSMsgType.BINARY:
                    await self._refuse(WSCloseCode.UNSUPPORTED_DATA, BINARY)
                elif frame.type is WSMsgType.ERROR:
                    socket[OFFENCE] = MALFORMED.decode()
                return
            if not going_on:
                return
            socket.dealt_with()

    async def close(self, code: int, reason: bytes) -> None:
        """Close the socket after what is queued for it; drop it if the peer takes too long."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.outbox.drained()
                await self.socket.close(code=code, message=reason)
        except (TimeoutError, ConnectionError):
            self.outbox.abort()

    def ping(self) -> None:
        """Ask a peer that has been silent for a sign of life."""
        self.outbox.ping()

    def drop(self) -> None:
        """Cut off a peer that gave none."""
        self.outbox.abort()

    async def _message(self, data: bytes) -> bool:
        """Serve or refuse one text frame; False once the peer was told to go."""
        session, outbox = self.session, self.outbox
        try:
            message = self._dispatcher.decode(data)
        except ProtocolError as error:
            if not _is_utf8(data):
                await self._refuse(WSCloseCode.INVALID_TEXT, NOT_UTF8)
                return False
            self._dispatcher.refuse(session, outbox, error)
        else:
            kind = type(message)
            called_json_rpc = kind is dict and "jsonrpc" in message
            if kind is dict and not called_json_rpc and not self._served:
                await self._refuse(WSCloseCode.POLICY_VIOLATION, NOT_MCP)
                return False
            self._dispatcher.dispatch(session, outbox, message)
            if called_json_rpc:
                self._broken = 0
                self._served = True
            if called_json_rpc or kind is list:
                return True
        self._broken += 1
        if self._broken >= MAX_BROKEN_MESSAGES:
            await self._refuse(WSCloseCode.POLICY_VIOLATION, BROKEN)
            return False
        return True

    async def _pinged(self, frame: WSMessage) -> bool:
        """Answer a ping; False once the peer was told to go because it sent too many."""
        now = asyncio.get_running_loop().time()
        if now >= self._minute_ends:
            self._minute_ends, self._pings = now + 60.0, 0
        self._pings += 1
        if self._pings > self._max_pings:
            await self._refuse(WSCloseCode.POLICY_VIOLATION, PINGS)
            return False
        if frame.type is WSMsgType.PING:
            await self.socket.pong(frame.data)
        return True

    async def _refuse(self, code: int, reason: bytes) -> None:
        """Close on a peer that broke the rules, and leave the reason for the log."""
        self.socket[OFFENCE] = reason.decode()
        await self.close(code, reason)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
