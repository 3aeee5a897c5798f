"""A vendor below HTTP: every byte of a request is noted, and every byte of the answer is the test's."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import orjson

from app.providers.client import ChatClient
from app.providers.connection import Connection
from app.settings import Secret
from tests.app.providers.fake import KEY, VENDORS

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
EVENTS = b'data: {"choices":[{"delta":{"content":"Yes."},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


class RawVendor:
    """Takes connections and notes every byte; answers a whole request with `answer`, or reads none of it.

    `connected` tells that somebody came, `left` that somebody went without a word.
    """

    def __init__(self) -> None:
        self.port = 0
        self.heard = b""
        self.answer = HEAD + b"\r\n" + EVENTS
        self.reading = True
        self.over = asyncio.Event()
        self.connected = asyncio.Event()
        self.left = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None

    @contextlib.asynccontextmanager
    async def client(self, **options: Any) -> AsyncIterator[ChatClient]:
        """Make a client of this vendor."""
        connection = Connection(VENDORS["kimi"], f"http://127.0.0.1:{self.port}", Secret(KEY), **options)
        try:
            yield ChatClient(connection)
        finally:
            await connection.close()

    def say(self, content: bytes) -> None:
        """Say something to who came last, asked or not."""
        assert self._writer is not None
        self._writer.write(content)

    def hang_up(self) -> None:
        """Close the connection of who came last."""
        assert self._writer is not None
        self._writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.connected.set()
        if not self.reading:
            await self.over.wait()
            writer.transport.abort()
            return
        head = b""
        while not head.endswith(b"\r\n\r\n") and (byte := await reader.read(1)):
            head += byte
            self.heard += byte
        if head:
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            self.heard += await reader.readexactly(int(length.partition(b":")[2]))
            writer.write(self.answer)
            await writer.drain()
        else:
            self.left.set()
        writer.close()

    @property
    def bodies(self) -> list[dict[str, object]]:
        """The bodies of the requests, in order."""
        return [orjson.loads(each.partition(b"\r\n\r\n")[2]) for each in self.heard.split(b"POST ")[1:]]


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[RawVendor]:
    """Run one until the block ends."""
    vendor = RawVendor()
    server = await asyncio.start_server(vendor.serve, "127.0.0.1", 0)
    vendor.port = server.sockets[0].getsockname()[1]
    try:
        yield vendor
    finally:
        vendor.over.set()
        server.close()
