"""Places for calls to a model, of which all replicas together have only so many.

A place is a lease that its call keeps for longer, so that one whose replica died is free again soon, and one
that is in use is never taken away, however long the call.
"""

import asyncio
import contextlib
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator
from typing import Protocol

import structlog

from app.providers import sentences
from app.providers.errors import Kind, ProviderError
from app.providers.records import Model

SLOT_SECONDS = 30.0
"""How long a call waits for a place."""
MOST_WAITING = 64
"""Calls that may wait for one model in this process."""
LEASE_SECONDS = 30.0
KEEP_SECONDS = LEASE_SECONDS / 3
LOOK_SECONDS = 0.25
"""How often the first in line looks whether another replica gave a place back, which nothing tells it."""

log = structlog.get_logger(__name__)


class Leases(Protocol):
    """The part of the shared state that lends places; it ends within its own deadline and never raises."""

    async def acquire(self, name: str, holder: str, *, most: int, seconds: float) -> bool:
        """Take one of `most` places, or keep the one this holder has."""

    async def release(self, name: str, holder: str) -> None:
        """Give it back."""

    async def holders(self, name: str) -> int:
        """Return how many are taken."""


class Slots:
    """Lends places, first come, first served within this process."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._lines: dict[str, deque[asyncio.Event]] = {}
        self._giving_back: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def place(self, model: Model, deadline: float | None) -> AsyncIterator[float]:
        """Hold a place while the block runs; yields how many seconds it took to get one.

        `deadline` is on the clock of the running loop.

        Raises:
            ProviderError: of kind CAPACITY: none became free in time, or too many wait already.
        """
        holder = uuid.uuid4().hex
        began = time.monotonic()
        keeper: asyncio.Task[None] | None = None
        try:
            await self._wait(model, holder, deadline)
            keeper = asyncio.create_task(self._keep(model, holder), name=f"slot-{model.id}")
            yield time.monotonic() - began
        finally:
            if keeper is not None:
                keeper.cancel()
            # Shielded: whoever cancels the call must not keep its place from the others.
            back = asyncio.create_task(self._give_back(model, holder), name=f"slot-back-{model.id}")
            self._giving_back.add(back)
            back.add_done_callback(self._giving_back.discard)
            await asyncio.shield(back)

    async def taken(self, model: Model) -> int:
        """Return how many calls are under way at a model, over all replicas."""
        return await self._leases.holders(_name(model))

    async def _wait(self, model: Model, holder: str, deadline: float | None) -> None:
        line = self._lines.setdefault(model.id, deque())
        if not line and await self._take(model, holder):
            return
        if len(line) >= MOST_WAITING:
            raise _refused(model, sentences.crowded(model, len(line)))
        turn = asyncio.Event()
        line.append(turn)
        loop = asyncio.get_running_loop()
        give_up = min(loop.time() + SLOT_SECONDS, deadline if deadline is not None else float("inf"))
        waiting_since = loop.time()
        try:
            while not (line[0] is turn and await self._take(model, holder)):
                left = give_up - loop.time()
                if left <= 0:
                    raise _refused(model, sentences.busy(model, round(loop.time() - waiting_since, 1)))
                turn.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(LOOK_SECONDS, left)):
                        await turn.wait()
        finally:
            line.remove(turn)
            self._wake(model)

    async def _take(self, model: Model, holder: str) -> bool:
        return await self._leases.acquire(_name(model), holder, most=model.concurrency, seconds=LEASE_SECONDS)

    async def _keep(self, model: Model, holder: str) -> None:
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            if not await self._take(model, holder):
                # It had ended while this process stood still; the call is under way and goes on.
                log.warning("a call lost its place and goes on without", model=model.id)

    async def _give_back(self, model: Model, holder: str) -> None:
        await self._leases.release(_name(model), holder)
        self._wake(model)

    def _wake(self, model: Model) -> None:
        if line := self._lines.get(model.id):
            line[0].set()


def _name(model: Model) -> str:
    return f"{model.vendor.id}/{model.id}"


def _refused(model: Model, sentence: str) -> ProviderError:
    return ProviderError(Kind.CAPACITY, sentence, vendor=model.vendor.id, attempts=0)
