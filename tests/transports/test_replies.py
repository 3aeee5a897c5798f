"""A reply written in one piece says what any other response would say."""

import asyncio
from email.utils import parsedate_to_datetime

import orjson
import pytest

from tests.transports.server import TOKEN, Running, running

CALL = orjson.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"},
        },
    }
)
PING = b'{"jsonrpc":"2.0","id":2,"method":"ping"}'
COMMON = (
    f"Host: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
    "Accept: application/json, text/event-stream\r\n"
)


async def _answer(
    server: Running, body: bytes, *, version: str = "1.1", more: str = ""
) -> tuple[int, dict[str, str], bytes, bool]:
    """Return status, headers, body, and whether the connection stayed open."""
    reader, writer = await asyncio.open_connection(*server.address)
    try:
        head = f"POST /mcp HTTP/{version}\r\n{COMMON}{more}Content-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        async with asyncio.timeout(10):
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            got = await reader.readexactly(int(headers["content-length"]))
            try:
                async with asyncio.timeout(0.2):
                    stays = await reader.read(1) != b""
            except TimeoutError:
                stays = True
        return int(first.split()[1]), headers, got, stays
    finally:
        writer.close()


async def _session(server: Running) -> str:
    status, headers, _, _ = await _answer(server, CALL)
    assert status == 200
    return f"Mcp-Session-Id: {headers['mcp-session-id']}\r\n"


async def test_a_usual_reply_names_its_type_length_and_date_and_keeps_the_connection() -> None:
    async with running() as server:
        status, headers, body, stays = await _answer(server, PING, more=await _session(server))

    assert (status, stays) == (200, True)
    assert headers.keys() == {"content-type", "content-length", "date"}
    assert headers["content-type"] == "application/json"
    assert parsedate_to_datetime(headers["date"]).tzinfo is not None
    assert orjson.loads(body) == {"jsonrpc": "2.0", "id": 2, "result": {}}


@pytest.mark.parametrize(("version", "more"), [("1.1", "Connection: close\r\n"), ("1.0", "")])
async def test_a_connection_that_shall_not_be_kept_is_closed_after_the_reply(version: str, more: str) -> None:
    async with running() as server:
        session = await _session(server)
        status, _, body, stays = await _answer(server, PING, version=version, more=session + more)

    assert (status, stays) == (200, False)
    assert orjson.loads(body)["id"] == 2


async def test_replies_to_pages_carry_their_origin() -> None:
    async with running() as server:
        session = await _session(server)
        _, headers, _, _ = await _answer(server, PING, more=session + "Origin: http://localhost:1\r\n")

    assert headers["access-control-allow-origin"] == "http://localhost:1"
