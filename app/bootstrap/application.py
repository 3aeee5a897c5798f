"""One web application: transports over a dispatcher over the tools, with everything that runs beside them."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiohttp import web

from app import contract, description
from app.bootstrap import adapters
from app.bootstrap.instruments import Instruments
from app.bootstrap.models import models
from app.bootstrap.page import status_page
from app.bootstrap.readings import Parts, readings
from app.clients.admission import ClientAdmission
from app.clients.live import LiveClients
from app.health import Health
from app.jobs.jobs import Jobs
from app.jobs.task_view import JobShelf
from app.page.page import StatusPage
from app.protocol.dispatcher import Dispatcher
from app.protocol.tools import Tool, ToolResult
from app.settings import Settings
from app.shutdown import Shutdown
from app.start_check import StartCheck
from app.tools import assembly
from app.tools.resources import after_jobs, news_of_threads
from app.tools.status import Status
from app.transports.bus import Bus
from app.transports.event_log import EventLog
from app.transports.fairness import Shares
from app.transports.guard import PRINCIPAL
from app.transports.http import HttpTransport
from app.transports.operations import Operations
from app.transports.replicas import Replicas
from app.transports.sealed_sessions import SealedSessions
from app.transports.task_shelf import TaskShelf
from app.transports.uploads import Uploads
from app.transports.websocket import WebSocketTransport
from app.version import VERSION

START_CHECK_CLIENT = "start-check"
INSTRUCTIONS = (
    "Two strong outside models, Kimi (Moonshot) and GLM (Z.ai), and threads that last. Ask with `chat`; pass "
    "the thread id below an answer to go on, with either model. An answer that takes long comes as a job: "
    "fetch it with `jobs`. `listmodels` says what there is and what it costs, `status` whether it works."
)

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
    limits, instruments = settings.server_file.limits, Instruments(settings)
    store = adapters.store(settings, *instruments.store)
    shared = adapters.shared(settings, *instruments.shared)
    bus = Bus(shared)
    about = models(settings, store, shared, bus, instruments)
    health = Health(adapters.dependencies(store, shared, about.with_key))
    shutdown = Shutdown()

    async def describe(principal: str) -> Status:
        # Looked up late: the guard and the transports are made from the dispatcher that tells this.
        return await description.describe(
            settings,
            health,
            about.with_key,
            about.gateway,
            await description.account_of(principal, store, about.budgets),
            replica=adapters.replica(),
            connections=guard.connections,
            calls=in_flight(),
        )

    def in_flight() -> int:
        return websocket.in_flight + http.in_flight

    def allows(principal: str, tool: str) -> bool:
        allowed = admission.tools(principal)
        return allowed is None or tool in allowed

    made_of = assembly.Parts(
        jobs=about.jobs,
        store=store,
        choice=about.choice,
        with_key=about.with_key,
        intake=about.intake,
        searches=about.searches,
        extractions=about.extractions,
        states=about.gateway.states,
        describe=describe,
        allows=allows,
        changed=news_of_threads(lambda uri, principal: dispatcher.resource_updated(uri, principal)),
    )
    about.jobs.when_ended = after_jobs(made_of.changed)
    prompts, resources, completer = assembly.beside_tools(made_of)
    tools: list[Tool[Any]] = [*assembly.all_tools(made_of), *more_tools]
    names = frozenset(tool.name for tool in tools)
    admission = ClientAdmission(shared, names)
    seal = adapters.seal(settings)
    dispatcher = Dispatcher(
        name=contract.NAME,
        title="EXAI: Kimi and GLM",
        version=VERSION,
        instructions=INSTRUCTIONS,
        tools=tools,
        prompts=prompts,
        resources=resources,
        completer=completer,
        seal=seal,
        admission=admission,
        call_timeout_seconds=settings.call_timeout,
        max_calls_per_session=limits.calls_per_session,
        max_calls_per_client=limits.calls_per_client,
        max_json_depth=limits.json_depth,
        around=instruments.around(names),
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
    sessions = SealedSessions(
        seal,
        shared,
        bus,
        max_sessions_per_client=limits.sessions_per_client,
        idle_seconds=limits.session_idle_seconds,
    )
    replicas = Replicas(dispatcher, sessions, bus, EventLog(shared))
    shelf = TaskShelf(dispatcher.tasks, shared, bus)
    dispatcher.tasks.shelf = JobShelf(shelf, store)
    http = HttpTransport(
        dispatcher,
        upgrade=websocket.serve,
        replicas=replicas,
        max_message_bytes=settings.max_message_bytes,
        body_seconds=limits.body_seconds,
    )
    uploads = Uploads(
        about.intake.keep,
        max_file_bytes=limits.file_bytes,
        upload_seconds=limits.upload_seconds,
        at_once=limits.uploads,
        draining=lambda: dispatcher.draining,
    )
    guard = adapters.guard(settings, shared, shares)
    clients = LiveClients(
        config_dir=settings.config_dir,
        auth_token=settings.auth_token,
        gate=guard,
        admission=admission,
        budgets=about.budgets,
        transports=(websocket, http),
    )
    clients.begin(settings.server_file)
    parts = Parts(
        settings=settings,
        store=store,
        shared=shared,
        health=health,
        models=about,
        dispatcher=dispatcher,
        guard=guard,
        admission=admission,
        clients=clients,
        sessions=sessions,
        websocket=websocket,
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

    page = status_page(
        parts, seal=seal, bus=bus, describe=describe, changed=made_of.changed, in_flight=in_flight
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
            stack.push_async_callback(instruments.close)
            stack.push_async_callback(store.close)
            stack.push_async_callback(shared.close)
            stack.push_async_callback(about.close)
            await shared.open()
            # Before any task that may publish.
            await stack.enter_async_context(replicas.running())
            works = (
                (start(), "start-check"),
                (clients.watch(), "clients"),
                (shelf.run(), "tasks"),
                (about.keeper.run(), "jobs"),
                (page.watching.run(), "page"),
                (about.look_round(), "vendors"),
            )
            for work, name in works:
                stack.push_async_callback(_cancel, asyncio.create_task(work, name=name))
            yield

    middlewares = [guard.middleware, *instruments.middlewares]
    app = web.Application(middlewares=middlewares, client_max_size=settings.max_message_bytes)
    app.add_routes(
        [*operations.routes(), *page.routes(), *websocket.routes(), *http.routes(), *uploads.routes()]
    )
    app.cleanup_ctx.append(lifetime)
    app[HEALTH], app[SHUTDOWN], app[WEBSOCKET], app[HTTP] = health, shutdown, websocket, http
    app[CLIENTS], app[DISPATCHER], app[JOBS], app[PAGE] = clients, dispatcher, about.jobs, page
    return app


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
