"""The official suite's fixtures on our own core, guard and transports; for tests only."""

from collections.abc import AsyncIterator

from aiohttp import web

from app.protocol.dispatcher import Dispatcher
from app.protocol.sealing import Seal
from app.shared.in_process import InProcess
from app.transports.bus import Bus
from app.transports.event_log import EventLog
from app.transports.guard import Guard
from app.transports.http import HttpTransport
from app.transports.replicas import Replicas
from app.transports.sealed_sessions import SealedSessions
from app.transports.websocket import WebSocketTransport
from tests.conformance.fixture_server import (
    asking_tools,
    input_required_tools,
    notifying_tools,
    prompts,
    resources,
    schema_tools,
    simple_tools,
    task_tools,
)

ANYBODY = "conformance"
"""The principal of the suite, which has no way to send a token."""


def application(guard: Guard | None = None) -> web.Application:
    """Wire the fixture server as the product is wired; without a guard of its own it is open to anybody."""
    seal = Seal()
    dispatcher = Dispatcher(
        seal=seal,
        name="conformance-fixtures",
        version="1.0.0",
        instructions="Fixtures of the official conformance suite.",
        tools=[
            *simple_tools.tools(),
            *asking_tools.tools(),
            *input_required_tools.tools(),
            *task_tools.tools(),
            # Looked up late: the tools that report changes are part of what they report to.
            *notifying_tools.tools(lambda kind: dispatcher.list_changed(kind)),
            *schema_tools.tools(),
        ],
        prompts=prompts.prompts(),
        resources=resources.resources(),
        completer=prompts.complete,
        logging=True,
    )
    shared = InProcess()
    bus = Bus(shared)
    sessions = SealedSessions(seal, shared, bus)
    replicas = Replicas(dispatcher, sessions, bus, EventLog(shared))
    websocket = WebSocketTransport(dispatcher)
    http = HttpTransport(dispatcher, upgrade=websocket.serve, replicas=replicas)

    async def lifetime(_: web.Application) -> AsyncIterator[None]:
        async with replicas.running():
            yield

    guard = guard or Guard(clients={}, anonymous=ANYBODY)
    app = web.Application(middlewares=[guard.middleware])
    app.add_routes([*websocket.routes(), *http.routes()])
    app.cleanup_ctx.append(lifetime)
    return app
