"""PostgreSQL through asyncpg: one round trip an operation, and safe behind a transaction pooler."""

import asyncio
from collections.abc import Mapping
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information
import orjson

from app import contract
from app.settings import Secret
from app.stores import migrations
from app.stores.errors import NotFoundError, StoreError, StoreUnavailableError
from app.stores.functions import NOT_FOUND, FunctionStore, TryAgainError, encode
from app.version import VERSION

_FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""The last is what asyncpg raises for a connection that is cut at the moment it is used."""
_PASSING = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.CrashShutdownError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.SerializationError,
    asyncpg.TooManyConnectionsError,
)
"""What the next attempt, on another connection, may not meet."""
_POOLED = (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError)
"""What prepared statements meet where somebody between us and the server changes servers."""

Connection = Any
Pool = Any
"""asyncpg's own classes, which are unknown to the type checker."""

CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 10.0
CALL_SECONDS = 15.0
"""For one call in all, the wait for a free connection and the making of one included."""
MIGRATION_SECONDS = 120.0
"""For waiting on another replica's migration and running our own."""
CLOSE_SECONDS = 5.0
POOL_SIZE = 10
STATEMENTS = 100
"""Prepared statements kept a connection, above the number of functions."""
MIGRATION_LOCK = 0x65786169
"""The advisory lock's number: `exai` in ASCII; PostgreSQL has one such space per database."""


class PostgresStore(FunctionStore):
    """A bounded pool of connections; lost ones are replaced by the pool on next use.

    A statement that stays prepared saves a round trip, and breaks behind a pooler in transaction mode, which
    runs each transaction on another server connection. Whether one is there is found out when connecting.
    Every name is qualified, because such a pooler does not keep settings either.
    """

    name = "postgres"

    def __init__(self, url: Secret) -> None:
        super().__init__()
        self._url = url
        self._pool: Pool | None = None
        self.pooled = False
        """Whether a pooler was found between us and the server."""

    async def open(self) -> None:
        """Connect and migrate."""
        if self._pool is not None:
            return
        try:
            async with asyncio.timeout(MIGRATION_SECONDS):
                await self._prepare()
                # Nothing here outlives its statement, so that giving a connection back needs no round trip.
                self._pool = await asyncpg.create_pool(
                    min_size=1, max_size=POOL_SIZE, reset=_nothing, **self._options()
                )
        except (TimeoutError, *_FAILURES) as error:
            raise _translated(error) from error

    async def close(self) -> None:
        """Close the pool; connections that are still busy after a moment are cut."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await pool.close()
        except TimeoutError:
            pool.terminate()

    async def _call(self, function: str, args: Mapping[str, Any]) -> Any:
        """Call one function in one statement, which is its own transaction."""
        if self._pool is None:
            raise StoreUnavailableError("PostgreSQL is not connected: it is connected at start, look above.")
        try:
            async with asyncio.timeout(CALL_SECONDS), self._pool.acquire() as connection:
                # Text on both sides: the server parses and writes it, and there is no codec to be set up.
                answer = await connection.fetchval(
                    f"SELECT exai.{function}($1::text::jsonb)::text", encode(args).decode()
                )
        except (TimeoutError, *_FAILURES) as error:
            if isinstance(error, _POOLED):
                await self._forget_statements()
            raise _translated(error) from error
        return orjson.loads(answer)

    async def _prepare(self) -> None:
        """Look who is there and migrate, on a connection that is safe whoever it is."""
        connection = await asyncpg.connect(**self._options() | {"statement_cache_size": 0})
        try:
            self.pooled = await _through_pooler(connection)
            await self._migrate(connection)
        except BaseException:
            connection.terminate()
            raise
        await connection.close(timeout=CLOSE_SECONDS)

    def _options(self) -> dict[str, Any]:
        return {
            "dsn": self._url.reveal(),
            "timeout": CONNECT_SECONDS,
            "command_timeout": COMMAND_SECONDS,
            "statement_cache_size": 0 if self.pooled else STATEMENTS,
            "max_cached_statement_lifetime": 0,
            "server_settings": {"application_name": contract.NAME},
        }

    async def _forget_statements(self) -> None:
        """Go on without prepared statements: a pooler has shown itself that was not found when connecting."""
        self.pooled = True
        if self._pool is not None:
            self._pool.set_connect_args(**self._options())
            await self._pool.expire_connections()

    async def _migrate(self, connection: Connection) -> None:
        async with connection.transaction():
            # Held to the end of the transaction, which is all that a transaction pooler can promise.
            await connection.execute(
                f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})", timeout=MIGRATION_SECONDS
            )
            applied = await self._applied(connection)
            migrations.check(applied, self._migrations)
            for migration in migrations.pending(self._migrations, (number for number, _ in applied)):
                await connection.execute(migration.sql, timeout=MIGRATION_SECONDS)
                await connection.execute(
                    "INSERT INTO exai.schema_version (version, name, oldest_application, applied_by) "
                    "VALUES ($1, $2, $3, $4)",
                    migration.version,
                    migration.name,
                    migration.oldest_application,
                    VERSION,
                )

    @staticmethod
    async def _applied(connection: Connection) -> list[tuple[int, str]]:
        if await connection.fetchval("SELECT to_regclass('exai.schema_version')") is None:
            return []
        rows = await connection.fetch(
            "SELECT version, oldest_application FROM exai.schema_version ORDER BY version"
        )
        return [(row["version"], row["oldest_application"]) for row in rows]


def _translated(error: BaseException) -> StoreError:
    """Say in our words what asyncpg or the network raised; the URL is never repeated."""
    if isinstance(error, TimeoutError):
        return StoreUnavailableError(
            "PostgreSQL did not answer in time: check that the host in DATABASE_URL is right and running."
        )
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError | asyncpg.InvalidCatalogNameError):
        return StoreUnavailableError(
            f"PostgreSQL refuses us ({error}): correct user, password or database in DATABASE_URL."
        )
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate == NOT_FOUND:
        return NotFoundError(error.message, error.detail)
    kind = TryAgainError if isinstance(error, _PASSING + _POOLED) else StoreUnavailableError
    reason = str(error) or type(error).__name__
    return kind(f"PostgreSQL cannot be used ({reason}): check DATABASE_URL and the database's log.")


async def _through_pooler(connection: Connection) -> bool:
    """Tell whether the process that serves us is another than the one that answered when we connected.

    A pooler answers for itself, with a process number it made up (PgBouncer, Supavisor, pgcat).
    """
    serving = await connection.fetchval("SELECT pg_backend_pid()")
    return bool(serving != connection.get_server_pid())


async def _nothing(_: Connection) -> None:
    return None
