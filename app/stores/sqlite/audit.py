"""The chains of what happened; see `app.stores.audit_chain`."""

from app.stores import audit_chain, reading
from app.stores.records import AuditEntry, AuditEvent
from app.stores.sqlite import clock
from app.stores.sqlite.connection import Connection


def record(db: Connection, principal: str, event: AuditEvent) -> None:
    """Add a link to a principal's chain, unless the event is in it."""
    known = db.execute("SELECT 1 FROM audit WHERE principal = ? AND event = ?", (principal, event.id))
    if known.fetchone():
        return
    head = db.execute("SELECT number, hash FROM audit_heads WHERE principal = ?", (principal,)).fetchone()
    number = head["number"] + 1 if head else 1
    previous = head["hash"] if head else audit_chain.NONE_BEFORE
    text = audit_chain.text(event, clock.now())
    link = audit_chain.link_hash(previous, number, text)
    db.execute(
        "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)", (principal, number, event.id, text, previous, link)
    )
    db.execute(
        "INSERT INTO audit_heads VALUES (?, ?, ?) "
        "ON CONFLICT (principal) DO UPDATE SET number = excluded.number, hash = excluded.hash",
        (principal, number, link),
    )


def entries(db: Connection, principal: str, after: int, most: int) -> list[AuditEntry]:
    """Return links of a chain in order."""
    rows = db.execute(
        "SELECT * FROM audit WHERE principal = ? AND number > ? ORDER BY number LIMIT ?",
        (principal, after, most),
    )
    return [reading.audit_entry(row) for row in rows]


def heads(db: Connection) -> dict[str, tuple[int, str]]:
    """Return number and hash of the newest link by principal."""
    rows = db.execute(
        "SELECT principal, number, hash FROM audit_heads "
        "UNION ALL SELECT DISTINCT principal, 0, ? FROM audit "
        "WHERE principal NOT IN (SELECT principal FROM audit_heads)",
        (audit_chain.NONE_BEFORE,),
    )
    return {row["principal"]: (row["number"], row["hash"]) for row in rows}
