"""The server under test: the real guard, transports and dispatcher on a free port, with tools that obey."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import BaseModel, ConfigDict

from app.protocol.dispatcher import Dispatcher
from app.protocol.tools import Call, Tool, ToolResult, text
from app.transports.guard import Guard
from app.transports.http import HttpTransport
from app.transports.websocket import WebSocketTransport

TOKEN = "a-token-for-tests"
OTHER_TOKEN = "another-token-for-tests"


class Echo(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str
    manner: Literal["plain", "loud"] = "plain"


class Steps(BaseModel):
    steps: int = 3


class Nothing(BaseModel):
    pass


class Sum(BaseModel):
    total: int


class Probe:
    """Tools whose running a test can watch and steer."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self._arrivals = asyncio.Semaphore(0)
        self.release = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.by_client: bool | None = None
        self.principals: list[str] = []

    async def arrived(self, calls: int) -> None:
        """Return once this many calls of `hold` have begun."""
        for _ in range(calls):
            await self._arrivals.acquire()

    async def echo(self, call: Call, arguments: Echo) -> ToolResult:
        self.principals.append(call.principal)
        return ToolResult([text(arguments.text.upper() if arguments.manner == "loud" else arguments.text)])

    async def count(self, call: Call, arguments: Steps) -> ToolResult:
        for step in range(1, arguments.steps + 1):
            await call.progress(step, arguments.steps, f"step {step}")
        return ToolResult([text("counted")])

    async def hold(self, call: Call, _arguments: Nothing) -> ToolResult:
        self.started.set()
        self._arrivals.release()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.by_client = call.cancelled_by_client
            self.cancelled.set()
            raise
        return ToolResult([text("released")])

    async def add(self, _call: Call, arguments: Steps) -> ToolResult:
        return ToolResult([], structured={"total": arguments.steps + 1}, meta={"exai/note": "kept"})

    async def broken(self, _call: Call, _arguments: Nothing) -> ToolResult:
        raise RuntimeError("a secret that must not reach the wire")

    def tools(self) -> list[Tool[Any]]:
        return [
            Tool("echo", "Echo", "Says it back.", Echo, self.echo, annotations={"readOnlyHint": True}),
            Tool("count", "Count", "Counts and reports.", Steps, self.count),
            Tool("hold", "Hold", "Waits until it is released.", Nothing, self.hold),
            Tool("add", "Add", "Adds one.", Steps, self.add, output=Sum),
            Tool("broken", "Broken", "Fails.", Nothing, self.broken),
        ]


@dataclass
class Running:
    """A server that is up, and its parts."""

    dispatcher: Dispatcher
    websocket: WebSocketTransport
    http: HttpTransport
    probe: Probe
    server: TestServer
    guard: Guard

    @property
    def url(self) -> str:
        return str(self.server.make_url("/mcp"))

    @property
    def websocket_url(self) -> str:
        return self.url.replace("http", "ws", 1)

    @property
    def address(self) -> tuple[str, int]:
        assert self.server.port is not None
        return "127.0.0.1", self.server.port


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def make_dispatcher(probe: Probe, **options: Any) -> Dispatcher:
    return Dispatcher(
        name="fixture", version="0.0.1", instructions="Use the tools.", tools=probe.tools(), **options
    )


async def eventually(condition: Callable[[], bool]) -> None:
    """Return once something that announces itself by no event has become true."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what the other end of a socket does raises no event here
            await asyncio.sleep(0.005)


async def _healthy(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


@asynccontextmanager
async def running(
    *,
    guard: dict[str, Any] | None = None,
    websocket: dict[str, Any] | None = None,
    http: dict[str, Any] | None = None,
    dispatcher: dict[str, Any] | None = None,
) -> AsyncIterator[Running]:
    """Start a server with some limits of its parts changed."""
    probe = Probe()
    core = make_dispatcher(probe, **(dispatcher or {}))
    sockets = WebSocketTransport(core, **(websocket or {}))
    streams = HttpTransport(core, upgrade=sockets.serve, **(http or {}))
    clients = {"tester": digest(TOKEN), "other": digest(OTHER_TOKEN)}
    door = Guard(clients=clients, **(guard or {}))
    app = web.Application(middlewares=[door.middleware])
    app.add_routes(sockets.routes() + streams.routes())
    app.add_routes([web.get("/health", _healthy)])
    server = TestServer(app)
    await server.start_server()
    try:
        yield Running(core, sockets, streams, probe, server, door)
    finally:
        probe.release.set()
        await server.close()
