"""One request being served, and what its handler may ask of the core."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from app.protocol import envelopes
from app.protocol.channel import Channel, Resumable
from app.protocol.errors import MissingCapability, ProtocolError
from app.protocol.logs import LEVELS
from app.protocol.metadata import CLIENT_CAPABILITIES, LOG_LEVEL, NO_META, TASKS
from app.protocol.revisions import Revision

if TYPE_CHECKING:  # a session holds its calls
    from app.protocol.session import Session

Questions = dict[str, dict[str, Any]]
"""Requests to the client by a key of ours: `{"method": …, "params": …}`."""

NEEDS = {
    "elicitation/create": "elicitation",
    "sampling/createMessage": "sampling",
    "roots/list": "roots",
}
"""The capability each question needs."""


class Asker(Protocol):
    """How a call gets answers when it cannot simply send a request and wait."""

    state: dict[str, Any]

    async def ask(self, questions: Questions) -> dict[str, Any]:
        """Return the answers by key, or end the call until they are there."""


class Detached(Asker, Protocol):
    """The task a call has become."""

    def settle(self, answer: dict[str, Any] | None, fault: ProtocolError | None) -> None:
        """Keep the outcome: an answer, a fault, or neither when it was cancelled."""


class Detacher(Protocol):
    """Who takes over a call that goes on as a task."""

    def serves(self, call: "Call") -> bool:
        """Tell whether the client of a call can follow it as a task."""

    async def adopt(self, call: "Call", task_id: str | None) -> Detached:
        """Answer the call with a task of this id, and keep its outcome for whoever asks for it."""


class Call(Struct, eq=False, weakref=True):
    """A request in flight.

    Handlers read `principal`, `request_id`, `protocol_version`, `capabilities` and `meta` (the
    request's `_meta`); they may report `progress`, `log`, `ask` the client, and `detach`.
    A handler whose call was withdrawn gets `asyncio.CancelledError`; `cancelled_by_client` then
    tells an explicit cancellation from a lost connection.
    """

    session: "Session"
    request_id: envelopes.RequestId
    revision: Revision
    channel: Channel
    meta: dict[str, Any] = NO_META
    cancelled_by_client: bool = False
    withdrawn: bool = False
    stopped: str | None = None
    deadline: int = 0
    task: asyncio.Task[dict[str, Any]] | None = None
    make_asker: Callable[[], Asker] | None = None
    detacher: Detacher | None = None
    detached: Detached | None = None
    _asker: Asker | None = None
    _state: dict[str, Any] | None = None
    _progress: float | None = None
    _closed: bool = False

    @property
    def principal(self) -> str:
        """Whose call it is."""
        return self.session.principal

    @property
    def protocol_version(self) -> str:
        """The revision this call is spoken in, for instance `2025-11-25`."""
        return self.revision.version

    @property
    def capabilities(self) -> dict[str, Any]:
        """What the client declared: with this request, or in its handshake."""
        if self.revision.era == "stateless":
            declared: dict[str, Any] = self.meta[CLIENT_CAPABILITIES]
            return declared
        return self.session.client_capabilities

    @property
    def asker(self) -> Asker | None:
        """Who gets this call its answers; made when it is first needed."""
        if self._asker is None and self.make_asker is not None:
            self._asker = self.make_asker()
        return self._asker

    @asker.setter
    def asker(self, asker: Asker) -> None:
        self._asker = asker

    @property
    def state(self) -> dict[str, Any]:
        """What the handler wants to find again when it is run anew with the client's answers."""
        asker = self.asker
        if asker is not None:
            return asker.state
        if self._state is None:
            self._state = {}
        return self._state

    async def progress(self, progress: float, total: float | None = None, message: str | None = None) -> None:
        """Report how far the call has come; does nothing unless the client asked to be told.

        The specification wants every value above the last, so one that is not is left out. Waits
        while the client reads slowly (specification: basic/utilities/progress).
        """
        last, token = self._progress, self.meta.get("progressToken")
        if token is None or self._closed or (last is not None and progress <= last):
            return
        self._progress = progress
        params: dict[str, Any] = {"progressToken": token, "progress": progress}
        if total is not None:
            params["total"] = total
        if message is not None and self.revision.annotations:
            params["message"] = message
        await self.channel.send(envelopes.notification("notifications/progress", params))

    async def log(self, level: str, data: Any, logger: str | None = None) -> None:
        """Send a log message to the client, if it wants messages of this level.

        `level` is one of `logs.LEVELS`. Stateless clients ask request by request, others by
        logging/setLevel (specification: server/utilities/logging).
        """
        wanted = self.meta.get(LOG_LEVEL) if self.revision.era == "stateless" else self.session.log_level
        if wanted not in LEVELS or LEVELS[level] < LEVELS[wanted] or self.withdrawn:
            return
        params: dict[str, Any] = {"level": level, "data": data}
        if logger is not None:
            params["logger"] = logger
        await self.channel.send(envelopes.notification("notifications/message", params))

    async def ask(self, questions: Questions) -> dict[str, Any]:
        """Ask the client, and return its result for each key.

        In the stateless revision the handler ends here and runs again from its start when the
        answers have come, so nothing before the last question may be harmful to do twice.

        Raises:
            MissingCapability: the client did not declare what a question needs.
            ProtocolError: the client answered with an error, or not in time.
        """
        needed = {NEEDS[question["method"]] for question in questions.values()}
        missing: dict[str, Any] = {name: {} for name in sorted(needed) if name not in self.capabilities}
        if missing:
            raise MissingCapability(missing)
        asker = self.asker
        if asker is not None:
            return await asker.ask(questions)
        asking = (
            self.session.request(self.channel, question["method"], question.get("params", {}))
            for question in questions.values()
        )
        return dict(zip(questions, await asyncio.gather(*asking), strict=True))

    async def detach(self, *, required: bool = False, task_id: str | None = None) -> bool:
        """Answer the client with a task now, and go on; returns whether the call is one.

        `task_id` is for work that has an unguessable name of its own; else one is made.

        A handler calls this when it knows that the answer will take long. From then on no
        disconnect stops the call, its outcome is fetched by tasks/get, and `ask` puts the task into
        `input_required`. A client without the Tasks extension goes on waiting as before.

        Raises:
            MissingCapability: `required`, and the client did not declare the extension.
        """
        if self.detached is None and self.detacher is not None and self.detacher.serves(self):
            self.detached = self.asker = await self.detacher.adopt(self, task_id)
        if required and self.detached is None:
            raise MissingCapability({"extensions": {TASKS: {}}})
        return self.detached is not None

    def close_stream(self) -> None:
        """Let the client go and come back for the rest, where its transport allows that (SEP-1699).

        Over HTTP of the handshake revisions the event stream ends, the call goes on, and the client
        resumes by Last-Event-ID. Elsewhere this does nothing.
        """
        if isinstance(self.channel, Resumable):
            self.channel.hang_up()

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
        """Tell of no more progress: nothing may follow the reply."""
        self._closed = True

    def _stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
