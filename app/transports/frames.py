"""A WebSocket that hands over text frames where aiohttp's parser delivers them.

aiohttp puts a frame into a queue and wakes the task that waits for it: a future, a turn of the event loop
and a step of that task for each, which is more than many a call costs. Here a peer is offered each text
frame at once; what it does not take, and all that comes until that has been dealt with, waits in aiohttp's
queue as ever, so that the order stays. What of aiohttp this relies on is in ADR 10.
"""

import asyncio
from typing import Any, Protocol

from aiohttp import WSMsgType, web
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp.helpers import DEFAULT_CHUNK_SIZE
from aiohttp.http import WebSocketReader, WebSocketWriter
from aiohttp.web_request import BaseRequest

from app.transports.outbox import Outbox

MAX_PINGS_WAITING = 100
"""Frames behind which no ping or pong is kept: one read could hold forty thousand, which nobody answers."""

_feed = WebSocketReader.feed_data
_TEXT = WSMsgType.TEXT
_PINGS = (WSMsgType.PING, WSMsgType.PONG)


class Peer(Protocol):
    """Who is served by a socket."""

    silent: int
    """Set to 0 by whatever arrives."""

    outbox: Outbox

    def take(self, data: bytes) -> bool:
        """Serve a text frame now; False leaves it to whoever reads the socket. Never raises."""


class _Queue(WebSocketDataQueue):
    """aiohttp's queue, for the frames that were not taken, and for aiohttp's own words on closing."""

    __slots__ = ("behind", "peer")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.peer: Peer | None = None
        self.behind = 0

    def feed_data(self, data: Any, size: int) -> None:
        peer = self.peer
        if self.behind or peer is None or data[0] is not _TEXT or not peer.take(data[1]):
            if self.behind >= MAX_PINGS_WAITING and data[0] in _PINGS:
                return
            self.behind += 1
            super().feed_data(data, size)


class _Parser(WebSocketReader):
    """aiohttp's parser; what is answered while it works on one read leaves in one write."""

    __slots__ = ("peer",)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.peer: Peer | None = None

    def feed_data(self, data: bytes | bytearray | memoryview) -> tuple[bool, bytes]:
        peer = self.peer
        if peer is None:
            return _feed(self, data)
        peer.silent = 0
        outbox = peer.outbox
        outbox.hold()
        try:
            return _feed(self, data)
        finally:
            outbox.flush()


class FrameSocket(web.WebSocketResponse):
    """aiohttp's WebSocket with frames as bytes, without compression; pings are the reader's to answer."""

    def __init__(self, *, protocols: tuple[str, ...], close_seconds: float, max_message_bytes: int) -> None:
        super().__init__(
            timeout=close_seconds,
            protocols=protocols,
            # Compression costs five times the CPU on loopback and opens the door to bombs.
            compress=False,
            max_msg_size=max_message_bytes,
            decode_text=False,
            autoping=False,
        )
        self._max_bytes = max_message_bytes
        self._frames: _Queue
        self._bytes: _Parser

    def _post_start(self, request: BaseRequest, protocol: str | None, writer: WebSocketWriter) -> None:
        self._ws_protocol, self._writer = protocol, writer
        self._reader = self._frames = _Queue(
            request.protocol, DEFAULT_CHUNK_SIZE, loop=asyncio.get_running_loop()
        )
        self._parser = self._bytes = _Parser(self._frames, self._max_bytes, compress=False, decode_text=False)
        request.protocol.set_parser(self._parser)
        request.protocol.keep_alive(False)

    def attach(self, peer: Peer) -> None:
        """Offer frames to a peer from now on; what came before is read first."""
        self._frames.peer = self._bytes.peer = peer

    def detach(self) -> None:
        """Offer nothing any more."""
        self._frames.peer = self._bytes.peer = None

    def dealt_with(self) -> None:
        """Note that a frame that was read has been dealt with; after the last one they are offered again."""
        self._frames.behind -= 1
