"""The database under a store: opened, migrated, asked for a sign of life."""

from typing import Protocol


class Schema(Protocol):
    """A database with a schema of ours.

    `open` may be called again after it failed; `close` may be called at any time.
    """

    name: str
    """What people call it: `sqlite`, `postgres` or `supabase`."""

    async def open(self) -> None:
        """Connect, and bring the schema up to date under a lock.

        Raises:
            StoreUnavailableError: when the database cannot be used now.
            SchemaTooNewError: when this release may not run on the schema.
        """

    async def close(self) -> None:
        """Give every connection back; harmless when nothing is open."""

    async def ping(self) -> None:
        """Make one round trip.

        Raises:
            StoreUnavailableError: when it fails or the store is not open.
        """

    async def schema_version(self) -> int:
        """Return the number of the last migration the database has seen.

        Raises:
            StoreUnavailableError: when it cannot be read.
            SchemaTooNewError: when this release may not run on it.
        """
