"""Counts the function calls one tools/call costs the server: a figure no noise touches.

cProfile counts Python and C functions alike. The server runs on asyncio's own event loop here, because
what happens inside uvloop is invisible to it. One connection, one call in flight, over a real socket; the
peer is another process. Counting begins and ends inside a handler, so it covers a whole number of calls.
"""

import asyncio
import contextlib
import cProfile
import json
import pstats
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

from aiohttp import web

from app import bootstrap
from app.protocol.tools import Call, ToolResult
from app.settings import Settings
from app.telemetry import logs
from bench.contestants import ROOT
from bench.servers import product, unwatched

WARM_CALLS = 100
COUNTED_CALLS = 200
PATIENCE_SECONDS = 30.0
START_POLL_SECONDS = 0.01
TOKEN = "counted-by-the-benchmark"  # noqa: S105 - of a server that lives for a second, on loopback


class Meter:
    """A profiler that is on between two passes of the same place."""

    def __init__(self) -> None:
        self._profile = cProfile.Profile()
        self._passes = 0

    def tick(self) -> None:
        """Note one pass."""
        self._passes += 1
        if self._passes == WARM_CALLS:
            self._profile.enable()
        elif self._passes == WARM_CALLS + COUNTED_CALLS:
            self._profile.disable()

    @property
    def per_call(self) -> float:
        """Function calls from one pass to the next, the meter's own left out."""
        if self._passes < WARM_CALLS + COUNTED_CALLS:
            raise RuntimeError(f"the peer made {self._passes} calls, too few to count")
        total: int = pstats.Stats(self._profile).total_calls  # type: ignore[attr-defined]  # typeshed lacks it
        return total / COUNTED_CALLS - 1  # `tick` itself


def count() -> dict[str, float]:
    """Return the function calls of a tools/call.

    `ours` has every feature on, `unwatched` is the same server and nothing measured, `bare` echoes the frame.

    Counted in a process of its own, so that neither a test runner nor its settings are part of it.

    Raises:
        RuntimeError: the counting process failed; its last lines.
    """
    command = [sys.executable, "-m", "bench.function_calls"]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=2 * PATIENCE_SECONDS, check=False
    )
    if ended.returncode:
        raise RuntimeError(f"The function calls could not be counted: {ended.stderr[-1000:].strip()}")
    counted: dict[str, float] = json.loads(ended.stdout)
    return counted


def per_tools_call(*, watched: bool = True) -> float:
    """Count in this process what a tools/call over WebSocket costs our server."""
    if not watched:
        unwatched.stop_watching()
    meter = Meter()

    async def echo(_: Call, arguments: product.Echo) -> ToolResult:
        meter.tick()
        return await product.echo(_, arguments)

    async def serve() -> None:
        with tempfile.TemporaryDirectory(prefix="exai-bench-") as folder:
            environment = {"AUTH_TOKEN": TOKEN, "DATA_DIR": f"{folder}/data"}
            settings = Settings.from_env(environment, Path(folder))
            logs.configure(settings)
            app = bootstrap.build_app(settings, more_tools=[product.echo_tool(echo)])
            async with _served(app) as port, asyncio.timeout(PATIENCE_SECONDS):
                while not app[bootstrap.HEALTH].started:  # noqa: ASYNC110 - the product has no event for it
                    await asyncio.sleep(START_POLL_SECONDS)
                await _talk(port)

    _run(serve())
    return meter.per_call - 1  # the echo around the echo


def per_echo() -> float:
    """Count in this process what the same frame costs a bare aiohttp echo."""
    meter = Meter()

    async def echo(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("mcp",), compress=False)
        await socket.prepare(request)
        async for frame in socket:
            meter.tick()
            await socket.send_str(frame.data)
        return socket

    async def serve() -> None:
        app = web.Application()
        app.add_routes([web.get("/mcp", echo)])
        async with _served(app) as port, asyncio.timeout(PATIENCE_SECONDS):
            await _talk(port, "--bare")

    _run(serve())
    return meter.per_call


def _run(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(main)


@contextlib.asynccontextmanager
async def _served(app: web.Application) -> AsyncIterator[int]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _talk(port: int, *options: str) -> None:
    calls = str(WARM_CALLS + COUNTED_CALLS + 1)
    command = [sys.executable, "-m", "bench.peer", str(port), TOKEN, calls, *options]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=subprocess.PIPE)
    _, complaint = await process.communicate()
    if process.returncode:
        raise RuntimeError(complaint.decode().strip())


if __name__ == "__main__":
    counted = {"ours": per_tools_call(), "bare": per_echo()}
    sys.stdout.write(json.dumps(counted | {"unwatched": per_tools_call(watched=False)}))
