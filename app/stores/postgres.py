"""PostgreSQL through asyncpg, safe behind a transaction pooler."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information

from app import contract
from app.settings import Secret
from app.stores import migrations
from app.stores.errors import StoreUnavailableError
from app.version import VERSION

_FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""The last is what asyncpg raises for a connection that is cut at the moment it is used."""

Connection = Any
Pool = Any
"""asyncpg's own classes, which are unknown to the type checker."""

CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 10.0
ACQUIRE_SECONDS = 5.0
"""How long work waits for a free connection before it is told that the store is too busy."""
MIGRATION_SECONDS = 120.0
"""For waiting on another replica's migration and running our own."""
CLOSE_SECONDS = 5.0
POOL_SIZE = 10
MIGRATION_LOCK = 0x65786169
"""The advisory lock's number: `exai` in ASCII; PostgreSQL has one such space per database."""


class PostgresStore:
    """A bounded pool of connections; lost ones are replaced by the pool on next use.

    Prepared statements are off (`statement_cache_size=0`) and every name is qualified, because a pooler in
    transaction mode keeps neither statements nor settings.
    """

    name = "postgres"

    def __init__(self, url: Secret) -> None:
        self._url = url
        self._migrations = migrations.load("postgres")
        self._pool: Pool | None = None

    async def open(self) -> None:
        """Connect and migrate."""
        if self._pool is not None:
            return
        async with self._errors(MIGRATION_SECONDS):
            pool = await asyncpg.create_pool(
                self._url.reveal(),
                min_size=1,
                max_size=POOL_SIZE,
                statement_cache_size=0,
                timeout=CONNECT_SECONDS,
                command_timeout=COMMAND_SECONDS,
                server_settings={"application_name": contract.NAME},
            )
            try:
                await self._migrate(pool)
            except BaseException:
                pool.terminate()
                raise
        self._pool = pool

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

    async def ping(self) -> None:
        """Make one round trip."""
        async with self._connection() as connection:
            await connection.execute("SELECT 1")

    async def schema_version(self) -> int:
        """Return the last migration seen; see the Protocol."""
        async with self._connection() as connection:
            applied = await self._applied(connection)
        return migrations.check(applied, self._migrations)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        if self._pool is None:
            raise StoreUnavailableError("PostgreSQL is not connected: it is connected at start, look above.")
        async with (
            self._errors(CONNECT_SECONDS + COMMAND_SECONDS),
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
        ):
            yield connection

    async def _migrate(self, pool: Pool) -> None:
        async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
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

    @asynccontextmanager
    async def _errors(self, seconds: float) -> AsyncIterator[None]:
        """Bound the work and translate what asyncpg and the network raise; the URL is never repeated."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            raise StoreUnavailableError(
                "PostgreSQL did not answer in time: check that the host in DATABASE_URL is right and running."
            ) from error
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
            raise StoreUnavailableError(
                f"PostgreSQL refuses us ({error}): correct user, password or database in DATABASE_URL."
            ) from error
        except _FAILURES as error:
            reason = str(error) or type(error).__name__
            raise StoreUnavailableError(
                f"PostgreSQL cannot be used ({reason}): check DATABASE_URL and the database's log."
            ) from error
