"""What only PostgreSQL promises: one round trip, a pooler between, cut connections, who may do what."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from app.settings import Secret
from app.stores import StoreUnavailableError, postgres
from app.stores.postgres import POOL_SIZE, PostgresStore
from app.stores.records import Piece
from tests.app.stores import pgbouncer
from tests.app.stores.conftest import EMPTY, Database, beside, execute, free_port
from tests.app.stores.made import (
    ALICE,
    DAY,
    SCOPE,
    event,
    exchange,
    finish,
    new_call,
    new_file,
    new_id,
    new_job,
    settled,
    start,
    stream,
)
from tests.app.stores.wire import Wire, wired


@pytest.fixture
def emptied_url(migrated_url: str) -> str:
    execute(migrated_url, EMPTY)
    return migrated_url


@pytest.fixture
async def on_wire(emptied_url: str) -> AsyncIterator[tuple[PostgresStore, Wire]]:
    async with wired(emptied_url) as (url, wire):
        store = PostgresStore(Secret(url))
        await store.open()
        yield store, wire
        await store.close()


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


async def test_every_operation_is_one_round_trip(on_wire: tuple[PostgresStore, Wire]) -> None:
    store, wire = on_wire
    file = new_file()

    async def all_of_them() -> int:
        job, call, other = new_job(), new_call(), new_call()
        await start(store, job, "hello", call)
        await store.reserve(job.id, other)
        await store.append_output(job.id, job.replica, call.id, Piece(1, "x"))
        await store.renew_leases("one", 60)
        await store.settle(settled(other, 3))
        await store.request_cancel(ALICE, job.id)
        await store.output(ALICE, job.id, 0)
        await store.finish_job(finish(job, settlements=(settled(call, 3),)))
        await store.job(ALICE, job.id)
        await store.jobs(ALICE, status=None, project=None, most=10)
        await store.thread(ALICE, str(job.thread))
        await store.turns(ALICE, str(job.thread), after=0, most=10)
        await store.threads(ALICE, project=None, before=None, most=10)
        await store.search_turns(ALICE, ["hello"], project=None, most=10)
        await store.keep_summary(ALICE, str(job.thread), "s", through=1)
        await store.fork_thread(ALICE, str(job.thread), new_id(), through=1)
        await store.put_file(file)
        await store.file(ALICE, file.id)
        await store.held([SCOPE], DAY)
        await store.spending(ALICE, since=DAY)
        await store.record(ALICE, event())
        await store.audit_entries(ALICE, after=0, most=10)
        await store.audit_heads()
        await store.delete_thread(ALICE, str(job.thread))
        await store.ping()
        return 25

    assert not store.pooled
    await all_of_them()
    wire.messages.clear()
    operations = await all_of_them()

    # A round trip ends with a Sync (S) or a Flush (H); what is prepared already needs no Parse (P).
    assert wire.messages == {"B": operations, "E": operations, "S": operations}


async def test_appends_that_are_wanted_at_once_travel_together(on_wire: tuple[PostgresStore, Wire]) -> None:
    store, wire = on_wire
    jobs, call = [new_job() for _ in range(20)], new_call()
    for job in jobs:
        await start(store, job)
    foreign = [store.append_output(job.id, "two", call.id, Piece(1, "mine")) for job in jobs[:2]]
    wire.messages.clear()

    standings = await asyncio.gather(
        *(store.append_output(job.id, job.replica, call.id, Piece(1, job.id)) for job in jobs), *foreign
    )

    assert wire.messages["S"] == 1
    assert [standing.ours for standing in standings] == [True] * 20 + [False] * 2
    for job in jobs:
        assert list(await store.output(ALICE, job.id, 0)) == [Piece(1, job.id)]


async def test_an_append_nobody_waits_for_any_more_is_not_made(on_wire: tuple[PostgresStore, Wire]) -> None:
    store, _ = on_wire
    job, call = new_job(), new_call()
    await start(store, job)
    given_up = asyncio.create_task(store.append_output(job.id, job.replica, call.id, Piece(1, "no")))
    kept = asyncio.create_task(store.append_output(job.id, job.replica, call.id, Piece(2, "yes")))
    await asyncio.sleep(0)
    given_up.cancel()

    assert (await kept).ours
    assert [piece.number for piece in await store.output(ALICE, job.id, 0)] == [2]


async def test_cut_connections_are_replaced_without_anybody_noticing(migrated_url: str) -> None:
    store = PostgresStore(Secret(migrated_url))
    await store.open()
    try:
        await asyncio.gather(*(store.ping() for _ in range(POOL_SIZE)))
        killer = await asyncpg.connect(migrated_url)
        await killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'exai-mcp-server' AND datname = current_database()"
        )
        await killer.close()

        await asyncio.gather(*(store.audit_heads() for _ in range(3)))
    finally:
        await store.close()


async def test_an_operation_whose_reply_is_lost_is_made_again_and_happens_once(
    on_wire: tuple[PostgresStore, Wire],
) -> None:
    store, wire = on_wire
    job, call, second = new_job(idempotency_key="k", key_seconds=60), new_call(40), new_call(7)
    told = event()

    wire.cut_replies = 1
    started = await start(store, job, "hello", call)
    assert started.fresh
    assert started.grant
    assert started.grant.granted == 40
    wire.cut_replies = 1
    assert (await store.reserve(job.id, second)).granted == 7
    wire.cut_replies = 1
    await stream(store, job, call, "one", "two")
    wire.cut_replies = 1
    await store.record(ALICE, told)
    wire.cut_replies = 1
    await store.settle(settled(second, 5))
    wire.cut_replies = 1
    assert await store.finish_job(finish(job, settlements=(settled(call, 30),)))
    wire.cut_replies = 1
    fork = await store.fork_thread(ALICE, str(job.thread), new_id(), through=1)
    wire.cut_replies = 1
    await store.delete_thread(ALICE, str(job.thread))

    assert wire.cut_replies == 0, "every one of them was met"
    assert len(await store.turns(ALICE, fork.id, after=0, most=10)) == 2
    assert await store.held([SCOPE], DAY) == {SCOPE: 35}
    assert [line.calls for line in await store.spending(ALICE, since=DAY)] == [2]
    assert len(await store.audit_entries(ALICE, after=0, most=10)) == 3


async def test_a_server_that_is_gone_is_a_sentence_after_three_attempts(
    on_wire: tuple[PostgresStore, Wire],
) -> None:
    store, wire = on_wire
    wire.cut_replies = 100

    with pytest.raises(StoreUnavailableError, match="check DATABASE_URL"):
        await store.audit_heads()
    assert wire.cut_replies == 97


async def test_a_deadlock_is_resolved_by_making_the_operation_again(emptied_url: str) -> None:
    store = PostgresStore(Secret(emptied_url))
    await store.open()
    job = await exchange(store, "q", "a")
    other = await asyncpg.connect(emptied_url)
    try:
        transaction = other.transaction()
        await transaction.start()
        await other.execute(
            "SET LOCAL deadlock_timeout = '20s'"
        )  # so that the other side is the one to give way
        await other.execute("SELECT FROM exai.threads WHERE id = $1 FOR UPDATE", job.thread)
        deleting = asyncio.create_task(store.delete_thread(ALICE, str(job.thread)))
        waiting = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        while not await other.fetchval(waiting):  # noqa: ASYNC110 - PostgreSQL sends no event for this
            await asyncio.sleep(0.01)
        await other.execute("SELECT FROM exai.jobs WHERE id = $1 FOR UPDATE", job.id)
        await transaction.rollback()
        await deleting
    finally:
        await other.close()
        await store.close()


@pytest.fixture(scope="session")
def bouncer() -> tuple[list[str], dict[str, str]]:
    found = pgbouncer.program()
    if isinstance(found, str):
        pytest.skip(f"no PgBouncer, so no transaction pooler: {found}")
    return found


async def hammer(store: PostgresStore) -> None:
    """Run 16 tasks of 60 operations each; the pooler has fewer connections than there are tasks."""

    async def work(number: int) -> None:
        for _ in range(10):
            principal = f"p{number}"
            job, call = new_job(principal=principal), new_call(5, limits=())
            assert (await start(store, job, "hello", call)).fresh
            await stream(store, job, call, "the ", "answer")
            assert await store.finish_job(finish(job, settlements=(settled(call, 3),)))
            assert (await store.job(principal, job.id)).cost == 3
            assert len(await store.search_turns(principal, ["hello"], project=None, most=100)) >= 1

    await asyncio.gather(*(work(number) for number in range(16)))


async def test_behind_a_transaction_pooler_16_tasks_of_60_operations_have_no_error(
    emptied_url: str, bouncer: tuple[list[str], dict[str, str]], tmp_path: Path
) -> None:
    with pgbouncer.pgbouncer(bouncer, emptied_url, free_port(), tmp_path, size=4) as url:
        stores = [PostgresStore(Secret(url)) for _ in range(2)]
        for store in stores:
            await store.open()
        try:
            assert all(store.pooled for store in stores)
            await asyncio.gather(*(hammer(store) for store in stores))
        finally:
            for store in stores:
                await store.close()
    assert await beside(emptied_url)("SELECT count(*), sum(cost) FROM exai.jobs") == [(320, 960)]


async def test_a_pooler_that_was_not_noticed_shows_itself_and_costs_nobody_an_error(
    emptied_url: str,
    bouncer: tuple[list[str], dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def not_noticed(_: object) -> bool:
        return False

    monkeypatch.setattr(postgres, "_through_pooler", not_noticed)
    with pgbouncer.pgbouncer(bouncer, emptied_url, free_port(), tmp_path, size=4) as url:
        store = PostgresStore(Secret(url))
        await store.open()
        try:
            await hammer(store)
            assert store.pooled
        finally:
            await store.close()


async def test_through_a_pooler_an_empty_database_is_migrated_by_one_of_several(
    postgres_url: str, bouncer: tuple[list[str], dict[str, str]], tmp_path: Path
) -> None:
    with pgbouncer.pgbouncer(bouncer, postgres_url, free_port(), tmp_path, size=4) as url:
        stores = [PostgresStore(Secret(url)) for _ in range(4)]
        await asyncio.gather(*(store.open() for store in stores))
        for store in stores:
            await store.ping()
            await store.close()


async def test_the_audit_log_refuses_to_be_changed(emptied_url: str) -> None:
    store = PostgresStore(Secret(emptied_url))
    await store.open()
    await store.record(ALICE, event())
    await store.close()
    owner = await asyncpg.connect(emptied_url)
    try:
        for statement in (
            "UPDATE exai.audit SET text = 'x'",
            "DELETE FROM exai.audit",
            "TRUNCATE exai.audit",
            "UPDATE exai.audit_heads SET number = 0",
            "DELETE FROM exai.audit_heads",
            "TRUNCATE exai.audit_heads",
        ):
            with pytest.raises(asyncpg.RaiseError, match="append-only"):
                await owner.execute(statement)
    finally:
        await owner.close()


async def test_another_role_may_do_nothing(on_postgres: Database, emptied_url: str) -> None:
    role = f"stranger_{uuid.uuid4().hex[:8]}"
    objects = await on_postgres.execute(
        "SELECT 'table', oid::regclass::text FROM pg_class "
        "WHERE relnamespace = 'exai'::regnamespace AND relkind = 'r' "
        "UNION ALL SELECT 'function', oid::regprocedure::text FROM pg_proc "
        "WHERE pronamespace = 'exai'::regnamespace"
    )
    assert len(objects) > 40
    execute(emptied_url, f"CREATE ROLE {role}")
    try:
        for kind, name in objects:
            right = "SELECT, INSERT, UPDATE, DELETE" if kind == "table" else "EXECUTE"
            [(allowed,)] = await on_postgres.execute(
                f"SELECT has_{kind}_privilege('{role}', '{name}', '{right}')"
            )
            assert not allowed, f"{role} may use {name}"
    finally:
        execute(emptied_url, f"DROP ROLE {role}")


async def test_every_table_has_row_level_security_and_no_policy(on_postgres: Database) -> None:
    unprotected = await on_postgres.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'exai'::regnamespace "
        "AND relkind = 'r' AND NOT relrowsecurity"
    )

    assert unprotected == []
    assert await on_postgres.execute("SELECT * FROM pg_policies WHERE schemaname = 'exai'") == []


async def test_every_function_runs_as_its_caller_with_an_empty_search_path(on_postgres: Database) -> None:
    functions = await on_postgres.execute(
        "SELECT proname, prosecdef, proconfig::text FROM pg_proc WHERE pronamespace = 'exai'::regnamespace"
    )

    assert len(functions) > 30
    for name, definer, settings in functions:
        assert not definer, name
        assert 'search_path=\\"\\"' in (settings or ""), name
