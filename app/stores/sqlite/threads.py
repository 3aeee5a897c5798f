"""Threads: listed, forked, summed up and removed."""

from datetime import datetime

from app.stores import reading
from app.stores.errors import NotFoundError
from app.stores.records import NewJob, Thread, Turn
from app.stores.sqlite import clock, turns
from app.stores.sqlite.connection import Connection


def get(db: Connection, principal: str, thread: str) -> Thread:
    """Return one thread."""
    row = db.execute("SELECT * FROM threads WHERE id = ? AND principal = ?", (thread, principal)).fetchone()
    if row is None:
        raise NotFoundError("thread", thread)
    return reading.thread(row)


def list_(
    db: Connection, principal: str, project: str | None, before: datetime | None, most: int
) -> list[Thread]:
    """Return a principal's threads, the last touched first."""
    rows = db.execute(
        "SELECT * FROM threads WHERE principal = ?1 AND (?2 IS NULL OR project = ?2) "
        "AND (?3 IS NULL OR updated < ?3) ORDER BY updated DESC LIMIT ?4",
        (principal, project, before and clock.written(before), most),
    )
    return [reading.thread(row) for row in rows]


def list_turns(db: Connection, principal: str, thread: str, after: int, most: int) -> list[Turn]:
    """Return turns of a thread by number."""
    get(db, principal, thread)
    return turns.of_thread(db, thread, after, most)


def begin_exchange(db: Connection, job: NewJob) -> int | None:
    """Count one exchange more in a job's thread, which is made if it is new, and return its number.

    Returns None where the job leaves nothing in a thread.
    """
    if job.thread is None:
        return None
    if job.no_store:
        if not job.new_thread:
            get(db, job.principal, job.thread)
        return None
    time = clock.now()
    if job.new_thread:
        made = db.execute(
            "INSERT INTO threads (id, principal, project, title, created, updated, exchanges) "
            "VALUES (?, ?, ?, ?, ?, ?, 1) ON CONFLICT (id) DO NOTHING",
            (job.thread, job.principal, job.project, job.title, time, time),
        )
        if made.rowcount:
            return 1
    row = db.execute(
        "UPDATE threads SET exchanges = exchanges + 1, updated = ? WHERE id = ? AND principal = ? "
        "RETURNING exchanges",
        (time, job.thread, job.principal),
    ).fetchone()
    if row is None:
        raise NotFoundError("thread", job.thread)
    number: int = row["exchanges"]
    return number


def touch(db: Connection, thread: str) -> None:
    """Note that something happened in a thread."""
    db.execute("UPDATE threads SET updated = ? WHERE id = ?", (clock.now(), thread))


def fork(db: Connection, principal: str, thread: str, new: str, through: int) -> Thread:
    """Copy a thread's exchanges up to and including a number into a new one."""
    made = db.execute(
        "SELECT * FROM threads WHERE id = ? AND principal = ? AND forked_from = ?", (new, principal, thread)
    ).fetchone()
    if made is None:
        old, time = get(db, principal, thread), clock.now()
        through = min(through, old.exchanges)
        summed_up = old.summary is not None and old.summary_through <= through
        db.execute(
            "INSERT INTO threads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (new, principal, old.project, old.title, time, time, through, thread,
             old.summary if summed_up else None, old.summary_through if summed_up else 0),
        )  # fmt: skip
        turns.copy(db, thread, new, through)
    return get(db, principal, new)


def keep_summary(db: Connection, principal: str, thread: str, summary: str, through: int) -> None:
    """Keep what stands for the exchanges up to a number, unless there is one for more."""
    get(db, principal, thread)
    db.execute(
        "UPDATE threads SET summary = ?1, summary_through = ?2 WHERE id = ?3 AND summary_through < ?2",
        (summary, through, thread),
    )


def delete(db: Connection, principal: str, thread: str) -> None:
    """Remove a thread with all its content; a job of it that still runs keeps nothing from now on."""
    get(db, principal, thread)
    db.execute("DELETE FROM pieces WHERE job IN (SELECT id FROM jobs WHERE thread = ?)", (thread,))
    db.execute(
        "UPDATE jobs SET title = '', result = NULL, fault = NULL, no_store = 1, output_characters = 0, "
        "thread = NULL, number = NULL WHERE thread = ?",
        (thread,),
    )
    turns.remove(db, principal, thread)
    db.execute("DELETE FROM threads WHERE id = ?", (thread,))
