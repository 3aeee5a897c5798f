"""One web application: stores and models, the core over them, the doors before it, and what runs beside."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiohttp import web

from app.bootstrap import adapters
from app.bootstrap.core import core
from app.bootstrap.doors import doors
from app.bootstrap.instruments import Instruments
from app.bootstrap.models import models
from app.bootstrap.page import status_page
from app.bootstrap.readings import Parts, readings
from app.clients.live import LiveClients
from app.health import Health
from app.jobs.jobs import Jobs
from app.page.page import StatusPage
from app.protocol.dispatcher import Dispatcher
from app.protocol.tools import Tool, ToolResult
from app.settings import Settings
from app.shutdown import Shutdown
from app.start_check import StartCheck
from app.transports.bus import Bus
from app.transports.guard import PRINCIPAL
from app.transports.http import HttpTransport
from app.transports.operations import Operations
from app.transports.websocket import WebSocketTransport
from app.version import VERSION

START_CHECK_CLIENT = "start-check"

HEALTH = web.AppKey("health", Health)
SHUTDOWN = web.AppKey("shutdown", Shutdown)
CLIENTS = web.AppKey("clients", LiveClients)
DISPATCHER = web.AppKey("dispatcher", Dispatcher)
WEBSOCKET = web.AppKey("websocket", WebSocketTransport)
HTTP = web.AppKey("http", HttpTransport)
JOBS = web.AppKey("jobs", Jobs)
PAGE = web.AppKey("page", StatusPage)


def build_app(settings: Settings, *, more_tools: Sequence[Tool[Any]] = ()) -> web.Application:
    """Wire one server; nothing is opened before the application starts.

    `more_tools` are served beside our own, for programs that measure or test the server whole.
    """
    instruments, shutdown, seal = Instruments(settings), Shutdown(), adapters.seal(settings)
    store = adapters.store(settings, *instruments.store)
    shared = adapters.shared(settings, *instruments.shared)
    bus = Bus(shared)
    asked = models(settings, store, shared, bus, instruments)
    health = Health(adapters.dependencies(store, shared, asked.with_key))
    served = core(
        settings,
        store=store,
        shared=shared,
        models=asked,
        health=health,
        seal=seal,
        instruments=instruments,
        more_tools=more_tools,
    )
    entered = doors(settings, store=store, shared=shared, bus=bus, models=asked, core=served, seal=seal)
    parts = Parts(
        settings=settings,
        store=store,
        shared=shared,
        health=health,
        models=asked,
        dispatcher=served.dispatcher,
        guard=entered.guard,
        admission=served.admission,
        clients=entered.clients,
        sessions=entered.sessions,
        websocket=entered.websocket,
    )
    page = status_page(
        parts,
        seal=seal,
        bus=bus,
        describe=served.describe,
        changed=served.changed,
        in_flight=served.load.calls,
    )
    operations = Operations(
        health,
        authenticate=lambda request: request.get(PRINCIPAL),
        about=lambda: {
            "version": VERSION,
            "environment": settings.environment,
            "replica": adapters.replica(),
        },
        render_metrics=instruments.exposition(readings(parts)).render,
    )

    async def call_status() -> ToolResult:
        return await served.dispatcher.call_in_process("status", {}, START_CHECK_CLIENT)

    check = StartCheck(store=store, health=health, call_status=call_status, shutdown=shutdown)

    async def start() -> None:
        await check.run()
        # What was loaded by now stays; no collection needs to look at it again.
        gc.freeze()

    async def lifetime(_: web.Application) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            for part in (instruments, store, shared, asked):
                stack.push_async_callback(part.close)
            await shared.open()
            # Before any task that may publish.
            await stack.enter_async_context(entered.replicas.running())
            works = (
                (start(), "start-check"),
                (entered.clients.watch(), "clients"),
                (entered.shelf.run(), "tasks"),
                (asked.keeper.run(), "jobs"),
                (page.watching.run(), "page"),
                (asked.look_round(), "vendors"),
            )
            for work, name in works:
                stack.push_async_callback(_cancel, asyncio.create_task(work, name=name))
            yield

    middlewares = [entered.guard.middleware, *instruments.middlewares]
    app = web.Application(middlewares=middlewares, client_max_size=settings.max_message_bytes)
    for routed in (operations, page, entered.websocket, entered.http, entered.uploads):
        app.add_routes(routed.routes())
    app.cleanup_ctx.append(lifetime)
    app[HEALTH], app[SHUTDOWN], app[JOBS], app[PAGE] = health, shutdown, asked.jobs, page
    app[CLIENTS], app[DISPATCHER] = entered.clients, served.dispatcher
    app[WEBSOCKET], app[HTTP] = entered.websocket, entered.http
    return app


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
