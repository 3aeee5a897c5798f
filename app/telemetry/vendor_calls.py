"""How vendor calls go: a gateway that measures another one."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from app.providers.errors import ProviderError
from app.providers.events import Done, Event, Usage
from app.providers.protocol import Gateway, ProviderState
from app.providers.requests import Request
from app.telemetry import metrics
from app.telemetry.semantics import provider_name
from app.telemetry.tallies import Tallies

STOPPED = "stopped"
"""Stands for an error where the caller gave up."""


class MeasuredGateway:
    """See `Gateway`; what is called is another one."""

    def __init__(self, gateway: Gateway, tallies: Tallies) -> None:
        self._gateway = gateway
        self._durations = tallies.distribution(metrics.MODEL_CALLS)
        self._first_chunks = tallies.distribution(metrics.FIRST_CHUNKS)
        self._tokens = tallies.distribution(metrics.TOKEN_USAGE)
        self._waits = tallies.distribution(metrics.QUEUE_WAIT)
        self._cached = tallies.counter(metrics.CACHED_TOKENS)
        self._retries = tallies.counter(metrics.RETRIES)

    def usable(self, vendor: str) -> bool:
        """Whether a vendor has a key."""
        return self._gateway.usable(vendor)

    async def states(self) -> Sequence[ProviderState]:
        """Return the state of every model; see the Protocol."""
        return await self._gateway.states()

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        """Call the model of the request; see the Protocol."""
        labels = provider_name(request.model.vendor.id), request.model.id
        began, heard = time.perf_counter(), False
        failure: str | None = STOPPED
        try:
            async with aclosing(self._gateway.stream(request)) as events:  # type: ignore[type-var]  # an async generator, typed as iterator by the Protocol
                async for event in events:
                    if not heard:
                        heard = True
                        self._first_chunks.add(labels, time.perf_counter() - began)
                    if isinstance(event, Done):
                        failure = ""
                        self._done(labels, event)
                    yield event
        except ProviderError as error:
            failure = error.kind.value
            self._retries.add(labels, max(0, error.attempts - 1))
            self._used(labels, error.usage)
            raise
        except Exception:
            failure = None  # it may not leave, for instance for want of money: there was no call
            raise
        finally:
            if failure is not None:
                self._durations.add((*labels, failure), time.perf_counter() - began)

    def _done(self, labels: tuple[str, str], done: Done) -> None:
        self._waits.add(labels, done.waited)
        self._retries.add(labels, done.attempts - 1)
        self._used(labels, done.usage)

    def _used(self, labels: tuple[str, str], usage: Usage | None) -> None:
        if usage is not None:
            self._tokens.add((*labels, "input"), usage.input)
            self._tokens.add((*labels, "output"), usage.output)
            self._cached.add(labels, usage.cached)
