"""SQLite, the embedded default: one file in DATA_DIR, one connection on a thread of its own."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from app.stores import migrations
from app.stores.errors import StoreUnavailableError
from app.version import VERSION

BUSY_TIMEOUT_SECONDS = 5.0
"""How long a statement waits for another process's write lock."""
DEADLINE_SECONDS = 30.0
"""For one piece of work on the thread, the busy timeout and a slow disk included."""
FILE_NAME = "exai.sqlite3"

T = TypeVar("T")


class SqliteStore:
    """One connection used by one thread, so statements never interleave.

    WAL lets other processes read while this one writes; `synchronous=FULL` makes a committed transaction
    survive power loss (https://www.sqlite.org/pragma.html#pragma_synchronous).
    """

    name = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._migrations = migrations.load("sqlite")
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")

    async def open(self) -> None:
        """Open the file, made on first use, and migrate it."""
        await self._on_thread(self._open)

    async def close(self) -> None:
        """Close the connection; the WAL is folded into the file by SQLite."""

        def close() -> None:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

        await self._on_thread(close)

    async def ping(self) -> None:
        """Read from the file itself, not only from memory."""
        await self._on_thread(lambda: self._opened().execute("SELECT count(*) FROM sqlite_master").fetchone())

    async def schema_version(self) -> int:
        """Return the last migration seen; see the Protocol."""
        return await self._on_thread(
            lambda: migrations.check(self._applied(self._opened()), self._migrations)
        )

    async def _on_thread(self, work: Callable[[], T]) -> T:
        def translated() -> T:
            with self._errors():
                return work()

        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._thread, translated)
        except TimeoutError:
            raise StoreUnavailableError(
                f"SQLite in {self._path} did not answer within {DEADLINE_SECONDS:g} s: "
                "look at the disk it is on."
            ) from None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreUnavailableError(
                f"SQLite cannot use {self._path} ({error}): check the disk's space and the file's rights."
            ) from error

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreUnavailableError(
                f"SQLite in {self._path} is not open: it is opened at start, look above."
            )
        return self._connection

    def _open(self) -> None:
        if self._connection is not None:
            return
        # Autocommit: transactions begin and end where this class says so.
        connection = sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        self._path.chmod(0o600)
        self._connection = connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        # IMMEDIATE takes the write lock before looking, so of two processes only one sees work to do.
        connection.execute("BEGIN IMMEDIATE")
        try:
            applied = self._applied(connection)
            migrations.check(applied, self._migrations)
            for migration in migrations.pending(self._migrations, (number for number, _ in applied)):
                for statement in _statements(migration.sql):
                    connection.execute(statement)
                connection.execute(
                    "INSERT INTO exai_schema_version (version, name, oldest_application, applied_by) "
                    "VALUES (?, ?, ?, ?)",
                    (migration.version, migration.name, migration.oldest_application, VERSION),
                )
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    @staticmethod
    def _applied(connection: sqlite3.Connection) -> list[tuple[int, str]]:
        table = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'exai_schema_version'"
        ).fetchone()
        if table is None:
            return []
        return connection.execute(
            "SELECT version, oldest_application FROM exai_schema_version ORDER BY version"
        ).fetchall()


def _statements(script: str) -> Iterator[str]:
    """Split a script into statements, because executescript() would commit our transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
