"""Streamable HTTP of the stateless revision: headers that agree with the body, and no session."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest

from app.protocol.metadata import CLIENT_CAPABILITIES, PROTOCOL_VERSION, SUBSCRIPTION_ID
from tests.transports.peers import request
from tests.transports.server import TOKEN, Running, running

REVISION = "2026-07-28"
META = {PROTOCOL_VERSION: REVISION, CLIENT_CAPABILITIES: {}}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
    }
    async with aiohttp.ClientSession(headers=headers) as session:
        yield session


def message(method: str, params: dict[str, Any] | None = None, **meta: Any) -> dict[str, Any]:
    return request(method, {"_meta": META | meta} | (params or {}))


def headers(method: str, name: str | None = None, version: str = REVISION) -> dict[str, str]:
    found = {"MCP-Protocol-Version": version, "Mcp-Method": method}
    return found if name is None else found | {"Mcp-Name": name}


def echo(text: str = "hi", **meta: Any) -> dict[str, Any]:
    return message("tools/call", {"name": "echo", "arguments": {"text": text}}, **meta)


ECHO = headers("tools/call", "echo")


async def post(
    http: aiohttp.ClientSession, server: Running, body: Any, sent: Any
) -> tuple[int, dict[str, Any]]:
    async with http.post(server.url, data=orjson.dumps(body), headers=sent) as response:
        assert response.content_type == "application/json"
        return response.status, await response.json()


async def test_a_request_needs_no_session_and_gets_none(http: aiohttp.ClientSession, server: Running) -> None:
    sent = ECHO | {"Mcp-Session-Id": "ignored"}
    async with http.post(server.url, data=orjson.dumps(echo()), headers=sent) as response:
        assert response.status == 200
        assert "Mcp-Session-Id" not in response.headers
        assert (await response.json())["result"]["content"][0]["text"] == "hi"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"Mcp-Method": "tools/call", "Mcp-Name": "echo"},
        headers("tools/call"),
        headers("tools/call", "other"),
        headers("tools/call", "ECHO"),
        headers("tools/list", "echo"),
        headers("TOOLS/CALL", "echo"),
        {"MCP-Protocol-Version": REVISION, "Mcp-Name": "echo"},
        [*ECHO.items(), ("Mcp-Name", "echo")],
        [*ECHO.items(), ("Mcp-Method", "tools/call")],
        ECHO | {"Mcp-Name": "=?base64?????="},
        ECHO | {"Mcp-Name": "=?base64?" + base64.b64encode(b"\xff").decode() + "?="},
    ],
)
async def test_headers_and_body_that_disagree_are_a_mismatch(
    http: aiohttp.ClientSession, server: Running, sent: Any
) -> None:
    body = echo()
    status, reply = await post(http, server, body, sent)

    assert status == 400
    assert reply["error"]["code"] == -32020
    assert reply["id"] == body["id"]
    assert server.probe.principals == []


@pytest.mark.parametrize(
    "sent",
    [
        ECHO | {"Mcp-Name": "=?base64?" + base64.b64encode(b"echo").decode() + "?="},
        ECHO | {"Mcp-Name": " echo "},
        {name.upper(): value for name, value in ECHO.items()},
    ],
)
async def test_encoded_padded_and_upper_case_headers_agree(
    http: aiohttp.ClientSession, server: Running, sent: dict[str, str]
) -> None:
    assert (await post(http, server, echo(), sent))[0] == 200


async def test_an_unknown_revision_is_refused_with_the_list(
    http: aiohttp.ClientSession, server: Running
) -> None:
    body = echo(**{PROTOCOL_VERSION: "2031-01-01"})
    status, reply = await post(http, server, body, headers("tools/call", "echo", "2031-01-01"))

    assert status == 400
    assert reply["error"]["code"] == -32022
    assert reply["error"]["data"]["supported"] == [REVISION]


async def test_an_unknown_method_is_404_with_an_error(http: aiohttp.ClientSession, server: Running) -> None:
    status, reply = await post(http, server, message("no/such"), headers("no/such"))

    assert status == 404
    assert reply["error"]["code"] == -32601


@pytest.mark.parametrize("params", [{}, {"_meta": {}}, {"_meta": {PROTOCOL_VERSION: REVISION}}])
async def test_a_body_without_its_envelope_is_400(
    http: aiohttp.ClientSession, server: Running, params: dict[str, Any]
) -> None:
    status, reply = await post(http, server, request("tools/list", params), headers("tools/list"))

    assert status == 400
    assert reply["error"]["code"] == -32602


@pytest.mark.parametrize("method", ["get", "delete"])
async def test_only_post_exists(http: aiohttp.ClientSession, server: Running, method: str) -> None:
    async with http.request(method, server.url, headers={"MCP-Protocol-Version": REVISION}) as response:
        assert response.status == 405
        assert response.headers["Allow"] == "POST"


async def test_a_notification_is_202(http: aiohttp.ClientSession, server: Running) -> None:
    body = {"jsonrpc": "2.0", "method": "notifications/x", "params": {"_meta": META}}
    async with http.post(server.url, data=orjson.dumps(body), headers=headers("notifications/x")) as response:
        assert response.status == 202


async def test_progress_makes_the_answer_a_stream(http: aiohttp.ClientSession, server: Running) -> None:
    body = message("tools/call", {"name": "count", "arguments": {"steps": 2}}, progressToken="t")
    async with http.post(server.url, json=body, headers=headers("tools/call", "count")) as response:
        lines = [line for line in (await response.text()).splitlines() if line.startswith("data: ")]
        events = [orjson.loads(line.removeprefix("data: ")) for line in lines]

        assert response.content_type == "text/event-stream"
    assert [event.get("method") for event in events] == ["notifications/progress"] * 2 + [None]
    assert events[-1]["result"]["resultType"] == "complete"


@pytest.mark.parametrize("streamed", [False, True])
async def test_closing_the_response_cancels_the_request(
    http: aiohttp.ClientSession, server: Running, monkeypatch: pytest.MonkeyPatch, streamed: bool
) -> None:
    if streamed:
        monkeypatch.setattr("app.transports.events.STREAM_AFTER_SECONDS", 0.01)
        monkeypatch.setattr("app.transports.events.KEEP_ALIVE_SECONDS", 0.01)
    body = message("tools/call", {"name": "hold"})
    posting = asyncio.create_task(
        http.post(server.url, json=body, headers=headers("tools/call", "hold")).__aenter__()
    )
    await server.probe.started.wait()
    if streamed:
        (await posting).close()
    else:
        posting.cancel()
        await asyncio.gather(posting, return_exceptions=True)
    async with asyncio.timeout(5):
        await server.probe.cancelled.wait()

    assert server.probe.by_client is True


async def test_a_subscription_is_a_stream_of_what_was_asked_for(
    http: aiohttp.ClientSession, server: Running
) -> None:
    body = message("subscriptions/listen", {"notifications": {"toolsListChanged": True}})
    async with http.post(server.url, json=body, headers=headers("subscriptions/listen")) as response:
        seen = []
        async for line in response.content:
            if line.startswith(b"data: "):
                seen.append(orjson.loads(line.removeprefix(b"data: ")))
                if len(seen) == 1:
                    server.dispatcher.list_changed("tools")
                if len(seen) == 2:
                    draining = asyncio.create_task(server.http.drain(5))
        await draining

        assert response.content_type == "text/event-stream"
    assert [event.get("method") for event in seen[:2]] == [
        "notifications/subscriptions/acknowledged",
        "notifications/tools/list_changed",
    ]
    assert seen[1]["params"]["_meta"][SUBSCRIPTION_ID] == body["id"]
    assert seen[2]["id"] == body["id"]
    assert seen[2]["result"]["resultType"] == "complete"


async def test_a_batch_is_refused(http: aiohttp.ClientSession, server: Running) -> None:
    status, reply = await post(http, server, [echo()], ECHO)

    assert status == 400
    assert reply["error"]["code"] == -32600


async def test_draining_refuses_with_503(http: aiohttp.ClientSession) -> None:
    async with running() as server:
        await server.http.drain(0)
        status, reply = await post(http, server, echo(), ECHO)

        assert status == 503
        assert reply["error"]["code"] == -31002
