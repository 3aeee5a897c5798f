"""One run of the server: listen, wait to be asked to stop, drain, leave.

Own signal handling instead of `web.run_app`, which closes the listener before anything is drained: here
`/readyz` says 503 first, while the port still answers.
"""

import asyncio
import signal
import sys
from socket import socket

import structlog
from aiohttp import web

from app.announcement import Announcement
from app.bootstrap import CLIENTS, HEALTH, HTTP, JOBS, PAGE, SHUTDOWN, WEBSOCKET, build_app
from app.exits import Exit
from app.settings import Settings
from app.shutdown import Shutdown
from app.transports.sockets import Sockets, make_room
from app.version import VERSION

CUT_SECONDS = 2.0
"""After the drain, how long aiohttp may take to write what is buffered; it may take this twice."""

JOBS_LEAD_SECONDS = 1.0
"""How long before the calls jobs end, so that the calls which watch them can still say what was kept."""

LINGER_SECONDS = 0.5
"""After the drain, how long kept connections still hear 503 and that they end; a request that met a closed
socket instead might or might not have been executed, for all its sender knows."""

log = structlog.get_logger(__name__)


async def serve(settings: Settings, listener: socket) -> Exit:
    """Serve on this socket until SIGTERM or SIGINT, then drain; a second signal cuts the drain short."""
    app = build_app(settings)
    shutdown = app[SHUTDOWN]
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, shutdown.ask)
    loop.add_signal_handler(signal.SIGHUP, app[CLIENTS].ask)
    limits = settings.server_file.limits
    runner = web.AppRunner(
        app,
        access_log=None,
        # In the stateless revision whoever closes the response has cancelled the request; the handlers of
        # the handshake revisions survive it by design.
        handler_cancellation=True,
        keepalive_timeout=limits.keepalive_seconds,
        shutdown_timeout=CUT_SECONDS,
        max_line_size=limits.url_bytes,
        max_field_size=limits.header_bytes,
        max_headers=limits.header_count,
    )
    await runner.setup()
    server: asyncio.Server | None = None
    try:
        server = await _listen(runner, listener, limits.sockets)
        _announce(settings, listener)
        await shutdown.wait()
        if shutdown.exit is Exit.DRAINED:
            await _drain(app, settings, shutdown)
            server.close()  # from here a new connection is refused, which whoever balances may repeat
            if runner.server is not None and runner.server.connections:
                await shutdown.pause(LINGER_SECONDS)
    finally:
        if server is not None:
            server.close()
        await runner.cleanup()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)
    log.info("stopped", exit=int(shutdown.exit))
    return shutdown.exit


async def _listen(runner: web.AppRunner, listener: socket, sockets: int) -> asyncio.Server:
    """Take connections, at most as many as there may be files open."""
    room = make_room(sockets)
    if room < sockets:
        log.warning(
            "fewer connections than limits.sockets fit into the open files of this process: raise nofile",
            wanted=sockets,
            taken=room,
        )
    assert runner.server is not None  # noqa: S101 - a runner that is set up has its server
    return await asyncio.get_running_loop().create_server(Sockets(runner.server, room), sock=listener)


async def _drain(app: web.Application, settings: Settings, shutdown: Shutdown) -> None:
    """Say 503 to `/readyz`; take work for LAME_DUCK; then finish what runs, up to DRAIN_TIMEOUT."""
    app[HEALTH].draining = True
    log.info("draining", lame_duck_seconds=settings.lame_duck, calls_in_flight=_in_flight(app))
    await shutdown.pause(settings.lame_duck)
    timeout = settings.drain_timeout

    async def drain_all() -> None:
        app[PAGE].drain()
        await asyncio.gather(
            app[JOBS].drain(timeout - min(JOBS_LEAD_SECONDS, timeout / 10)),
            app[WEBSOCKET].drain(timeout),
            app[HTTP].drain(timeout),
        )

    drained, hurried = asyncio.create_task(drain_all()), asyncio.create_task(shutdown.hurried())
    try:
        await asyncio.wait({drained, hurried}, return_when=asyncio.FIRST_COMPLETED)
        if drained.done():
            await drained
        else:
            log.warning("asked twice to stop; calls in flight are cut", calls_in_flight=_in_flight(app))
    finally:
        hurried.cancel()
        drained.cancel()


def _in_flight(app: web.Application) -> int:
    return app[WEBSOCKET].in_flight + app[HTTP].in_flight


def _announce(settings: Settings, listener: socket) -> None:
    for warning in settings.warnings:
        log.warning(warning)
    said = Announcement.of(settings, *listener.getsockname()[:2])
    terminal = sys.stderr.isatty()
    log.info(
        "listening",
        **({"url": said.url} if terminal else said.fields()),
        version=VERSION,
        environment=settings.environment,
        store=settings.store,
    )
    if terminal:
        sys.stderr.write(said.block())
