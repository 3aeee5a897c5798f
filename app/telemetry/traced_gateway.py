"""Vendor calls as spans below the request they belong to."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer

from app.providers.errors import ProviderError
from app.providers.events import Done, Event, Usage
from app.providers.protocol import Gateway, ProviderState
from app.providers.requests import Request
from app.telemetry import semantics
from app.telemetry.vendor_calls import STOPPED


class TracedGateway:
    """See `Gateway`; what is called is another one."""

    def __init__(self, gateway: Gateway, tracer: Tracer) -> None:
        self._gateway = gateway
        self._tracer = tracer

    def usable(self, vendor: str) -> bool:
        """Whether a vendor has a key."""
        return self._gateway.usable(vendor)

    async def states(self) -> Sequence[ProviderState]:
        """Return the state of every model; see the Protocol."""
        return await self._gateway.states()

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        """Call the model of the request; see the Protocol."""
        model = request.model
        attributes: dict[str, str | int] = {
            semantics.GEN_AI_OPERATION: semantics.CHAT,
            semantics.GEN_AI_PROVIDER: semantics.provider_name(model.vendor.id),
            semantics.GEN_AI_REQUEST_MODEL: model.id,
            semantics.GEN_AI_MAX_TOKENS: request.max_output,
        }
        if request.conversation:
            attributes[semantics.GEN_AI_CONVERSATION] = request.conversation
        # Not made current: a generator shares its context with whoever reads it.
        span = self._tracer.start_span(
            f"{semantics.CHAT} {model.id}", kind=SpanKind.CLIENT, attributes=attributes
        )
        began, heard, failure = time.perf_counter(), False, STOPPED
        try:
            async with aclosing(self._gateway.stream(request)) as events:  # type: ignore[type-var]  # an async generator, typed as iterator by the Protocol
                async for event in events:
                    if not heard:
                        heard = True
                        span.set_attribute(semantics.GEN_AI_FIRST_CHUNK, time.perf_counter() - began)
                    if isinstance(event, Done):
                        failure = ""
                        _done(span, event)
                    yield event
        except ProviderError as error:
            failure = error.kind.value
            _used(span, error.usage, error.request_id)
            raise
        except Exception as error:
            failure = type(error).__name__  # what forbade the call
            raise
        finally:
            if failure:
                span.set_attribute(semantics.ERROR_TYPE, failure)
                span.set_status(StatusCode.ERROR)
            span.end()


def _done(span: Span, done: Done) -> None:
    span.set_attribute(semantics.GEN_AI_FINISH_REASONS, [done.finish])
    _used(span, done.usage, done.request_id)


def _used(span: Span, usage: Usage | None, request_id: str | None) -> None:
    if request_id is not None:
        span.set_attribute(semantics.GEN_AI_RESPONSE_ID, request_id)
    if usage is not None:
        span.set_attribute(semantics.GEN_AI_INPUT_TOKENS, usage.input)
        span.set_attribute(semantics.GEN_AI_OUTPUT_TOKENS, usage.output)
        span.set_attribute(semantics.GEN_AI_CACHED_TOKENS, usage.cached)
