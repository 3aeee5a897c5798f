"""Malformed and hostile bytes: the server stays up, answers others, and keeps no descriptor."""

import asyncio
import contextlib
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest

from tests.transports.peers import WebSocketPeer, call, connected, handshake
from tests.transports.server import TOKEN, Running, eventually

AUTH = f"Host: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
POST = f"POST /mcp HTTP/1.1\r\n{AUTH}"
UPGRADE = (
    f"GET /mcp HTTP/1.1\r\n{AUTH}Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@asynccontextmanager
async def raw(server: Running) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a socket nobody speaks HTTP on for us, and close it for good."""
    reader, writer = await asyncio.open_connection(*server.address)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def frame(
    opcode: int, payload: bytes, *, fin: bool = True, reserved: int = 0, length: int | None = None
) -> bytes:
    """Build a masked client frame, however wrong."""
    size = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | reserved | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += struct.pack("!BH", 0x80 | 126, size)
    else:
        head += struct.pack("!BQ", 0x80 | 127, size)
    return head + b"\0\0\0\0" + payload


REQUESTS = {
    "garbage": b"\x16\x03\x01\x02\x00garbage\r\n\r\n",
    "two lengths": f"{POST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx".encode(),
    "length and chunks": (f"{POST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode()),
    "two hosts": f"GET /mcp HTTP/1.1\r\n{AUTH}Host: evil\r\n\r\n".encode(),
    "no host": f"GET /mcp HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode(),
    "long header": f"GET /mcp HTTP/1.1\r\n{AUTH}X: {'x' * 9000}\r\n\r\n".encode(),
    "long url": f"GET /mcp?{'x' * 9000} HTTP/1.1\r\n{AUTH}\r\n".encode(),
    "short key": UPGRADE.replace("dGhlIHNhbXBsZSBub25jZQ==", "short").encode(),
    "old version": UPGRADE.replace("Version: 13", "Version: 1").encode(),
}

FRAMES = {
    "reserved bit": frame(1, b"{}", reserved=0x40),
    "reserved opcode": frame(3, b"x"),
    "long ping": frame(9, b"x" * 126),
    "fragmented ping": frame(9, b"x", fin=False),
    "orphan continuation": frame(0, b"x"),
    "endless length": frame(1, b"", length=2**63 - 1),
    "bad close code": frame(8, struct.pack("!H", 999)),
    "one byte close": frame(8, b"\x03"),
    "empty text": frame(1, b"") * 30,
    "deep nesting": frame(1, b"[" * 100_000),
    "not utf8": frame(1, b"\xff\xfe"),
    "half a fragment": frame(1, b"\xc3", fin=False) + frame(0, b"\x28"),
    "many pings": frame(9, b"x") * 5000 + frame(8, struct.pack("!H", 1000)),
    "many empty fragments": frame(1, b"", fin=False) + frame(0, b"", fin=False) * 5000 + frame(2, b"x"),
}


async def _end(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(10):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def _honest(server: Running) -> None:
    async with connected("websocket", server) as peer:
        assert isinstance(peer, WebSocketPeer)
        await handshake(peer)
        assert "result" in await peer.exchange(call("echo", {"text": "still here"}))


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_malformed_request_is_refused_and_others_are_served(server: Running, name: str) -> None:
    async with raw(server) as (reader, writer):
        writer.write(REQUESTS[name])
        async with asyncio.timeout(10):
            status = await reader.readline()

        assert status.split()[1] in {b"400", b"421"}
        await _honest(server)


@pytest.mark.parametrize("name", FRAMES)
async def test_a_malformed_frame_ends_its_connection_only(server: Running, name: str) -> None:
    async with raw(server) as (reader, writer):
        writer.write(UPGRADE.encode())
        assert b"101" in await reader.readline()
        await reader.readuntil(b"\r\n\r\n")
        writer.write(FRAMES[name])
        await _honest(server)
        writer.write_eof()
        await _end(reader)

    await eventually(lambda: not server.websocket.connections)
    await _honest(server)


async def test_descriptors_go_back_to_where_they_were(server: Running) -> None:
    process = psutil.Process(os.getpid())
    await _honest(server)
    before = process.num_fds()
    for payload in [*REQUESTS.values(), *(UPGRADE.encode() + frames for frames in FRAMES.values())]:
        async with raw(server) as (_, writer):
            writer.write(payload)
            await writer.drain()
    await eventually(lambda: process.num_fds() <= before)

    assert server.websocket.connections == 0
