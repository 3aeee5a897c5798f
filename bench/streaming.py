"""What a streamed answer costs the provider layer, against httpx reading the same stream and nothing else.

The fake vendor runs in another process and writes as fast as it can; both readers run in this one, in turn
and in the same event loop, so that what is compared is CPU time of the same bytes. Nothing of the jobs,
stores and transports is in it: their part is measured with the whole server.
"""

import asyncio
import contextlib
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

import httpx
import orjson

from app.providers import catalog, dialect
from app.providers.client import PATH, ChatClient
from app.providers.connection import Connection
from app.providers.events import Done
from app.providers.gateway import VendorGateway
from app.providers.requests import Message, Request
from app.settings import Secret
from app.shared.in_process import InProcess
from bench.contestants import ROOT
from bench.servers.launch import event_loop
from demo.paths import KIMI_PATH

TOKENS = 2000
ROUNDS = 15
ANSWERS = 3
"""Answers a reader reads in one round."""
START_SECONDS = 30.0
KEY = "read-by-the-benchmark"


@dataclass(frozen=True, slots=True)
class Reading:
    """Milliseconds of CPU for one answer of TOKENS tokens: by httpx alone, the client, the gateway."""

    httpx: float
    client: float
    gateway: float

    @property
    def ratio(self) -> float:
        """What the provider layer costs, as a multiple of httpx."""
        return self.gateway / self.httpx


def read_streams(rounds: int = ROUNDS) -> list[Reading]:
    """Measure; one reading a round, taken within it."""
    with fake_vendor() as url, asyncio.Runner(loop_factory=event_loop) as runner:
        return runner.run(_measure(url, rounds))


@contextlib.contextmanager
def fake_vendor(*options: str) -> Iterator[str]:
    """Run the demo's vendors at full speed; yields the address of its Kimi.

    Raises:
        RuntimeError: it did not start.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "demo", "--port", str(port), "--speed", "0", "--first", "0", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port)
        yield f"http://127.0.0.1:{port}{KIMI_PATH}"
    finally:
        process.terminate()
        process.wait(START_SECONDS)


async def _measure(url: str, rounds: int) -> list[Reading]:
    request = _request()
    body = orjson.dumps(dialect.body(request))
    connection = Connection(catalog.KIMI, url, Secret(KEY))
    client = ChatClient(connection)
    gateway = VendorGateway({"kimi": client}, InProcess(), {})
    plain = httpx.AsyncClient(timeout=START_SECONDS, headers={"Authorization": f"Bearer {KEY}"})

    async def by_httpx() -> None:
        headers = {"Content-Type": "application/json"}
        async with plain.stream("POST", f"{url}/{PATH}", content=body, headers=headers) as response:
            size = 0
            async for piece in response.aiter_bytes():
                size += len(piece)
        if size < TOKENS:
            raise RuntimeError("the fake's answer did not come whole")

    async def by(events: Callable[[], AsyncIterator[object]]) -> None:
        last = None
        async for event in events():
            last = event
        if not isinstance(last, Done) or last.usage is None or last.usage.output < TOKENS:
            raise RuntimeError("the fake's answer did not come whole")

    readers: list[Callable[[], Awaitable[None]]] = [
        by_httpx,
        lambda: by(lambda: client.stream(request)),
        lambda: by(lambda: gateway.stream(request)),
    ]
    try:
        for reader in readers:  # connections are open and everything is imported before anything counts
            await reader()
        return [Reading(*[await _cpu(reader) for reader in readers]) for _ in range(rounds)]
    finally:
        await connection.close()
        await plain.aclose()


async def _cpu(reader: Callable[[], Awaitable[None]]) -> float:
    began = time.process_time()
    for _ in range(ANSWERS):
        await reader()
    return (time.process_time() - began) / ANSWERS * 1000


def _request() -> Request:
    model = catalog.BUILT_IN.models[0]
    prompt = f"[fake:words {TOKENS - 1}] [fake:think 1]"
    return Request("bench-1", model, (Message("user", prompt),), max_output=2 * TOKENS)


def _wait(port: int) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError as error:
            if time.monotonic() > give_up:
                raise RuntimeError(f"the fake vendor did not start within {START_SECONDS:g} s") from error
            time.sleep(0.02)  # another process starts; there is no event to await
        else:
            return


if __name__ == "__main__":
    taken = read_streams()
    for one in taken:
        print(f"httpx {one.httpx:5.1f} ms   client {one.client:5.1f} ms   gateway {one.gateway:5.1f} ms")
    middle = statistics.median(one.ratio for one in taken)
    print(f"provider layer / httpx, median of {len(taken)} rounds: {middle:.2f}")
