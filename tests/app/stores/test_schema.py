"""How every store that migrates itself comes to its schema, each on its real database."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.settings import Secret
from app.stores import SchemaTooNewError, Store, StoreUnavailableError, migrations
from app.stores.postgres import PostgresStore
from app.stores.sqlite import SqliteStore
from app.version import VERSION


@dataclass
class Case:
    """A kind of store: how to make one on the same database, on a dead one, and how to run SQL beside it."""

    make: Callable[[], Store]
    make_dead: Callable[[], Store]
    execute: Callable[[str], Awaitable[list[Any]]]
    table: str
    version: int

    async def run(self, sql: str) -> list[Any]:
        return await self.execute(sql.replace("TABLE", self.table))


@pytest.fixture(params=["sqlite", "postgres"])
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Case]:
    made: list[Store] = []

    def keep(store: Store) -> Store:
        made.append(store)
        return store

    if request.param == "sqlite":
        path = tmp_path / "x.sqlite3"

        async def run(sql: str) -> list[Any]:
            with sqlite3.connect(path) as connection:
                rows = connection.execute(sql).fetchall()
            connection.close()
            return rows

        yield Case(
            lambda: keep(SqliteStore(path)),
            lambda: keep(SqliteStore(tmp_path / "no" / "such" / "folder.sqlite3")),
            run,
            "exai_schema_version",
            len(migrations.load("sqlite")),
        )
    else:
        url = request.getfixturevalue("postgres_url")

        async def run(sql: str) -> list[Any]:
            connection = await asyncpg.connect(url)
            try:
                return [tuple(row) for row in await connection.fetch(sql)]
            finally:
                await connection.close()

        yield Case(
            lambda: keep(PostgresStore(Secret(url))),
            lambda: keep(PostgresStore(Secret("postgresql://exai:canary@127.0.0.1:1/x"))),
            run,
            "exai.schema_version",
            len(migrations.load("postgres")),
        )
    for store in made:
        await store.close()


async def test_an_empty_database_is_migrated_and_answers(case: Case) -> None:
    store = case.make()
    await store.open()

    await store.ping()
    assert await store.schema_version() == case.version
    assert await case.run("SELECT version, name, applied_by FROM TABLE ORDER BY version LIMIT 1") == [
        (1, "schema_version", VERSION)
    ]


async def test_opening_twice_and_opening_again_changes_nothing(case: Case) -> None:
    store = case.make()
    await store.open()
    await store.open()
    await store.close()
    await store.close()
    await store.open()

    assert await store.schema_version() == case.version
    assert await case.run("SELECT count(*) FROM TABLE") == [(case.version,)]


async def test_of_replicas_that_start_at_once_one_migrates(case: Case) -> None:
    stores = [case.make() for _ in range(5)]
    await asyncio.gather(*(store.open() for store in stores))

    assert [await store.schema_version() for store in stores] == [case.version] * 5
    assert await case.run("SELECT count(*) FROM TABLE") == [(case.version,)]


async def test_a_newer_schema_that_still_admits_this_release_is_used(case: Case) -> None:
    await open_and_close(case)
    await insert(case, case.version + 1, oldest="0.1.0")
    store = case.make()
    await store.open()

    assert await store.schema_version() == case.version + 1


async def test_a_newer_schema_that_demands_a_later_release_is_refused(case: Case) -> None:
    await open_and_close(case)
    await insert(case, case.version + 1, oldest="9.2.0")

    with pytest.raises(SchemaTooNewError, match=r"start release 9\.2\.0"):
        await case.make().open()


async def test_a_migration_that_raises_the_mark_under_a_running_release_is_noticed(case: Case) -> None:
    store = case.make()
    await store.open()
    await insert(case, case.version + 1, oldest="9.0.0")

    with pytest.raises(SchemaTooNewError):
        await store.schema_version()


async def test_a_database_that_is_away_is_a_sentence_without_secrets(case: Case) -> None:
    store = case.make_dead()

    with pytest.raises(StoreUnavailableError) as caught:
        await store.open()
    assert "canary" not in str(caught.value)
    assert ": " in str(caught.value)
    with pytest.raises(StoreUnavailableError):
        await store.ping()


async def test_a_store_that_was_closed_does_not_answer(case: Case) -> None:
    store = case.make()
    await store.open()
    await store.close()

    with pytest.raises(StoreUnavailableError):
        await store.ping()


async def open_and_close(case: Case) -> None:
    store = case.make()
    await store.open()
    await store.close()


async def insert(case: Case, version: int, *, oldest: str) -> None:
    await case.run(
        "INSERT INTO TABLE (version, name, oldest_application, applied_by) "  # noqa: S608 - made of the test's own values
        f"VALUES ({version}, 'later', '{oldest}', '{oldest}') RETURNING version"
    )
