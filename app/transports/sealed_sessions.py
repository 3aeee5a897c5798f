"""Sessions whose id carries them: any replica opens it without asking anyone who made it.

Inside the seal: a random name, when it was issued, the revision, what the client can do and is
called. Beside it, in the shared state and free to be lost: which names were closed, when each was
last used, its log level and subscriptions. A name without a record is simply alive.
"""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from itertools import islice
from typing import Protocol

import orjson

from app.protocol.sealing import Seal
from app.protocol.session import Session
from app.transports import session_ids
from app.transports.bus import Bus, Content

MAX_SESSIONS_PER_CLIENT = 1000
"""Past it, the client's longest unused session gives way."""

IDLE_SECONDS = 24 * 3600.0
"""How long a session nobody uses answers; it costs next to nothing, so a laptop may sleep a night."""

MAX_AGE_SECONDS = 7 * 24 * 3600.0
"""How long an id opens at all; as long, STATE_KEY_PREVIOUS is needed after a rotation."""

CONFIRM_SECONDS = 5.0
"""How long a replica trusts what it knows of a session; a closed one is also announced at once."""

MAX_LIVE = 10_000
"""Sessions a replica keeps at hand; the others are made anew from their ids."""

MAX_CLOSED_PER_CLIENT = 10_000
"""Closed names that are remembered a client; past it the one closed first is forgotten."""

NAME_BYTES = 12

_Record = tuple[bytes, float] | None


class Groups(Protocol):
    """The part of the shared state that keeps bounded groups."""

    async def keep(self, group: str, member: str, value: bytes, *, most: int, seconds: float) -> list[str]:
        """Put a member into a group, or refresh it; returns who had to leave."""

    async def kept(self, group: str, member: str) -> tuple[bytes, float] | None:
        """Return a member's value and how many seconds ago it was kept."""

    async def drop(self, group: str, member: str) -> None:
        """Take a member out of a group."""


class _Live:
    """A session at hand, and until when what is known of it holds."""

    __slots__ = ("confirmed", "ends", "session")

    def __init__(self, session: Session, ends: float, confirmed: float) -> None:
        self.session = session
        self.ends = ends
        self.confirmed = confirmed


class SealedSessions:
    """The `Sessions` of a server with any number of replicas."""

    def __init__(
        self,
        seal: Seal,
        groups: Groups,
        bus: Bus,
        *,
        max_sessions_per_client: int = MAX_SESSIONS_PER_CLIENT,
        idle_seconds: float = IDLE_SECONDS,
        max_age_seconds: float = MAX_AGE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.held: set[Session] = set()
        """Sessions that must stay at hand although nothing of theirs is running."""
        self.when_closed: Callable[[Session], object] = lambda _session: None
        """Called when a session at hand here was closed by another replica, or had to give way."""
        self._seal = seal
        self._groups = groups
        self._bus = bus
        self._most = max_sessions_per_client
        self._idle = idle_seconds
        self._max_age = max_age_seconds
        self._clock = clock
        # By principal and id, the longest unused first; and the same by name.
        self._live: OrderedDict[tuple[str, str], _Live] = OrderedDict()
        self._keys: dict[str, tuple[str, str]] = {}
        bus.on("session closed", self._on_closed)
        bus.on("session changed", self._on_changed)

    def __len__(self) -> int:
        return len(self._live)

    async def open(self, session: Session) -> str:
        """Give a session a name and return the id that carries it."""
        session.id = secrets.token_urlsafe(NAME_BYTES)
        now = self._clock()
        session_id = session_ids.issue(self._seal, session, now, self._max_age)
        live = _Live(session, now + self._max_age, now)
        self._remember(session_id, live)
        await self._touch(session)
        return session_id

    async def find(self, session_id: str, principal: str) -> Session | None:
        """Return the session of an id; None when it is forged, expired, closed or someone else's."""
        key = (principal, session_id)
        live = self._live.get(key)
        if live is None:
            live = await self._make(session_id, principal)
            if live is None:
                return None
            # Somebody else may have made it while we asked; there must be only one.
            known = self._live.get(key)
            if known is None:
                self._remember(session_id, live)
            live = known or live
        elif self._clock() - live.confirmed > CONFIRM_SECONDS and not await self._confirm(live):
            self._forget(live.session.id)
            return None
        if self._clock() > live.ends or self._keys.get(live.session.id) != key:
            return None
        self._live.move_to_end(key)
        return live.session

    async def close(self, session_id: str, principal: str) -> Session | None:
        """End a session for all replicas; returns it, or None as `find` does."""
        session = await self.find(session_id, principal)
        if session is not None:
            self._forget(session.id)
            await self._close_all(principal, [session.id])
            await self._groups.drop(_group(principal), session.id)
        return session

    async def save(self, session: Session) -> None:
        """Let all replicas know a session's log level and subscriptions."""
        await self._touch(session)
        self._bus.say("session changed", {"session": session.id, "state": session_ids.state(session)})

    def at_hand(self, name: str) -> Session | None:
        """Return a session this replica has at hand, by the name all replicas use."""
        key = self._keys.get(name)
        return None if key is None else self._live[key].session

    def of(self, principal: str) -> list[Session]:
        """Return a principal's sessions that this replica has at hand, the longest unused first."""
        return [live.session for (owner, _), live in self._live.items() if owner == principal]

    async def _make(self, session_id: str, principal: str) -> _Live | None:
        """Make a session from its id; None when it may not be used (any more)."""
        try:
            session, issued = session_ids.read(self._seal, session_id, principal)
        except ValueError:
            return None
        closed, record = await self._ask(session)
        if closed is not None or (record is not None and record[1] > self._idle):
            return None
        if record is not None:
            session_ids.restore(session, orjson.loads(record[0]))
        await self._touch(session)
        return _Live(session, issued + self._max_age, self._clock())

    async def _confirm(self, live: _Live) -> bool:
        """Ask whether a session was closed elsewhere or left idle, and mark it as used."""
        session = live.session
        live.confirmed = self._clock()
        closed, record = await self._ask(session)
        in_use = bool(session.calls) or session in self.held
        if closed is not None or (record is not None and record[1] > self._idle and not in_use):
            return False
        await self._touch(session)
        return True

    async def _ask(self, session: Session) -> tuple[_Record, _Record]:
        """Return the records of a session among the closed ones and among those in use."""
        return await asyncio.gather(
            self._groups.kept(_closed(session.principal), session.id),
            self._groups.kept(_group(session.principal), session.id),
        )

    async def _touch(self, session: Session) -> None:
        value = orjson.dumps(session_ids.state(session))
        gone = await self._groups.keep(
            _group(session.principal), session.id, value, most=self._most, seconds=self._max_age
        )
        if gone:
            await self._close_all(session.principal, gone)

    async def _close_all(self, principal: str, names: list[str]) -> None:
        for name in names:
            await self._groups.keep(
                _closed(principal), name, b"", most=MAX_CLOSED_PER_CLIENT, seconds=self._max_age
            )
        self._bus.say("session closed", {"sessions": names})

    def _remember(self, session_id: str, live: _Live) -> None:
        key = (live.session.principal, session_id)
        self._live[key] = live
        self._keys[live.session.id] = key
        for old in list(islice(self._live, max(0, len(self._live) - MAX_LIVE))):
            session = self._live[old].session
            if not session.calls and not session.asked and session not in self.held:
                self._forget(session.id)

    def _forget(self, name: str) -> None:
        key = self._keys.pop(name, None)
        if key is not None:
            del self._live[key]

    def _on_closed(self, content: Content) -> None:
        for name in content["sessions"]:
            session = self.at_hand(name)
            if session is not None:
                self._forget(name)
                self.when_closed(session)

    def _on_changed(self, content: Content) -> None:
        session = self.at_hand(content["session"])
        if session is not None:
            session_ids.restore(session, content["state"])


def _group(principal: str) -> str:
    return f"sessions:{principal}"


def _closed(principal: str) -> str:
    return f"closed:{principal}"
