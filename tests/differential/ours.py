"""Our server with the tools both share: guard, transports and dispatcher as the product wires them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from app.protocol.dispatcher import Dispatcher
from app.transports.guard import Guard
from app.transports.http import HttpTransport
from app.transports.websocket import WebSocketTransport
from tests.differential import features
from tests.differential.tools import tools


@asynccontextmanager
async def over_http() -> AsyncIterator[str]:
    """Serve HTTP and WebSocket; yields the URL."""
    dispatcher = Dispatcher(
        name="differential",
        version="1",
        instructions="Use the tools.",
        tools=tools(),
        prompts=features.prompts(),
        resources=features.resources(),
        completer=features.complete,
        logging=True,
    )
    websocket = WebSocketTransport(dispatcher)
    http = HttpTransport(dispatcher, upgrade=websocket.serve)
    app = web.Application(middlewares=[Guard(clients={}, anonymous="differential").middleware])
    app.add_routes([*websocket.routes(), *http.routes()])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/mcp"
    finally:
        await runner.cleanup()
