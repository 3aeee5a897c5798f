"""A small round-robin HTTP balancer: each request goes to the next replica that takes it.

It repeats what was not executed, and only that: a connection that failed, or our 503.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

ATTEMPTS = 6
DROPPED = {"Transfer-Encoding", "Content-Length", "Connection", "Keep-Alive", "Date", "Server"}


class Balancer:
    """Where requests go, and what came back."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.backends: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.url = ""
        self._http = http
        self._turn = itertools.count()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request)
        body = await request.read()
        for _ in range(ATTEMPTS):
            try:
                async with self._http.request(
                    request.method, self._next(), data=body, headers=request.headers
                ) as answer:
                    if answer.status == 503:
                        continue
                    self.statuses[answer.status] += 1
                    return await self._pass_on(request, answer)
            except aiohttp.ClientConnectorError:
                continue
        return web.Response(status=502)

    async def _pass_on(self, request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        headers = {name: value for name, value in answer.headers.items() if name not in DROPPED}
        response = web.StreamResponse(status=answer.status, headers=headers)
        await response.prepare(request)
        try:
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
        except (aiohttp.ClientError, ConnectionError):
            if request.transport is not None:
                request.transport.abort()
        return response

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        headers = {"Authorization": request.headers["Authorization"], "Host": request.headers["Host"]}
        for _ in range(ATTEMPTS):
            try:
                backend = await self._http.ws_connect(self._next(), protocols=("mcp",), headers=headers)
            except (aiohttp.ClientConnectorError, aiohttp.WSServerHandshakeError):
                continue
            socket = web.WebSocketResponse(protocols=("mcp",))
            await socket.prepare(request)

            async def upward(socket: web.WebSocketResponse, to: aiohttp.ClientWebSocketResponse) -> None:
                async for frame in socket:
                    await to.send_str(frame.data)
                await to.close()

            sending = asyncio.create_task(upward(socket, backend))
            async for frame in backend:
                await socket.send_str(frame.data)
            await socket.close(code=backend.close_code or 1006)
            await asyncio.gather(sending, return_exceptions=True)
            return socket
        return web.Response(status=502)

    def _next(self) -> str:
        return self.backends[next(self._turn) % len(self.backends)]


@asynccontextmanager
async def balancing(*backends: str) -> AsyncIterator[Balancer]:
    """Run a balancer in front of some replicas."""
    no_timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=no_timeout, auto_decompress=False) as http:
        balancer = Balancer(http)
        balancer.backends = list(backends)
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_route("*", "/mcp", balancer.handle)
        server = TestServer(app)
        await server.start_server()
        balancer.url = str(server.make_url("/mcp"))
        try:
            yield balancer
        finally:
            await server.close()
