"""Jobs from their first byte to their end."""

from msgspec.structs import replace

from app.stores import reading
from app.stores.audit_chain import canonical
from app.stores.errors import NotFoundError
from app.stores.records import (
    AuditEvent,
    Finish,
    Grant,
    Job,
    JobStatus,
    NewCall,
    NewJob,
    Piece,
    Standing,
    Started,
    Turn,
)
from app.stores.sqlite import audit, clock, ledger, threads, turns
from app.stores.sqlite.connection import Connection

MOST_PIECES = 1000
"""Pieces of output returned at once."""

_WITHOUT_RESULT = (
    "id, principal, tool, project, title, digest, status, replica, created, updated, no_store, thread, "
    "number, cancel_requested, fault, cost, "
    "CASE status WHEN 'running' THEN (SELECT coalesce(sum(length(text)), 0) FROM pieces WHERE job = jobs.id) "
    "ELSE output_characters END AS output_characters"
)


def start(
    db: Connection, job: NewJob, prompt: Turn | None, call: NewCall | None, event: AuditEvent
) -> Started:
    """Make a job, its prompt and the reservation of its first call, all or nothing."""
    if (earlier := _earlier(db, job, call)) is not None:
        return earlier
    grant = ledger.hold(db, call) if call else None
    if grant and grant.refused:
        return Started(fresh=False, job=None, grant=grant)
    number = threads.begin_exchange(db, job)
    time = clock.now()
    row = db.execute(
        "INSERT INTO jobs (id, principal, tool, project, title, digest, status, replica, lease_until, "
        "created, updated, no_store, thread, number, idempotency_key, key_until) "
        "VALUES (?, ?, ?, ?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
        (job.id, job.principal, job.tool, job.project, "" if job.no_store else job.title, job.digest,
         job.replica, clock.now(job.lease_seconds), time, time, job.no_store,
         job.thread if number else None, number, job.idempotency_key, clock.now(job.key_seconds)),
    ).fetchone()  # fmt: skip
    if call and grant:
        ledger.open_call(db, job.id, job.principal, job.project, call, grant.granted)
    if number and job.thread and prompt:
        turns.insert(db, job.thread, replace(prompt, number=number, role="user", job=job.id))
    audit.record(db, job.principal, event)
    return Started(fresh=True, job=reading.job(row), grant=grant)


def _earlier(db: Connection, job: NewJob, call: NewCall | None) -> Started | None:
    """Return what was made of the same wish before, and free a key that is too old."""
    row = db.execute("SELECT * FROM jobs WHERE id = ? AND principal = ?", (job.id, job.principal)).fetchone()
    if row is not None:
        fresh = row["status"] == JobStatus.RUNNING and row["replica"] == job.replica
        grant: Grant | None = ledger.granted(db, call) if call else None
        return Started(fresh=fresh, job=get(db, job.principal, job.id), grant=grant)
    if job.idempotency_key is None:
        return None
    row = db.execute(
        "SELECT id, key_until FROM jobs WHERE principal = ? AND idempotency_key = ?",
        (job.principal, job.idempotency_key),
    ).fetchone()
    if row is None:
        return None
    if row["key_until"] > clock.now():
        return Started(fresh=False, job=get(db, job.principal, row["id"]), grant=None)
    db.execute("UPDATE jobs SET idempotency_key = NULL WHERE id = ?", (row["id"],))
    return None


def append(db: Connection, job: str, replica: str, call: str, piece: Piece) -> Standing:
    """Keep one piece; of a job that keeps nothing only its size, which an estimate needs."""
    row = db.execute(
        "SELECT no_store, cancel_requested FROM jobs WHERE id = ? AND replica = ? AND status = 'running'",
        (job, replica),
    ).fetchone()
    if row is None:
        return Standing(ours=False, cancel_requested=False)
    text = "" if row["no_store"] else piece.text
    db.execute(
        "INSERT INTO pieces VALUES (?, ?, ?, ?, ?) ON CONFLICT (job, number) DO NOTHING",
        (job, piece.number, call, len(piece.text.encode()), text),
    )
    return Standing(ours=True, cancel_requested=bool(row["cancel_requested"]))


def renew(db: Connection, replica: str, lease_seconds: float) -> list[str]:
    """Extend the leases of a replica; return the jobs that are asked to stop."""
    rows = db.execute(
        "UPDATE jobs SET lease_until = ? WHERE replica = ? AND status = 'running' "
        "RETURNING id, cancel_requested",
        (clock.now(lease_seconds), replica),
    ).fetchall()
    return [row["id"] for row in rows if row["cancel_requested"]]


def finish(db: Connection, end: Finish) -> bool:
    """End a job with everything that belongs to its end."""
    row = db.execute("SELECT * FROM jobs WHERE id = ?", (end.job,)).fetchone()
    if row is None or row["status"] != JobStatus.RUNNING or row["replica"] != end.replica:
        # The same end told again is no news, and no failure either.
        return bool(row and row["status"] == end.status and row["replica"] == end.replica)
    for settlement in end.settlements:
        ledger.settle(db, settlement)
    close(db, row, end)
    return True


def close(db: Connection, row: reading.Row, end: Finish) -> None:
    """Write the end of a job, given its row; the money is settled already."""
    if end.answer and row["thread"]:
        answer = replace(end.answer, number=row["number"], role="assistant", job=end.job)
        turns.insert(db, row["thread"], answer)
    result = None if row["no_store"] or end.result is None else canonical(end.result)
    db.execute(
        "UPDATE jobs SET status = ?, result = ?, fault = ?, updated = ?, output_characters = "
        "(SELECT coalesce(sum(length(text)), 0) FROM pieces WHERE job = jobs.id) WHERE id = ?",
        (end.status, result, end.fault, clock.now(), end.job),
    )
    if end.result is not None:
        db.execute("DELETE FROM pieces WHERE job = ?", (end.job,))
    if row["thread"]:
        threads.touch(db, row["thread"])
    if end.audit:
        audit.record(db, row["principal"], end.audit)


def request_cancel(db: Connection, principal: str, job: str) -> Job:
    """Ask for a stop."""
    db.execute(
        "UPDATE jobs SET cancel_requested = 1 WHERE id = ? AND principal = ? AND status = 'running'",
        (job, principal),
    )
    return get(db, principal, job)


def get(db: Connection, principal: str, job: str) -> Job:
    """Return one job with its result."""
    row = db.execute(
        f"SELECT {_WITHOUT_RESULT}, result FROM jobs WHERE id = ? AND principal = ?", (job, principal)  # noqa: S608 - a constant
    ).fetchone()  # fmt: skip
    if row is None:
        raise NotFoundError("job", job)
    return reading.job(row)


def list_(
    db: Connection, principal: str, status: JobStatus | None, project: str | None, most: int
) -> list[Job]:
    """Return a principal's jobs, the newest first."""
    rows = db.execute(
        f"SELECT {_WITHOUT_RESULT}, NULL AS result FROM jobs "  # noqa: S608 - a constant
        "WHERE principal = ?1 AND (?2 IS NULL OR status = ?2) AND (?3 IS NULL OR project = ?3) "
        "ORDER BY created DESC LIMIT ?4",
        (principal, status, project, most),
    )
    return [reading.job(row) for row in rows]


def output(db: Connection, principal: str, job: str, after: int) -> list[Piece]:
    """Return pieces in order."""
    owner = db.execute(
        "SELECT no_store FROM jobs WHERE id = ? AND principal = ?", (job, principal)
    ).fetchone()
    if owner is None:
        raise NotFoundError("job", job)
    if owner["no_store"]:
        return []
    rows = db.execute(
        "SELECT number, text FROM pieces WHERE job = ? AND number > ? ORDER BY number LIMIT ?",
        (job, after, MOST_PIECES),
    )
    return [reading.piece(row) for row in rows]
