"""Sockets nobody speaks HTTP or WebSocket on for us."""

import asyncio
import contextlib
import struct

import aiohttp

from tests.app.conftest import TOKEN
from tests.app.test_main import CALL, HANDSHAKE

SECONDS = 20
AUTH = f"Host: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
POST = (
    f"POST /mcp HTTP/1.1\r\n{AUTH}Content-Type: application/json\r\n"
    "Accept: application/json, text/event-stream\r\n"
)
UPGRADE = (
    f"GET /mcp HTTP/1.1\r\n{AUTH}Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Line:
    """One TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, data: bytes) -> None:
        """Send, however little the server wants to hear it."""
        with contextlib.suppress(ConnectionError):
            self._writer.write(data)
            async with asyncio.timeout(SECONDS):
                await self._writer.drain()

    async def head(self) -> bytes:
        """Read to the end of the headers."""
        async with asyncio.timeout(SECONDS):
            return await self._reader.readuntil(b"\r\n\r\n")

    async def status(self) -> int:
        """Read the status line."""
        async with asyncio.timeout(SECONDS):
            return int((await self._reader.readline()).split()[1])

    async def rest(self) -> bytes:
        """Read until the server closes; fails when it does not."""
        async with asyncio.timeout(SECONDS):
            parts = []
            with contextlib.suppress(ConnectionError):
                while part := await self._reader.read(65536):
                    parts.append(part)
            return b"".join(parts)

    async def text(self) -> bytes:
        """Read one frame of the server."""
        async with asyncio.timeout(SECONDS):
            _, length = await self._reader.readexactly(2)
            if length == 126:
                (length,) = struct.unpack("!H", await self._reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self._reader.readexactly(8))
            return await self._reader.readexactly(length)

    async def close(self) -> None:
        self._writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


class Wire:
    """Opens lines to one port, and closes them all at the end."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._lines: list[Line] = []

    async def line(self) -> Line:
        line = Line(*await asyncio.open_connection("127.0.0.1", self._port))
        self._lines.append(line)
        return line

    async def websocket(self) -> Line:
        """Open a line that has been upgraded."""
        line = await self.line()
        await line.send(UPGRADE.encode())
        assert (await line.head()).startswith(b"HTTP/1.1 101")
        return line

    async def aclose(self) -> None:
        for line in self._lines:
            await line.close()


def frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """Build a masked client frame."""
    head = bytes([(0x80 if fin else 0) | opcode])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    elif len(payload) < 65536:
        head += struct.pack("!BH", 0x80 | 126, len(payload))
    else:
        head += struct.pack("!BQ", 0x80 | 127, len(payload))
    return head + b"\0\0\0\0" + payload


def close_code(data: bytes) -> int | None:
    """Return the code of the close frame that the bytes end with."""
    at = data.rfind(b"\x88")
    return struct.unpack("!H", data[at + 2 : at + 4])[0] if 0 <= at <= len(data) - 4 else None


async def honest(port: int) -> None:
    """Be a client as there should be, and be served."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        asyncio.timeout(SECONDS),
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(f"http://127.0.0.1:{port}/mcp", protocols=("mcp",)) as socket,
    ):
        await socket.send_json(HANDSHAKE)
        assert "result" in await socket.receive_json()
        await socket.send_json(CALL)
        assert "result" in await socket.receive_json()
