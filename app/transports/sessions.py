"""HTTP sessions of the handshake revisions: an id in a header stands for a `Session`."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from app.protocol.session import Session

ID_BYTES = 32
"""Randomness of a session id; the specification asks for ids nobody can guess."""

MAX_SESSIONS_PER_CLIENT = 1000
"""Past it, the client's longest idle session gives way."""

IDLE_SECONDS = 1800.0
"""How long a session nobody uses is kept; then its id answers 404 and the client starts anew."""


class Sessions(Protocol):
    """Where HTTP sessions live. An id opens only for the principal it was given to."""

    async def open(self, session: Session) -> str:
        """Keep a session and return its id."""

    async def find(self, session_id: str, principal: str) -> Session | None:
        """Return the session of an id; None when it is unknown, expired or someone else's."""

    async def close(self, session_id: str, principal: str) -> Session | None:
        """End a session; returns it, or None as `find` does."""


class LocalSessions:
    """Sessions in this process: bounded a principal, expiring when idle."""

    def __init__(
        self,
        *,
        max_sessions_per_client: int = MAX_SESSIONS_PER_CLIENT,
        idle_seconds: float = IDLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max = max_sessions_per_client
        self._idle = idle_seconds
        self._clock = clock
        # By principal, the longest unused first: (session, when last used) by id.
        self._kept: dict[str, OrderedDict[str, tuple[Session, float]]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._kept.values()))

    async def open(self, session: Session) -> str:
        """Keep a session and return its id."""
        self._expire()
        kept = self._kept.setdefault(session.principal, OrderedDict())
        if len(kept) >= self._max:
            kept.popitem(last=False)
        session_id = secrets.token_urlsafe(ID_BYTES)
        kept[session_id] = (session, self._clock())
        return session_id

    async def find(self, session_id: str, principal: str) -> Session | None:
        """Return the session of an id, used from now on."""
        kept = self._kept.get(principal)
        if kept is None or session_id not in kept or self._is_over(*kept[session_id]):
            return None
        session = kept[session_id][0]
        kept[session_id] = (session, self._clock())
        kept.move_to_end(session_id)
        return session

    async def close(self, session_id: str, principal: str) -> Session | None:
        """End a session."""
        session = await self.find(session_id, principal)
        if session is not None:
            del self._kept[principal][session_id]
        return session

    def _is_over(self, session: Session, used: float) -> bool:
        return not session.calls and self._clock() - used > self._idle

    def _expire(self) -> None:
        for principal, kept in list(self._kept.items()):
            # The longest unused come first, so the first one that stays ends the search.
            while kept and self._is_over(*next(iter(kept.values()))):
                kept.popitem(last=False)
            if not kept:
                del self._kept[principal]
