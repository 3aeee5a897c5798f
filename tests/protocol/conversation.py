"""A client of the dispatcher itself, in either era, for tests of the core."""

import asyncio
import itertools
from typing import Any

import orjson

from app.protocol.dispatcher import Dispatcher
from app.protocol.metadata import CLIENT_CAPABILITIES, PROTOCOL_VERSION, TASKS
from app.protocol.session import Session

JSON = dict[str, Any]
STATELESS = "2026-07-28"
WITH_TASKS = {"extensions": {TASKS: {}}}
WAIT_SECONDS = 5


class Mailbox:
    """A channel that keeps what it is given, and answers what the server asks."""

    def __init__(self, answers: JSON | None = None) -> None:
        self.sent: list[JSON] = []
        self.reply: asyncio.Future[JSON | None] = asyncio.get_running_loop().create_future()
        self.news = asyncio.Event()
        self._answers = answers or {}
        self.respond: Any = None

    async def send(self, message: bytes) -> None:
        self.push(message)
        asked = self.sent[-1]
        if "id" in asked and self.respond is not None:
            answer = self._answers.get(asked["method"], {"error": {"code": -1, "message": "no"}})
            self.respond({"jsonrpc": "2.0", "id": asked["id"], **answer})

    def push(self, message: bytes) -> None:
        self.sent.append(orjson.loads(message))
        self.news.set()

    def finish(self, reply: bytes | None, code: int = 0) -> None:
        del code
        self.reply.set_result(None if reply is None else orjson.loads(reply))

    async def until(self, count: int) -> list[JSON]:
        """Wait until so many messages have come besides the reply."""
        async with asyncio.timeout(WAIT_SECONDS):
            while len(self.sent) < count:
                self.news.clear()
                await self.news.wait()
        return self.sent


class Conversation:
    """One session with a dispatcher; `revision` decides the era."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        revision: str = STATELESS,
        *,
        principal: str = "me",
        capabilities: JSON | None = None,
        answers: JSON | None = None,
    ) -> None:
        self.dispatcher = dispatcher
        self.session = Session(principal)
        self._revision = revision
        self._capabilities = capabilities or {}
        self._answers = answers
        self._ids = itertools.count(1)
        if revision != STATELESS:
            client = {"name": "test", "version": "1"}
            opening = {"protocolVersion": revision, "capabilities": self._capabilities, "clientInfo": client}
            mailbox = self.post("initialize", opening)
            reply = mailbox.reply.result()
            assert reply is not None
            assert reply["result"]["protocolVersion"] == revision
            self.opened: JSON = reply["result"]

    def post(self, method: str, params: JSON | None = None, *, request_id: Any = None) -> Mailbox:
        """Send a request and return the channel of its answer."""
        mailbox = Mailbox(self._answers)
        mailbox.respond = lambda message: self.dispatcher.dispatch(self.session, mailbox, message)
        params = dict(params or {})
        if self._revision == STATELESS:
            envelope = {PROTOCOL_VERSION: STATELESS, CLIENT_CAPABILITIES: self._capabilities}
            params["_meta"] = envelope | params.get("_meta", {})
        message = {
            "jsonrpc": "2.0",
            "id": next(self._ids) if request_id is None else request_id,
            "method": method,
            "params": params,
        }
        assert self.dispatcher.dispatch(self.session, mailbox, message)
        return mailbox

    async def ask(self, method: str, params: JSON | None = None) -> JSON:
        """Send a request and return its whole answer."""
        async with asyncio.timeout(WAIT_SECONDS):
            reply = await self.post(method, params).reply
        assert reply is not None
        return reply

    async def result(self, method: str, params: JSON | None = None) -> JSON:
        """Send a request that succeeds and return its result."""
        reply = await self.ask(method, params)
        assert "result" in reply, reply
        result: JSON = reply["result"]
        return result

    async def refused(self, method: str, params: JSON | None = None) -> JSON:
        """Send a request that fails and return its error."""
        reply = await self.ask(method, params)
        assert "error" in reply, reply
        error: JSON = reply["error"]
        return error

    def tell(self, method: str, params: JSON | None = None) -> None:
        """Send a notification."""
        message = {"jsonrpc": "2.0", "method": method, "params": params or {}}
        assert not self.dispatcher.dispatch(self.session, Mailbox(), message)
