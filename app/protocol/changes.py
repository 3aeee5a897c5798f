"""Telling clients what has changed, in both eras.

Handshake sessions are told on the channel they listen on; stateless clients open a
`subscriptions/listen` request whose notifications are its answer (specification 2026-07-28,
basic/patterns/subscriptions). Telling never waits: a listener too slow for it is cut off.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from app.protocol import envelopes
from app.protocol.call import Call
from app.protocol.channel import Channel
from app.protocol.errors import InvalidParams
from app.protocol.metadata import SUBSCRIPTION_ID
from app.protocol.session import Session

FLAGS = {
    "toolsListChanged": "notifications/tools/list_changed",
    "promptsListChanged": "notifications/prompts/list_changed",
    "resourcesListChanged": "notifications/resources/list_changed",
}
UPDATED = "notifications/resources/updated"
_TASKS = "notifications/tasks"
"""Tasks live in one process, and so do those who are told of them."""

MAX_NAMED = 1000
"""Resources or tasks one subscription may name."""

Wanted = Callable[[str, dict[str, Any]], bool]
"""Tells whether a subscription wants to hear of a notification."""

Filter = Callable[[Call, dict[str, Any]], Awaitable[tuple[dict[str, Any], Wanted] | None]]
"""Given a subscription's filter, returns the part an extension agreed to; None when there is none."""


class Changes:
    """Everybody who listens, and what each wants to hear."""

    def __init__(self, flags: frozenset[str], *, resources: bool) -> None:
        self._flags = flags
        self._resources = resources
        self._sessions: dict[Session, Channel] = {}
        self._streams: dict[Call, Wanted] = {}
        self._over: dict[Call, asyncio.Future[None]] = {}
        self._closed = False
        self.relay: Callable[[str, dict[str, Any], str | None], None] | None = None
        """Takes over every change of what all replicas serve, and has each of them deliver it."""
        self.filters: list[Filter] = []
        """Extensions that agree to further parts of a subscription's filter."""

    def attach(self, session: Session, channel: Channel) -> None:
        """Tell a handshake session of changes on this channel from now on."""
        self._sessions[session] = channel

    def detach(self, session: Session) -> None:
        """Stop telling a session."""
        self._sessions.pop(session, None)

    def publish(
        self, method: str, params: dict[str, Any] | None = None, principal: str | None = None
    ) -> None:
        """Tell everybody who wants to hear of it, or only one principal, whose own it is.

        A change of one resource names it as `uri`.
        """
        if self.relay is None:
            self.deliver(method, params or {}, principal)
        else:
            self.relay(method, params or {}, principal)

    def deliver(self, method: str, params: dict[str, Any], principal: str | None = None) -> None:
        """Tell everybody who listens in this process, or only one principal."""
        if not method.startswith(_TASKS):
            plain = envelopes.notification(method, params or None)
            for session, channel in list(self._sessions.items()):
                if self.concern(session, method, params, principal):
                    channel.push(plain)
        for call, wanted in list(self._streams.items()):
            if principal in (None, call.principal) and wanted(method, params):
                tagged = params | {"_meta": {SUBSCRIPTION_ID: call.request_id}}
                call.channel.push(envelopes.notification(method, tagged))

    @staticmethod
    def concern(session: Session, method: str, params: dict[str, Any], principal: str | None = None) -> bool:
        """Tell whether a handshake session wants, and may, hear of a change."""
        if session.revision is None or principal not in (None, session.principal):
            return False
        return method != UPDATED or params.get("uri") in session.subscriptions

    async def listen(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Serve `subscriptions/listen` until the client leaves or the server shuts down."""
        agreed, wanted = await self._agree(call, params.get("notifications"))
        tag = {SUBSCRIPTION_ID: call.request_id}
        acknowledged = {"notifications": agreed, "_meta": tag}
        await call.channel.send(
            envelopes.notification("notifications/subscriptions/acknowledged", acknowledged)
        )
        if not self._closed:
            self._streams[call] = wanted
            over = self._over[call] = asyncio.get_running_loop().create_future()
            try:
                await over
            finally:
                del self._streams[call], self._over[call]
        return {"_meta": tag}

    def close(self) -> None:
        """End every subscription gracefully; later ones end at once."""
        self._closed = True
        for over in self._over.values():
            if not over.done():
                over.set_result(None)

    async def _agree(self, call: Call, asked: Any) -> tuple[dict[str, Any], Wanted]:
        if type(asked) is not dict:
            raise InvalidParams("'notifications' must be an object.")
        agreed: dict[str, Any] = {
            flag: True for flag in FLAGS if asked.get(flag) is True and flag in self._flags
        }
        methods = {FLAGS[flag] for flag in agreed}
        uris = named(asked, "resourceSubscriptions")
        if uris and self._resources:
            agreed["resourceSubscriptions"] = uris
        watched = frozenset(uris if self._resources else ())
        more: list[Wanted] = []
        for extension in self.filters:
            found = await extension(call, asked)
            if found is not None:
                agreed |= found[0]
                more.append(found[1])

        def wanted(method: str, params: dict[str, Any]) -> bool:
            return (
                method in methods
                or (method == UPDATED and params.get("uri") in watched)
                or any(extra(method, params) for extra in more)
            )

        return agreed, wanted


def named(asked: dict[str, Any], key: str) -> list[str]:
    """Return a list of names out of a subscription's filter.

    Raises:
        InvalidParams: it is not a list of strings, or too long.
    """
    names = asked.get(key) or []
    if type(names) is not list or len(names) > MAX_NAMED or not all(type(name) is str for name in names):
        raise InvalidParams(f"'{key}' must be a list of at most {MAX_NAMED} strings.")
    return names
