"""The one thread that reads: it sees what is committed and never waits for a commit."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from app.stores.sqlite import connection as sqlite
from app.stores.sqlite.connection import DEADLINE_SECONDS, Connection
from app.stores.storable import storable

P = ParamSpec("P")
T = TypeVar("T")

MOST_WAITING = 2000
"""Operations in the queue; what comes after is refused."""


class Reader:
    """A connection of its own on a thread of its own; `run` may be called by any number of tasks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-reader")
        self._waiting = 0

    async def open(self) -> None:
        """Open the file, which the writer has made; harmless when it is open."""

        def work() -> None:
            if self._connection is None:
                with sqlite.errors(self._path):
                    connection = sqlite.connect(self._path)
                    connection.execute("PRAGMA query_only = ON")
                self._connection = connection

        await self._on_thread(work)

    async def close(self) -> None:
        """Close the file after what is running."""

        def work() -> None:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

        await self._on_thread(work)

    async def run(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do a piece of work on one state of the file, whatever is written meanwhile.

        Raises:
            StoreUnavailableError: it cannot be done now, or did not end in time.
        """

        def read() -> T:
            if self._connection is None:
                raise sqlite.not_open(self._path)
            with sqlite.errors(self._path):
                self._connection.execute("BEGIN")
                try:
                    return work(self._connection, *storable(args), **kwargs)
                finally:
                    self._connection.execute("ROLLBACK")

        if self._waiting >= MOST_WAITING:
            raise sqlite.too_busy(self._path, MOST_WAITING)
        self._waiting += 1
        try:
            return await self._on_thread(read)
        finally:
            self._waiting -= 1

    async def _on_thread(self, work: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except TimeoutError:
            raise sqlite.too_slow(self._path) from None
