"""What time makes due; each thing in bounded portions, so that nobody waits long behind a sweep."""

from app.stores.reading import Row
from app.stores.records import (
    AuditEvent,
    CallState,
    Finish,
    Job,
    JobStatus,
    Settlement,
    Swept,
    Turn,
)
from app.stores.sqlite import clock, jobs, ledger, threads, turns
from app.stores.sqlite.connection import Connection
from app.stores.sweep_rules import FAULT, MOST

_DAY_SECONDS = 86_400


def sweep(db: Connection, unknown_seconds: float, retention_days: int, audit_event: str) -> Swept:
    """Do what is due now."""
    cutoff = clock.now(-retention_days * _DAY_SECONDS)
    swept = Swept(
        interrupted=tuple(_interrupt(db, audit_event)),
        estimated=_estimate(db, clock.now(-unknown_seconds)),
        removed_threads=_remove_threads(db, cutoff),
        removed_jobs=_remove_jobs(db, cutoff),
        removed_files=_remove_files(db),
    )
    db.execute(
        "UPDATE jobs SET idempotency_key = NULL WHERE idempotency_key IS NOT NULL AND key_until <= ?",
        (clock.now(),),
    )
    turns.merge_words(db)
    return swept


def _interrupt(db: Connection, audit_event: str) -> list[Job]:
    rows = db.execute(
        "SELECT * FROM jobs WHERE status = 'running' AND lease_until <= ? LIMIT ?", (clock.now(), MOST)
    ).fetchall()
    for row in rows:
        calls = db.execute(
            "SELECT id, model FROM calls WHERE job = ? AND state = 'reserved' ORDER BY created", (row["id"],)
        ).fetchall()
        for call in calls:
            ledger.settle(db, Settlement(call["id"], CallState.UNKNOWN, outcome=JobStatus.INTERRUPTED))
        facts = {"job": row["id"], "replica": row["replica"], "tool": row["tool"]}
        end = Finish(
            job=row["id"],
            replica=row["replica"],
            status=JobStatus.INTERRUPTED,
            fault=FAULT,
            answer=_partial_answer(db, row, calls[-1]["model"] if calls else None),
            audit=AuditEvent(audit_event, facts),
        )
        jobs.close(db, row, end)
    return [jobs.get(db, row["principal"], row["id"]) for row in rows]


def _partial_answer(db: Connection, row: Row, model: str | None) -> Turn | None:
    pieces = db.execute("SELECT text FROM pieces WHERE job = ? ORDER BY number", (row["id"],))
    text = "".join(piece["text"] for piece in pieces)
    if not text:
        return None
    return Turn(row["number"], "assistant", text, clock.moment(), model=model, tool=row["tool"], partial=True)


def _estimate(db: Connection, cutoff: str) -> int:
    rows = db.execute(
        "SELECT * FROM calls WHERE state = 'unknown' AND updated <= ? LIMIT ?", (cutoff, MOST)
    ).fetchall()
    for row in rows:
        estimate = row["cost"] or row["input_cost"] + row["output_price"] * row["streamed"]
        cost = min(row["granted"], estimate)
        ledger.settle(db, Settlement(row["id"], CallState.ESTIMATED, cost=cost, outcome=row["outcome"]))
    return len(rows)


def _remove_threads(db: Connection, cutoff: str) -> int:
    rows = db.execute(
        "SELECT id, principal FROM threads WHERE updated <= ? AND NOT EXISTS "
        "(SELECT 1 FROM jobs WHERE thread = threads.id AND status = 'running') LIMIT ?",
        (cutoff, MOST),
    ).fetchall()
    for row in rows:
        threads.delete(db, row["principal"], row["id"])
    return len(rows)


def _remove_jobs(db: Connection, cutoff: str) -> int:
    """Remove finished jobs with their calls, once nothing is open and no key would find them."""
    return db.execute(
        "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE status <> 'running' AND updated <= ?1 "
        "AND (idempotency_key IS NULL OR key_until <= ?2) AND NOT EXISTS "
        "(SELECT 1 FROM calls WHERE job = jobs.id AND state IN ('reserved', 'unknown')) LIMIT ?3)",
        (cutoff, clock.now(), MOST),
    ).rowcount


def _remove_files(db: Connection) -> int:
    return db.execute(
        "DELETE FROM files WHERE rowid IN (SELECT rowid FROM files WHERE expires <= ? LIMIT ?)",
        (clock.now(), MOST),
    ).rowcount
