"""What the pictures are taken of: a month of history, two clients connected, two jobs running."""

import asyncio
import contextlib
import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from app.settings.server_file import FILE_NAME as SERVER_FILE
from app.stores.sqlite import FILE_NAME as DATABASE
from demo.history.conversations import LIVE
from demo.history.writing import write
from demo.tour.client import Client
from demo.tour.server import server, vendors

SPEED = 9.0
"""Tokens a second: slow enough that both jobs run while every picture is taken."""

OTHERS = ("ci", "mobile")
READY_SECONDS = 60.0
PAUSE_SECONDS = 0.2
HANDSHAKE = "2025-11-25"
CLIENTS = (("Claude Code", "2.1.4"), ("Codex", "0.63.0"))


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the page is, and the token that opens it."""

    page: str
    token: str


@contextlib.contextmanager
def set_up(folder: Path) -> Iterator[Stage]:
    """Have everything ready in a thread beside the caller, until the block ends."""
    ready: Future[Stage] = Future()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(_hold(folder, ready, over),))
    thread.start()
    try:
        yield ready.result(READY_SECONDS)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


async def _hold(folder: Path, ready: "Future[Stage]", over: asyncio.Event) -> None:
    try:
        async with _playing(folder) as stage:
            ready.set_result(stage)
            await over.wait()
    except BaseException as error:
        if ready.done():
            raise
        ready.set_exception(error)


@contextlib.asynccontextmanager
async def _playing(folder: Path) -> AsyncIterator[Stage]:
    (folder / "config").mkdir()
    (folder / "data").mkdir(mode=0o700)
    (folder / "config" / SERVER_FILE).write_text(_clients())
    await write(folder / "data" / DATABASE, ("default", *OTHERS))
    async with (
        vendors(SPEED) as vendors_at,
        server(vendors_at, folder, 0) as running,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {running.token}"}) as session,
        contextlib.AsyncExitStack() as sockets,
    ):
        for name, version in CLIENTS:
            socket = await sockets.enter_async_context(session.ws_connect(running.url, protocols=("mcp",)))
            await _shake_hands(socket, name, version)
            # Reads on, so that the server's pings are answered.
            reading = asyncio.create_task(socket.receive())
            sockets.push_async_callback(_end, reading)
        async with session.ws_connect(running.url, protocols=("mcp",)) as socket:
            client = Client(socket, lambda _: None)
            for (question, _), (tool, project, model) in zip(
                LIVE.items(), (("thinkdeep", "checkout", "kimi"), ("chat", "gateway", "glm")), strict=True
            ):
                given = {"prompt": question, "project": project, "model": model}
                await client.call("jobs", action="start", tool=tool, arguments=given)
        yield Stage(running.url.removesuffix("/mcp") + "/status", running.token)


async def _end(reading: "asyncio.Task[aiohttp.WSMessage]") -> None:
    reading.cancel()
    await asyncio.wait({reading})


async def _shake_hands(socket: aiohttp.ClientWebSocketResponse, name: str, version: str) -> None:
    params = {
        "protocolVersion": HANDSHAKE,
        "capabilities": {},
        "clientInfo": {"name": name, "version": version},
    }
    await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
    await socket.receive_json()
    await socket.send_json({"jsonrpc": "2.0", "method": "notifications/initialized"})


def _clients() -> str:
    tables = [
        f'[clients.{name}]\ntoken_sha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\n'
        f"budget_usd_per_day = {budget}\n"
        for name, budget in zip(OTHERS, ("4", "2.5"), strict=True)
    ]
    return "\n".join([*tables, "[projects.checkout]\nbudget_usd_per_day = 5\n"])
