"""All vendors behind what keeps them and us from harm: breakers, places, and retries before the first byte.

Failing over to the other vendor is not done here: its call costs other money, which must be reserved first.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Protocol

from msgspec import structs

from app.providers import sentences
from app.providers.breakers import Breakers, Streams
from app.providers.errors import Kind, ProviderError
from app.providers.events import Done, Event, Text
from app.providers.protocol import ProviderState
from app.providers.records import Model
from app.providers.requests import Request
from app.providers.slots import Leases, Slots


class Shared(Leases, Streams, Protocol):
    """What is needed of the state that replicas share."""


class OneVendor(Protocol):
    """What is needed of a client."""

    def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Call the model once."""


class VendorGateway:
    """See `Gateway`; `accounts` are digests of the keys by vendor.

    Without clients it is the gateway of a server without keys: every call is told which variable to set.
    """

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
                        yield event if type(event) is Text else _told(event, waited, attempts)
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
    # Imported here, so that a server without any key does not load what it would never use.
    from app.providers import retries

    # The first attempt nearly always succeeds: it is made outside the machinery, which hears of its failure.
    try:
        return 1, *await _once(client, request, 1)
    except ProviderError as error:
        failed = error
    async for attempt in retries.attempts(request.deadline):
        with attempt:
            if attempt.num == 1:
                raise failed
            return attempt.num, *await _once(client, request, attempt.num)
    raise AssertionError("a retry context ends with a result or an error")


async def _once(
    client: OneVendor, request: Request, number: int
) -> tuple[Event, AsyncGenerator[Event, None]]:
    """Make one attempt; returns its first event and the rest."""
    events = client.stream(request)
    try:
        return await anext(events), events
    except BaseException as error:
        await events.aclose()
        if isinstance(error, ProviderError) and error.attempts:
            error.attempts = number
        raise


def _told(event: Event, waited: float, attempts: int) -> Event:
    if isinstance(event, Done):
        return structs.replace(event, waited=waited, attempts=attempts)
    return event
