"""What only SQLite promises: how it commits, a full disk, and what is left of what was deleted."""

import asyncio
import os
import sqlite3
import stat
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.stores import StoreUnavailableError
from app.stores.records import Piece
from app.stores.sqlite import SqliteStore, turns, writer
from app.stores.sqlite.connection import Connection
from tests.app.stores.made import ALICE, event, exchange, finish, new_call, new_job, start, sweep


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.sqlite3"


@pytest.fixture
async def sqlite(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path)
    await store.open()
    yield store
    await store.close()


def count_commits(store: SqliteStore) -> list[str]:
    statements: list[str] = []
    assert store._writer._connection is not None
    store._writer._connection.set_trace_callback(
        lambda sql: statements.append(sql) if sql in ("COMMIT", "ROLLBACK") else None
    )
    return statements


async def test_the_file_is_the_owners_and_commits_survive_power_loss(sqlite: SqliteStore, path: Path) -> None:
    def modes(connection: Connection) -> list[Any]:
        names = ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await sqlite._writer.run(modes) == ["wal", 2, 1, 1]  # 2 is FULL
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600  # noqa: PTH116 - nobody waits


async def test_operations_that_wait_for_a_commit_share_the_next_one(sqlite: SqliteStore) -> None:
    job, call = new_job(), new_call()
    await start(sqlite, job, call=call)
    commits = count_commits(sqlite)
    await asyncio.gather(
        *(sqlite.append_output(job.id, job.replica, call.id, Piece(n, "x")) for n in range(1, 65))
    )

    assert commits == ["COMMIT", "COMMIT"], "the first goes at once, the others wait for it"
    assert len(await sqlite.output(ALICE, job.id, 0)) == 64


async def test_an_operation_that_fails_leaves_those_beside_it_alone(sqlite: SqliteStore) -> None:
    def fail(connection: Connection) -> None:
        connection.execute("INSERT INTO budgets VALUES ('x', 'y', 1)")
        raise LookupError("on purpose")

    before, failed, after = await asyncio.gather(
        sqlite.record(ALICE, event("before")),
        sqlite._writer.run(fail),
        sqlite.record(ALICE, event("after")),
        return_exceptions=True,
    )

    assert (before, after) == (None, None)
    assert isinstance(failed, LookupError)
    assert len(await sqlite.audit_entries(ALICE, after=0, most=10)) == 2
    assert await sqlite.held(["x"], "y") == {"x": 0}


async def test_a_wrong_statement_is_an_error_in_our_words(sqlite: SqliteStore) -> None:
    with pytest.raises(StoreUnavailableError, match="SQLite cannot use"):
        await sqlite._writer.run(lambda connection: connection.execute("SELECT nonsense"))


async def test_what_nobody_waits_for_any_more_is_not_begun(sqlite: SqliteStore) -> None:
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def block(_: Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(10)

    blocking = asyncio.create_task(sqlite._writer.run(block))
    await begun.wait()
    given_up = asyncio.create_task(sqlite.record(ALICE, event("given up")))
    kept = asyncio.create_task(sqlite.record(ALICE, event("kept")))
    await asyncio.sleep(0)
    given_up.cancel()
    go_on.set()
    await asyncio.gather(blocking, kept)

    [entry] = await sqlite.audit_entries(ALICE, after=0, most=10)
    assert '"kept"' in entry.text


async def test_a_full_queue_and_a_slow_disk_are_sentences(
    sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 1)
    monkeypatch.setattr(writer, "DEADLINE_SECONDS", 0.05)
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def block(_: Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(10)

    blocking = asyncio.create_task(sqlite._writer.run(block))
    await begun.wait()
    waiting = asyncio.create_task(sqlite.record(ALICE, event()))
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailableError, match="takes no more now"):
        await sqlite.record(ALICE, event())
    for slow in (blocking, waiting):
        with pytest.raises(StoreUnavailableError, match=r"did not answer within 30 s"):
            await slow
    go_on.set()


async def test_a_full_disk_refuses_writes_keeps_reading_and_recovers(sqlite: SqliteStore) -> None:
    job, call = new_job(), new_call()
    await start(sqlite, job, call=call)
    connection = sqlite._writer._connection
    assert connection is not None
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    kept = []
    for number in range(1, 100):
        try:
            await sqlite.append_output(job.id, job.replica, call.id, Piece(number, "x" * 1000))
        except StoreUnavailableError as error:
            assert "full" in str(error)  # noqa: PT017 - which piece meets it depends on the page size
            break
        kept.append(number)

    assert 0 < len(kept) < 99
    assert [piece.number for piece in await sqlite.output(ALICE, job.id, 0)] == kept
    connection.execute("PRAGMA max_page_count = 1000000")
    assert await sqlite.finish_job(finish(job))


async def test_the_disk_that_fills_in_the_middle_of_a_shared_commit_fails_all_of_it(
    sqlite: SqliteStore,
) -> None:
    job, call = new_job(), new_call()
    await start(sqlite, job, call=call)
    connection = sqlite._writer._connection
    assert connection is not None
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 3}")

    outcomes = await asyncio.gather(
        *(sqlite.append_output(job.id, job.replica, call.id, Piece(n, "x" * 1000)) for n in range(1, 60)),
        return_exceptions=True,
    )

    acknowledged = [n for n, outcome in enumerate(outcomes, 1) if not isinstance(outcome, Exception)]
    assert any(isinstance(outcome, StoreUnavailableError) for outcome in outcomes)
    assert [piece.number for piece in await sqlite.output(ALICE, job.id, 0)] == acknowledged


async def test_reading_does_not_wait_for_writing(sqlite: SqliteStore) -> None:
    await sqlite.record(ALICE, event())
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def block(_: Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(10)

    writing = asyncio.create_task(sqlite._writer.run(block))
    await begun.wait()

    assert len(await sqlite.audit_entries(ALICE, after=0, most=10)) == 1
    assert not writing.done()
    go_on.set()
    await writing


async def test_of_a_deleted_thread_no_byte_is_left_in_the_files_after_a_sweep(
    sqlite: SqliteStore, path: Path
) -> None:
    for number in range(30):
        await exchange(sqlite, f"ordinary prompt {number}", "ordinary answer")
    await sweep(sqlite)
    job = await exchange(sqlite, "qzxcanary " * 3000, "qzxcanary answer", title="qzxcanary")
    assert any(b"qzxcanary" in file.read_bytes() for file in path.parent.iterdir())

    await sqlite.delete_thread(ALICE, str(job.thread))
    await sweep(sqlite)

    assert len(await sqlite.search_turns(ALICE, ["ordinary"], project=None, most=100)) == 60
    for file in path.parent.iterdir():
        assert b"qzxcanary" not in file.read_bytes(), f"it is still in {file.name}"


async def test_the_audit_log_cannot_be_changed_without_first_removing_its_guards(
    sqlite: SqliteStore, path: Path
) -> None:
    await sqlite.record(ALICE, event())
    connection = sqlite3.connect(path)
    for statement in (
        "UPDATE audit SET text = 'x'",
        "DELETE FROM audit",
        "UPDATE audit_heads SET number = 0",
        "DELETE FROM audit_heads",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


async def test_two_processes_may_use_one_file(sqlite: SqliteStore, path: Path) -> None:
    other = SqliteStore(path)
    await other.open()
    await asyncio.gather(*(one.record(ALICE, event()) for one in (sqlite, other) for _ in range(20)))

    entries = await other.audit_entries(ALICE, after=0, most=100)
    assert [entry.number for entry in entries] == list(range(1, 41))
    await other.close()


async def test_the_word_index_is_merged_portion_by_portion_and_only_after_a_removal(
    sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chores(connection: Connection) -> list[Any]:
        return [row["name"] for row in connection.execute("SELECT name FROM chores")]

    monkeypatch.setattr(turns, "MERGED_PAGES", 1)
    jobs = [await exchange(sqlite, f"prompt {n} " + "word " * 500 + f"w{n} " * 300, "a") for n in range(40)]
    await sweep(sqlite)
    assert await sqlite._reader.run(chores) == []
    await sqlite.delete_thread(ALICE, str(jobs[0].thread))

    sweeps = 0
    while await sqlite._reader.run(chores):
        await sweep(sqlite)
        sweeps += 1
        assert sweeps < 200

    assert sweeps > 1
    assert len(await sqlite.search_turns(ALICE, ["prompt"], project=None, most=100)) == 39
