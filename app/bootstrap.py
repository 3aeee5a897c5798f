"""The composition root: settings become adapters, a dispatcher and one web application.

The only module that knows concrete classes; everything else is handed what it needs.
"""

import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiohttp import web

from app import contract, description
from app.clients.admission import ClientAdmission
from app.clients.live import LiveClients
from app.health import Dependency, Health
from app.protocol.dispatcher import Dispatcher
from app.protocol.sealing import Seal
from app.protocol.tools import Tool, ToolResult
from app.providers import catalog
from app.settings import Settings
from app.shared import Shared
from app.shared.in_process import InProcess
from app.shutdown import Shutdown
from app.start_check import StartCheck
from app.stores import Schema, Store
from app.tools.listmodels import listmodels_tool
from app.tools.status import Status, status_tool
from app.transports.bus import Bus
from app.transports.event_log import EventLog
from app.transports.fairness import Shares
from app.transports.guard import PRINCIPAL, Guard
from app.transports.http import HttpTransport
from app.transports.operations import Operations
from app.transports.replicas import Replicas
from app.transports.sealed_sessions import SealedSessions
from app.transports.task_shelf import TaskShelf
from app.transports.throttle import Throttle
from app.transports.websocket import WebSocketTransport
from app.version import VERSION

START_CHECK_CLIENT = "start-check"
INSTRUCTIONS = (
    "Two strong outside models, Kimi (Moonshot) and GLM (Z.ai). "
    "`listmodels` says what there is and what it costs; `status` says whether it works."
)

HEALTH = web.AppKey("health", Health)
SHUTDOWN = web.AppKey("shutdown", Shutdown)
CLIENTS = web.AppKey("clients", LiveClients)
DISPATCHER = web.AppKey("dispatcher", Dispatcher)
WEBSOCKET = web.AppKey("websocket", WebSocketTransport)
HTTP = web.AppKey("http", HttpTransport)


def build_app(settings: Settings, *, more_tools: Sequence[Tool[Any]] = ()) -> web.Application:
    """Wire one server; nothing is opened before the application starts.

    `more_tools` are served beside our own, for programs that measure or test the server whole.
    """
    store, shared, limits = store_of(settings), _shared(settings), settings.server_file.limits
    with_key = _vendors_with_key(settings)
    health = Health(_dependencies(store, shared, with_key))
    shutdown = Shutdown()

    async def describe() -> Status:
        # Looked up late: the guard and the transports are made from the dispatcher that tells this.
        calls = websocket.in_flight + http.in_flight
        return await description.describe(
            settings, health, with_key, replica=replica(), connections=guard.connections, calls=calls
        )

    tools: list[Tool[Any]] = [
        listmodels_tool(catalog.MODELS, catalog.VENDORS, with_key),
        status_tool(describe),
        *more_tools,
    ]
    admission = ClientAdmission(shared, frozenset(tool.name for tool in tools))
    seal = _seal(settings)
    dispatcher = Dispatcher(
        name=contract.NAME,
        title="EXAI: Kimi and GLM",
        version=VERSION,
        instructions=INSTRUCTIONS,
        tools=tools,
        seal=seal,
        admission=admission,
        call_timeout_seconds=settings.call_timeout,
        max_calls_per_session=limits.calls_per_session,
        max_calls_per_client=limits.calls_per_client,
        max_json_depth=limits.json_depth,
    )
    shares = Shares(limits.messages_per_second)
    websocket = WebSocketTransport(
        dispatcher,
        max_message_bytes=settings.max_message_bytes,
        outbox_bytes=limits.outbox_bytes,
        stall_seconds=limits.stall_seconds,
        heartbeat_seconds=limits.heartbeat_seconds,
        max_pings_per_minute=limits.pings_per_minute,
        shares=shares,
    )
    bus = Bus(shared)
    sessions = SealedSessions(
        seal,
        shared,
        bus,
        max_sessions_per_client=limits.sessions_per_client,
        idle_seconds=limits.session_idle_seconds,
    )
    replicas = Replicas(dispatcher, sessions, bus, EventLog(shared))
    shelf = TaskShelf(dispatcher.tasks, shared, bus)
    http = HttpTransport(
        dispatcher,
        upgrade=websocket.serve,
        replicas=replicas,
        max_message_bytes=settings.max_message_bytes,
        body_seconds=limits.body_seconds,
    )
    guard = _guard(settings, shared, shares)
    clients = LiveClients(
        config_dir=settings.config_dir,
        auth_token=settings.auth_token,
        gate=guard,
        admission=admission,
        transports=(websocket, http),
    )
    clients.begin(settings.server_file)
    operations = Operations(
        health,
        authenticate=lambda request: request.get(PRINCIPAL),
        about=lambda: {"version": VERSION, "environment": settings.environment, "replica": replica()},
    )

    async def call_status() -> ToolResult:
        return await dispatcher.call_in_process("status", {}, START_CHECK_CLIENT)

    check = StartCheck(store=store, health=health, call_status=call_status, shutdown=shutdown)

    async def start() -> None:
        await check.run()
        # What was loaded by now stays; no collection needs to look at it again.
        gc.freeze()

    async def lifetime(_: web.Application) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(store.close)
            stack.push_async_callback(shared.close)
            await shared.open()
            # Before any task that may publish.
            await stack.enter_async_context(replicas.running())
            works = ((start(), "start-check"), (clients.watch(), "clients"), (shelf.run(), "tasks"))
            for work, name in works:
                stack.push_async_callback(_cancel, asyncio.create_task(work, name=name))
            yield

    app = web.Application(middlewares=[guard.middleware], client_max_size=settings.max_message_bytes)
    app.add_routes([*operations.routes(), *websocket.routes(), *http.routes()])
    app.cleanup_ctx.append(lifetime)
    app[HEALTH], app[SHUTDOWN], app[WEBSOCKET], app[HTTP] = health, shutdown, websocket, http
    app[CLIENTS], app[DISPATCHER] = clients, dispatcher
    return app


def replica() -> str:
    """Name this process among its replicas: the host name, which in a container is its id."""
    return socket.gethostname()


def store_of(settings: Settings) -> Store:
    """Return the store that is configured, not opened yet."""
    # Imported here, so that nothing is loaded that is not configured.
    if settings.store == "postgres" and settings.database_url is not None:
        from app.stores.postgres import PostgresStore

        return PostgresStore(settings.database_url)
    if (
        settings.store == "supabase"
        and settings.supabase_url is not None
        and settings.supabase_service_role_key is not None
    ):
        from app.stores.supabase import SupabaseStore

        return SupabaseStore(settings.supabase_url, settings.supabase_service_role_key)
    from app.stores import sqlite

    return sqlite.SqliteStore(settings.data_dir / sqlite.FILE_NAME)


def _shared(settings: Settings) -> Shared:
    if settings.redis_url is None:
        return InProcess()
    from app.shared.fallback import Fallback
    from app.shared.redis import RedisShared

    return Fallback(RedisShared(settings.redis_url))


def _seal(settings: Settings) -> Seal:
    keys = (settings.state_key, settings.state_key_previous)
    return Seal([key.reveal().encode() for key in keys if key is not None])


def _guard(settings: Settings, shared: Shared, shares: Shares) -> Guard:
    limits = settings.server_file.limits
    public = settings.public_url.lower() if settings.public_url else None
    host = settings.public_host
    return Guard(
        clients={},  # LiveClients brings them
        allowed_hosts=[*settings.allowed_hosts, *([host] if host else [])],
        allowed_origins=[
            *settings.allowed_origins,
            *([f"{public.partition('://')[0]}://{host}"] if public else []),
        ],
        trusted_proxies=[str(network) for network in settings.trusted_proxies],
        max_connections=limits.connections,
        max_connections_per_client=limits.connections_per_client,
        throttle=Throttle(
            max_failures=limits.wrong_tokens, window_seconds=limits.wrong_token_seconds, shared=shared
        ),
        shares=shares,
    )


def _vendors_with_key(settings: Settings) -> frozenset[str]:
    keys = {catalog.KIMI.id: settings.kimi_api_key, catalog.GLM.id: settings.glm_api_key}
    return frozenset(vendor for vendor, key in keys.items() if key is not None)


def _dependencies(store: Schema, shared: Shared, with_key: frozenset[str]) -> list[Dependency]:
    async def any_key() -> None:
        if not with_key:
            names = " or ".join(vendor.key_variable for vendor in catalog.VENDORS)
            raise LookupError(f"No vendor key is set, so no model can be called: set {names}.")

    return [
        Dependency("store", store.name, required=True, ping=store.ping),
        Dependency("shared state", shared.name, required=False, ping=shared.ping),
        Dependency("models", "vendor keys", required=False, ping=any_key),
    ]


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
