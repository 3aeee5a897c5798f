"""How clients come in: the guard before everything, and a transport for each way to speak MCP."""

from msgspec import Struct

from app.bootstrap import adapters
from app.bootstrap.core import Core
from app.bootstrap.models import Models
from app.clients.live import LiveClients
from app.jobs.task_view import JobShelf
from app.protocol.sealing import Seal
from app.settings import Settings
from app.shared import Shared
from app.stores import Store
from app.transports.bus import Bus
from app.transports.event_log import EventLog
from app.transports.fairness import Shares
from app.transports.guard import Guard
from app.transports.http import HttpTransport
from app.transports.replicas import Replicas
from app.transports.sealed_sessions import SealedSessions
from app.transports.task_shelf import TaskShelf
from app.transports.uploads import Uploads
from app.transports.websocket import WebSocketTransport


class Doors(Struct, frozen=True):
    """The guard, the clients it knows, and the transports behind it."""

    guard: Guard
    clients: LiveClients
    websocket: WebSocketTransport
    http: HttpTransport
    uploads: Uploads
    sessions: SealedSessions
    replicas: Replicas
    shelf: TaskShelf


def doors(
    settings: Settings, *, store: Store, shared: Shared, bus: Bus, models: Models, core: Core, seal: Seal
) -> Doors:
    """Make them; tasks are from now on shown to every replica."""
    limits, dispatcher = settings.server_file.limits, core.dispatcher
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
        models.intake.keep,
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
        admission=core.admission,
        budgets=models.budgets,
        transports=(websocket, http),
    )
    clients.begin(settings.server_file)
    core.load.connections = lambda: guard.connections
    core.load.calls = lambda: websocket.in_flight + http.in_flight
    return Doors(guard, clients, websocket, http, uploads, sessions, replicas, shelf)
