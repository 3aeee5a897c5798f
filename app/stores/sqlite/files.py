"""Files by their content."""

from collections.abc import Iterable, Sequence

from app.stores import reading
from app.stores.errors import NotFoundError
from app.stores.records import File
from app.stores.sqlite import clock
from app.stores.sqlite.connection import Connection

FACTS = "principal, id, name, media_type, size, created, expires"


def put(db: Connection, file: File) -> File:
    """Keep a file; of one that is there already only the expiry is extended, and only if it has one."""
    row = db.execute(
        f"INSERT INTO files ({FACTS}, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 - a constant
        "ON CONFLICT (principal, id) DO UPDATE SET expires = "
        "CASE WHEN expires IS NULL OR excluded.expires IS NULL THEN NULL "
        f"ELSE max(expires, excluded.expires) END RETURNING {FACTS}",
        (
            file.principal,
            file.id,
            file.name,
            file.media_type,
            file.size,
            clock.written(file.created),
            None if file.expires is None else clock.written(file.expires),
            file.content,
        ),
    ).fetchone()
    return reading.file(row)


def get(db: Connection, principal: str, file: str) -> File:
    """Return a file with its content."""
    row = _row(db, "*", principal, file)
    return reading.file(row, row["content"])


def refer(db: Connection, principal: str, files: Iterable[str]) -> None:
    """See to it that files which a turn is about to name are there and do not expire."""
    for file in files:
        _row(db, "id", principal, file)
        db.execute("UPDATE files SET expires = NULL WHERE principal = ? AND id = ?", (principal, file))


def remove_unreferred(db: Connection, principal: str, files: Sequence[str]) -> int:
    """Remove those of some files that no turn refers to any more; return how many."""
    removed = 0
    for file in files:
        removed += db.execute(
            "DELETE FROM files WHERE principal = ?1 AND id = ?2 "
            "AND NOT EXISTS (SELECT 1 FROM turn_files WHERE principal = ?1 AND file = ?2)",
            (principal, file),
        ).rowcount
    return removed


def _row(db: Connection, columns: str, principal: str, file: str) -> reading.Row:
    row: reading.Row | None = db.execute(
        f"SELECT {columns} FROM files WHERE principal = ? AND id = ? "  # noqa: S608 - a constant
        "AND (expires IS NULL OR expires > ?)",
        (principal, file, clock.now()),
    ).fetchone()
    if row is None:
        raise NotFoundError("file", file)
    return row
