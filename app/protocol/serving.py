"""Runs calls: a task each, within bounds, and the one boundary where their exceptions become errors."""

import asyncio
import logging
import secrets
from functools import partial

from app.protocol import envelopes
from app.protocol.call import Call
from app.protocol.deadlines import Deadlines
from app.protocol.eager import start
from app.protocol.errors import Busy, Interrupted, ProtocolError
from app.protocol.inputs import InputRequired
from app.protocol.methods import Answer, Params, Served
from app.protocol.stateless import HINTS, Decorate

logger = logging.getLogger(__name__)

CALL_TIMEOUT_SECONDS = 600.0
"""The contract's CALL_TIMEOUT; bootstrap passes the configured one."""

MAX_CALLS_PER_SESSION = 64
"""Requests one session may have in flight; the next one is answered `Busy`."""

MAX_CALLS_PER_CLIENT = 256
"""Requests one client may have in flight over all its sessions, tasks included."""


class Serving:
    """Starts calls, bounds them, and answers each exactly once."""

    def __init__(
        self,
        *,
        call_timeout_seconds: float,
        max_calls_per_session: int,
        max_calls_per_client: int,
        decorate: Decorate,
    ) -> None:
        self._deadlines = Deadlines(call_timeout_seconds)
        self._max_per_session = max_calls_per_session
        self._max_per_client = max_calls_per_client
        self._decorate = decorate
        self._running: dict[str, int] = {}
        # Asked for once: before 3.12 it is a system call each time.
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        return len(self._deadlines)

    def check_room(self, call: Call) -> None:
        """Refuse a call too many before anything of it is done.

        Raises:
            Busy: its session or its client has as many calls in flight as it may.
        """
        if len(call.session.calls) >= self._max_per_session:
            raise Busy(
                f"This session has as many calls in flight as it may ({self._max_per_session}); wait for one "
                "to finish, then try again."
            )
        if self._running.get(call.principal, 0) >= self._max_per_client:
            raise Busy(
                f"This client has as many calls in flight as it may ({self._max_per_client}); wait, then try "
                "again."
            )

    def start(self, call: Call, method: str, handler: Served, params: Params) -> None:
        """Serve a call in a task of its own, which begins at once; one that has to wait is on the books."""
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        session = call.session
        session.beginning = call
        task = start(handler(call, params), loop, method)
        session.beginning = None
        if task.done():
            self._settle(call, method, task)
            return
        call.task = task
        if call.detached is None:
            session.calls[call.request_id] = call
        self._running[call.principal] = self._running.get(call.principal, 0) + 1
        # A subscription has no end of its own; the deadlines also keep running calls from being collected.
        self._deadlines.watch(call, forever=method == "subscriptions/listen")
        task.add_done_callback(partial(self._ended, call, method))
        if call.withdrawn or call.stopped is not None:  # by what its own first step did
            task.cancel()

    def finish(self, call: Call, method: str, answer: Answer) -> None:
        """Encode and deliver a result, in the form its revision has for it."""
        if call.revision.era == "stateless":
            hints = HINTS.get(method)
            answer = self._decorate(answer if hints is None else answer | hints)
        call.channel.finish(envelopes.result(call.request_id, answer))

    def _ended(self, call: Call, method: str, task: "asyncio.Task[Answer]") -> None:
        self._deadlines.forget(call)
        self._running[call.principal] -= 1
        if not self._running[call.principal]:
            del self._running[call.principal]
        if call.detached is None:
            del call.session.calls[call.request_id]
        self._settle(call, method, task)

    def _settle(self, call: Call, method: str, task: "asyncio.Task[Answer]") -> None:
        answer: Answer | None = None
        fault: ProtocolError | None = None
        try:
            answer = task.result()
        except InputRequired as needed:
            answer = needed.answer
        except ProtocolError as error:
            fault = error
        except asyncio.CancelledError:
            if call.stopped is not None:
                fault = Interrupted(f"Stopped because {call.stopped}.")
            elif not call.withdrawn:
                fault = unexpected(call.principal)
        except Exception:  # noqa: BLE001 - the one boundary: whatever a handler does wrong ends here
            fault = unexpected(call.principal)
        if call.detached is not None:
            call.detached.settle(answer, fault)
            return
        call.close()
        self._answer(call, method, answer, fault)

    def _answer(self, call: Call, method: str, answer: Answer | None, fault: ProtocolError | None) -> None:
        if call.withdrawn:
            call.channel.finish(None)
            return
        if answer is not None:
            try:
                self.finish(call, method, answer)
            except TypeError:  # a handler returned what is not JSON
                fault = unexpected(call.principal)
        if fault is not None:
            call.channel.finish(envelopes.failure(call.request_id, fault), fault.code)


def unexpected(principal: str) -> ProtocolError:
    """Log the exception nobody expected, and tell the peer only where to look it up."""
    reference = secrets.token_hex(4)
    logger.exception("call failed unexpectedly", extra={"reference": reference, "principal": principal})
    return ProtocolError(f"The server failed on this call; its log has the details under {reference}.")
