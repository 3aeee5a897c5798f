"""A server of its own process: real guard, WebSocket and dispatcher, and tools that leave a trace.

`python -m tests.transports.stdio.fixture_server PORT RUNS`: says `listening` on stdout; every call of its
tools appends a line to RUNS; SIGUSR1 releases what waits; SIGTERM stops listening and drains.
"""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

from app.protocol.tools import Call, Tool, ToolResult, text
from app.transports.guard import Guard
from app.transports.http import HttpTransport
from app.transports.websocket import WebSocketTransport
from tests.transports.server import TOKEN, Echo, Probe, digest, make_dispatcher

DRAIN_SECONDS = 30


class Tracing(Probe):
    def __init__(self, runs: Path) -> None:
        super().__init__()
        self._runs = runs

    async def note(self, _call: Call, arguments: Echo) -> ToolResult:
        self._trace(arguments)
        return ToolResult([text(arguments.text)])

    async def wait(self, call: Call, arguments: Echo) -> ToolResult:
        self._trace(arguments)
        await call.progress(1, 2)
        await self.release.wait()
        return ToolResult([text(arguments.text)])

    def _trace(self, arguments: Echo) -> None:
        with self._runs.open("a") as runs:
            runs.write(f"{arguments.text[:40]}\n")

    def tools(self) -> list[Tool[Any]]:
        return [
            Tool("note", "Note", "Notes that it ran.", Echo, self.note),
            Tool("wait", "Wait", "Notes that it ran, reports progress, waits for SIGUSR1.", Echo, self.wait),
        ]


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def main(port: int, runs: Path) -> None:
    probe = Tracing(runs)
    dispatcher = make_dispatcher(probe)
    websocket = WebSocketTransport(dispatcher)
    http = HttpTransport(dispatcher, upgrade=websocket.serve)
    app = web.Application(middlewares=[Guard(clients={"tester": digest(TOKEN)}).middleware])
    app.add_routes([*websocket.routes(), *http.routes()])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, probe.release.set)
    say("listening")
    await stop.wait()
    await site.stop()
    say("draining")
    await websocket.drain(DRAIN_SECONDS)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
