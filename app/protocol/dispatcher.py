"""The waist of the server: a message goes in, its reply comes out through a channel.

Transports know bytes and sockets, handlers know tools; neither knows the other. Dispatch is a dict
from method to handler. `_serve` and `dispatch` are the only places where an exception becomes a
wire error.
"""

import asyncio
import logging
import secrets
from collections.abc import Sequence
from typing import Any

from app.protocol import envelopes
from app.protocol.call import Call
from app.protocol.changes import FLAGS, UPDATED, Changes
from app.protocol.channel import BatchChannel, Channel, SilentChannel
from app.protocol.completions import Completer, Completions
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
from app.protocol.inputs import InputRequired, Inputs
from app.protocol.lifecycle import Lifecycle
from app.protocol.metadata import NO_META, PROTOCOL_VERSION, TASKS
from app.protocol.methods import ASKS, Answer, Features, Params, Served
from app.protocol.prompts import Prompt, PromptTable
from app.protocol.resources import Resource, ResourceTable
from app.protocol.revisions import LATEST_HANDSHAKE, named_in
from app.protocol.sealed import Seal
from app.protocol.serving import start
from app.protocol.session import Session
from app.protocol.stateless import Stateless, hints
from app.protocol.tasks import Tasks, supports
from app.protocol.tool_table import ToolTable
from app.protocol.tools import Tool, ToolResult

logger = logging.getLogger(__name__)

CALL_TIMEOUT_SECONDS = 600.0
"""The contract's CALL_TIMEOUT; bootstrap passes the configured one."""

MAX_CALLS_PER_SESSION = 64
"""Requests one session may have in flight; the next one is answered `Busy`."""

MAX_BATCH = MAX_CALLS_PER_SESSION
"""Messages one batch may hold; more could not run at once anyway."""

BEFORE_HANDSHAKE = frozenset({"initialize", "ping"})


class Dispatcher:
    """Serves MCP to any number of sessions over any transport.

    `state_keys` seal what travels through clients: the first one seals, all of them open; without
    any, a key of this process is made, and what it sealed ends with it. All replicas need the same.
    """

    def __init__(
        self,
        *,
        name: str,
        version: str,
        instructions: str,
        tools: Sequence[Tool[Any]],
        prompts: Sequence[Prompt[Any]] = (),
        resources: Sequence[Resource] = (),
        completer: Completer | None = None,
        logging: bool = False,
        title: str | None = None,
        state_keys: Sequence[bytes] = (),
        call_timeout_seconds: float = CALL_TIMEOUT_SECONDS,
        max_calls_per_session: int = MAX_CALLS_PER_SESSION,
    ) -> None:
        self._draining = False
        self._deadlines = Deadlines(call_timeout_seconds)
        self._max_calls = max_calls_per_session
        self._seal = Seal(state_keys)
        self.tools = ToolTable(tools)
        flags = {"toolsListChanged"} | ({"promptsListChanged"} if prompts else set())
        flags |= {"resourcesListChanged"} if resources else set()
        self.changes = Changes(frozenset(flags), resources=bool(resources))
        features = Features(
            self.tools,
            self.changes,
            PromptTable(prompts) if prompts else None,
            ResourceTable(resources) if resources else None,
            None if completer is None else Completions(completer),
            logging,
        )
        about = {"name": name, "title": title or name, "version": version}
        offered = features.capabilities()
        lifecycle = Lifecycle(server_info=about, instructions=instructions, capabilities=offered)
        self._stateless = Stateless(
            server_info=about, instructions=instructions, capabilities=offered | {"extensions": {TASKS: {}}}
        )
        self._tasks = Tasks(self.changes, self._stateless.decorate)
        self._methods = {
            "handshake": features.handshake(lifecycle),
            "stateless": features.stateless(self._stateless, self._tasks),
        }

    @property
    def in_flight(self) -> int:
        """How many calls are running, over all sessions and transports, tasks included."""
        return len(self._deadlines)

    @property
    def draining(self) -> bool:
        """Tell whether the server is shutting down."""
        return self._draining

    def drain(self) -> None:
        """Refuse new requests from now on, end subscriptions, let what runs go on."""
        self._draining = True
        self.changes.close()

    def list_changed(self, kind: str) -> None:
        """Tell clients that the list of `tools`, `prompts` or `resources` is another one now."""
        self.changes.publish(FLAGS[f"{kind}ListChanged"])

    def resource_updated(self, uri: str) -> None:
        """Tell those who watch a resource that it reads differently now."""
        self.changes.publish(UPDATED, {"uri": uri})

    async def call_in_process(self, tool: str, arguments: dict[str, Any], principal: str) -> ToolResult:
        """Call a tool without a transport, for instance to check that the server works.

        Raises:
            ProtocolError: there is no such tool.
        """
        call = Call(Session(principal), "in-process", LATEST_HANDSHAKE, SilentChannel())
        return await self.tools.run(call, tool, arguments)

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
                return _notification(session, message, method, params)
            if type(message["id"]) is not str and type(message["id"]) is not int:
                raise InvalidRequest("'id' must be a string or an integer.")
            request_id = message["id"]
            if message.get("jsonrpc") != "2.0":
                raise InvalidRequest("'jsonrpc' must be \"2.0\".")
            if method is None and ("result" in message or "error" in message):
                session.answered(message)
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
        if self._draining and method != "ping":
            raise Draining("The server is shutting down and did not run this; try again in a few seconds.")
        meta = _meta(params)
        stateless = session.stateless or PROTOCOL_VERSION in meta
        revision = named_in(meta) if stateless else session.revision
        if revision is None:
            if method not in BEFORE_HANDSHAKE:
                raise InvalidRequest("Send initialize first.")
            revision = LATEST_HANDSHAKE
        if request_id in session.calls:
            raise InvalidRequest("This id is already in flight; use a new one for each request.")
        call = Call(session, request_id, revision, channel, meta)
        methods = self._methods[revision.era]
        handler = methods.served.get(method)
        if handler is None:
            instant = methods.instant.get(method)
            if instant is None:
                raise MethodNotFound(f"There is no method {method!r:.80}.")
            answer = instant(call, params)
            if stateless:
                answer = self._stateless.decorate(answer | hints(method))
            channel.finish(envelopes.result(request_id, answer))
            return
        if len(session.calls) >= self._max_calls:
            raise Busy(f"{self._max_calls} calls are in flight; wait for one to finish and send this again.")
        if stateless and method in ASKS:
            call.asker = Inputs(call, method, params, self._seal)
            call.detacher = self._tasks if supports(call) and method == "tools/call" else None
        session.calls[request_id] = call
        self._deadlines.watch(call)
        call.task = start(self._serve(session, call, method, handler, params))

    async def _serve(
        self, session: Session, call: Call, method: str, handler: Served, params: Params
    ) -> None:
        call.started = True
        answer: Answer | None = None
        fault: ProtocolError | None = None
        try:
            if not call.withdrawn:
                answer = await handler(call, params)
        except InputRequired as needed:
            answer = needed.answer
        except ProtocolError as error:
            fault = error
        except asyncio.CancelledError:
            if not call.withdrawn:
                fault = _stopped(call)
        except Exception:  # noqa: BLE001 - the one boundary: whatever a handler does wrong ends here
            fault = _unexpected(call)
        finally:
            self._deadlines.forget(call)
            if call.detached is not None:
                call.detached.settle(answer, fault)
            else:
                call.close()
                del session.calls[call.request_id]
                self._finish(call, method, answer, fault)

    def _finish(self, call: Call, method: str, answer: Answer | None, fault: ProtocolError | None) -> None:
        reply: bytes | None = None
        if call.withdrawn:
            call.channel.finish(None)
            return
        if answer is not None:
            try:
                if call.revision.era == "stateless":
                    answer = self._stateless.decorate(answer | hints(method))
                reply = envelopes.result(call.request_id, answer)
            except TypeError:
                fault = _unexpected(call)
        if reply is not None:
            call.channel.finish(reply)
        elif fault is not None:
            call.channel.finish(envelopes.failure(call.request_id, fault), fault.code)

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


def _notification(session: Session, message: dict[str, Any], method: Any, params: Any) -> bool:
    """Take note; the only notification that changes anything is a cancellation."""
    if message.get("jsonrpc") != "2.0" or type(method) is not str or type(params) is not dict:
        raise InvalidRequest("This is not a JSON-RPC 2.0 message.")
    if method == "notifications/cancelled":
        request_id = params.get("requestId")
        call = session.calls.get(request_id) if isinstance(request_id, (str, int)) else None
        # An unknown id is ignored: the call may have been answered a moment ago.
        if call is not None:
            call.cancel(by_client=True)
    return False


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


def _stopped(call: Call) -> ProtocolError:
    if call.stopped is None:
        return _unexpected(call)
    return Interrupted(f"Stopped because {call.stopped}.")


def _unexpected(call: Call) -> ProtocolError:
    """Log what a handler did not expect, and tell the peer only where to look it up."""
    reference = secrets.token_hex(4)
    logger.exception("call failed unexpectedly", extra={"reference": reference, "principal": call.principal})
    return ProtocolError(f"The server failed on this call; its log has the details under {reference}.")
