"""The one thread that writes; operations that wait while it commits share its next commit.

A commit costs a flush of the disk, whatever is in it. So what was queued meanwhile becomes one transaction,
each operation within a savepoint of its own if there are several: it happens whole or not at all, and none
is answered before the flush.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from msgspec import Struct

from app.stores.errors import StoreUnavailableError
from app.stores.protocol import Meanwhile
from app.stores.sqlite import connection as sqlite
from app.stores.sqlite.connection import DEADLINE_SECONDS, Connection
from app.stores.storable import storable

P = ParamSpec("P")
T = TypeVar("T")

MOST_TOGETHER = 64
"""Operations that share one commit, so that the first of them need not wait for long."""
MOST_WAITING = 2000
"""Operations in the queue; what comes after is refused."""


class _Waiting(Struct, frozen=True):
    """An operation and who waits for it; a future that is done already belongs to somebody who left."""

    work: Callable[[Connection], Any]
    future: "asyncio.Future[Any]"
    meanwhile: Meanwhile | None


class Writer:
    """A connection of its own on a thread of its own; `run` may be called by any number of tasks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-writer")
        self._queue: deque[_Waiting] = deque()
        self._turning = False

    async def open(self, prepare: Callable[[Connection], None]) -> None:
        """Open the file and prepare it; harmless when it is open."""

        def work() -> None:
            if self._connection is not None:
                return
            with sqlite.errors(self._path):
                connection = sqlite.connect(self._path)
                try:
                    prepare(connection)
                except BaseException:
                    connection.close()
                    raise
            self._path.chmod(0o600)
            self._connection = connection

        await self._alone(work)

    async def close(self) -> None:
        """Close the file after what is running; what waits is told that the store is closed."""

        def work() -> None:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

        await self._alone(work)

    async def checkpoint(self) -> None:
        """Fold the log into the file and cut it, so that it does not keep what was removed."""

        def work() -> None:
            if self._connection is not None:
                with sqlite.errors(self._path):
                    self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        await self._alone(work)

    async def run(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do a piece of work durably, all or nothing.

        Raises:
            StoreUnavailableError: it cannot be done now, or did not end in time and may yet happen.
        """
        return await self.run_with(None, work, *args, **kwargs)

    async def run_with(
        self,
        meanwhile: Meanwhile | None,
        work: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Do as `run` does, and call `meanwhile` while the disk is waited for."""
        if len(self._queue) >= MOST_WAITING:
            raise sqlite.too_busy(self._path, MOST_WAITING)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.append(
            _Waiting(lambda connection: work(connection, *storable(args), **kwargs), future, meanwhile)
        )
        if not self._turning:
            self._turning = True
            self._next(loop)
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await future
        except TimeoutError:
            raise sqlite.too_slow(self._path) from None

    async def _alone(self, work: Callable[[], None]) -> None:
        """Do what needs the connection outside a transaction."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except TimeoutError:
            raise sqlite.too_slow(self._path) from None

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        batch: list[_Waiting] = []
        while self._queue and len(batch) < MOST_TOGETHER:
            waiting = self._queue.popleft()
            if not waiting.future.done():
                batch.append(waiting)
        if not batch:
            self._turning = False
            return
        self._thread.submit(self._work, loop, batch)

    def _work(self, loop: asyncio.AbstractEventLoop, batch: Sequence[_Waiting]) -> None:
        """Commit on the thread, and wake the loop once for all who wait."""
        try:
            outcomes = self._commit(loop, batch)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told to each who waits
            outcomes = [error] * len(batch)
        loop.call_soon_threadsafe(self._deliver, loop, batch, outcomes)

    def _deliver(
        self, loop: asyncio.AbstractEventLoop, batch: Sequence[_Waiting], outcomes: Sequence[Any]
    ) -> None:
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if waiting.future.done():
                continue
            if isinstance(outcome, BaseException):
                waiting.future.set_exception(outcome)
            else:
                waiting.future.set_result(outcome)
        # After those who were just answered had their turn, so that what they ask next is in the batch.
        loop.call_soon(self._next, loop)

    def _commit(self, loop: asyncio.AbstractEventLoop, batch: Sequence[_Waiting]) -> list[Any]:
        """Run a batch as one transaction; return each one's result, or the exception it raised."""
        if self._connection is None:
            raise sqlite.not_open(self._path)
        connection = self._connection
        with sqlite.errors(self._path):
            connection.execute("BEGIN IMMEDIATE")
            try:
                if len(batch) == 1:
                    # Alone it needs no savepoint, for which SQLite copies each page it changes.
                    outcomes = [batch[0].work(connection)]
                else:
                    outcomes = [self._savepoint(connection, waiting.work) for waiting in batch]
                # Only now: until here this thread and the loop's would wait for each other.
                for waiting in batch:
                    if waiting.meanwhile is not None:
                        loop.call_soon_threadsafe(waiting.meanwhile)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        return outcomes

    def _savepoint(self, connection: Connection, work: Callable[[Connection], T]) -> T | Exception:
        connection.execute("SAVEPOINT operation")
        try:
            with sqlite.errors(self._path):
                result: T | Exception = work(connection)
        except Exception as error:
            if not connection.in_transaction:
                # SQLite itself gave the transaction up (disk full, I/O error): nothing of it is kept.
                raise StoreUnavailableError(
                    f"SQLite gave up a transaction in {self._path} ({error}): check the disk."
                ) from error
            connection.execute("ROLLBACK TO operation")
            result = error
        connection.execute("RELEASE operation")
        return result
