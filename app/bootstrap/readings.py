"""Where each metric that is not counted on the way is read: from the part that knows it."""

import platform
from collections.abc import Mapping

from msgspec import Struct
from yarl import URL

from app.bootstrap.models import Models
from app.clients.admission import ClientAdmission
from app.clients.live import LiveClients
from app.health import Health
from app.protocol.dispatcher import Dispatcher
from app.settings import Settings
from app.shared import Shared
from app.stores import Store
from app.telemetry import budgets, metrics
from app.telemetry.certificates import CertificateExpiry
from app.telemetry.readings import Read, Taken, Values
from app.telemetry.semantics import provider_name
from app.transports.guard import Guard
from app.transports.sealed_sessions import SealedSessions
from app.transports.websocket import WebSocketTransport
from app.version import VERSION


class Parts(Struct, frozen=True):
    """The parts of one server that are read."""

    settings: Settings
    store: Store
    shared: Shared
    health: Health
    models: Models
    dispatcher: Dispatcher
    guard: Guard
    admission: ClientAdmission
    clients: LiveClients
    sessions: SealedSessions
    websocket: WebSocketTransport


def readings(parts: Parts) -> Mapping[str, Read]:
    """Return every reading by the name under which its failure is counted."""

    def process() -> Taken:
        settings = parts.settings
        about = (
            VERSION,
            platform.python_version(),
            settings.environment,
            parts.store.name,
            parts.shared.name,
        )
        return {
            metrics.BUILD: {about: 1},
            metrics.CONNECTIONS: parts.guard.connections,
            metrics.WEBSOCKETS: parts.websocket.connections,
            metrics.SESSIONS: len(parts.sessions),
            metrics.CALLS: parts.dispatcher.in_flight,
            metrics.REFUSED: {(str(status),): count for status, count in parts.guard.refused.items()},
            metrics.REJECTED: {(str(code),): count for code, count in parts.dispatcher.rejected.items()},
            metrics.RATE_LIMITED: parts.admission.over_rate,
            metrics.JOBS_RUNNING: len(parts.models.jobs),
            metrics.DRAINING: parts.health.draining,
            metrics.SHARED_AWAY: parts.shared.away,
        }

    async def dependencies() -> Taken:
        readiness = await parts.health.readiness()
        up: Values = {(report.name, report.kind): float(report.ok) for report in await parts.health.reports()}
        return {metrics.READY: readiness.serving, metrics.DEPENDENCY: up}

    async def vendors() -> Taken:
        states = await parts.models.gateway.states()
        names = [(provider_name(state.vendor), state.model) for state in states]
        in_flight: Values = {name: float(state.in_flight) for name, state in zip(names, states, strict=True)}
        resting: Values = {
            name: float(state.open_until is not None) for name, state in zip(names, states, strict=True)
        }
        return {metrics.IN_FLIGHT: in_flight, metrics.BREAKER: resting}

    async def money() -> Taken:
        found = await budgets.standing(parts.models.budgets, parts.store, parts.clients.names)
        return {
            metrics.BUDGET_LIMIT: found.limit,
            metrics.BUDGET_USED: found.used,
            metrics.BUDGET_LEAST_LEFT: found.least_left,
        }

    found: dict[str, Read] = {
        "process": process,
        "dependencies": dependencies,
        "vendors": vendors,
        "budgets": money,
    }
    url = parts.settings.public_url
    if url is not None and url.startswith("https:"):
        found["certificate"] = CertificateExpiry(URL(url)).read
    return found
