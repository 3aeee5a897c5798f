"""The ways a client reaches the server: Streamable HTTP, WebSocket, and the stdio bridge."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import httpx2
from mcp import StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-for-witnesses"
AUTH = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True)
class Served:
    """A running server, by its URL."""

    url: str

    @property
    def websocket_url(self) -> str:
        return self.url.replace("http", "ws", 1)

    @property
    def bridge(self) -> list[str]:
        """The command line that a client starts to reach it over stdio."""
        return [sys.executable, "-m", "app", "stdio", "--url", self.websocket_url]

    @property
    def bridge_environ(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "EXAI_TOKEN": TOKEN}


@asynccontextmanager
async def over_http(server: Served) -> AsyncIterator[Any]:
    async with (
        httpx2.AsyncClient(headers=AUTH) as http,
        streamable_http_client(server.url, http_client=http) as streams,
    ):
        yield streams


@asynccontextmanager
async def over_bridge(server: Served) -> AsyncIterator[Any]:
    command, *arguments = server.bridge
    parameters = StdioServerParameters(command=command, args=arguments, env=server.bridge_environ)
    async with stdio_client(parameters) as streams:
        yield streams


@asynccontextmanager
async def over_websocket(server: Served) -> AsyncIterator[Any]:
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
                    await socket.send_str(outgoing.message.model_dump_json(by_alias=True, exclude_unset=True))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            tasks.start_soon(write)
            yield from_server, to_server
            tasks.cancel_scope.cancel()
        from_server.close()
        to_server.close()
