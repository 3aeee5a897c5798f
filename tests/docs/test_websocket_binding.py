"""docs/websocket-binding.md says what the code does: every close code is provoked, every limit compared."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from app.protocol import batches, errors, serving
from app.protocol.depth import MAX_DEPTH
from app.protocol.revisions import HANDSHAKE_REVISIONS, STATELESS_REVISIONS
from app.transports import outbox, websocket, websocket_connection
from tests.transports.peers import initialize, request
from tests.transports.server import TOKEN, Running, running

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "websocket-binding.md").read_text()
WAIT_SECONDS = 10
Socket = aiohttp.ClientWebSocketResponse


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without its head."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.fixture
async def server() -> AsyncIterator[Running]:
    async with running(websocket={"max_message_bytes": 64 * 1024}) as up:
        yield up


async def leave(socket: Socket, _server: Running) -> None:
    await socket.close()


async def drain(_socket: Socket, server: Running) -> None:
    await server.websocket.drain(0)


async def reserved_bits(socket: Socket, _server: Running) -> None:
    transport = socket._response.connection
    assert transport is not None
    assert transport.transport is not None
    transport.transport.write(b"\xf1\x80\x00\x00\x00\x00")


async def binary(socket: Socket, _server: Running) -> None:
    await socket.send_bytes(b"{}")


async def not_utf8(socket: Socket, _server: Running) -> None:
    await socket.send_frame(b'{"a":"\xff"}', aiohttp.WSMsgType.TEXT)


async def not_mcp(socket: Socket, _server: Running) -> None:
    await socket.send_str('{"op":"hello","token":"x"}')


async def broken(socket: Socket, _server: Running) -> None:
    for _ in range(websocket_connection.MAX_BROKEN_MESSAGES):
        await socket.send_str("{")


async def too_big(socket: Socket, _server: Running) -> None:
    await socket.send_str("x" * (64 * 1024 + 1))


PROVOKED = [
    (1000, leave),
    (1001, drain),
    (1002, reserved_bits),
    (1003, binary),
    (1007, not_utf8),
    (1008, not_mcp),
    (1008, broken),
    (1009, too_big),
]


@pytest.mark.parametrize(("code", "provoke"), PROVOKED)
async def test_a_close_code_of_the_page_is_what_the_server_closes_with(
    code: int, provoke: "object", server: Running
) -> None:
    assert callable(provoke)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.ws_connect(server.websocket_url, protocols=("mcp",), autoclose=False) as socket,
    ):
        provoking = asyncio.ensure_future(provoke(socket, server))
        async with asyncio.timeout(WAIT_SECONDS):
            while not socket.closed and (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
            await socket.close()
            await provoking

        assert socket.protocol == "mcp"
        assert socket.close_code == code


def test_the_page_lists_every_close_code_and_no_other() -> None:
    listed = {int(code) for code, _, _ in rows("Close codes")}
    source = "".join(Path(module.__file__).read_text() for module in (websocket, websocket_connection))
    in_code = {int(aiohttp.WSCloseCode[name]) for name in re.findall(r"WSCloseCode\.([A-Z_]+)", source)}

    assert listed == {code for code, _ in PROVOKED}
    assert in_code <= listed


def test_the_limits_of_the_page_are_those_of_the_code() -> None:
    found = {what: value for what, value, _ in rows("Limits and time")}

    assert found == {
        "`MAX_MESSAGE_BYTES`": f"{websocket.MAX_MESSAGE_BYTES // 1024**2} MiB",
        "nesting of a message": f"{MAX_DEPTH} levels",
        "calls in flight, a session": f"{serving.MAX_CALLS_PER_SESSION}",
        "messages in a batch": f"{batches.MAX_BATCH}",
        "frames in a row that are no JSON-RPC message": f"{websocket_connection.MAX_BROKEN_MESSAGES}",
        "unsent answers of a slow reader": f"{outbox.OUTBOX_BYTES // 1024**2} MiB",
        "a reader that takes nothing": f"{outbox.STALL_SECONDS:g} s",
        "ping of a silent peer": f"every {websocket.HEARTBEAT_SECONDS:g} s",
        "answer to our close frame": f"{websocket_connection.CLOSE_SECONDS:g} s",
    }
    assert f"no pong within {websocket.HEARTBEAT_SECONDS / 2:g} s" in PAGE


def test_the_page_names_every_revision_and_the_codes_of_our_own() -> None:
    assert [name for name in (*HANDSHAKE_REVISIONS, *STATELESS_REVISIONS) if name not in PAGE] == []
    for code in (errors.BUSY, errors.DRAINING, errors.INTERRUPTED, errors.INVALID_REQUEST):
        assert str(code) in PAGE


@pytest.mark.parametrize(
    ("status", "path", "headers"),
    [
        (400, "/mcp?token=x", {}),
        (401, "/mcp", {"Authorization": "Bearer wrong"}),
        (403, "/mcp", {"Origin": "https://elsewhere.example"}),
        (421, "/mcp", {"Host": "elsewhere.example"}),
    ],
)
async def test_a_refusal_of_the_page_comes_before_the_upgrade(
    status: int, path: str, headers: dict[str, str], server: Running
) -> None:
    url = server.websocket_url.removesuffix("/mcp") + path
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(url, headers=headers)

    assert refused.value.status == status
    assert str(status) in PAGE.partition("## Framing")[0]


async def test_a_client_that_offers_no_subprotocol_or_offers_compression_is_served(server: Running) -> None:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as http,
        http.ws_connect(server.websocket_url, compress=15) as socket,
    ):
        await socket.send_json(initialize())

        assert "result" in await socket.receive_json(timeout=WAIT_SECONDS)
        assert (socket.protocol, socket.compress) == (None, 0)


async def test_each_request_decides_its_era_on_one_connection(server: Running) -> None:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as http,
        http.ws_connect(server.websocket_url, protocols=("mcp",)) as socket,
    ):
        answers = []
        for message in (
            request("tools/list"),
            request("ping"),
            request("tools/list", {"_meta": meta}),
            initialize(),
            request("tools/list"),
            request("tools/list", {"_meta": meta}),
        ):
            await socket.send_json(message)
            answers.append(await socket.receive_json(timeout=WAIT_SECONDS))

    assert answers[0]["error"]["code"] == -32600
    assert answers[1]["result"] == {}
    assert answers[2]["result"]["resultType"] == "complete"
    assert answers[3]["result"]["protocolVersion"] == "2025-11-25"
    assert "resultType" not in answers[4]["result"]
    assert answers[5]["result"]["resultType"] == "complete"
