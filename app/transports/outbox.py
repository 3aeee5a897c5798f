"""The way out of one WebSocket: bounded, and one write for all replies of a loop turn.

A system call a reply is most of what a small call costs, so replies are framed here and written
together at the end of the loop turn. Frames of a server carry no mask (RFC 6455 section 5.2), so a
frame is its header and its payload.
"""

import asyncio
import struct
from typing import Protocol

OUTBOX_BYTES = 8 * 1024 * 1024
"""What may wait for a slow reader, above one message of the largest size; past it, it is cut off."""

STALL_SECONDS = 20.0
"""How long a reader may take nothing at all before it is cut off."""

JOIN_BYTES = 64 * 1024
"""Up to here copying into one buffer is cheaper than a second system call."""

_TEXT = 0x81
_LENGTH_7_BITS = 126
_LENGTH_16_BITS = 1 << 16
_HEADER_16 = struct.Struct("!BBH").pack
_HEADER_64 = struct.Struct("!BBQ").pack
_PING = b"\x89\x00"
_HEADERS_7 = tuple(bytes((_TEXT, length)) for length in range(_LENGTH_7_BITS))


class Drain(Protocol):
    """The part of aiohttp's writer that waits for the peer."""

    async def drain(self) -> None:
        """Return once the transport takes more."""


class FlowControl(Protocol):
    """The part of aiohttp's protocol that knows whether the transport is full."""

    @property
    def writing_paused(self) -> bool:
        """Tell whether the transport's buffer is above its high-water mark."""


class Outbox:
    """Queues text frames for one connection and writes them; the `Channel` of that connection."""

    __slots__ = (
        "_bytes",
        "_draining",
        "_flow",
        "_loop",
        "_max_bytes",
        "_parts",
        "_scheduled",
        "_stall_seconds",
        "_transport",
        "_writer",
        "cut_off",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        flow: FlowControl,
        writer: Drain,
        *,
        max_bytes: int = OUTBOX_BYTES,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self._transport = transport
        self._flow = flow
        self._writer = writer
        self._max_bytes = max_bytes
        self._stall_seconds = stall_seconds
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        self._bytes = 0
        self._scheduled = False
        self._draining: asyncio.Task[None] | None = None
        self.cut_off = False
        """True once the reader was too slow and the connection was dropped."""

    def finish(self, reply: bytes | None, code: int = 0) -> None:  # noqa: ARG002 - statuses are HTTP's
        """Queue one reply; a reader too slow for it is cut off."""
        if reply is None or self.cut_off:
            return
        length = len(reply)
        if length < _LENGTH_7_BITS:
            header = _HEADERS_7[length]
        elif length < _LENGTH_16_BITS:
            header = _HEADER_16(_TEXT, 126, length)
        else:
            header = _HEADER_64(_TEXT, 127, length)
        self._parts += (header, reply)
        self._bytes += length
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self.flush)
        elif self._bytes > JOIN_BYTES:
            self._overflow()

    def push(self, message: bytes) -> None:
        """Queue what nobody waits for, as a reply is queued."""
        self.finish(message)

    async def send(self, message: bytes) -> None:
        """Queue what precedes a reply, after what the reader still has to take."""
        self.finish(message)
        if self._draining is not None:
            await self.drained()

    def ping(self) -> None:
        """Queue a ping of our own."""
        if not self.cut_off:
            self._parts.append(_PING)
            self.flush()

    def hold(self) -> None:
        """Keep what is queued from now on until `flush`, which whoever holds must call in this loop turn."""
        self._scheduled = True

    async def drained(self) -> None:
        """Return once everything queued has been handed to the transport and it is not full."""
        if self._scheduled and self._draining is None:
            self.flush()
        while self._draining is not None:
            await asyncio.wait({self._draining})

    def close(self) -> None:
        """Drop what is queued; the connection is gone."""
        self.cut_off = True
        self._parts.clear()
        if self._draining is not None:
            self._draining.cancel()
            self._draining = None

    def abort(self) -> None:
        """Cut the reader off at once."""
        self.close()
        self._transport.abort()

    def flush(self) -> None:
        """Write what is queued, unless the reader has yet to take what was written before."""
        if self._draining is not None or not self._parts:
            self._scheduled = self._draining is not None
            return
        if self._transport.is_closing():
            self.close()
            return
        if self._bytes <= JOIN_BYTES:
            self._transport.write(b"".join(self._parts))
        else:
            for part in self._parts:
                self._transport.write(part)
        self._parts.clear()
        self._bytes = 0
        self._scheduled = self._flow.writing_paused
        if self._scheduled:
            # Nothing more is written until the reader has taken this; what comes waits in the bound.
            self._draining = self._loop.create_task(self._drain())

    def _overflow(self) -> None:
        """Write early what is too much for one write; cut off a reader that takes too little of it."""
        if self._draining is None:
            self.flush()
        elif self._bytes > self._max_bytes:
            self.abort()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._stall_seconds):
                await self._writer.drain()
        except (TimeoutError, ConnectionError):
            self._draining = None
            self.abort()
            return
        self._draining = None
        self.flush()
