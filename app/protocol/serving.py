"""Runs calls: a task each, within bounds, and the one boundary where their exceptions become errors."""

import asyncio
import logging
import secrets
from functools import partial
from time import perf_counter

from app.protocol import envelopes
from app.protocol.call import Call
from app.protocol.deadlines import Deadlines
from app.protocol.eager import start
from app.protocol.errors import Busy, Interrupted, ProtocolError
from app.protocol.inputs import InputRequired
from app.protocol.methods import Answer, Instant, Meter, Params, Served
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
        meter: Meter | None = None,
    ) -> None:
        self._deadlines = Deadlines(call_timeout_seconds)
        self._max_per_session = max_calls_per_session
        self._max_per_client = max_calls_per_client
        self._decorate = decorate
        self._meter = meter
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

    def at_once(self, call: Call, method: str, handler: Instant, params: Params) -> None:
        """Serve a call that never waits."""
        began = perf_counter()
        try:
            answer = handler(call, params)
        except BaseException as error:
            if self._meter is not None:
                self._meter.ended(method, params, error, perf_counter() - began)
            raise
        if self._meter is not None:
            self._meter.ended(method, params, answer, perf_counter() - began)
        self.finish(call, method, answer)

    def start(self, call: Call, method: str, handler: Served, params: Params) -> None:
        """Serve a call in a task of its own, which begins at once; one that has to wait is on the books."""
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        session = call.session
        began = perf_counter()
        session.beginning = call
        task = start(handler(call, params), loop, method)
        session.beginning = None
        if task.done():
            self._settle(call, method, params, began, task)
            return
        call.task = task
        if call.detached is None:
            session.calls[call.request_id] = call
        self._running[call.principal] = self._running.get(call.principal, 0) + 1
        # A subscription has no end of its own; the deadlines also keep running calls from being collected.
        self._deadlines.watch(call, forever=method == "subscriptions/listen")
        task.add_done_callback(partial(self._ended, call, method, params, began))
        if call.withdrawn or call.stopped is not None:  # by what its own first step did
            task.cancel()

    def finish(self, call: Call, method: str, answer: Answer) -> None:
        """Encode and deliver a result, in the form its revision has for it."""
        if call.revision.era == "stateless":
            hints = HINTS.get(method)
            answer = self._decorate(answer if hints is None else answer | hints)
        call.channel.finish(envelopes.result(call.request_id, answer))

    def _ended(
        self, call: Call, method: str, params: Params, began: float, task: "asyncio.Task[Answer]"
    ) -> None:
        self._deadlines.forget(call)
        self._running[call.principal] -= 1
        if not self._running[call.principal]:
            del self._running[call.principal]
        if call.detached is None:
            del call.session.calls[call.request_id]
        self._settle(call, method, params, began, task)

    def _settle(
        self, call: Call, method: str, params: Params, began: float, task: "asyncio.Task[Answer]"
    ) -> None:
        answer: Answer | None = None
        fault: ProtocolError | None = None
        outcome: Answer | BaseException
        try:
            outcome = answer = task.result()
        except InputRequired as needed:
            outcome, answer = needed, needed.answer
        except ProtocolError as error:
            outcome = fault = error
        except asyncio.CancelledError as error:
            outcome = error
            if call.stopped is not None:
                fault = Interrupted(f"Stopped because {call.stopped}.")
            elif not call.withdrawn:
                fault = unexpected(call.principal)
        except Exception as error:  # noqa: BLE001 - the one boundary: whatever a handler does wrong ends here
            outcome = error
            fault = unexpected(call.principal)
        if self._meter is not None:
            self._meter.ended(method, params, outcome, perf_counter() - began)
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
