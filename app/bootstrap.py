"""The composition root: settings become adapters, a dispatcher and one web application.

The only module that knows concrete classes; everything else is handed what it needs.
"""

import asyncio
import contextlib
import hashlib
import socket
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from app import contract
from app.health import Dependency, Health
from app.protocol.dispatcher import Dispatcher
from app.protocol.tools import Tool, ToolResult
from app.providers import catalog
from app.settings import Settings
from app.shared import Shared
from app.shared.in_process import InProcess
from app.shutdown import Shutdown
from app.start_check import StartCheck
from app.stores import Store
from app.tools.listmodels import listmodels_tool
from app.tools.status import DependencyStatus, Limits, Status, VendorStatus, status_tool
from app.transports.guard import PRINCIPAL, Guard
from app.transports.http import HttpTransport
from app.transports.operations import Operations
from app.transports.websocket import WebSocketTransport
from app.version import VERSION

DEFAULT_CLIENT = "default"
"""The principal of AUTH_TOKEN; the name, not the token, owns threads and budgets."""
START_CHECK_CLIENT = "start-check"
INSTRUCTIONS = (
    "Two strong outside models, Kimi (Moonshot) and GLM (Z.ai). "
    "`listmodels` says what there is and what it costs; `status` says whether it works."
)

HEALTH = web.AppKey("health", Health)
SHUTDOWN = web.AppKey("shutdown", Shutdown)
WEBSOCKET = web.AppKey("websocket", WebSocketTransport)
HTTP = web.AppKey("http", HttpTransport)


def build_app(settings: Settings) -> web.Application:
    """Wire one server; nothing is opened before the application starts."""
    store, shared = _store(settings), _shared(settings)
    with_key = _vendors_with_key(settings)
    health = Health(_dependencies(store, shared, with_key))
    shutdown = Shutdown()

    async def describe() -> Status:
        # Looked up late: the guard and the transports are made from the dispatcher that tells this.
        return await _describe(settings, health, with_key, guard, websocket, http)

    tools: list[Tool[Any]] = [
        listmodels_tool(catalog.MODELS, catalog.VENDORS, with_key),
        status_tool(describe),
    ]
    dispatcher = Dispatcher(
        name=contract.NAME,
        title="EXAI: Kimi and GLM",
        version=VERSION,
        instructions=INSTRUCTIONS,
        tools=tools,
        call_timeout_seconds=settings.call_timeout,
    )
    websocket = WebSocketTransport(dispatcher, max_message_bytes=settings.max_message_bytes)
    http = HttpTransport(dispatcher, upgrade=websocket.serve, max_message_bytes=settings.max_message_bytes)
    guard = _guard(settings)
    operations = Operations(
        health,
        authenticate=lambda request: request.get(PRINCIPAL),
        about=lambda: {"version": VERSION, "environment": settings.environment, "replica": replica()},
    )

    async def call_status() -> ToolResult:
        return await dispatcher.call_in_process("status", {}, START_CHECK_CLIENT)

    check = StartCheck(store=store, health=health, call_status=call_status, shutdown=shutdown)

    async def lifetime(_: web.Application) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(store.close)
            stack.push_async_callback(shared.close)
            await shared.open()
            stack.push_async_callback(_cancel, asyncio.create_task(check.run(), name="start-check"))
            yield

    app = web.Application(middlewares=[guard.middleware], client_max_size=settings.max_message_bytes)
    app.add_routes([*operations.routes(), *websocket.routes(), *http.routes()])
    app.cleanup_ctx.append(lifetime)
    app[HEALTH], app[SHUTDOWN], app[WEBSOCKET], app[HTTP] = health, shutdown, websocket, http
    return app


def replica() -> str:
    """Name this process among its replicas: the host name, which in a container is its id."""
    return socket.gethostname()


def _store(settings: Settings) -> Store:
    # Imported here, so that nothing is loaded that is not configured.
    if settings.store == "postgres" and settings.database_url is not None:
        from app.stores.postgres import PostgresStore

        return PostgresStore(settings.database_url)
    from app.stores import sqlite

    return sqlite.SqliteStore(settings.data_dir / sqlite.FILE_NAME)


def _shared(settings: Settings) -> Shared:
    if settings.redis_url is None:
        return InProcess()
    from app.shared.fallback import Fallback
    from app.shared.redis import RedisShared

    return Fallback(RedisShared(settings.redis_url))


def _guard(settings: Settings) -> Guard:
    public = settings.public_url.lower() if settings.public_url else None
    host = settings.public_host
    return Guard(
        clients={DEFAULT_CLIENT: hashlib.sha256(settings.auth_token.reveal().encode()).digest()},
        allowed_hosts=[*settings.allowed_hosts, *([host] if host else [])],
        allowed_origins=[
            *settings.allowed_origins,
            *([f"{public.partition('://')[0]}://{host}"] if public else []),
        ],
        trusted_proxies=[str(network) for network in settings.trusted_proxies],
    )


def _vendors_with_key(settings: Settings) -> frozenset[str]:
    keys = {catalog.KIMI.id: settings.kimi_api_key, catalog.GLM.id: settings.glm_api_key}
    return frozenset(vendor for vendor, key in keys.items() if key is not None)


def _dependencies(store: Store, shared: Shared, with_key: frozenset[str]) -> list[Dependency]:
    async def any_key() -> None:
        if not with_key:
            names = " or ".join(vendor.key_variable for vendor in catalog.VENDORS)
            raise LookupError(f"No vendor key is set, so no model can be called: set {names}.")

    return [
        Dependency("store", store.name, required=True, ping=store.ping),
        Dependency("shared state", shared.name, required=False, ping=shared.ping),
        Dependency("models", "vendor keys", required=False, ping=any_key),
    ]


async def _describe(
    settings: Settings,
    health: Health,
    with_key: frozenset[str],
    guard: Guard,
    websocket: WebSocketTransport,
    http: HttpTransport,
) -> Status:
    return Status(
        status=await health.readiness(),
        version=VERSION,
        environment=settings.environment,
        replica=replica(),
        uptime_seconds=int(health.uptime_seconds),
        connections=guard.connections,
        calls_in_flight=websocket.in_flight + http.in_flight,
        dependencies=[
            DependencyStatus.model_validate(report, from_attributes=True) for report in await health.reports()
        ],
        vendors=[
            VendorStatus(name=vendor.title, configured=vendor.id in with_key) for vendor in catalog.VENDORS
        ],
        limits=Limits(
            max_message_bytes=settings.max_message_bytes,
            call_timeout_seconds=settings.call_timeout,
            detach_after_seconds=settings.detach_after,
        ),
    )


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
