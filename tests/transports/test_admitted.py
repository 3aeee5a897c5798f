"""A kept connection is judged once, and anew as soon as anything about it differs."""

import asyncio
import contextlib

import pytest

from app.transports.admitted import FEW
from tests.transports.server import OTHER_TOKEN, TOKEN, Running, digest, eventually, running

HOST = "Host: localhost\r\n"
GOOD = f"Authorization: Bearer {TOKEN}\r\n"
BODY = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


class Line:
    """One connection that requests follow each other on."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def status(self, headers: str) -> int:
        head = f"POST /mcp HTTP/1.1\r\n{headers}Content-Length: {len(BODY)}\r\n\r\n"
        self._writer.write(head.encode() + BODY)
        async with asyncio.timeout(10):
            answer = await self._reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in answer.split(b"\r\n")
                if line.startswith(b"Content-Length")
            )
            await self._reader.readexactly(length)
        return int(answer.split()[1])

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


async def line(server: Running) -> Line:
    return Line(*await asyncio.open_connection(*server.address))


PASSED = 406
"""What a request without Accept meets behind the guard."""


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (HOST + GOOD, PASSED),
        (HOST + f"Authorization: Bearer {OTHER_TOKEN}\r\n", PASSED),
        (HOST, 401),
        (HOST + GOOD + GOOD, 401),
        (HOST + "Authorization: Bearer wrong\r\n", 401),
        ("Host: evil.example\r\n" + GOOD, 421),
        (HOST + "Origin: http://evil.example\r\n" + GOOD, 403),
    ],
)
async def test_what_differs_on_an_admitted_connection_is_judged_anew(
    server: Running, headers: str, status: int
) -> None:
    connection = await line(server)
    try:
        assert await connection.status(HOST + GOOD) == PASSED
        assert await connection.status(headers) == status
        assert await connection.status(HOST + GOOD) == PASSED
    finally:
        await connection.close()


async def test_other_clients_are_judged_anew_on_open_connections() -> None:
    async with running() as server:
        connection = await line(server)
        try:
            assert await connection.status(HOST + GOOD) == PASSED
            server.guard.replace_clients({"other": digest(OTHER_TOKEN)})
            assert await connection.status(HOST + GOOD) == 401
        finally:
            await connection.close()


async def test_connections_that_are_gone_are_let_go(server: Running) -> None:
    for _ in range(3 * FEW):
        connection = await line(server)
        await connection.status(HOST + GOOD)
        await connection.close()
        await eventually(lambda: server.guard.connections == 0)

    assert len(server.guard._admitted._by_connection) <= FEW + 1
