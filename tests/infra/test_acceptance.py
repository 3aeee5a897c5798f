"""The call that decides whether an update succeeded, against made-up servers on real sockets."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pulumi
import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from infra import acceptance
from infra.acceptance import Acceptance, UnansweredError, converse

TOKEN = "the-token"
RESULTS: dict[str, Any] = {
    "initialize": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "serverInfo": {"name": "s", "version": "1"},
    },
    "tools/list": {"tools": [{"name": "status"}, {"name": "listmodels"}]},
    "tools/call": {"content": [{"type": "text", "text": "fine"}]},
}
Answer = Callable[[dict[str, Any]], dict[str, Any] | None]


def _right(message: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": message["id"], "result": RESULTS[message["method"]]}


@asynccontextmanager
async def _server(answer: Answer, seen: list[str] | None = None) -> AsyncIterator[TestServer]:
    async def serve(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        socket = web.WebSocketResponse(protocols=("mcp",))
        await socket.prepare(request)
        async for frame in socket:
            assert frame.type is WSMsgType.TEXT
            message = json.loads(frame.data)
            if seen is not None:
                seen.append(message["method"])
            if "id" in message and (reply := answer(message)) is not None:
                await socket.send_json({"jsonrpc": "2.0", "method": "notifications/message", "params": {}})
                await socket.send_json(reply)
        return socket

    application = web.Application()
    application.add_routes([web.get("/mcp", serve)])
    async with TestServer(application, host="127.0.0.1") as server:
        yield server


def _url(server: TestServer) -> str:
    return f"ws://127.0.0.1:{server.port}/mcp"


async def test_the_call_is_what_a_client_says_first() -> None:
    seen: list[str] = []

    async with _server(_right, seen) as server:
        tools = await converse(_url(server), TOKEN)

    assert tools == 2
    assert seen == ["initialize", "notifications/initialized", "tools/list", "tools/call"]


async def test_a_refused_token_is_named_by_its_status() -> None:
    async with _server(_right) as server:
        with pytest.raises(UnansweredError, match="status 401"):
            await converse(_url(server), "another")


async def test_an_error_is_no_answer() -> None:
    def refuse(message: dict[str, Any]) -> dict[str, Any]:
        if message["method"] == "tools/call":
            return {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32603, "message": "broken"}}
        return _right(message)

    async with _server(refuse) as server:
        with pytest.raises(UnansweredError, match=r"tools/call was answered with the error .*broken"):
            await converse(_url(server), TOKEN)


async def test_a_tool_that_failed_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RESULTS, "tools/call", {"isError": True, "content": "no store"})

    async with _server(_right) as server:
        with pytest.raises(UnansweredError, match="the tool status answered with an error: no store"):
            await converse(_url(server), TOKEN)


async def test_silence_ends_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptance, "CALL_SECONDS", 0.2)

    async with _server(lambda _: None) as server:
        with pytest.raises(UnansweredError, match=r"no answer within 0\.2 s"):
            await converse(_url(server), TOKEN)


async def test_a_closed_port_is_no_answer(unused_tcp_port: int) -> None:
    with pytest.raises(UnansweredError):
        await converse(f"ws://127.0.0.1:{unused_tcp_port}/mcp", TOKEN)


@pytest.fixture
def healthy_stack(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every container is healthy; the list says which were asked about."""
    asked: list[str] = []

    async def healthy(name: str, _seconds: float) -> None:
        asked.append(name)

    monkeypatch.setattr(acceptance, "healthy", healthy)
    monkeypatch.setattr(acceptance, "account", lambda name, what: f"The container {name} {what}")
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    return asked


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    (tmp_path / "auth_token").write_text(TOKEN)
    return tmp_path / "auth_token"


@pytest.mark.usefixtures("update")
async def test_an_update_in_which_no_hook_asked_asks_once_itself(
    healthy_stack: list[str], token_file: Path
) -> None:
    seen: list[str] = []
    async with _server(_right, seen) as server:
        accept = Acceptance(server.port or 0, token_file, ["a", "b"], 1)
        await accept.once(name="b")
        await accept.once(name="b")

    assert healthy_stack == ["a", "b"]
    assert seen.count("tools/call") == 1


@pytest.mark.usefixtures("update")
async def test_an_update_whose_hook_asked_does_not_ask_again(
    healthy_stack: list[str], token_file: Path
) -> None:
    seen: list[str] = []
    async with _server(_right, seen) as server:
        accept = Acceptance(server.port or 0, token_file, ["a"], 1)
        await accept.call("a")
        await accept.once(name="a")

    assert seen.count("tools/call") == 1
    assert healthy_stack == []


@pytest.mark.usefixtures("update", "healthy_stack")
async def test_an_unanswered_call_fails_the_update_with_a_sentence(
    token_file: Path, unused_tcp_port: int
) -> None:
    accept: Acceptance = Acceptance(unused_tcp_port, token_file, ["a"], 1)
    ask: Callable[..., Awaitable[str]] = accept.once

    with pytest.raises(
        pulumi.RunError, match=f"a did not answer a client's call to ws://127.0.0.1:{unused_tcp_port}/mcp"
    ):
        await ask(name="a")


@pytest.mark.usefixtures("preview")
async def test_a_preview_asks_nobody(
    healthy_stack: list[str], token_file: Path, unused_tcp_port: int
) -> None:
    assert await Acceptance(unused_tcp_port, token_file, ["a"], 1).once(name="a")
    assert healthy_stack == []
