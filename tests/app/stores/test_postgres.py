"""What only PostgreSQL promises."""

import asyncpg
import pytest

from app.settings import Secret
from app.stores import StoreUnavailableError
from app.stores.postgres import POOL_SIZE, PostgresStore


async def test_a_wrong_password_names_the_variable_and_not_the_password(postgres_url: str) -> None:
    store = PostgresStore(Secret(postgres_url.replace("made-up-for-tests", "canary-password")))

    with pytest.raises(
        StoreUnavailableError, match="correct user, password or database in DATABASE_URL"
    ) as caught:
        await store.open()
    assert "canary" not in str(caught.value)


async def test_cut_connections_are_replaced(postgres_url: str) -> None:
    store = PostgresStore(Secret(postgres_url))
    await store.open()
    try:
        await store.ping()
        killer = await asyncpg.connect(postgres_url)
        await killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'exai-mcp-server' AND datname = current_database()"
        )
        await killer.close()
        for _ in range(POOL_SIZE):
            try:
                await store.ping()
            except StoreUnavailableError:
                continue
            break

        await store.ping()
    finally:
        await store.close()
