"""Two replicas of one server in this process, sharing a state key and a shared state, and a raw client."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import BaseModel

from app.protocol.dispatcher import Dispatcher
from app.protocol.resources import Resource
from app.protocol.sealing import Seal
from app.protocol.tools import Call, Tool, ToolResult, text
from app.shared import Shared
from app.transports.bus import Bus
from app.transports.event_log import EventLog
from app.transports.guard import Guard
from app.transports.http import HttpTransport
from app.transports.replicas import Replicas
from app.transports.sealed_sessions import SealedSessions
from app.transports.websocket import WebSocketTransport
from tests.transports.server import OTHER_TOKEN, TOKEN, Nothing, Probe, digest

WAIT_SECONDS = 20
KEY = b"the state key of both replicas"
JSON = dict[str, Any]


class Steps(BaseModel):
    before: int = 1
    after: int = 1


class Tools(Probe):
    """The probe's tools, one that asks, and one that goes on only when it is let."""

    async def ask(self, call: Call, _arguments: Nothing) -> ToolResult:
        schema = {"type": "object", "properties": {"name": {"type": "string"}}}
        params = {"message": "Who are you?", "requestedSchema": schema}
        answers = await call.ask({"who": {"method": "elicitation/create", "params": params}})
        return ToolResult([text(answers["who"]["content"]["name"])])

    async def pause(self, call: Call, arguments: Steps) -> ToolResult:
        total = arguments.before + arguments.after
        for step in range(1, total + 1):
            if step == arguments.before + 1:
                self.started.set()
                await self.release.wait()
            await call.progress(step, total, f"step {step}")
        return ToolResult([text("done")])

    async def level(self, call: Call, _arguments: Nothing) -> ToolResult:
        return ToolResult([text(call.session.log_level)])

    def tools(self) -> list[Tool[Any]]:
        return [
            *super().tools(),
            Tool("ask", "Ask", "Asks for a name.", Nothing, self.ask),
            Tool("pause", "Pause", "Waits midway.", Steps, self.pause),
            Tool("level", "Level", "Tells the log level.", Nothing, self.level),
        ]


async def _read(_call: Call, uri: str, _variables: dict[str, str]) -> str:
    return uri


@dataclass
class Replica:
    """One server and its parts."""

    dispatcher: Dispatcher
    http: HttpTransport
    sessions: SealedSessions
    log: EventLog
    probe: Tools
    url: str


@asynccontextmanager
async def replica(shared: Shared, *keys: bytes, **limits: Any) -> AsyncIterator[Replica]:
    """Start one replica on a shared state."""
    probe = Tools()
    seal = Seal(keys or (KEY,))
    watched = [Resource("test://watched", "watched", "Watched", "Changes.", "text/plain", _read)]
    core = Dispatcher(
        name="fixture",
        version="0.0.1",
        instructions="Use the tools.",
        tools=probe.tools(),
        resources=watched,
        logging=True,
        seal=seal,
    )
    bus = Bus(shared)
    sessions = SealedSessions(seal, shared, bus, **limits)
    log = EventLog(shared)
    replicas = Replicas(core, sessions, bus, log)
    http = HttpTransport(core, upgrade=WebSocketTransport(core).serve, replicas=replicas)
    clients = {"tester": digest(TOKEN), "other": digest(OTHER_TOKEN)}
    app = web.Application(middlewares=[Guard(clients=clients).middleware])
    app.add_routes(http.routes())
    async with replicas.running():
        server = TestServer(app)
        await server.start_server()
        try:
            yield Replica(core, http, sessions, log, probe, str(server.make_url("/mcp")))
        finally:
            probe.release.set()
            await server.close()


_ids = itertools.count(1)


@dataclass
class Stream:
    """An event stream being read."""

    response: aiohttp.ClientResponse
    last_event_id: str = ""
    ids: list[str] = field(default_factory=list)

    async def next(self) -> JSON | None:
        """Return the next message, past keep-alives and the priming event; None at the end."""
        data = b""
        async with asyncio.timeout(WAIT_SECONDS):
            while line := await self.response.content.readline():
                if line.startswith(b"id: "):
                    self.last_event_id = line[4:].strip().decode()
                    self.ids.append(self.last_event_id)
                elif line.startswith(b"data: "):
                    data = line[6:].strip()
                elif line == b"\n" and data:
                    message: JSON = orjson.loads(data)
                    return message
        return None

    async def rest(self) -> list[JSON]:
        """Return every message up to the end."""
        messages = []
        while (message := await self.next()) is not None:
            messages.append(message)
        return messages

    async def until_begun(self) -> None:
        """Return once the priming event is there."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not self.last_event_id:
                line = await self.response.content.readline()
                if line.startswith(b"id: "):
                    self.last_event_id = line[4:].strip().decode()


class Wire:
    """A client that sends each message to whichever replica it is told to."""

    def __init__(self, http: aiohttp.ClientSession, token: str = TOKEN) -> None:
        self._http = http
        self.session_id = ""
        self.token = token
        self.version = "2025-11-25"

    def headers(self, **more: str) -> dict[str, str]:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
            "MCP-Protocol-Version": self.version,
        }
        return headers | ({"Mcp-Session-Id": self.session_id} if self.session_id else {}) | more

    async def initialize(self, to: Replica, capabilities: JSON | None = None) -> JSON:
        params = {
            "protocolVersion": self.version,
            "capabilities": {"elicitation": {}} if capabilities is None else capabilities,
            "clientInfo": {"name": "wire", "version": "1"},
        }
        message = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
        async with self._http.post(to.url, json=message, headers=self.headers()) as response:
            assert response.status == 200, await response.text()
            self.session_id = response.headers["Mcp-Session-Id"]
            reply: JSON = await response.json()
        assert await self.tell(to, {"method": "notifications/initialized"}) == 202
        return reply

    async def tell(self, to: Replica, message: JSON) -> int:
        """Send what is not answered; returns the status."""
        body = {"jsonrpc": "2.0"} | message
        async with self._http.post(to.url, json=body, headers=self.headers()) as response:
            return response.status

    async def request(self, to: Replica, method: str, params: JSON | None = None) -> JSON:
        """Send a request that is answered with JSON and return the answer."""
        message = {"jsonrpc": "2.0", "id": next(_ids), "method": method, "params": params or {}}
        async with self._http.post(to.url, json=message, headers=self.headers()) as response:
            reply: JSON = await response.json()
            return reply | {"status": response.status}

    async def call(self, to: Replica, tool: str, arguments: JSON | None = None) -> JSON:
        return await self.request(to, "tools/call", {"name": tool, "arguments": arguments or {}})

    @asynccontextmanager
    async def streaming(
        self, to: Replica, tool: str, arguments: JSON | None = None, request_id: Any = None
    ) -> AsyncIterator[Stream]:
        """Call a tool that answers with events."""
        params = {"name": tool, "arguments": arguments or {}, "_meta": {"progressToken": "p"}}
        request_id = next(_ids) if request_id is None else request_id
        message = {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}
        async with self._http.post(to.url, json=message, headers=self.headers()) as response:
            assert response.content_type == "text/event-stream", await response.text()
            yield Stream(response)

    @asynccontextmanager
    async def listening(self, to: Replica, last_event_id: str | None = None) -> AsyncIterator[Stream]:
        """Open the GET stream, or go on with any stream."""
        more = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_event_id} if last_event_id else {})
        async with self._http.get(to.url, headers=self.headers(**more)) as response:
            assert response.status == 200, await response.text()
            yield Stream(response)

    async def get_status(self, to: Replica, last_event_id: str) -> int:
        headers = self.headers(Accept="text/event-stream") | {"Last-Event-ID": last_event_id}
        async with self._http.get(to.url, headers=headers) as response:
            return response.status

    async def delete(self, to: Replica) -> int:
        async with self._http.delete(to.url, headers=self.headers()) as response:
            return response.status
