"""A wire between a client and PostgreSQL that counts what travels on it, and can cut it at a bad moment."""

import asyncio
import contextlib
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

SIZE = 2**16


class Wire:
    """Forwards connections; `messages` counts the client's messages by type (protocol 3.0, §55.7)."""

    def __init__(self, host: str, port: int) -> None:
        self.messages: Counter[str] = Counter()
        self.cut_replies = 0
        """How many of the next replies to a statement are swallowed, with the connection they were for."""
        self._upstream = (host, port)
        self._carrying: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        task = asyncio.current_task()
        assert task
        self._carrying.add(task)
        up_reader, up_writer = await asyncio.open_connection(*self._upstream)
        asked = asyncio.Event()
        pumps = {
            asyncio.create_task(self._upwards(reader, up_writer, asked)),
            asyncio.create_task(self._downwards(up_reader, writer, asked)),
        }
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for side in (writer, up_writer):
                side.close()
                with contextlib.suppress(OSError):
                    await side.wait_closed()
            self._carrying.discard(task)

    async def ended(self) -> None:
        """Wait until every connection has ended."""
        await asyncio.gather(*self._carrying)

    async def _upwards(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: asyncio.Event
    ) -> None:
        started = False
        while True:
            # The first message has no type; neither has a request for TLS, which the server refuses.
            kind = b"" if not started else await reader.readexactly(1)
            length = await reader.readexactly(4)
            body = await reader.readexactly(struct.unpack("!I", length)[0] - 4)
            if not started:
                started = body[:4] == struct.pack("!I", 196608)
            else:
                self.messages[kind.decode()] += 1
                if kind == b"E":
                    asked.set()
            writer.write(kind + length + body)
            await writer.drain()

    async def _downwards(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: asyncio.Event
    ) -> None:
        while data := await reader.read(SIZE):
            if asked.is_set() and self.cut_replies:
                self.cut_replies -= 1
                writer.transport.abort()
                return
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def wired(url: str) -> AsyncIterator[tuple[str, Wire]]:
    """Put a wire before a server; yield the URL through it, and the wire."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    wire = Wire(parts.hostname, parts.port)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    login = parts.netloc.rpartition("@")[0]
    try:
        yield urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{port}")), wire
    finally:
        server.close()
        await server.wait_closed()
        await wire.ended()
