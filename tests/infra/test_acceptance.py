"""The call that decides whether an update succeeded, against made-up servers on real sockets."""

import itertools
import json
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from infra import acceptance, conversation
from infra.acceptance import TOOL, Acceptance
from infra.access import Access, UnansweredError
from infra.conversation import converse
from tests.certificates import self_signed

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
async def _server(
    answer: Answer,
    seen: list[str] | None = None,
    certificate: tuple[str, str] | None = None,
    not_ready: int = 0,
) -> AsyncIterator[TestServer]:
    """Serve; `not_ready` requests get first what an edge says that knows no server."""
    early = iter(range(not_ready))

    async def serve(request: web.Request) -> web.StreamResponse:
        if next(early, None) is not None:
            if seen is not None:
                seen.append("503")
            return web.Response(status=503)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        if seen is not None:
            seen.append(request.headers["Host"])
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
    context = None if certificate is None else _served(*certificate)
    server = TestServer(application, host="127.0.0.1")
    await server.start_server(ssl=context)
    try:
        yield server
    finally:
        await server.close()


def _served(chain: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(chain + key)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _access(server: TestServer | int, token: str = TOKEN, certificate: str | None = None) -> Access:
    port = server if isinstance(server, int) else server.port or 0
    scheme = "https" if certificate else "http"
    host = "mcp.example.com" if certificate else "127.0.0.1"
    return Access(f"{scheme}://{host}:{port}/mcp", "127.0.0.1", port, token, certificate)


async def test_the_call_is_what_a_client_says_first() -> None:
    seen: list[str] = []

    async with _server(_right, seen) as server:
        tools = await converse(_access(server), TOOL)

    assert tools == 2
    assert seen[1:] == ["initialize", "notifications/initialized", "tools/list", "tools/call"]


async def test_a_refused_token_is_named_by_its_status() -> None:
    async with _server(_right) as server:
        with pytest.raises(UnansweredError, match="status 401"):
            await converse(_access(server, "another"), TOOL)


async def test_an_error_is_no_answer() -> None:
    def refuse(message: dict[str, Any]) -> dict[str, Any]:
        if message["method"] == "tools/call":
            return {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32603, "message": "broken"}}
        return _right(message)

    async with _server(refuse) as server:
        with pytest.raises(UnansweredError, match=r"tools/call was answered with the error .*broken"):
            await converse(_access(server), TOOL)


async def test_a_tool_that_failed_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RESULTS, "tools/call", {"isError": True, "content": "no store"})

    async with _server(_right) as server:
        with pytest.raises(UnansweredError, match="the tool status answered with an error: no store"):
            await converse(_access(server), TOOL)


async def test_silence_ends_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "CALL_SECONDS", 0.2)

    async with _server(lambda _: None) as server:
        with pytest.raises(UnansweredError, match=r"no answer within 0\.2 s"):
            await converse(_access(server), TOOL)


async def test_a_closed_port_is_no_answer(unused_tcp_port: int) -> None:
    with pytest.raises(UnansweredError):
        await converse(_access(unused_tcp_port), TOOL)


class Engine:
    """Stands for the engine of a stack, and writes down what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.has_changed = False

    def changed(self) -> bool:
        return self.has_changed

    async def settled(self) -> None:
        self.asked.append("settled")

    async def undo(self) -> None:
        self.asked.append("undo")

    def account(self, service: str, what: str) -> str:
        self.asked.append("account")
        return f"The service {service} {what}; and said last: a line"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    return Engine()


@pytest.mark.usefixtures("update")
async def test_every_update_asks_once_everything_is_healthy(engine: Engine) -> None:
    seen: list[str] = []
    async with _server(_right, seen) as server:
        assert await Acceptance(_access(server), engine).ask()  # type: ignore[arg-type]  # half an engine suffices

    assert engine.asked == ["settled"]
    assert seen.count("tools/call") == 1


@pytest.mark.usefixtures("update")
@pytest.mark.parametrize("changed", [True, False])
async def test_what_is_left_to_do_afterwards_is_done_if_anything_changed(
    engine: Engine, changed: bool
) -> None:
    done: list[str] = []

    async def step() -> None:
        done.append("done")

    engine.has_changed = changed
    async with _server(_right) as server:
        await Acceptance(_access(server), engine, [step, step]).ask()  # type: ignore[arg-type]  # half an engine suffices

    assert done == ["done"] * (2 if changed else 0)


@pytest.mark.usefixtures("update")
async def test_an_unanswered_call_fails_the_update_and_is_undone(
    engine: Engine, unused_tcp_port: int
) -> None:
    url = f"ws://127.0.0.1:{unused_tcp_port}/mcp"

    with pytest.raises(
        pulumi.RunError, match=f"exai-mcp-server did not answer a client's call to {url} .*line"
    ):
        await Acceptance(_access(unused_tcp_port), engine).ask()  # type: ignore[arg-type]  # half an engine suffices

    assert engine.asked == ["settled", "account", "undo"]


@pytest.mark.usefixtures("update")
async def test_an_edge_may_take_a_moment_to_find_a_server_that_is_healthy(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptance, "ASK_AGAIN_SECONDS", 0)

    async with _server(_right, not_ready=2) as server:
        assert await Acceptance(_access(server), engine).ask()  # type: ignore[arg-type]  # half an engine suffices

    assert engine.asked == ["settled"]


@pytest.mark.usefixtures("update")
async def test_an_edge_that_finds_no_server_fails_the_update(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(acceptance, "ASK_AGAIN_SECONDS", 0)
    # A clock that moves on by a second whenever somebody looks at it.
    monkeypatch.setattr(acceptance, "time", SimpleNamespace(monotonic=itertools.count().__next__))

    async with _server(_right, seen, not_ready=1000) as server:
        with pytest.raises(pulumi.RunError, match="refused the connection with status 503"):
            await Acceptance(_access(server), engine).ask()  # type: ignore[arg-type]  # half an engine suffices

    assert 1 < len(seen) <= acceptance.TAKEN_IN_SECONDS + 1
    assert set(seen) == {"503"}
    assert engine.asked == ["settled", "account", "undo"]


@pytest.mark.usefixtures("preview")
async def test_a_preview_asks_nobody(engine: Engine, unused_tcp_port: int) -> None:
    assert await Acceptance(_access(unused_tcp_port), engine).ask()  # type: ignore[arg-type]  # half an engine suffices
    assert engine.asked == []


async def test_the_call_goes_to_the_stack_whatever_the_name_means_elsewhere() -> None:
    certificate = self_signed("mcp.example.com")
    seen: list[str] = []

    async with _server(_right, seen, certificate) as server:
        access = _access(server, certificate=certificate[0])
        assert await converse(access, TOOL) == 2

    assert seen[0] == f"mcp.example.com:{access.port}"


async def test_another_certificate_than_the_one_that_was_set_is_no_answer() -> None:
    former, present = self_signed("mcp.example.com"), self_signed("mcp.example.com")

    async with _server(_right, certificate=former) as server:
        with pytest.raises(UnansweredError, match="certificate verify failed"):
            await converse(_access(server, certificate=present[0]), TOOL)


async def test_a_certificate_for_another_name_is_no_answer() -> None:
    certificate = self_signed("other.example.com")

    async with _server(_right, certificate=certificate) as server:
        with pytest.raises(UnansweredError, match=r"not valid for|mismatch"):
            await converse(_access(server, certificate=certificate[0]), TOOL)
