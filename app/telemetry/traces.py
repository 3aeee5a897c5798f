"""Traces by OpenTelemetry: a span for each MCP request, and below it vendor calls, store and Redis.

Loaded only when OTEL_EXPORTER_OTLP_ENDPOINT is set. No span ever holds what was asked or answered: no
argument, no text, no message of an exception. Sampling and batching follow OpenTelemetry's own variables.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.types import EventDict

from app import contract
from app.protocol.call import Call
from app.protocol.methods import Answer, Instant, Params, Served
from app.providers.protocol import Gateway
from app.settings import Secret
from app.telemetry import semantics
from app.telemetry.mcp_operations import ENDLESS, TOOL_ERROR, error_type
from app.telemetry.observed import Operation, Wrap
from app.telemetry.traced_gateway import TracedGateway
from app.version import VERSION

PATH = "/v1/traces"
"""What OTLP appends to the endpoint (opentelemetry.io/docs/specs/otel/protocol/exporter)."""

FLUSH_SECONDS = 5.0
"""How long the end of the server waits for spans that are not sent yet."""

CARRIED = ("traceparent", "tracestate")
_propagator = TraceContextTextMapPropagator()


class Tracing:
    """One server's tracer, and what makes spans with it."""

    def __init__(self, endpoint: str, headers: Secret | None, *, service: str, instance: str) -> None:
        attributes = {
            semantics.SERVICE_NAME: service,
            semantics.SERVICE_VERSION: VERSION,
            semantics.SERVICE_INSTANCE: instance,
        }
        self._provider = TracerProvider(resource=Resource.create(attributes), shutdown_on_exit=False)
        exporter = OTLPSpanExporter(
            endpoint=f"{endpoint.rstrip('/')}{PATH}", headers=_pairs(headers.reveal() if headers else "")
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer(contract.NAME, VERSION)

    async def close(self) -> None:
        """Send what is not sent yet, for at most FLUSH_SECONDS."""
        await asyncio.to_thread(self._provider.force_flush, int(FLUSH_SECONDS * 1000))
        # The exporter's own shutdown waits for a retry that is under way.
        asyncio.get_running_loop().run_in_executor(None, self._provider.shutdown)

    def around(self, tools: Collection[str]) -> "TracedOperations":
        """Return what makes a span of each MCP request."""
        return TracedOperations(self._tracer, tools)

    def gateway(self, gateway: Gateway) -> Gateway:
        """Return a gateway whose calls are spans."""
        return TracedGateway(gateway, self._tracer)

    def wrap(self, system: str) -> Wrap:
        """Return a wrap that makes a span of each operation that belongs to a request."""
        attributes = {semantics.DB_SYSTEM: system}

        def around(name: str, operation: Operation) -> Operation:
            async def traced(*arguments: Any, **named: Any) -> Any:
                # What runs of its own accord, such as sweeping, would be thousands of traces of one span.
                if not trace.get_current_span().get_span_context().is_valid:
                    return await operation(*arguments, **named)
                about = attributes | {semantics.DB_OPERATION: name}
                with self._tracer.start_as_current_span(
                    f"{name} {system}",
                    kind=SpanKind.CLIENT,
                    attributes=about,
                    record_exception=False,
                    set_status_on_exception=False,
                ) as span:  # fmt: skip - one thought
                    try:
                        return await operation(*arguments, **named)
                    except Exception as error:
                        failed(span, type(error).__name__)
                        raise

            return traced

        return around

    @property
    def middleware(self) -> Middleware:
        """Take over the trace that an HTTP request belongs to."""

        @web.middleware
        async def join(request: web.Request, handler: Handler) -> web.StreamResponse:
            # A socket lasts for many calls, and its upgrade belongs to none of them.
            if CARRIED[0] not in request.headers or "Upgrade" in request.headers:
                return await handler(request)
            token = context.attach(_propagator.extract(request.headers))
            try:
                return await handler(request)
            finally:
                context.detach(token)

        return join


class TracedOperations:
    """Makes spans around handlers; see `app.protocol.methods.Around`. `tools` are the names that are told."""

    def __init__(self, tracer: Tracer, tools: Collection[str]) -> None:
        self._tracer = tracer
        self._tools = frozenset(tools)

    def instant(self, method: str, handler: Instant) -> Instant:
        """Trace a method that answers at once."""

        def traced(call: Call, params: Params) -> Answer:
            with self._span(method, call, params):
                return handler(call, params)

        return traced

    def served(self, method: str, handler: Served) -> Served:
        """Trace a method that has a task of its own."""
        if method in ENDLESS:
            return handler

        async def traced(call: Call, params: Params) -> Answer:
            with self._span(method, call, params) as span:
                answer = await handler(call, params)
                if answer.get("isError"):
                    failed(span, TOOL_ERROR)
                return answer

        return traced

    @contextmanager
    def _span(self, method: str, call: Call, params: Params) -> Iterator[Span]:
        attributes: dict[str, str] = {
            semantics.MCP_METHOD: method,
            semantics.MCP_PROTOCOL_VERSION: call.protocol_version,
            semantics.JSONRPC_REQUEST_ID: str(call.request_id),
        }
        if call.session.id:
            attributes[semantics.MCP_SESSION] = call.session.id
        name, tool = method, params.get("name")
        if method == "tools/call" and isinstance(tool, str) and tool in self._tools:
            name = f"{method} {tool}"
            attributes |= {semantics.GEN_AI_OPERATION: semantics.EXECUTE_TOOL, semantics.GEN_AI_TOOL: tool}
        with self._tracer.start_as_current_span(
            name,
            context=_parent(call.meta),
            kind=SpanKind.SERVER,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                if kind := error_type(error):
                    failed(span, kind)
                raise


def log_ids(logger: Any, method: str, event: EventDict) -> EventDict:  # noqa: ARG001 - structlog's signature
    """Put the ids of the current span into a log line."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"], event["span_id"] = format(span.trace_id, "032x"), format(span.span_id, "016x")
    return event


def failed(span: Span, kind: str) -> None:
    """Say that a span failed and of what kind, without words that could hold content."""
    span.set_attribute(semantics.ERROR_TYPE, kind)
    span.set_status(StatusCode.ERROR)


def _parent(meta: Mapping[str, Any]) -> context.Context | None:
    """Return the trace a request's `_meta` names (SEP-414); None leaves it to that of the HTTP request."""
    carried = {key: meta[key] for key in CARRIED if isinstance(meta.get(key), str)}
    return _propagator.extract(carried) if CARRIED[0] in carried else None


def _pairs(headers: str) -> dict[str, str]:
    """Read `name=value,name=value`, as OTEL_EXPORTER_OTLP_HEADERS is written."""
    pairs = (pair.partition("=") for pair in headers.split(",") if pair.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
