"""Traces of the real process, with the demo's vendors, received by OTLP as a collector receives them."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from demo.application import build_app
from demo.paths import KIMI_PATH
from tests.app.conftest import TOKEN, Server, Start
from tests.app.shared.conftest import redis_available, redis_url
from tests.app.telemetry.collector import Collector, collecting

__all__ = ["redis_available", "redis_url"]

ROOT = Path(__file__).resolve().parents[3]
SERVER, CLIENT = 2, 3
"""SpanKind, as OTLP numbers them."""
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
PROMPT = "canary of the prompt"


@contextlib.asynccontextmanager
async def vendors() -> AsyncIterator[str]:
    server = TestServer(build_app(speed=0, first_seconds=0))
    await server.start_server()
    try:
        yield str(server.make_url(KIMI_PATH))
    finally:
        await server.close()


class Peer:
    """An MCP client over Streamable HTTP."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = f"{url}/mcp"
        self._headers = {
            "Authorization": f"Bearer {TOKEN}",
            "Accept": "application/json, text/event-stream",
        }

    async def open(self) -> None:
        client = {"name": "test", "version": "1"}
        params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}
        await self.post("initialize", params)

    async def post(self, method: str, params: dict[str, Any], **headers: str) -> str:
        message = {"jsonrpc": "2.0", "id": "r-7", "method": method, "params": params}
        async with self._http.post(self._url, json=message, headers=self._headers | headers) as response:
            assert response.status == 200
            if "Mcp-Session-Id" in response.headers:
                self._headers["Mcp-Session-Id"] = response.headers["Mcp-Session-Id"]
            return await response.text()


@contextlib.asynccontextmanager
async def traced(start: Start, **environ: str) -> AsyncIterator[tuple[Server, Peer, Collector]]:
    async with collecting() as collector, vendors() as kimi, aiohttp.ClientSession() as http:
        server = start(
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_EXPORTER_OTLP_HEADERS="x-key=canary-key",
            OTEL_BSP_SCHEDULE_DELAY="50",
            KIMI_API_KEY="canary-of-kimi",
            KIMI_BASE_URL=kimi,
            **environ,
        )
        url = await asyncio.to_thread(server.url)
        await asyncio.to_thread(server.wait_for, "ready")
        peer = Peer(http, url)
        await peer.open()
        yield server, peer, collector
        server.signal()
        await asyncio.to_thread(server.ended)


def call(tool: str, arguments: dict[str, Any], **meta: str) -> dict[str, Any]:
    return {"name": tool, "arguments": arguments, **({"_meta": meta} if meta else {})}


async def test_a_call_joins_its_clients_trace_and_shows_vendor_store_and_redis(
    start: Start, redis_url: str
) -> None:
    async with traced(start, REDIS_URL=redis_url) as (server, peer, collector):
        await peer.post(
            "tools/call", call("chat", {"prompt": PROMPT, "model": "kimi"}, traceparent=TRACEPARENT)
        )
        root = await collector.named("tools/call chat")
        vendor = await collector.named("chat kimi-k2.6")
        kept = await collector.named("start_job sqlite")
        redis = await collector.named("acquire redis")
        line = await asyncio.to_thread(server.wait_for, "model call")

    assert (root.trace, root.parent, root.kind, root.failed) == (TRACE, PARENT, SERVER, False)
    assert root.attributes["mcp.method.name"] == "tools/call"
    assert root.attributes["mcp.protocol.version"] == "2025-06-18"
    assert root.attributes["jsonrpc.request.id"] == "r-7"
    assert root.attributes["gen_ai.operation.name"] == "execute_tool"
    assert root.attributes["gen_ai.tool.name"] == "chat"
    assert root.resource["service.name"] == "exai-mcp-server"
    for child in (vendor, kept, redis):
        assert (child.trace, child.parent, child.kind) == (TRACE, root.id, CLIENT)
    assert vendor.attributes["gen_ai.provider.name"] == "moonshot_ai"
    assert vendor.attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert vendor.attributes["gen_ai.usage.output_tokens"] > 0
    assert vendor.attributes["gen_ai.response.time_to_first_chunk"] > 0
    assert (kept.attributes["db.system.name"], kept.attributes["db.operation.name"]) == (
        "sqlite",
        "start_job",
    )
    assert collector.headers["x-key"] == "canary-key"
    assert b"canary" not in collector.raw
    assert (line["trace_id"], line["request_id"]) == (TRACE, "r-7")


async def test_the_header_of_an_http_request_is_taken_where_meta_names_no_trace(start: Start) -> None:
    async with traced(start) as (_, peer, collector):
        await peer.post("tools/call", call("status", {}), traceparent=TRACEPARENT)
        by_header = await collector.named("tools/call status")
        await peer.post("tools/list", {})
        alone = await collector.named("tools/list")

    assert (by_header.trace, by_header.parent) == (TRACE, PARENT)
    assert alone.parent == ""
    assert alone.trace != TRACE


async def test_a_failure_says_its_kind_and_no_word_more(start: Start) -> None:
    async with traced(start) as (_, peer, collector):
        await peer.post("tools/call", call("canary of a name", {}, traceparent="canary, and no traceparent"))
        await peer.post(
            "tools/call", call("chat", {"prompt": f"[fake:kimi-401-key] {PROMPT}", "model": "kimi-k2.6"})
        )
        unknown = await collector.named("tools/call")
        failing = await collector.named("tools/call chat")
        vendor = await collector.named("chat kimi-k2.6")

    assert (unknown.failed, unknown.attributes["error.type"], unknown.events) == (True, "-32602", 0)
    assert (failing.failed, failing.attributes["error.type"]) == (True, "tool_error")
    assert (vendor.failed, vendor.events) == (True, 0)
    assert vendor.attributes["error.type"] == "key"
    assert b"canary" not in collector.raw


async def test_what_runs_of_its_own_accord_makes_no_spans(start: Start) -> None:
    async with traced(start) as (_, peer, collector):
        await peer.post("tools/list", {})
        await collector.named("tools/list")

    assert {span.name for span in collector.spans} <= {"initialize", "tools/list"}


def test_without_the_variable_nothing_of_opentelemetry_is_loaded(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import app.serving; from app import bootstrap;"
        "from app.settings import Settings; from app.telemetry import logs;"
        f"settings = Settings.from_env({{'KIMI_API_KEY': 'sk-made-up'}}, Path({str(tmp_path)!r}));"
        "logs.configure(settings); bootstrap.build_app(settings);"
        "print(sorted(name for name in sys.modules if name.startswith('opentelemetry')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1"])
async def test_a_collector_that_is_away_harms_no_call_and_no_end(start: Start, endpoint: str) -> None:
    server = start(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_BSP_SCHEDULE_DELAY="50")
    url = await asyncio.to_thread(server.url)
    await asyncio.to_thread(server.wait_for, "ready")
    async with aiohttp.ClientSession() as http:
        peer = Peer(http, url)
        await peer.open()
        assert '"isError":false' in await peer.post("tools/call", call("status", {}))
    server.signal()
    code, _ = await asyncio.to_thread(server.ended)

    assert code == 0
