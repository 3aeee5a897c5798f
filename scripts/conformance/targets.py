"""What the suite is run against: the fixture server, and the product as its users start it."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from app.contract import MCP_PATH
from app.protocol.revisions import REVISIONS
from scripts.bootstrap.machine import last_line
from scripts.bootstrap.refusal import Refusal
from scripts.conformance.bearer_proxy import bearer_proxy, listening_at
from scripts.conformance.node import ROOT
from tests.conformance.fixture_server.application import application

TOKEN = "conformance-suite-on-loopback-only"  # noqa: S105 - of a server that lives for seconds on the loopback

START_SECONDS = 30.0
"""For the product to listen, on a busy machine."""

REQUIREMENT_SETS = ("2025-11-25", "2026-07-28")
"""The revisions the suite has frozen requirements for."""

PRODUCT_SCENARIOS = {
    "2025-11-25": (
        "server-initialize",
        "ping",
        "tools-list",
        "dns-rebinding-protection",
        "server-sse-multiple-streams",
        "server-session-lifecycle",
    ),
    "2026-07-28": (
        "tools-list",
        "dns-rebinding-protection",
        "http-header-validation",
        "sep-2164-resource-not-found",
        "server-sse-multiple-streams",
        "input-required-result-unsupported-methods",
    ),
}
"""What any server must pass with the tools it has; the rest of the suite asks for its own fixtures."""


def claimed() -> list[str]:
    """Return the requirement sets whose revision the core says it speaks."""
    spoken = {revision.version for revision in REVISIONS}
    return [revision for revision in REQUIREMENT_SETS if revision in spoken]


@asynccontextmanager
async def product() -> AsyncIterator[str]:
    """Run the product as its own process, and a proxy that has its token; yields the proxy's URL."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {"AUTH_TOKEN": TOKEN, "DATA_DIR": folder, "CONFIG_DIR": folder, "WS_PORT": "0"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app", cwd=folder, stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ},
        )  # fmt: skip
        assert process.stderr is not None  # noqa: S101 - it was asked for above
        try:
            async with asyncio.timeout(START_SECONDS):
                url = await _announced(process.stderr)
            reading = asyncio.create_task(process.stderr.read())
            async with bearer_proxy(url, TOKEN) as through:
                yield through
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
        await reading


async def _announced(log: asyncio.StreamReader) -> str:
    """Return the URL the product says it listens at.

    Raises:
        Refusal: it ended without saying so.
    """
    said = []
    while line := await log.readline():
        if not line.startswith(b"{"):
            said.append(line.decode())
        elif (found := json.loads(line))["event"] == "listening":
            return str(found["url"])
        else:
            said.append(f"{found['event']}\n{found.get('exception', '')}")
    raise Refusal(f"The product did not start: {last_line(said)}")


@asynccontextmanager
async def fixture_server() -> AsyncIterator[str]:
    """Serve the suite's fixtures from our core; yields the URL."""
    runner = web.AppRunner(application(), access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"{listening_at(runner)}{MCP_PATH}"
    finally:
        await runner.cleanup()
