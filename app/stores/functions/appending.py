"""Appends that are wanted at the same time travel together; what comes while some travel goes with the next.

Streams append many times a second, each for itself. One statement and one flush of the disk for all of them
is what a group commit is to a database, and over HTTP one request instead of one a stream.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from app.stores.errors import StoreUnavailableError
from app.stores.records import Standing

MOST_TOGETHER = 64
"""Appends in one call, so that the first of them need not wait for long."""
MOST_WAITING = 2000
"""Appends that wait; what comes after is refused."""

Append = Mapping[str, Any]


class Appends:
    """Gathers appends; `ask` makes one call for several and returns one answer each, in their order."""

    def __init__(self, ask: Callable[[Sequence[Append]], Coroutine[Any, Any, Sequence[Any]]]) -> None:
        self._ask = ask
        self._waiting: deque[tuple[Append, asyncio.Future[Standing]]] = deque()
        self._travelling: asyncio.Task[None] | None = None

    async def append(self, append: Append) -> Standing:
        """Wait until an append has been made."""
        if len(self._waiting) >= MOST_WAITING:
            raise StoreUnavailableError(
                f"The store has {MOST_WAITING} appends waiting and takes no more now: try again in a moment."
            )
        future: asyncio.Future[Standing] = asyncio.get_running_loop().create_future()
        self._waiting.append((append, future))
        if self._travelling is None:
            # A task begins after this turn of the loop: whoever else wants to append in it goes along.
            self._travelling = asyncio.create_task(self._travel(), name="appends")
        return await future

    async def _travel(self) -> None:
        try:
            while self._waiting:
                batch: list[tuple[Append, asyncio.Future[Standing]]] = []
                while self._waiting and len(batch) < MOST_TOGETHER:
                    append, future = self._waiting.popleft()
                    if not future.done():  # whoever is cancelled wants nothing appended any more
                        batch.append((append, future))
                if batch:
                    await self._make(batch)
        finally:
            self._travelling = None

    async def _make(self, batch: Sequence[tuple[Append, "asyncio.Future[Standing]"]]) -> None:
        try:
            answers = await self._ask([append for append, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to each who waits
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(Standing(**answer))
