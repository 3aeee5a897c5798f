"""What only PostgreSQL promises."""

import asyncio
import contextlib

import asyncpg
import pytest

from app.settings import Secret
from app.stores import StoreUnavailableError, postgres
from app.stores.postgres import POOL_SIZE, PostgresStore


async def test_a_wrong_password_names_the_variable_and_not_the_password(postgres_url: str) -> None:
    store = PostgresStore(Secret(postgres_url.replace("made-up-for-tests", "canary-password")))

    with pytest.raises(
        StoreUnavailableError, match="correct user, password or database in DATABASE_URL"
    ) as caught:
        await store.open()
    assert "canary" not in str(caught.value)


async def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    left = asyncio.Event()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
            writer.close()
            await writer.wait_closed()
        left.set()

    monkeypatch.setattr(postgres, "CONNECT_SECONDS", 0.05)
    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    store = PostgresStore(Secret(f"postgresql://u:p@127.0.0.1:{server.sockets[0].getsockname()[1]}/d"))
    try:
        with pytest.raises(StoreUnavailableError, match="did not answer in time"):
            await store.open()
    finally:
        await asyncio.wait_for(left.wait(), 10)
        server.close()
        await server.wait_closed()


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
