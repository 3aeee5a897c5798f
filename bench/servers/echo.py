"""The limit: a bare aiohttp server that sends back what it gets, over WebSocket and as a JSON POST.

On uvloop, as ours is. No guard, no limits, no logging; the POST handler parses and encodes its JSON.
"""

import asyncio
import contextlib

import orjson
from aiohttp import web

from bench.servers.launch import event_loop, launch

MAX_MESSAGE_BYTES = 4 * 1024 * 1024


async def echo(request: web.Request) -> web.WebSocketResponse:
    """Send every text frame back."""
    socket = web.WebSocketResponse(protocols=("mcp",), compress=False, max_msg_size=MAX_MESSAGE_BYTES)
    await socket.prepare(request)
    async for frame in socket:
        await socket.send_str(frame.data)
    return socket


async def post(request: web.Request) -> web.Response:
    """Answer a JSON body with the same JSON."""
    message = orjson.loads(await request.read())
    return web.Response(body=orjson.dumps(message), content_type="application/json")


async def serve() -> None:
    """Serve until the process is ended."""
    app = web.Application(client_max_size=MAX_MESSAGE_BYTES)
    app.add_routes([web.get("/mcp", echo), web.post("/mcp", post)])
    runner = web.AppRunner(app, access_log=None, handle_signals=True)
    await runner.setup()
    await web.SockSite(runner, launch().listener).start()
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=event_loop) as runner, contextlib.suppress(web.GracefulExit):
        runner.run(serve())
