"""The official SDK's own client against our transports, in every mode it has."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
import anyio
import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from tests.transports.server import TOKEN, Running

AUTH = {"Authorization": f"Bearer {TOKEN}"}


@asynccontextmanager
async def over_http(server: Running) -> AsyncIterator[Any]:
    async with (
        httpx2.AsyncClient(headers=AUTH) as http,
        streamable_http_client(server.url, http_client=http) as streams,
    ):
        yield streams


@asynccontextmanager
async def over_websocket(server: Running) -> AsyncIterator[Any]:
    """A WebSocket transport for an SDK that has none: one message a text frame."""
    to_client, from_server = anyio.create_memory_object_stream[Any](0)
    to_server, from_client = anyio.create_memory_object_stream[Any](0)
    async with (
        aiohttp.ClientSession(headers=AUTH) as http,
        http.ws_connect(server.websocket_url, protocols=("mcp",)) as socket,
    ):

        async def read() -> None:
            async with to_client:
                async for frame in socket:
                    message = jsonrpc_message_adapter.validate_json(frame.data, by_name=False)
                    await to_client.send(SessionMessage(message))

        async def write() -> None:
            async with from_client:
                async for outgoing in from_client:
                    encoded = outgoing.message.model_dump_json(by_alias=True, exclude_unset=True)
                    await socket.send_str(encoded)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            tasks.start_soon(write)
            yield from_server, to_server
            tasks.cancel_scope.cancel()
        from_server.close()
        to_server.close()


Transport = Callable[[Running], AbstractAsyncContextManager[Any]]


@pytest.fixture(params=[over_http, over_websocket])
def transport(request: pytest.FixtureRequest) -> Transport:
    chosen: Transport = request.param
    return chosen


@pytest.fixture(params=["legacy", "auto", "2026-07-28"])
def connect(request: pytest.FixtureRequest, transport: Transport, server: Running) -> Callable[[], Client]:
    # Entered in the test's own task: the client's cancel scopes must be left where they were entered.
    return lambda: Client(transport(server), mode=request.param, read_timeout_seconds=10)


async def test_the_client_lists_and_calls_tools(connect: Callable[[], Client]) -> None:
    async with connect() as client:
        listed = await client.list_tools()
        result = await client.call_tool("echo", {"text": "hi", "manner": "loud"})

        assert [tool.name for tool in listed.tools] == ["echo", "count", "hold", "add", "broken"]
        assert result.content[0].text == "HI"  # type: ignore[union-attr]  # a text block, as the tool answers
        assert not result.is_error


async def test_structured_output_passes_the_clients_own_validation(connect: Callable[[], Client]) -> None:
    async with connect() as client:
        await client.list_tools()
        result = await client.call_tool("add", {"steps": 1})

        assert result.structured_content == {"total": 2}


async def test_progress_reaches_the_callback(connect: Callable[[], Client]) -> None:
    async with connect() as client:
        seen: list[tuple[float, float | None, str | None]] = []

        async def progress(value: float, total: float | None, message: str | None) -> None:
            seen.append((value, total, message))

        await client.call_tool("count", {"steps": 3}, progress_callback=progress)

        assert seen == [(1, 3, "step 1"), (2, 3, "step 2"), (3, 3, "step 3")]


async def test_wrong_arguments_are_a_tool_error_and_an_unknown_tool_a_protocol_error(
    connect: Callable[[], Client],
) -> None:
    async with connect() as client:
        assert (await client.call_tool("echo", {})).is_error
        with pytest.raises(MCPError) as caught:
            await client.call_tool("nothing-like-it", {})

        assert caught.value.error.code == -32602


async def test_a_client_that_gives_up_stops_the_call(connect: Callable[[], Client], server: Running) -> None:
    async with connect() as client:
        calling = asyncio.create_task(client.call_tool("hold", {}))
        await server.probe.started.wait()
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        async with asyncio.timeout(5):
            await server.probe.cancelled.wait()

        assert server.probe.by_client is True


async def test_legacy_mode_pings_and_learns_who_we_are(transport: Transport, server: Running) -> None:
    async with Client(transport(server), mode="legacy", read_timeout_seconds=10) as client:
        with pytest.warns(MCPDeprecationWarning):
            await client.send_ping()

        assert client.server_info is not None
        assert client.server_info.name == "fixture"
        assert client.instructions == "Use the tools."
