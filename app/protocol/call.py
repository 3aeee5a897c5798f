"""One request being served, and what its handler may ask of the core."""

import asyncio
from typing import Any

from app.protocol import envelopes
from app.protocol.channel import Channel
from app.protocol.revisions import Revision

ProgressToken = str | int

NO_META: dict[str, Any] = {}
"""Stands for an absent `_meta`; nobody writes to it."""


class Call:
    """A request in flight.

    Handlers read `principal`, `request_id`, `protocol_version` and `meta` (the request's `_meta`),
    and may report `progress`.
    A handler whose call was withdrawn gets `asyncio.CancelledError`; `cancelled_by_client` then
    tells an explicit cancellation from a lost connection.
    """

    __slots__ = (
        "_channel",
        "_progress",
        "_token",
        "cancelled_by_client",
        "deadline",
        "meta",
        "principal",
        "request_id",
        "revision",
        "started",
        "stopped",
        "task",
        "withdrawn",
    )

    def __init__(
        self,
        principal: str,
        request_id: envelopes.RequestId,
        revision: Revision,
        channel: Channel,
        meta: dict[str, Any] = NO_META,
    ) -> None:
        self.principal = principal
        self.request_id = request_id
        self.revision = revision
        self.meta = meta
        self.cancelled_by_client = False
        self.withdrawn = False
        self.started = False
        self.stopped: str | None = None
        self.deadline = 0
        self.task: asyncio.Task[None] | None = None
        self._channel = channel
        self._token: ProgressToken | None = meta.get("progressToken")
        self._progress: float | None = None

    @property
    def protocol_version(self) -> str:
        """The revision this call is spoken in, for instance `2025-11-25`."""
        return self.revision.version

    async def progress(self, progress: float, total: float | None = None, message: str | None = None) -> None:
        """Report how far the call has come; does nothing unless the client asked to be told.

        The specification wants every value above the last, so one that is not is left out. Waits
        while the client reads slowly (specification: basic/utilities/progress).
        """
        last = self._progress
        if self._token is None or (last is not None and progress <= last):
            return
        self._progress = progress
        params: dict[str, Any] = {"progressToken": self._token, "progress": progress}
        if total is not None:
            params["total"] = total
        if message is not None and self.revision.annotations:
            params["message"] = message
        await self._channel.send(envelopes.notification("notifications/progress", params))

    def cancel(self, *, by_client: bool) -> None:
        """Stop the call; nothing more will be sent for it."""
        self.cancelled_by_client = self.cancelled_by_client or by_client
        self.withdrawn = True
        self.close()
        self._stop()

    def stop(self, reason: str) -> None:
        """Stop the call for a reason of ours, the rest of a sentence; it is still answered."""
        self.stopped = reason
        self._stop()

    def close(self) -> None:
        """Forget the progress token: nothing may follow the reply."""
        self._token = None

    def _stop(self) -> None:
        # A task cancelled before its first step would never reach its own cleanup.
        if self.started and self.task is not None:
            self.task.cancel()
