"""Durable appends by 8 writers at once, and the same insert with nothing of ours around it."""

import asyncio
import itertools
import sqlite3
import time
import uuid
from collections import Counter
from pathlib import Path

from app.settings import Secret
from app.stores import Store
from app.stores.postgres import PostgresStore
from app.stores.records import AuditEvent, NewJob, Piece
from app.stores.sqlite import SqliteStore
from bench.scenarios import Readings
from bench.stores.server import Server

WRITERS = 8
TEXT = "about forty characters of streamed text "
CALL = "0123456789abcdef0123456789abcdef"
REPLICA = "bench"
COUNTED = 10
"""Appends whose messages are counted."""
_TABLE = "job text, number bigint, call text, bytes bigint, text text, PRIMARY KEY (job, number)"


async def ours(store: Store, seconds: float) -> Readings:
    """Let 8 writers append to a job each for some seconds."""
    jobs = [await _job(store) for _ in range(WRITERS)]
    end = time.perf_counter() + seconds
    began = time.perf_counter()
    done = sum(await asyncio.gather(*(_write(store, job, end) for job in jobs)))
    return {"per_second": done / (time.perf_counter() - began)}


async def _job(store: Store) -> str:
    job = NewJob(
        id=uuid.uuid4().hex, principal="bench", tool="chat", project="", title="", digest="", replica=REPLICA,
        lease_seconds=3600,
    )  # fmt: skip
    await store.start_job(job, prompt=None, call=None, audit=AuditEvent("started"))
    return job.id


async def _write(store: Store, job: str, end: float) -> int:
    for number in itertools.count(1):
        await store.append_output(job, REPLICA, CALL, Piece(number, TEXT))
        if time.perf_counter() >= end:
            return number
    raise AssertionError("unreachable: the count has no end")


async def sqlite(folder: Path, seconds: float) -> tuple[Readings, Readings]:
    """Return our reading and that of a raw commit loop on the same disk, one after the other."""
    raw = await asyncio.to_thread(_raw_commits, folder / "raw.sqlite3", seconds)
    store = SqliteStore(folder / "ours.sqlite3")
    await store.open()
    try:
        return await ours(store, seconds), raw
    finally:
        await store.close()


def _raw_commits(path: Path, seconds: float) -> Readings:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"):
        connection.execute(statement)
    connection.execute(f"CREATE TABLE IF NOT EXISTS pieces ({_TABLE}) WITHOUT ROWID")
    first = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM pieces").fetchone()[0]
    began = time.perf_counter()
    for done in itertools.count(1):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO pieces VALUES (?, ?, ?, ?, ?)", (CALL, first + done, CALL, len(TEXT), TEXT)
        )
        connection.execute("COMMIT")
        if time.perf_counter() - began >= seconds:
            break
    took = time.perf_counter() - began
    connection.close()
    return {"per_second": done / took}


async def postgres(server: Server, folder: Path, seconds: int) -> tuple[Readings, Readings]:
    """Return our reading and pgbench's on the same server, one after the other."""
    script = folder / "insert.sql"
    script.write_text(
        "\\set number random(1, 9000000000)\n"
        f"INSERT INTO raw_pieces VALUES ('{CALL}', :number, '{CALL}', {len(TEXT)}, '{TEXT}') "
        "ON CONFLICT DO NOTHING;\n"
    )
    server.execute(f"CREATE TABLE IF NOT EXISTS raw_pieces ({_TABLE})")
    store = PostgresStore(Secret(server.url))
    await store.open()
    try:
        per_second = await asyncio.to_thread(server.transactions_per_second, script, WRITERS, seconds)
        reading = await ours(store, seconds)
        return reading | {"round_trips": await _round_trips(server)}, {"per_second": per_second}
    finally:
        await store.close()


async def _round_trips(server: Server) -> float:
    """Count the messages after which the client waits for the server, over some appends."""
    sent: Counter[bytes] = Counter()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, downstream = await asyncio.open_connection("127.0.0.1", server.port)
        back = asyncio.create_task(_pump(upstream, writer))
        # The first message has no type, only a length.
        length = await reader.readexactly(4)
        downstream.write(length + await reader.readexactly(int.from_bytes(length, "big") - 4))
        while head := await reader.read(5):
            head += await reader.readexactly(5 - len(head))
            sent[head[:1]] += 1
            downstream.write(head + await reader.readexactly(int.from_bytes(head[1:], "big") - 4))
        downstream.close()
        await back

    relay = await asyncio.start_server(carry, "127.0.0.1", 0)
    port = relay.sockets[0].getsockname()[1]
    url = server.url.replace(f":{server.port}/", f":{port}/") + "?sslmode=disable"
    store = PostgresStore(Secret(url))
    await store.open()
    job = await _job(store)
    await store.append_output(job, REPLICA, CALL, Piece(1, TEXT))
    sent.clear()
    for number in range(2, COUNTED + 2):
        await store.append_output(job, REPLICA, CALL, Piece(number, TEXT))
    # Sync and Flush; a simple query would be a Q.
    trips = sent[b"S"] + sent[b"H"] + sent[b"Q"]
    await store.close()
    relay.close()
    return trips / COUNTED


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()
