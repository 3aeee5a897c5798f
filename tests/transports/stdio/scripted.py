"""A bridge in this process, and a server whose every frame the test sends itself."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import web
from yarl import URL

from app.transports.stdio_bridge import Bridge
from app.transports.stdio_link import server_at
from tests.transports.stdio.peers import LINE_BYTES, WAIT_SECONDS, Client

JSON = dict[str, Any]


class Connection:
    """The server's end of one connection of the bridge."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.closed = asyncio.Event()

    async def hears(self, method: str | None = None) -> JSON:
        """Return the next message, which must be of this method."""
        message: JSON = orjson.loads(await self.socket.receive_str(timeout=WAIT_SECONDS))
        assert method is None or message["method"] == method, message
        return message

    async def says(self, message: JSON) -> None:
        await self.socket.send_str(orjson.dumps({"jsonrpc": "2.0", **message}).decode())

    async def opens(self, *, version: str = "1", revision: str = "2025-11-25") -> JSON:
        """Answer the handshake; returns the `initialize` that was heard."""
        asked = await self.hears("initialize")
        result = {
            "protocolVersion": revision,
            "serverInfo": {"name": "scripted", "version": version},
            "capabilities": {"tools": {"listChanged": True}, "prompts": {}},
        }
        await self.says({"id": asked["id"], "result": result})
        await self.hears("notifications/initialized")
        return asked

    async def leaves(self, code: int = 1001) -> None:
        await self.socket.close(code=code)
        self.closed.set()

    def breaks(self) -> None:
        """End it as a dying process would: no close frame."""
        assert self.socket._req is not None
        assert self.socket._req.transport is not None
        self.socket._req.transport.abort()
        self.closed.set()


class Scripted:
    """Takes connections, or answers the upgrade with `status`; `attempts` counts both."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.attempts = 0
        self.tried = asyncio.Event()
        self.told: list[str] = []
        self._connections: asyncio.Queue[Connection] = asyncio.Queue()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.attempts += 1
        self.tried.set()
        if self.status is not None:
            return web.Response(status=self.status)
        socket = web.WebSocketResponse(protocols=("mcp",), max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(socket)
        await self._connections.put(connection)
        await connection.closed.wait()
        return socket

    async def connection(self) -> Connection:
        """Return the next connection of the bridge."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self._connections.get()


@asynccontextmanager
async def bridged(
    *,
    patience_seconds: float = WAIT_SECONDS,
    max_message_bytes: int = 1024 * 1024,
    finish_seconds: float = 5.0,
) -> AsyncIterator[tuple[Client, Scripted, "asyncio.Task[None]"]]:
    """Run a bridge to a scripted server; yields the client's end, the server and the bridge's task."""
    scripted = Scripted()
    app = web.Application()
    app.router.add_get("/mcp", scripted.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = URL(f"ws://127.0.0.1:{runner.addresses[0][1]}/mcp")
    source, to_bridge = os.pipe()
    from_bridge, sink = os.pipe()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(from_bridge, "rb"))
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(to_bridge, "wb")
    )
    client = Client(reader, asyncio.StreamWriter(transport, protocol, None, loop))
    async with server_at(url, lambda: None) as server:
        bridge = Bridge(
            server,
            source,
            sink,
            tell=scripted.told.append,
            max_message_bytes=max_message_bytes,
            finish_seconds=finish_seconds,
            patience_seconds=patience_seconds,
        )
        task = asyncio.create_task(bridge.run())
        try:
            yield client, scripted, task
        finally:
            client.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            os.close(sink)
            await client.ended()
            await runner.cleanup()
