"""An OTLP receiver: what a collector hears over HTTP, decoded by OpenTelemetry's own protocol classes."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class Span:
    """One span as it was received."""

    def __init__(self, span: Any, resource: dict[str, Any]) -> None:
        self.name: str = span.name
        self.kind: int = span.kind
        self.trace = span.trace_id.hex()
        self.id = span.span_id.hex()
        self.parent = span.parent_span_id.hex()
        self.failed = span.status.code == 2  # STATUS_CODE_ERROR
        self.events = len(span.events)
        self.attributes = {each.key: _value(each.value) for each in span.attributes}
        self.resource = resource


class Collector:
    """Keeps every span; `raw` is everything that was sent, to be searched for what must not be in it."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.raw = b""
        self.headers: dict[str, str] = {}
        self.url = ""
        self._news = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip" and body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        self.raw += body
        self.headers = dict(request.headers)
        message = ExportTraceServiceRequest()
        message.ParseFromString(body)
        for group in message.resource_spans:
            resource = {each.key: _value(each.value) for each in group.resource.attributes}
            self.spans += [Span(span, resource) for scope in group.scope_spans for span in scope.spans]
        self._news.set()
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(), content_type="application/x-protobuf"
        )

    async def named(self, name: str) -> Span:
        """Wait for a span of this name."""
        async with asyncio.timeout(20):
            while True:
                for span in self.spans:
                    if span.name == name:
                        return span
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    collector = Collector()
    app = web.Application(client_max_size=16 * 1024**2)
    app.router.add_post("/v1/traces", collector.take)
    server = TestServer(app)
    await server.start_server()
    collector.url = str(server.make_url("")).rstrip("/")
    try:
        yield collector
    finally:
        await server.close()


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind)
