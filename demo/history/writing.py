"""Writes the made-up month into a store of SQLite: through the store itself, then with the times put back."""

import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.budget.limits import client_scope
from app.ids import new_id
from app.stores import Store
from app.stores.records import (
    AuditEvent,
    CallState,
    Finish,
    JobStatus,
    NewCall,
    NewJob,
    Piece,
    Settlement,
    Turn,
)
from app.stores.sqlite import SqliteStore
from demo.history.conversations import CONVERSATIONS, Conversation, Exchange, text_of

DAYS = 90
SEED = 20
LEASE_SECONDS = 60.0
VENDORS = {"kimi": "kimi", "glm": "glm"}

DAILY = (
    ("checkout", "kimi-k3", 0.9, 95_000_000),
    ("checkout", "kimi-k2.7-code", 0.8, 42_000_000),
    ("gateway", "glm-5.3", 0.85, 61_000_000),
    ("gateway", "kimi-k2.7-code", 0.6, 38_000_000),
    ("docs", "glm-5.3", 0.5, 33_000_000),
    ("research", "glm-5.3-flash", 0.7, 6_000_000),
    ("research", "kimi-k3", 0.25, 140_000_000),
)
"""Project, model, how many of the days it was used, about how much a call cost in nano-USD."""


async def write(database: Path, principals: tuple[str, ...] = ("default", "ci", "mobile")) -> None:
    """Fill a database of SQLite; the first client gets the conversations, all of them the costs."""
    store = SqliteStore(database)
    await store.open()
    try:
        for conversation in CONVERSATIONS:
            await _converse(store, database, principals[0], conversation)
    finally:
        await store.close()
    with sqlite3.connect(database) as connection:
        rows = [row for place, name in enumerate(principals) for row in _spending(name, place)]
        connection.executemany(
            "INSERT OR REPLACE INTO spending (day, principal, project, vendor, model, calls, input_tokens, "
            "cached_tokens, output_tokens, cost) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        today = _day(0)
        for name in principals:
            spent = sum(row[9] for row in rows if row[0] == today and row[1] == name)
            connection.execute(
                "INSERT OR REPLACE INTO budgets (scope, day, amount) VALUES (?, ?, ?)",
                (client_scope(name), today, spent),
            )
    connection.close()


async def _converse(store: Store, database: Path, principal: str, conversation: Conversation) -> None:
    thread = new_id("thread")
    for number, exchange in enumerate(conversation.exchanges):
        job = await _exchange(store, principal, conversation.project, thread, exchange, new=number == 0)
        began = datetime.now(UTC) - timedelta(hours=exchange.hours_ago)
        ended = began + timedelta(seconds=exchange.tokens[1] / 55 + 2)
        _put_back(database, thread, job, began, ended, first=number == 0)


async def _exchange(
    store: Store, principal: str, project: str, thread: str, exchange: Exchange, *, new: bool
) -> str:
    now, job_id = datetime.now(UTC), new_id("job")
    vendor = exchange.model.partition("-")[0]
    cost, (tokens_in, tokens_out) = exchange.nano_usd, exchange.tokens
    job = NewJob(
        job_id, principal, exchange.tool, project, exchange.question, "0" * 64, "demo", LEASE_SECONDS,
        thread=thread, new_thread=new,
    )  # fmt: skip
    call = NewCall(
        new_id("call"), vendor, exchange.model, _day(exchange.hours_ago / 24), cost, cost, cost, 0, ()
    )
    prompt = Turn(0, "user", exchange.question, now, tool=exchange.tool)
    await store.start_job(job, prompt=prompt, call=call, audit=AuditEvent("job started", {"job": job_id}))
    whole = not exchange.fault
    if not whole:
        await store.append_output(job_id, "demo", call.id, Piece(1, text_of(exchange.answer)))
    footer = (
        f"[{exchange.model} · {tokens_in:,} tokens in, {tokens_out:,} out · {cost / 1e9:.4f} USD · {thread}]"
    )
    usage = {"input_tokens": tokens_in, "cached_tokens": 0, "output_tokens": tokens_out}
    answer = Turn(
        0, "assistant", text_of(exchange.answer), now, model=exchange.model, tool=exchange.tool, job=job_id,
        partial=not whole, input_tokens=tokens_in, output_tokens=tokens_out, cost=cost,
    )  # fmt: skip
    await store.finish_job(
        Finish(
            job_id,
            "demo",
            JobStatus.COMPLETED if whole else JobStatus.CANCELLED,
            result={
                "text": f"{text_of(exchange.answer)}\n\n{footer}",
                "meta": {"exai/job": job_id, "exai/models": [exchange.model], "exai/usage": usage},
            }
            if whole
            else None,
            fault=exchange.fault or None,
            answer=answer,
            settlements=(
                Settlement(
                    call.id, CallState.SETTLED, cost=cost, input_tokens=tokens_in, output_tokens=tokens_out
                ),
            ),
            audit=AuditEvent("job ended", {"job": job_id}),
        )
    )
    return job_id


def _put_back(
    database: Path, thread: str, job: str, began: datetime, ended: datetime, *, first: bool
) -> None:
    start, end = (time.isoformat(timespec="microseconds") for time in (began, ended))
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE jobs SET created = ?, updated = ? WHERE id = ?", (start, end, job))
        connection.execute("UPDATE threads SET updated = ? WHERE id = ?", (end, thread))
        if first:
            connection.execute("UPDATE threads SET created = ? WHERE id = ?", (start, thread))
        connection.execute("UPDATE turns SET created = ? WHERE job = ? AND role = 'assistant'", (end, job))
        connection.execute(
            "UPDATE turns SET created = ? WHERE thread = ? AND role = 'user' AND number = "
            "(SELECT number FROM turns WHERE job = ? AND role = 'assistant')",
            (start, thread, job),
        )
    connection.close()


def _spending(
    principal: str, place: int
) -> Iterator[tuple[str, str, str, str, str, int, int, int, int, int]]:
    """Make up what was spent on each of the days; the same every time."""
    chance = random.Random(SEED + place)  # noqa: S311 - made-up figures, no secrets
    share = 1 / (1 + 1.6 * place)
    for back in range(DAYS):
        day = datetime.now(UTC).date() - timedelta(days=back)
        busy = share * (0.25 if day.weekday() >= 5 else 1.0)
        for project, model, days, price in DAILY:
            if chance.random() > days * busy:
                continue
            calls = max(1, round(chance.gauss(7, 3) * busy))
            cost = round(calls * price * chance.uniform(0.5, 1.5))
            tokens = calls * chance.randint(3_000, 14_000)
            vendor = VENDORS[model.partition("-")[0]]
            yield (
                day.isoformat(),
                principal,
                project,
                vendor,
                model,
                calls,
                tokens,
                tokens // 3,
                tokens // 9,
                cost,
            )


def _day(days_ago: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days_ago)).date().isoformat()
