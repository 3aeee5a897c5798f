"""What the suite is run against: the fixture server, and the product as `python -m app` wires it."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from app.bootstrap import build_app
from app.contract import MCP_PATH
from app.protocol import revisions
from app.settings import Settings
from scripts.conformance.bearer_proxy import bearer_proxy, listening_at
from tests.conformance.fixture_server.application import application

TOKEN = "conformance-suite-on-loopback-only"  # noqa: S105 - of a server that lives for seconds on the loopback

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
    spoken = {
        revision
        for table in vars(revisions).values()
        if isinstance(table, dict)
        for revision, entry in table.items()
        if isinstance(entry, revisions.Revision)
    }
    return [revision for revision in REQUIREMENT_SETS if revision in spoken]


@asynccontextmanager
async def fixture_server() -> AsyncIterator[str]:
    """Serve the suite's fixtures from our core; yields the URL."""
    async with _served(application()) as url:
        yield url


@asynccontextmanager
async def product() -> AsyncIterator[str]:
    """Serve the product, its guard asking for a token, behind a proxy that has it; yields the URL."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {"AUTH_TOKEN": TOKEN, "DATA_DIR": folder, "CONFIG_DIR": folder, "WS_PORT": "0"}
        settings = Settings.from_env(environ, Path(folder))
        async with _served(build_app(settings)) as url, bearer_proxy(url, TOKEN) as through:
            yield through


@asynccontextmanager
async def _served(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"{listening_at(runner)}{MCP_PATH}"
    finally:
        await runner.cleanup()
