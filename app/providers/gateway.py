"""All vendors behind what keeps them and us from harm: breakers, places, and retries before the first byte.

Failing over to the other vendor is not done here: its call costs other money, which must be reserved first.
"""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Protocol

import stamina

from app.providers import sentences
from app.providers.breakers import Breakers, Streams
from app.providers.errors import Kind, ProviderError
from app.providers.events import Done, Event
from app.providers.protocol import ProviderState
from app.providers.records import Model
from app.providers.requests import Request
from app.providers.slots import Leases, Slots

ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 8.0
JITTER_SECONDS = 1.0
LONGEST_ASKED_PAUSE_SECONDS = 20.0
"""A vendor that asks us to wait longer is not waited for: the caller can ask the other one meanwhile."""


class Shared(Leases, Streams, Protocol):
    """What is needed of the state that replicas share."""


class OneVendor(Protocol):
    """What is needed of a client."""

    def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Call the model once."""


class VendorGateway:
    """See `Gateway`; `accounts` are digests of the keys by vendor."""

    def __init__(self, clients: Mapping[str, OneVendor], shared: Shared, accounts: Mapping[str, str]) -> None:
        self._clients = dict(clients)
        self._slots = Slots(shared)
        self._breakers = Breakers(shared, dict(accounts))
        self._called: dict[str, Model] = {}

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Call the model of the request; see `Gateway.stream`."""
        model = request.model
        client = self._clients.get(model.vendor.id)
        if client is None:
            sentence = sentences.no_key(model.vendor)
            raise ProviderError(Kind.KEY, sentence, vendor=model.vendor.id, attempts=0)
        self._called[model.id] = model
        self._breakers.release(await self._breakers.admit(model))  # before waiting: a place may take long
        async with self._slots.place(model, request.deadline) as waited:
            tried = await self._breakers.admit(model)
            try:
                attempts, first, rest = await _begin(client, request)
                async with aclosing(rest):
                    yield _told(first, waited, attempts)
                    async for event in rest:
                        yield _told(event, waited, attempts)
            except ProviderError as error:
                await self._breakers.settle(model, tried, error)
                raise
            except BaseException:
                # The caller gave up, which says nothing about the vendor.
                self._breakers.release(tried)
                raise
            await self._breakers.settle(model, tried, None)

    def usable(self, vendor: str) -> bool:
        """Whether a vendor has a key."""
        return vendor in self._clients

    async def states(self) -> Sequence[ProviderState]:
        """Return the state of every model that was called since the start."""
        models = self._called.values()
        taken = await asyncio.gather(*(self._slots.taken(model) for model in models))
        return [self._state(model, count) for model, count in zip(models, taken, strict=True)]

    def _state(self, model: Model, in_flight: int) -> ProviderState:
        rest = self._breakers.rest(model)
        until = datetime.fromtimestamp(rest.until, UTC) if rest else None
        return ProviderState(model.vendor.id, model.id, in_flight, until, rest.reason if rest else None)


async def _begin(client: OneVendor, request: Request) -> tuple[int, Event, AsyncGenerator[Event, None]]:
    """Call until the first event is there; returns the number of attempts, that event, and the rest."""
    attempts = stamina.retry_context(
        on=_pause(request),
        attempts=ATTEMPTS,
        timeout=None,  # the caller's deadline is the bound
        wait_initial=FIRST_PAUSE_SECONDS,
        wait_max=LONGEST_PAUSE_SECONDS,
        wait_jitter=JITTER_SECONDS,
    )
    async for attempt in attempts:
        with attempt:
            events = client.stream(request)
            try:
                return attempt.num, await anext(events), events
            except BaseException as error:
                await events.aclose()
                if isinstance(error, ProviderError) and error.attempts:
                    error.attempts = attempt.num
                raise
    raise AssertionError("a retry context ends with a result or an error")


def _pause(request: Request) -> Callable[[Exception], bool | float]:
    """Return the hook that says which errors deserve another attempt, and after how long.

    Only what certainly costs nothing: money was reserved for one answer.
    """

    def decide(error: Exception) -> bool | float:
        if not isinstance(error, ProviderError) or not (error.kind.again and error.kind.free):
            return False
        pause = FIRST_PAUSE_SECONDS if error.retry_after is None else error.retry_after
        late = request.deadline is not None and asyncio.get_running_loop().time() + pause >= request.deadline
        if late or pause > LONGEST_ASKED_PAUSE_SECONDS:
            return False
        return True if error.retry_after is None else pause

    return decide


def _told(event: Event, waited: float, attempts: int) -> Event:
    if isinstance(event, Done):
        return dataclasses.replace(event, waited=waited, attempts=attempts)
    return event
