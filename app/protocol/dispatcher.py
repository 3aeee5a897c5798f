"""The waist of the server: a message goes in, its reply comes out through a channel.

Transports know bytes and sockets, handlers know tools; neither knows the other. Dispatch is a dict
from method to handler. Here and in `serving` are the only places where an exception becomes a wire
error.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from app.protocol import envelopes
from app.protocol.admission import Admission
from app.protocol.batches import dispatch_batch
from app.protocol.call import Call
from app.protocol.changes import FLAGS, UPDATED, Changes
from app.protocol.channel import Channel, SilentChannel
from app.protocol.completions import Completer, Completions
from app.protocol.depth import MAX_DEPTH, too_deep
from app.protocol.envelopes import RequestId
from app.protocol.errors import Draining, InvalidRequest, MethodNotFound, ProtocolError
from app.protocol.inputs import Inputs
from app.protocol.lifecycle import Lifecycle
from app.protocol.metadata import NO_META, PROTOCOL_VERSION, TASKS, meta_of
from app.protocol.methods import ASKS, Around, Features, Meter, Params
from app.protocol.notifications import take
from app.protocol.prompts import Prompt, PromptTable
from app.protocol.resources import Resource, ResourceTable
from app.protocol.revisions import LATEST_HANDSHAKE, named_in
from app.protocol.sealing import Seal
from app.protocol.serving import (
    CALL_TIMEOUT_SECONDS,
    MAX_CALLS_PER_CLIENT,
    MAX_CALLS_PER_SESSION,
    Serving,
    unexpected,
)
from app.protocol.session import Session
from app.protocol.stateless import Stateless
from app.protocol.tasks import Tasks
from app.protocol.tool_table import ToolTable
from app.protocol.tools import Tool, ToolResult

BEFORE_HANDSHAKE = frozenset({"initialize", "ping"})


class Dispatcher:
    """Serves MCP to any number of sessions over any transport.

    `seal` closes what travels through clients; without one a key of this process is made, and what
    it sealed ends with the process. All replicas need a seal of the same keys. Each of `around` is put
    around every handler, the last one outermost; `meter` is told of every request that has ended.
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
        seal: Seal | None = None,
        call_timeout_seconds: float = CALL_TIMEOUT_SECONDS,
        max_calls_per_session: int = MAX_CALLS_PER_SESSION,
        max_calls_per_client: int = MAX_CALLS_PER_CLIENT,
        max_json_depth: int = MAX_DEPTH,
        admission: Admission | None = None,
        around: Sequence[Around] = (),
        meter: Meter | None = None,
    ) -> None:
        self._draining = False
        self.rejected: Counter[int] = Counter()  # by its code, what was answered with an error at once
        self._seal = Seal() if seal is None else seal
        self._max_depth = max_json_depth
        self.tools = ToolTable(tools, admission)
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
        offered = offered | {"extensions": {TASKS: {}}}
        self._stateless = Stateless(server_info=about, instructions=instructions, capabilities=offered)
        self._serving = Serving(
            call_timeout_seconds=call_timeout_seconds,
            max_calls_per_session=max_calls_per_session,
            max_calls_per_client=max_calls_per_client,
            decorate=self._stateless.decorate,
            meter=meter,
        )
        self.tasks = Tasks(self.changes, self._stateless.decorate)
        self._methods = {
            "handshake": features.handshake(lifecycle),
            "stateless": features.stateless(self._stateless, self.tasks),
        }
        for each in around:
            self._methods = {era: methods.within(each) for era, methods in self._methods.items()}

    @property
    def in_flight(self) -> int:
        """How many calls are running, over all sessions and transports, tasks included."""
        return len(self._serving)

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

    def resource_updated(self, uri: str, principal: str | None = None) -> None:
        """Tell those who watch a resource, of one principal or of all, that it reads differently now."""
        self.changes.publish(UPDATED, {"uri": uri}, principal)

    async def call_in_process(self, tool: str, arguments: dict[str, Any], principal: str) -> ToolResult:
        """Call a tool without a transport, for instance to check that the server works.

        Raises:
            ProtocolError: there is no such tool.
        """
        call = Call(Session(principal), "in-process", LATEST_HANDSHAKE, SilentChannel())
        return await self.tools.run(call, tool, arguments)

    def receive(self, session: Session, channel: Channel, data: bytes) -> bool:
        """Parse one frame and dispatch it; returns as `dispatch` does."""
        try:
            message = self.decode(data)
        except ProtocolError as error:
            self.refuse(session, channel, error)
            return True
        return self.dispatch(session, channel, message)

    def decode(self, data: bytes) -> Any:
        """Parse one frame or body; every transport does it here.

        Raises:
            ProtocolError: it is not JSON (-32700), or nested too deeply (-32600).
        """
        message = envelopes.decode(data)
        if too_deep(message, data, self._max_depth):
            error = InvalidRequest(f"The message is nested deeper than {self._max_depth} levels.")
            error.request_id = envelopes.id_of(message)
            raise error
        return message

    def refuse(self, session: Session, channel: Channel, error: ProtocolError) -> None:
        """Answer a message with an error, in the form the session's revision has for it."""
        self.rejected[error.code] += 1
        null_id = session.revision is not None and session.revision.null_ids
        channel.finish(envelopes.failure(error.request_id, error, null_id=null_id), error.code)

    def dispatch(self, session: Session, channel: Channel, message: Any) -> bool:
        """Serve one decoded message.

        Returns whether `channel.finish` was or will be called for it, exactly once: true of
        requests and of what is not a message, false of notifications and responses.
        """
        try:
            if type(message) is dict:
                return self._message(session, channel, message)
            return self._no_message(session, channel, message)
        except ProtocolError as error:
            error.request_id = envelopes.id_of(message)
            self.refuse(session, channel, error)
        except Exception:  # noqa: BLE001 - one message, however odd, must not end a session
            fault = unexpected(session.principal)
            fault.request_id = envelopes.id_of(message)
            self.refuse(session, channel, fault)
        return True

    def _no_message(self, session: Session, channel: Channel, message: Any) -> bool:
        if type(message) is list:
            return dispatch_batch(self.dispatch, session, channel, message)
        raise InvalidRequest("A message must be a JSON object.")

    def _message(self, session: Session, channel: Channel, message: dict[str, Any]) -> bool:
        method = message.get("method")
        params = message.get("params")
        if params is None:
            params = {}
        request_id = message.get("id")
        if type(request_id) is not str and type(request_id) is not int:
            if "id" in message:
                raise InvalidRequest("'id' must be a string or an integer.")
            take(session, message, method, params)
            return False
        if message.get("jsonrpc") != "2.0":
            raise InvalidRequest("'jsonrpc' must be \"2.0\".")
        if type(method) is not str:
            if method is None and ("result" in message or "error" in message):
                session.answered(message)
                return False
            raise InvalidRequest("'method' must be a string.")
        if type(params) is not dict:
            raise InvalidRequest("'params' must be an object.")
        self._request(session, channel, request_id, method, params)
        return True

    def _request(
        self, session: Session, channel: Channel, request_id: RequestId, method: str, params: Params
    ) -> None:
        if self._draining and method != "ping":
            raise Draining("The server is shutting down and did not run this; try again in a few seconds.")
        meta = meta_of(params) if "_meta" in params else NO_META
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
            if (instant := methods.instant.get(method)) is None:
                raise MethodNotFound(f"There is no method {method!r:.80}.")
            self._serving.at_once(call, method, instant, params)
            return
        self._serving.check_room(call)
        if stateless and method in ASKS:
            call.make_asker = partial(Inputs, call, method, params, self._seal)
            if "requestState" in params or "inputResponses" in params:
                # What the client brings is checked even if the handler does not ask for it.
                call.asker = call.make_asker()
            if method == "tools/call":
                call.detacher = self.tasks
        self._serving.start(call, method, handler, params)
