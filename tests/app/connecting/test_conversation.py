"""The real MCP call that `connect --check` and the doctor make, to a real server and to what is none."""

import asyncio
import socket

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from app.connecting import conversation
from app.connecting.conversation import LinkError, converse
from tests.app.conftest import TOKEN, Start


def test_a_running_server_answers_over_both_transports(start: Start) -> None:
    url = URL(start().url() + "/mcp")

    over_http = asyncio.run(converse(url, TOKEN))
    over_websocket = asyncio.run(converse(url.with_scheme("ws"), TOKEN))

    assert "status" in over_http
    assert over_websocket == over_http


@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_a_wrong_token_and_a_wrong_path_are_told_apart(start: Start, scheme: str) -> None:
    url = URL(start().url()).with_scheme(scheme)

    with pytest.raises(LinkError, match="does not accept the token"):
        asyncio.run(converse(url / "mcp", "wrong"))
    with pytest.raises(LinkError, match=r"is no MCP server over \w+ \(it answered 404\): correct --url"):
        asyncio.run(converse(url / "elsewhere", TOKEN))


@pytest.mark.parametrize("scheme", ["http", "ws"])
async def test_nobody_there_is_one_sentence(scheme: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = URL(f"{scheme}://127.0.0.1:{free.getsockname()[1]}/mcp")

        with pytest.raises(LinkError, match="cannot be reached"):
            await converse(url, TOKEN)


async def served(handler: object) -> TestServer:
    app = web.Application()
    app.router.add_post("/mcp", handler)  # type: ignore[arg-type]  # any handler
    server = TestServer(app)
    await server.start_server()
    return server


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<html>", "no answer to initialize"),
        (b'{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"not today"}}', "initialize: not today"),
        (b'{"jsonrpc":"2.0","id":1,"result":{}}', "'tools'"),
        (b"x" * (conversation.MAX_ANSWER_BYTES + 1), "more than"),
    ],
)
async def test_another_kind_of_server_is_named_as_such(body: bytes, sentence: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        number = (await request.json()).get("id")
        return web.Response(body=body.replace(b'"id":1', f'"id":{number}'.encode()))

    server = await served(answer)
    try:
        with pytest.raises(LinkError, match="does not answer as an MCP server does") as caught:
            await converse(URL(str(server.make_url("/mcp"))), TOKEN)
    finally:
        await server.close()
    assert sentence in str(caught.value)


async def test_a_call_that_is_not_let_run_is_told_in_the_servers_words() -> None:
    async def answer(request: web.Request) -> web.Response:
        message = await request.json()
        said = {"result": {"tools": []}}
        if message["method"] == "tools/call":
            said = {"error": {"code": -31001, "message": "Too many calls."}}
        return web.json_response({"jsonrpc": "2.0", "id": message.get("id"), **said})

    server = await served(answer)
    try:
        with pytest.raises(LinkError, match=r"^chat did not run: Too many calls\.$"):
            async with conversation.conversation(URL(str(server.make_url("/mcp"))), TOKEN) as begun:
                await begun.call("chat", {})
    finally:
        await server.close()


async def test_a_server_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "ANSWER_SECONDS", 0.1)
    over = asyncio.Event()

    async def silent(_: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    server = await served(silent)
    try:
        with pytest.raises(LinkError, match=r"did not answer within 0\.1 s"):
            await converse(URL(str(server.make_url("/mcp"))), TOKEN)
    finally:
        over.set()
        await server.close()
