"""Streamable HTTP of the handshake revisions: headers, sessions, streams and bodies."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import aiohttp
import orjson
import pytest

from tests.transports.peers import HttpPeer, call, handshake, initialize, request
from tests.transports.server import OTHER_TOKEN, TOKEN, Running, running

BOTH = "application/json, text/event-stream"


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": BOTH, "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield session


@pytest.fixture
async def client(http: aiohttp.ClientSession, server: Running) -> HttpPeer:
    peer = HttpPeer(http, server.url)
    await handshake(peer)
    return peer


async def test_initialize_gives_a_session_id_that_nobody_can_guess(
    http: aiohttp.ClientSession, server: Running
) -> None:
    ids = set()
    for _ in range(3):
        async with http.post(server.url, json=initialize()) as response:
            assert response.status == 200
            assert response.content_type == "application/json"
            ids.add(response.headers["Mcp-Session-Id"])

    assert len(ids) == 3
    assert all(len(session_id) >= 43 and session_id.isascii() for session_id in ids)


async def test_a_refused_initialize_opens_no_session(http: aiohttp.ClientSession, server: Running) -> None:
    async with http.post(server.url, json=request("initialize", {})) as response:
        assert "Mcp-Session-Id" not in response.headers


async def test_a_message_without_a_session_is_refused_with_400(
    http: aiohttp.ClientSession, server: Running
) -> None:
    async with http.post(server.url, json=request("tools/list")) as response:
        assert response.status == 400
        assert (await response.json())["error"]["code"] == -32600


@pytest.mark.parametrize("method", ["post", "get", "delete"])
async def test_an_unknown_session_is_404(http: aiohttp.ClientSession, server: Running, method: str) -> None:
    body = {"json": request("ping")} if method == "post" else {}
    headers = {"Mcp-Session-Id": "made-up"}
    async with http.request(method, server.url, headers=headers, **body) as response:
        assert response.status == 404


async def test_a_session_opens_only_for_the_token_it_was_given_to(
    http: aiohttp.ClientSession, client: HttpPeer, server: Running
) -> None:
    headers = client._headers | {"Authorization": f"Bearer {OTHER_TOKEN}"}
    async with http.post(server.url, json=request("ping"), headers=headers) as response:
        assert response.status == 404


async def test_delete_ends_a_session(http: aiohttp.ClientSession, client: HttpPeer, server: Running) -> None:
    async with http.delete(server.url, headers=client._headers) as response:
        assert response.status == 204
    async with http.post(server.url, json=request("ping"), headers=client._headers) as response:
        assert response.status == 404


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", "text/html", ""])
async def test_a_post_must_accept_both_kinds_of_answer(
    http: aiohttp.ClientSession, server: Running, accept: str
) -> None:
    async with http.post(server.url, json=initialize(), headers={"Accept": accept}) as response:
        assert response.status == 406


@pytest.mark.parametrize(
    "accept", ["*/*", "application/*, text/*", "text/event-stream;q=0.5,application/json;q=1"]
)
async def test_wildcards_and_weights_are_understood(
    http: aiohttp.ClientSession, server: Running, accept: str
) -> None:
    async with http.post(server.url, json=initialize(), headers={"Accept": accept}) as response:
        assert response.status == 200


async def test_a_body_that_is_not_declared_json_is_refused(
    http: aiohttp.ClientSession, server: Running
) -> None:
    async with http.post(server.url, data=b"{}", headers={"Content-Type": "text/plain"}) as response:
        assert response.status == 415


@pytest.mark.parametrize("version", ["1999-01-01", "", "2025-06-18, 2025-11-25"])
async def test_an_unknown_protocol_version_header_is_refused(
    http: aiohttp.ClientSession, client: HttpPeer, server: Running, version: str
) -> None:
    headers = client._headers | {"MCP-Protocol-Version": version}
    async with http.post(server.url, json=request("ping"), headers=headers) as response:
        assert response.status == 400


async def test_a_missing_protocol_version_header_is_allowed(
    http: aiohttp.ClientSession, client: HttpPeer, server: Running
) -> None:
    headers = {"Mcp-Session-Id": client._headers["Mcp-Session-Id"]}
    async with http.post(server.url, json=request("ping"), headers=headers) as response:
        assert response.status == 200


async def test_a_body_that_is_not_json_is_400_with_a_parse_error(
    http: aiohttp.ClientSession, server: Running
) -> None:
    async with http.post(server.url, data=b"{") as response:
        assert response.status == 400
        assert (await response.json())["error"]["code"] == -32700


async def test_an_envelope_that_is_wrong_is_400(client: HttpPeer) -> None:
    await client.exchange({"jsonrpc": "2.0", "id": None, "method": "ping"})

    assert client.statuses[-1] == 400


@pytest.mark.parametrize("compressed", [False, True])
async def test_a_body_too_large_is_413_before_it_is_read_whole(compressed: bool) -> None:
    body = b'"' + b"x" * 100_000 + b'"'
    headers = {"Content-Type": "application/json", "Accept": BOTH, "Authorization": f"Bearer {TOKEN}"}
    if compressed:
        body = gzip.compress(body)
        headers["Content-Encoding"] = "gzip"
    async with (
        running(http={"max_message_bytes": 10_000}) as server,
        aiohttp.ClientSession(headers=headers) as http,
        http.post(server.url, data=body) as response,
    ):
        assert response.status == 413


async def test_a_body_that_drips_is_408() -> None:
    async with running(http={"body_seconds": 0.05}) as server:
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(
            b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + TOKEN.encode() + b"\r\n"
            b"Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000\r\n\r\n{"
        )
        async with asyncio.timeout(10):
            status = await reader.readline()
        writer.close()
        await writer.wait_closed()

        assert b" 408 " in status


async def test_a_call_without_progress_is_plain_json(
    http: aiohttp.ClientSession, client: HttpPeer, server: Running
) -> None:
    body = call("echo", {"text": "a"})
    async with http.post(server.url, json=body, headers=client._headers) as response:
        assert response.content_type == "application/json"


async def test_a_call_with_progress_becomes_an_event_stream(
    http: aiohttp.ClientSession, client: HttpPeer, server: Running
) -> None:
    body = call("count", {}, _meta={"progressToken": 1})
    async with http.post(server.url, json=body, headers=client._headers) as response:
        events = (await response.text()).split("\n\n")

        assert response.content_type == "text/event-stream"
        assert response.headers["X-Accel-Buffering"] == "no"
    assert len([event for event in events if event.startswith("event: message\ndata: ")]) == 4


async def test_a_disconnect_is_not_a_cancellation(
    http: aiohttp.ClientSession, client: HttpPeer, server: Running
) -> None:
    posting = asyncio.create_task(
        http.post(server.url, json=call("hold", {}), headers=client._headers).__aenter__()
    )
    await server.probe.started.wait()
    posting.cancel()
    await asyncio.gather(posting, return_exceptions=True)
    await client.exchange(request("ping"))

    assert not server.probe.cancelled.is_set()
    assert server.http.in_flight == 1


async def test_the_get_stream_is_one_a_session_and_ends_with_it(
    http: aiohttp.ClientSession, client: HttpPeer, server: Running
) -> None:
    headers = client._headers | {"Accept": "text/event-stream"}
    async with http.get(server.url, headers=headers) as stream:
        assert stream.status == 200
        assert stream.content_type == "text/event-stream"
        async with http.get(server.url, headers=headers) as second:
            assert second.status == 409
        async with http.delete(server.url, headers=client._headers):
            pass
        async with asyncio.timeout(10):
            assert await stream.read() == b""


async def test_a_get_that_accepts_no_stream_is_406(
    http: aiohttp.ClientSession, client: HttpPeer, server: Running
) -> None:
    headers = client._headers | {"Accept": "application/json"}
    async with http.get(server.url, headers=headers) as response:
        assert response.status == 406


async def test_draining_answers_what_runs_and_refuses_what_comes_with_503(
    http: aiohttp.ClientSession, client: HttpPeer, server: Running
) -> None:
    held = asyncio.create_task(client.exchange(call("hold", {})))
    await server.probe.started.wait()
    async with http.get(server.url, headers=client._headers | {"Accept": "text/event-stream"}) as stream:
        draining = asyncio.create_task(server.http.drain(10))
        async with asyncio.timeout(10):
            assert await stream.read() == b""
    async with http.post(server.url, json=call("echo", {"text": "late"}), headers=client._headers) as late:
        assert late.status == 503
        assert late.headers["Retry-After"]
        assert late.headers["Connection"] == "close"
        assert (await late.json())["error"]["code"] == -31002
    server.probe.release.set()

    assert (await held)["result"]["content"][0]["text"] == "released"
    await draining


async def test_a_slow_answer_becomes_a_stream_kept_alive(
    monkeypatch: pytest.MonkeyPatch, client: HttpPeer, server: Running
) -> None:
    monkeypatch.setattr("app.transports.events.STREAM_AFTER_SECONDS", 0.01)
    monkeypatch.setattr("app.transports.events.KEEP_ALIVE_SECONDS", 0.01)
    async with client._post(call("hold", {})) as response:
        assert response.content_type == "text/event-stream"
        assert await response.content.readline() == b": keep-alive\n"
        server.probe.release.set()
        data = [line for line in (await response.text()).splitlines() if line.startswith("data: ")]

    assert orjson.loads(data[0].removeprefix("data: "))["result"]["content"][0]["text"] == "released"
