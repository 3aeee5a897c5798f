"""One session, many replicas: what arrives here and belongs there, and the other way round.

A cancellation or an answer may reach a replica that does not run the call; a change may happen
where the session's stream is not; a stream may be picked up where it did not begin.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

from app.protocol import envelopes
from app.protocol.channel import SilentChannel
from app.protocol.dispatcher import Dispatcher
from app.protocol.session import Session
from app.transports.bus import Bus, Content
from app.transports.event_log import EventLog
from app.transports.events import Exchange, Recorder, event, priming
from app.transports.sealed_sessions import SealedSessions

FLUSH_SECONDS = 2.0
"""How long the end of a replica waits until what it still has to tell is told."""

CHANGED = "b."
"""How ids of events begin that tell a change: the rest is a position on the bus."""

_POSITION = re.compile(r"b\.\d{1,15}-\d{1,9}", re.ASCII)

MOST_MISSED = 50
"""Changes a stream may catch up with; below what an exchange holds for a slow reader."""

CHANGES_SESSION = frozenset({"logging/setLevel", "resources/subscribe", "resources/unsubscribe"})
"""The methods whose effect on a session all replicas must know."""


class Replicas:
    """What the HTTP transport needs to serve sessions that others serve too."""

    def __init__(self, dispatcher: Dispatcher, sessions: SealedSessions, bus: Bus, log: EventLog) -> None:
        self.sessions = sessions
        self.end_stream: Callable[[Session], object] = lambda _session: None
        """Ends the GET stream of a session here, if there is one."""
        self._dispatcher = dispatcher
        self._bus = bus
        self._log = log
        bus.on("messages", self._on_messages)
        bus.on("change", self._on_change)
        bus.on("listening", self._on_listening)
        dispatcher.changes.relay = self._relay
        sessions.when_closed = lambda session: self.end_stream(session)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hear the other replicas for as long as the context lasts; tell what is left at its end."""
        await self._bus.begin()
        works = [
            asyncio.create_task(self._bus.run(), name="bus"),
            asyncio.create_task(self._log.presence.run(), name="presence"),
        ]
        try:
            yield
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SECONDS):
                    await self._log.flush(FLUSH_SECONDS)
                    await self._bus.flush()

    def recorder(self, session: Session, message: Any) -> Recorder:
        """Name and keep the events of one POST."""
        return self._log.recorder(session, message)

    def not_here(self, session: Session, message: Any) -> list[Content]:
        """Return the parts of a message that belong to calls which do not run here."""
        if type(message) is dict:
            return [message] if _is_elsewhere(session, message) else []
        if type(message) is list:
            return [part for part in message if type(part) is dict and _is_elsewhere(session, part)]
        return []

    def tell(self, session: Session, messages: list[Content]) -> None:
        """Offer messages of a session to all replicas."""
        self._bus.say("messages", {"session": session.id, "messages": messages})

    @staticmethod
    def changes_session(message: Any) -> bool:
        """Tell whether a message changes what all replicas must know of its session."""
        if type(message) is list:
            return any(map(Replicas.changes_session, message))
        if type(message) is not dict:
            return False
        method = message.get("method")
        return type(method) is str and method in CHANGES_SESSION

    async def listen(self, session: Session, exchange: Exchange, last_event_id: str | None) -> None:
        """Tell a session of changes on a GET stream here, from now on and nowhere else.

        With the id of an event, the changes since then come first, as far as they are still kept.
        """
        if last_event_id is not None and _POSITION.fullmatch(last_event_id) is None:
            last_event_id = None
        exchange.recorder = _Positions(session, self._bus, last_event_id)
        self._dispatcher.changes.attach(session, exchange)
        self.sessions.held.add(session)
        self._bus.say("listening", {"session": session.id, "by": self._log.presence.name})
        if last_event_id:
            for text in await self._missed(session, last_event_id):
                exchange.push_event(text)

    def leave(self, session: Session) -> None:
        """Stop telling a session."""
        self._dispatcher.changes.detach(session)
        self.sessions.held.discard(session)

    async def resume(self, session: Session, exchange: Exchange, last_event_id: str) -> bool:
        """Feed an exchange with the later events of a POST; False when they are not kept (any more)."""
        return await self._log.resume(session, last_event_id, exchange)

    async def _missed(self, session: Session, last_event_id: str) -> list[bytes]:
        """Return the changes a GET stream has missed since an event, each once, the newest of them."""
        found: dict[bytes, str] = {}
        for position, kind, content in await self._bus.since(last_event_id.removeprefix(CHANGED)):
            if kind == "change" and self._dispatcher.changes.concern(session, **content):
                told = envelopes.notification(content["method"], content["params"] or None)
                found.pop(told, None)
                found[told] = position
        return [event(told, f"{CHANGED}{at}".encode()) for told, at in [*found.items()][-MOST_MISSED:]]

    def _relay(self, method: str, params: Content, principal: str | None) -> None:
        self._bus.say("change", {"method": method, "params": params, "principal": principal})

    def _on_change(self, content: Content) -> None:
        self._dispatcher.changes.deliver(**content)

    def _on_messages(self, content: Content) -> None:
        session = self.sessions.at_hand(content["session"])
        if session is not None:
            for message in content["messages"]:
                self._dispatcher.dispatch(session, SilentChannel(), message)

    def _on_listening(self, content: Content) -> None:
        session = self.sessions.at_hand(content["session"])
        if session is not None and content["by"] != self._log.presence.name:
            self.end_stream(session)


class _Positions:
    """Names the events of a GET stream after the places on the bus they come from."""

    def __init__(self, session: Session, bus: Bus, last_event_id: str | None) -> None:
        self._session = session
        self._bus = bus
        self._last_event_id = last_event_id

    def begin(self) -> bytes:
        revision = self._session.revision
        if revision is None or not revision.primed:
            return b""
        # What was missed has not been sent yet: whoever comes back now must come back for that.
        first = self._last_event_id.encode() if self._last_event_id else self._id()
        return priming(first)

    def record(self, message: bytes) -> bytes:
        return event(message, self._id())

    def end(self) -> None:
        """Nothing to keep: the bus is the log."""

    def _id(self) -> bytes:
        return f"{CHANGED}{self._bus.position}".encode()


def _is_elsewhere(session: Session, message: Content) -> bool:
    # Ids are checked first: what is neither text nor a number is nobody's, and cannot be looked up.
    if "id" in message:
        answered = message["id"]
        return "method" not in message and type(answered) is str and answered not in session.asked
    params = message.get("params")
    if message.get("method") != "notifications/cancelled" or type(params) is not dict:
        return False
    request_id = params.get("requestId")
    return isinstance(request_id, (str, int)) and request_id not in session.calls
