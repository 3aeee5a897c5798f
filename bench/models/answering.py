"""How much later the first words come through our server, and how much CPU a long answer costs it.

The vendor is called directly and through each server in turn, so that a round compares what happened within
a second of each other.
"""

import statistics
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import orjson

from app.providers import catalog, dialect
from app.providers.client import PATH
from app.providers.requests import Message, Request
from bench.models.client import Client
from bench.models.server import TOKEN, Server, running
from bench.samples import NotAnsweredError
from bench.scenarios import Readings
from demo.paths import KIMI_PATH

WORDS = "demo"
"""What the fake vendor's filler begins with."""
SHORT = "[fake:words 20] [fake:think 0]"
TOKENS = 2000
LONG = f"[fake:words {TOKENS}] [fake:think 0]"
ANSWERS = 3
"""Long answers a round."""
WARM_UP = 5
SECONDS = 60.0

Databases = Mapping[str, Mapping[str, str]]
"""Settings of a server, by the name of its store; the first one streams the long answers."""


async def measure(
    vendors: str, folder: Path, databases: Databases, rounds: int, asks: int
) -> list[dict[str, Readings]]:
    """Return the readings of each round by lane: `direct`, each store, `streamed` and `httpx`.

    Raises:
        NotAnsweredError: a server did not answer.
    """
    async with AsyncExitStack() as stack:
        direct = Direct(await stack.enter_async_context(httpx.AsyncClient(timeout=SECONDS)), vendors)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        session = await stack.enter_async_context(aiohttp.ClientSession(headers=headers))
        servers: dict[str, Server] = {}
        clients: dict[str, Client] = {}
        for name, settings in databases.items():
            home = folder / name
            home.mkdir()
            servers[name] = await stack.enter_async_context(running(home, vendors, settings))
            socket = await stack.enter_async_context(
                session.ws_connect(servers[name].url, protocols=("mcp",))
            )
            clients[name] = Client(socket)
        first = next(iter(databases))
        await _first_words(direct, clients, WARM_UP)
        await _streamed(direct, servers[first], clients[first])
        return [
            await _first_words(direct, clients, asks)
            | await _streamed(direct, servers[first], clients[first])
            for _ in range(rounds)
        ]


class Direct:
    """The vendor called by httpx and nothing else, with the body that our dialect sends."""

    def __init__(self, client: httpx.AsyncClient, vendors: str) -> None:
        self._client = client
        self._url = f"{vendors}{KIMI_PATH}/{PATH}"

    async def first_seconds(self, prompt: str) -> float:
        """Return after how many seconds the first words came; the rest is read."""
        began = time.perf_counter()
        first: float | None = None
        async with self._client.stream("POST", self._url, **_posted(prompt)) as response:
            async for line in response.aiter_lines():
                if first is None and '"content":"' in line.replace(" ", "") and WORDS in line:
                    first = time.perf_counter() - began
        if first is None:
            raise NotAnsweredError("the fake vendor's answer did not begin as expected")
        return first

    async def read(self, prompt: str) -> None:
        """Read an answer whole, as bytes."""
        async with self._client.stream("POST", self._url, **_posted(prompt)) as response:
            size = 0
            async for piece in response.aiter_bytes():
                size += len(piece)
        if size < TOKENS:
            raise NotAnsweredError("the fake vendor's answer did not come whole")


def _posted(prompt: str) -> dict[str, Any]:
    model = catalog.BUILT_IN.models[0]
    body = dialect.body(Request("call_of-bench", model, (Message("user", prompt),), max_output=32_000))
    headers = {"Content-Type": "application/json", "Authorization": "Bearer read-by-the-benchmark"}
    return {"content": orjson.dumps(body), "headers": headers}


async def _first_words(direct: Direct, clients: Mapping[str, Client], asks: int) -> dict[str, Readings]:
    taken: dict[str, list[float]] = {name: [] for name in ("direct", *clients)}
    for _ in range(asks):
        taken["direct"].append(await direct.first_seconds(SHORT))
        for name, client in clients.items():
            answered = await client.chat(SHORT, WORDS, model="kimi")
            taken[name].append(answered.first_seconds)
    middles = {name: statistics.median(seconds) * 1000 for name, seconds in taken.items()}
    added = {
        name: {"p50_ms": middle, "added_ms": middle - middles["direct"]} for name, middle in middles.items()
    }
    return dict(added)


async def _streamed(direct: Direct, server: Server, client: Client) -> dict[str, Readings]:
    before = server.cpu_seconds
    for _ in range(ANSWERS):
        answered = await client.chat(LONG, WORDS, model="kimi")
        if len(answered.text.split()) < TOKENS:
            raise NotAnsweredError("the long answer did not come whole")
    ours = (server.cpu_seconds - before) / ANSWERS
    began = time.process_time()
    for _ in range(ANSWERS):
        await direct.read(LONG)
    return {
        "streamed": {"cpu_ms": ours * 1000},
        "httpx": {"cpu_ms": (time.process_time() - began) / ANSWERS * 1000},
    }
