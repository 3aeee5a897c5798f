"""A server that can be killed, on each kind of store, with vendors that count what they billed."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from app.settings import Secret
from app.stores import Store
from app.stores.postgres import PostgresStore
from app.stores.sqlite import FILE_NAME, SqliteStore
from app.stores.supabase import SupabaseStore
from demo.application import BILL, build_app
from demo.bill import Bill
from demo.paths import GLM_PATH, KIMI_PATH
from tests.app.stores import supabase_project
from tests.app.stores.conftest import *  # noqa: F403 - the databases are the stores' own fixtures

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("hasty_process.py")
TOKEN = "a-token-made-up-for-tests"
START_SECONDS = 60
CONCURRENCY = "\n".join(f'[models."{model}"]\nconcurrency = 200' for model in ("glm-5.3", "kimi-k2.6"))


@dataclass
class Vendors:
    """The fake vendors of one test; `bill` is what they counted."""

    url: str
    bill: Bill

    async def asked(self, calls: int) -> None:
        """Wait until so many calls have come."""
        async with asyncio.timeout(START_SECONDS):
            while len(self.bill.rows) < calls:  # noqa: ASYNC110 - the vendors count, and have no event for it
                await asyncio.sleep(0.01)


@asynccontextmanager
async def vendors(speed: float) -> AsyncIterator[Vendors]:
    app = build_app(speed=speed)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Vendors(f"http://127.0.0.1:{runner.addresses[0][1]}", app[BILL])
    finally:
        await runner.cleanup()


class Server:
    """One process on one folder and one store; it can be killed and started again."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.url = ""
        self.said: list[str] = []
        self._folder = folder
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(PROGRAM),
            cwd=self._folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self._environment},
            stderr=asyncio.subprocess.PIPE,
        )
        ready = asyncio.Event()
        self._reading = asyncio.create_task(self._read(ready))
        async with asyncio.timeout(START_SECONDS):
            await ready.wait()
        assert self.url

    async def kill(self) -> None:
        assert self._process is not None
        assert self._reading is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def stop(self) -> int:
        assert self._process is not None
        assert self._reading is not None
        if self._process.returncode is None:
            self._process.terminate()
        async with asyncio.timeout(START_SECONDS):
            code = await self._process.wait()
            await self._reading
        return code

    async def _read(self, ready: asyncio.Event) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.said.append(line.decode())
            if line.startswith(b"{"):
                said = json.loads(line)
                if said["event"] == "listening":
                    self.url = said["url"]
                if said["event"] == "ready":
                    ready.set()
        ready.set()


class Caller:
    """One connection; any number of calls at once, each answered with its result, or None when it was cut."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._waiting: dict[int, asyncio.Future[dict[str, Any] | None]] = {}
        self._reading = asyncio.create_task(self._read())

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any] | None:
        number = len(self._waiting) + 1
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        meta = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        params = {"name": tool, "arguments": arguments, "_meta": meta}
        try:
            await self._socket.send_json(
                {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
            )
        except ConnectionError:
            return None
        return await answer

    async def close(self) -> None:
        await self._socket.close()
        await self._reading

    async def _read(self) -> None:
        try:
            async for frame in self._socket:
                message = json.loads(frame.data)
                if "id" in message:
                    self._waiting[message["id"]].set_result(message.get("result", message))
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_result(None)


@asynccontextmanager
async def callers(url: str, count: int) -> AsyncIterator[list[Caller]]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session:
        opened = [Caller(await session.ws_connect(url, protocols=("mcp",))) for _ in range(count)]
        try:
            yield opened
        finally:
            for caller in opened:
                await caller.close()


@dataclass
class Kept:
    """A kind of store: what tells a server of it, and how to open the same one from here."""

    kind: str
    environment: dict[str, str]
    make: Callable[[], Store]


@pytest.fixture(params=["sqlite", "postgres", "supabase"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """An empty store of each kind in turn."""
    data = tmp_path / "data"
    if request.param == "sqlite":
        return Kept("sqlite", {}, lambda: SqliteStore(data / FILE_NAME))
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        return Kept("postgres", {"DATABASE_URL": url}, lambda: PostgresStore(Secret(url)))
    request.getfixturevalue("on_supabase")
    url, _ = request.getfixturevalue("gateway")
    key = supabase_project.SECRET_KEY
    environment = {"SUPABASE_URL": url, "SUPABASE_SERVICE_ROLE_KEY": key}
    return Kept("supabase", environment, lambda: SupabaseStore(url, Secret(key)))


def configure(folder: Path, budget_usd: Decimal = Decimal(1000)) -> None:
    """Write the configuration; the budget is ample unless said: a hundred calls hold as many worst cases."""
    config = folder / "config"
    config.mkdir(exist_ok=True)
    (config / "models.toml").write_text(CONCURRENCY)
    (config / "server.toml").write_text(
        f"[limits]\ncalls_per_session = 200\n[budget]\ndefault_usd_per_day = {budget_usd:f}\n"
    )


@asynccontextmanager
async def serving(folder: Path, kept: Kept, at: Vendors, **more: str) -> AsyncIterator[Server]:
    """Run a server on a store, against these vendors; ended however the test left it."""
    configure(folder)
    environment = {
        "WS_PORT": "0",
        "AUTH_TOKEN": TOKEN,
        "DATA_DIR": str(folder / "data"),
        "CONFIG_DIR": str(folder / "config"),
        "KIMI_API_KEY": "demo",
        "GLM_API_KEY": "demo",
        "KIMI_BASE_URL": f"{at.url}{KIMI_PATH}",
        "GLM_BASE_URL": f"{at.url}{GLM_PATH}",
        **kept.environment,
        **more,
    }
    server = Server(folder, environment)
    await server.start()
    try:
        yield server
    finally:
        await server.kill()
