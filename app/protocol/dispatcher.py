"""The waist of the server: a message goes in, its reply comes out through a channel.

Transports know bytes and sockets, handlers know tools; neither knows the other. Dispatch is a dict
from method to handler. `_serve` and `dispatch` are the only places where an exception becomes a
wire error.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from app.protocol import envelopes
from app.protocol.call import NO_META, Call
from app.protocol.channel import BatchChannel, Channel, SilentChannel
from app.protocol.deadlines import Deadlines
from app.protocol.envelopes import RequestId
from app.protocol.errors import (
    Busy,
    Draining,
    Interrupted,
    InvalidParams,
    InvalidRequest,
    MethodNotFound,
    ProtocolError,
)
from app.protocol.lifecycle import Lifecycle
from app.protocol.revisions import LATEST_HANDSHAKE
from app.protocol.serving import start
from app.protocol.session import Session
from app.protocol.tool_table import ToolTable
from app.protocol.tools import Tool, ToolResult

logger = logging.getLogger(__name__)

CALL_TIMEOUT_SECONDS = 600.0
"""The contract's CALL_TIMEOUT; bootstrap passes the configured one."""

MAX_CALLS_PER_SESSION = 64
"""Requests one session may have in flight; the next one is answered `Busy`."""

MAX_BATCH = MAX_CALLS_PER_SESSION
"""Messages one batch may hold; more could not run at once anyway."""

Params = dict[str, Any]
Answer = dict[str, Any]


class Dispatcher:
    """Serves MCP to any number of sessions over any transport."""

    def __init__(
        self,
        *,
        name: str,
        version: str,
        instructions: str,
        tools: Sequence[Tool[Any]],
        title: str | None = None,
        call_timeout_seconds: float = CALL_TIMEOUT_SECONDS,
        max_calls_per_session: int = MAX_CALLS_PER_SESSION,
    ) -> None:
        self.draining = False
        """Set while shutting down: calls are refused, what runs is finished."""
        self._tools = ToolTable(tools)
        self._deadlines = Deadlines(call_timeout_seconds)
        self._max_calls = max_calls_per_session
        server_info = {"name": name, "title": title or name, "version": version}
        lifecycle = Lifecycle(server_info=server_info, instructions=instructions, capabilities={"tools": {}})
        # Answered at once, within the loop turn that read the request.
        self._instant: dict[str, Callable[[Session, Params], Answer]] = {
            "initialize": lifecycle.initialize,
            "ping": lambda _session, _params: {},
            "tools/list": self._list_tools,
        }
        # Served by a task of their own.
        self._served: dict[str, Callable[[Call, Params], Awaitable[Answer]]] = {
            "tools/call": self._tools.call,
        }
        self._notified: dict[str, Callable[[Session, Params], None]] = {
            "notifications/cancelled": _cancelled,
        }

    @property
    def in_flight(self) -> int:
        """How many calls are running, over all sessions and transports."""
        return len(self._deadlines)

    async def call_in_process(self, tool: str, arguments: dict[str, Any], principal: str) -> ToolResult:
        """Call a tool without a transport, for instance to check that the server works.

        Raises:
            ProtocolError: there is no such tool.
        """
        call = Call(principal, "in-process", LATEST_HANDSHAKE, SilentChannel())
        return await self._tools.run(call, tool, arguments)

    def receive(self, session: Session, channel: Channel, data: bytes | str) -> bool:
        """Parse one frame and dispatch it; returns as `dispatch` does."""
        try:
            message = envelopes.decode(data)
        except ProtocolError as error:
            channel.finish(envelopes.failure(None, error), error.code)
            return True
        return self.dispatch(session, channel, message)

    def dispatch(self, session: Session, channel: Channel, message: Any) -> bool:
        """Serve one decoded message.

        Returns whether `channel.finish` was or will be called for it, exactly once: true of
        requests and of what is not a message, false of notifications and responses.
        """
        request_id: RequestId | None = None
        try:
            if type(message) is not dict:
                if type(message) is list:
                    return self._batch(session, channel, message)
                raise InvalidRequest("A message must be a JSON object.")
            method = message.get("method")
            params = message.get("params")
            if params is None:
                params = {}
            if "id" not in message:
                return self._notification(session, message, method, params)
            if type(message["id"]) is not str and type(message["id"]) is not int:
                raise InvalidRequest("'id' must be a string or an integer.")
            request_id = message["id"]
            if message.get("jsonrpc") != "2.0":
                raise InvalidRequest("'jsonrpc' must be \"2.0\".")
            if method is None and ("result" in message or "error" in message):
                return False
            if type(method) is not str:
                raise InvalidRequest("'method' must be a string.")
            if type(params) is not dict:
                raise InvalidRequest("'params' must be an object.")
            self._request(session, channel, request_id, method, params)
        except ProtocolError as error:
            channel.finish(envelopes.failure(request_id, error), error.code)
        return True

    def _request(
        self, session: Session, channel: Channel, request_id: RequestId, method: str, params: Params
    ) -> None:
        if self.draining and method != "ping":
            raise Draining("The server is shutting down and did not run this; try again in a few seconds.")
        revision = session.revision
        if revision is None and method not in {"initialize", "ping"}:
            raise InvalidRequest("Send initialize first.")
        if request_id in session.calls:
            raise InvalidRequest("This id is already in flight; use a new one for each request.")
        handler = self._served.get(method)
        if handler is None or revision is None:
            answer = self._instant.get(method)
            if answer is None:
                raise MethodNotFound(f"There is no method {method!r:.80}.")
            channel.finish(envelopes.result(request_id, answer(session, params)))
            return
        if len(session.calls) >= self._max_calls:
            raise Busy(f"{self._max_calls} calls are in flight; wait for one to finish and send this again.")
        call = Call(session.principal, request_id, revision, channel, _meta(params))
        session.calls[request_id] = call
        self._deadlines.watch(call)
        call.task = start(self._serve(session, call, channel, handler, params))

    async def _serve(
        self,
        session: Session,
        call: Call,
        channel: Channel,
        handler: Callable[[Call, Params], Awaitable[Answer]],
        params: Params,
    ) -> None:
        call.started = True
        reply: bytes | None = None
        fault: ProtocolError | None = None
        try:
            if not call.withdrawn:
                reply = envelopes.result(call.request_id, await handler(call, params))
        except ProtocolError as error:
            fault = error
        except asyncio.CancelledError:
            fault = (
                _unexpected(call) if call.stopped is None else Interrupted(f"Stopped because {call.stopped}.")
            )
        except Exception:  # noqa: BLE001 - the one boundary: whatever a handler does wrong ends here
            fault = _unexpected(call)
        finally:
            call.close()
            del session.calls[call.request_id]
            self._deadlines.forget(call)
            if call.withdrawn:
                channel.finish(None)
            elif fault is not None:
                channel.finish(envelopes.failure(call.request_id, fault), fault.code)
            else:
                channel.finish(reply)

    def _batch(self, session: Session, channel: Channel, messages: list[Any]) -> bool:
        if session.revision is None or not session.revision.batches:
            raise InvalidRequest("Batches belong to revision 2025-03-26 only; send one message at a time.")
        if not messages or len(messages) > MAX_BATCH:
            raise InvalidRequest(f"A batch holds 1 to {MAX_BATCH} messages.")
        if any(type(message) is list for message in messages):
            raise InvalidRequest("A batch cannot hold a batch.")
        gathered = BatchChannel(channel)
        replies = sum([self.dispatch(session, gathered, message) for message in messages])
        if replies:
            gathered.expect(replies)
        return replies > 0

    def _notification(self, session: Session, message: dict[str, Any], method: Any, params: Any) -> bool:
        if message.get("jsonrpc") != "2.0" or type(method) is not str or type(params) is not dict:
            raise InvalidRequest("This is not a JSON-RPC 2.0 message.")
        handler = self._notified.get(method)
        if handler is not None:
            handler(session, params)
        return False

    def _list_tools(self, session: Session, params: Params) -> Answer:
        assert session.revision is not None, "only initialize and ping come before the handshake"  # noqa: S101
        return self._tools.list(session.revision, params)


def _cancelled(session: Session, params: Params) -> None:
    """Stop the call a client no longer wants; an unknown id is ignored, as the specification asks."""
    request_id = params.get("requestId")
    if type(request_id) is str or type(request_id) is int:
        call = session.calls.get(request_id)
        if call is not None:
            call.cancel(by_client=True)


def _meta(params: Params) -> dict[str, Any]:
    meta = params.get("_meta")
    if meta is None:
        return NO_META
    if type(meta) is not dict:
        raise InvalidParams("'_meta' must be an object.")
    token = meta.get("progressToken")
    if token is not None and type(token) is not str and type(token) is not int:
        raise InvalidParams("'progressToken' must be a string or an integer.")
    return meta


def _unexpected(call: Call) -> ProtocolError:
    """Log what a handler did not expect, and tell the peer only where to look it up."""
    reference = secrets.token_hex(4)
    logger.exception("call failed unexpectedly", extra={"reference": reference, "principal": call.principal})
    return ProtocolError(f"The server failed on this call; its log has the details under {reference}.")
