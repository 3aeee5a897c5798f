"""The status page, wired: what it is shown of this replica, and by which means it reads and acts."""

import platform
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import asdict

from app.bootstrap.adapters import replica
from app.bootstrap.readings import Parts
from app.page.page import StatusPage, Views
from app.page.tickets import Tickets
from app.page.watching import Watching
from app.protocol.sealing import Seal
from app.protocol.session import Session
from app.tools.status import Status
from app.transports.bus import Bus
from app.version import VERSION

MOST_SESSIONS = 50
"""Sessions of one client that a replica names; how many there are it says all the same."""


def status_page(
    parts: Parts,
    *,
    seal: Seal,
    bus: Bus,
    describe: Callable[[str], Awaitable[Status]],
    changed: Callable[[str, str], None],
    in_flight: Callable[[], int],
) -> StatusPage:
    """Make the page; the guard asks it from then on for the cookies of visitors."""
    guard, clients, models, health = parts.guard, parts.clients, parts.models, parts.health
    since = datetime.now(UTC).isoformat(timespec="seconds")
    # Two processes of one host are two replicas.
    name = f"{replica()}/{secrets.token_hex(2)}"

    def tell(principal: str) -> dict[str, Any]:
        """Say what this replica does for a client; of others no more than how many connections there are."""
        sockets = [session for session in parts.websocket.sessions if session.principal == principal]
        sessions = [*sockets, *parts.sessions.of(principal)]
        return {
            "replica": name,
            "version": VERSION,
            "python": platform.python_version(),
            "since": since,
            "state": "draining" if health.draining else "serving" if health.started else "starting",
            "connections": guard.connections_of(principal),
            "all_connections": guard.connections,
            "calls": in_flight(),
            "sessions": [_session(session, session in sockets) for session in sessions[:MOST_SESSIONS]],
            "all_sessions": len(sessions),
            "jobs": [asdict(progress) for progress in models.jobs.progress(principal)],
        }

    views = Views(
        store=parts.store,
        jobs=models.jobs,
        describe=describe,
        owner=guard.owner,
        limits=models.budgets.limits,
        clients=lambda: clients.names,
        is_operator=clients.is_operator,
        changed=changed,
    )
    page = StatusPage(views, Tickets(seal, guard.mark), Watching(parts.shared, bus, tell))
    guard.visitor = page.visitor
    return page


def _session(session: Session, socket: bool) -> dict[str, Any]:
    return {
        "client": str(session.client.get("title") or session.client.get("name") or "")[:64],
        "version": str(session.client.get("version", ""))[:32],
        "transport": "WebSocket" if socket else "HTTP",
        "revision": session.revision.version if session.revision else None,
        "calls": len(session.calls),
    }
