"""Notices peers that have gone without a word: one timer for all of them.

Moving a timer with everything that arrives would cost as much as a small call; here whatever arrives
only sets a count back to nothing.
"""

import asyncio
from typing import Protocol

PING_AFTER = 8
"""Beats of silence after which a peer is pinged."""

DROP_AFTER = 12
"""Beats of silence after which it is dropped: half as long again."""


class Pulse(Protocol):
    """A peer that is listened to; `silent` is set to 0 whenever anything arrives from it."""

    silent: int

    def ping(self) -> None:
        """Ask the peer for a sign of life."""

    def drop(self) -> None:
        """Cut the connection; nothing has come for too long."""


class Heartbeat:
    """Pings a peer that has been silent for about `seconds`; half as long after that it is dropped."""

    def __init__(self, seconds: float) -> None:
        self._beat_seconds = seconds / PING_AFTER
        self._peers: set[Pulse] = set()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, peer: Pulse) -> None:
        """Begin to listen for a peer."""
        self._peers.add(peer)
        if self._timer is None:
            self._schedule()

    def forget(self, peer: Pulse) -> None:
        """Stop listening for a peer."""
        self._peers.discard(peer)
        if not self._peers and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._beat_seconds, self._beat)

    def _beat(self) -> None:
        self._schedule()
        for peer in list(self._peers):
            peer.silent += 1
            if peer.silent == PING_AFTER:
                peer.ping()
            elif peer.silent >= DROP_AFTER:
                peer.drop()
