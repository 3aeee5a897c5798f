"""The WebSocket binding: subprotocol, close codes, back-pressure, and the way down."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest

from tests.transports.peers import WebSocketPeer, call, handshake, request
from tests.transports.server import TOKEN, Running, eventually, running

HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@asynccontextmanager
async def opened(
    server: Running, path: str = "/mcp", **options: Any
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession(headers=HEADERS) as http:
        options = {"protocols": ("mcp",)} | options
        async with http.ws_connect(server.server.make_url(path), **options) as socket:
            yield socket


async def closed(socket: aiohttp.ClientWebSocketResponse) -> tuple[int | None, str]:
    """Read to the end; returns the close code and the reason."""
    async with asyncio.timeout(10):
        while True:
            frame = await socket.receive()
            if frame.type is aiohttp.WSMsgType.CLOSE:
                return frame.data, str(frame.extra)
            if frame.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}:
                return socket.close_code, ""


@pytest.mark.parametrize("path", ["/mcp", "/"])
async def test_the_subprotocol_is_agreed_on_at_both_paths(server: Running, path: str) -> None:
    async with opened(server, path) as socket:
        assert socket.protocol == "mcp"


async def test_a_client_that_names_no_subprotocol_is_served(server: Running) -> None:
    async with opened(server, protocols=()) as socket:
        await socket.send_str('{"jsonrpc":"2.0","id":1,"method":"ping"}')

        assert orjson.loads((await socket.receive()).data)["result"] == {}


async def test_compression_is_declined(server: Running) -> None:
    async with opened(server, compress=15) as socket:
        assert socket.compress == 0


async def test_a_plain_get_of_the_root_is_told_to_upgrade(server: Running) -> None:
    async with (
        aiohttp.ClientSession(headers=HEADERS) as http,
        http.get(server.server.make_url("/")) as response,
    ):
        assert response.status == 426
        assert response.headers["Upgrade"] == "websocket"


async def test_a_binary_frame_closes_with_1003(server: Running) -> None:
    async with opened(server) as socket:
        await socket.send_bytes(b'{"jsonrpc":"2.0","id":1,"method":"ping"}')

        assert (await closed(socket))[0] == 1003


async def test_a_message_too_big_closes_with_1009() -> None:
    async with running(websocket={"max_message_bytes": 1024}) as server, opened(server) as socket:
        await socket.send_str('"' + "x" * 2000 + '"')

        assert (await closed(socket))[0] == 1009


async def test_a_frame_that_is_not_utf8_closes_with_1007(server: Running) -> None:
    async with opened(server) as socket:
        await socket.send_frame(b'{"a":"\xff"}', aiohttp.WSMsgType.TEXT)

        assert (await closed(socket))[0] == 1007


@pytest.mark.parametrize("frame", ['{"op":"hello","token":"x"}', '{"op":"call_tool","name":"status"}', "{}"])
async def test_a_first_frame_that_is_not_mcp_is_closed_with_a_reason_that_says_so(
    server: Running, frame: str
) -> None:
    async with opened(server) as socket:
        await socket.send_str(frame)
        code, reason = await closed(socket)

        assert code == 1008
        assert "MCP" in reason
        assert "JSON-RPC 2.0" in reason


async def test_broken_frames_are_answered_until_there_are_too_many(server: Running) -> None:
    async with opened(server) as socket:
        for _ in range(20):
            await socket.send_str("{")
        replies = [orjson.loads((await socket.receive()).data) for _ in range(20)]
        code, _ = await closed(socket)

        assert {reply["error"]["code"] for reply in replies} == {-32700}
        assert code == 1008


async def test_many_calls_in_one_breath_are_each_answered(server: Running) -> None:
    async with opened(server) as socket:
        peer = WebSocketPeer(socket)
        await handshake(peer)
        replies = await asyncio.gather(
            *(peer.exchange(call("echo", {"text": f"{n}" * 500}, request_id=f"n{n}")) for n in range(60))
        )

        assert [reply["result"]["content"][0]["text"] for reply in replies] == [
            f"{n}" * 500 for n in range(60)
        ]
        await peer.close()


@pytest.mark.parametrize("size", [1, 125, 126, 65_535, 65_536, 1 << 20])
async def test_replies_of_every_frame_length_arrive_whole(server: Running, size: int) -> None:
    async with opened(server) as socket:
        peer = WebSocketPeer(socket)
        await handshake(peer)
        reply = await peer.exchange(call("echo", {"text": "y" * size}))

        assert reply["result"]["content"][0]["text"] == "y" * size
        await peer.close()


async def test_a_lost_connection_stops_what_ran_on_it(server: Running) -> None:
    async with opened(server) as socket:
        peer = WebSocketPeer(socket)
        await handshake(peer)
        await socket.send_str(orjson.dumps(call("hold", {})).decode())
        await server.probe.started.wait()
        await peer.close()
    async with asyncio.timeout(5):
        await server.probe.cancelled.wait()

    assert server.probe.by_client is False


async def test_a_reader_that_takes_nothing_is_cut_off() -> None:
    limits = {"max_message_bytes": 1 << 20, "outbox_bytes": 2 << 20, "stall_seconds": 30}
    async with running(websocket=limits) as server, opened(server) as socket:
        peer = WebSocketPeer(socket)
        await handshake(peer)
        peer._reader.cancel()
        assert socket._conn is not None
        assert socket._conn.transport is not None
        socket._conn.transport.pause_reading()
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            for n in range(200):
                frame = orjson.dumps(call("echo", {"text": "z" * 500_000}, request_id=n + 100))
                await socket.send_str(frame.decode())
        await eventually(lambda: not server.websocket.connections)

        assert server.dispatcher.in_flight == 0


async def test_a_reader_that_stalls_too_long_is_cut_off() -> None:
    async with running(websocket={"stall_seconds": 0.05}) as server, opened(server) as socket:
        peer = WebSocketPeer(socket)
        await handshake(peer)
        peer._reader.cancel()
        assert socket._conn is not None
        transport = socket._conn.transport
        assert transport is not None
        transport.pause_reading()
        # It may be cut off before the last one is sent.
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            for n in range(12):
                frame = orjson.dumps(call("echo", {"text": "z" * 1_000_000}, request_id=n + 100))
                await socket.send_str(frame.decode())
        await eventually(lambda: not server.websocket.connections)

        assert server.dispatcher.in_flight == 0


async def test_draining_answers_what_runs_refuses_what_comes_and_closes_with_1001(server: Running) -> None:
    async with opened(server) as idle, opened(server) as busy:
        peer = WebSocketPeer(busy)
        await handshake(peer)
        held = asyncio.create_task(peer.exchange(call("hold", {})))
        await server.probe.started.wait()
        assert server.websocket.in_flight == 1
        draining = asyncio.create_task(server.websocket.drain(10))

        assert (await closed(idle))[0] == 1001
        refused = await peer.exchange(call("echo", {"text": "late"}))
        assert refused["error"]["code"] == -31002
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with opened(server):
                pass
        assert caught.value.status == 503
        server.probe.release.set()
        assert (await held)["result"]["content"][0]["text"] == "released"
        await draining
        await peer._reader
        assert busy.close_code == 1001


async def test_a_call_longer_than_the_drain_is_stopped_and_told_so(server: Running) -> None:
    async with opened(server) as socket:
        peer = WebSocketPeer(socket)
        await handshake(peer)
        held = asyncio.create_task(peer.exchange(call("hold", {})))
        await server.probe.started.wait()
        await server.websocket.drain(0.01)

        result = (await held)["result"]
        assert result["isError"] is True
        assert "shutting down" in result["content"][0]["text"]
        await peer._reader


async def test_a_silent_peer_that_answers_no_ping_is_dropped() -> None:
    async with (
        running(websocket={"heartbeat_seconds": 0.1}) as server,
        opened(server, autoping=False) as socket,
    ):
        await socket.send_str(orjson.dumps(request("ping")).decode())
        kinds = [(await socket.receive()).type for _ in range(3)]

        assert kinds[:2] == [aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.PING]
        assert kinds[2] in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
