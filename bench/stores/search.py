"""Search of many turns of several principals: words in every second turn, rare ones, and Chinese."""

import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information
import orjson

from app.settings import Secret
from app.stores import Store
from app.stores.postgres import PostgresStore
from app.stores.records import Turn
from app.stores.sqlite import SqliteStore, turns
from app.threads.words import index_words, query_words
from bench.scenarios import Readings, quantile
from bench.stores.server import Server

TURNS = 100_000
PRINCIPALS = tuple(f"user{number}" for number in range(5))
THREADS = 500
BATCH = 2000
HITS = 20
QUERIES = (
    "half", "half third", "half other", "third half word7", "word7 word9", "word4000", "once777",
    "nowhere half", "机器学习", "学", "old half",
)  # fmt: skip
"""`half` and `other` are in half of all turns each and never together; `old` only in the oldest."""
REPEATS = 20
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_TIME = "2026-01-01T00:00:00.000000+00:00"


def texts(number_of_turns: int) -> Iterator[tuple[int, str, str]]:
    """Yield (thread, principal, text), the same in every run."""
    chance = random.Random(1)  # noqa: S311 - text, no secret
    vocabulary = [f"word{number}" for number in range(20_000)]
    weights = list(accumulate(1 / (rank + 1) for rank in range(len(vocabulary))))
    for number in range(number_of_turns):
        thread = chance.randrange(THREADS)
        words = chance.choices(vocabulary, cum_weights=weights, k=50)
        words.append("half" if number % 2 else "other")
        words += ["third"] * (number % 3 == 0) + ["old"] * (number < number_of_turns // 20)
        words += ["机器学习很有趣"] * (number % 4 == 0) + [f"once{number}"]
        yield thread, PRINCIPALS[thread % len(PRINCIPALS)], " ".join(words)


async def measure(store: Store) -> Readings:
    """Ask every query for every principal, several times over; times in milliseconds."""
    taken = []
    for number in range(REPEATS):
        for query in QUERIES:
            principal = PRINCIPALS[number % len(PRINCIPALS)]
            project = "p" if number % 4 == 3 else None
            began = time.perf_counter()
            await store.search_turns(principal, query_words(query), project=project, most=HITS)
            taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    return {"p95_ms": quantile(taken, 0.95), "p50_ms": quantile(taken, 0.5), "worst_ms": taken[-1]}


async def sqlite(folder: Path, number_of_turns: int) -> Readings:
    """Fill a file and search it."""
    store = SqliteStore(folder / "search.sqlite3")
    await store.open()
    try:
        await store._writer.run(_sqlite_threads)  # noqa: SLF001 - filled past the jobs that would make them
        batch: list[tuple[int, int, str]] = []
        for number, (thread, _, text) in enumerate(texts(number_of_turns), 1):
            batch.append((thread, number, text))
            if len(batch) == BATCH or number == number_of_turns:
                await store._writer.run(_sqlite_turns, batch)  # noqa: SLF001 - as above
                batch = []
        return await measure(store)
    finally:
        await store.close()


def _sqlite_threads(connection: sqlite3.Connection) -> None:
    rows = [(f"t{n}", PRINCIPALS[n % len(PRINCIPALS)], "p", "t", _TIME, _TIME) for n in range(THREADS)]
    connection.executemany(
        "INSERT INTO threads (id, principal, project, title, created, updated) VALUES (?, ?, ?, ?, ?, ?)",
        rows,
    )


def _sqlite_turns(connection: sqlite3.Connection, batch: Sequence[tuple[int, int, str]]) -> None:
    for thread, number, text in batch:
        turns.insert(connection, f"t{thread}", Turn(number, "user", text, _NOW))


async def postgres(server: Server, number_of_turns: int) -> Readings:
    """Fill a database and search it."""
    store = PostgresStore(Secret(server.url))
    await store.open()
    connection = await asyncpg.connect(server.url)
    try:
        await _postgres_rows(connection, number_of_turns)
        await connection.execute("VACUUM ANALYZE")
        return await measure(store)
    finally:
        await connection.close()
        await store.close()


async def _postgres_rows(connection: asyncpg.Connection, number_of_turns: int) -> None:
    await connection.executemany(
        "INSERT INTO exai.threads (id, principal, project, title, created, updated) "
        "VALUES ($1, $2, 'p', 't', now(), now())",
        [(f"t{n}", PRINCIPALS[n % len(PRINCIPALS)]) for n in range(THREADS)],
    )
    # Only for filling: entries are sorted into the index in larger portions than in daily use.
    await connection.execute("ALTER INDEX exai.turn_words_words SET (gin_pending_list_limit = 65536)")
    batch: list[tuple[str, int, str, str]] = []
    for number, (thread, _, text) in enumerate(texts(number_of_turns), 1):
        batch.append((f"t{thread}", number, text, orjson.dumps(index_words(text)).decode()))
        if len(batch) == BATCH or number == number_of_turns:
            threads, numbers, bodies, words = zip(*batch, strict=True)
            await connection.execute(
                "INSERT INTO exai.turns (thread, number, role, text, created, indexed) "
                "SELECT thread, number, 'user', text, now(), true "
                "FROM unnest($1::text[], $2::bigint[], $3::text[]) AS given (thread, number, text) "
                "ORDER BY number",
                threads, numbers, bodies,
            )  # fmt: skip
            await connection.execute(
                "SELECT exai.add_words(seq, words::jsonb) "
                "FROM unnest($1::text[], $2::bigint[], $3::text[]) AS given (thread, number, words) "
                "JOIN exai.turns USING (thread, number)",
                threads, numbers, words,
            )  # fmt: skip
            batch = []
    await connection.execute("ALTER INDEX exai.turn_words_words SET (gin_pending_list_limit = 256)")
