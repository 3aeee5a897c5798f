"""What a database answered becomes records; the columns and keys have the names of the records' fields.

Times are ISO 8601 texts with their offset, and JSON within a row is text.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from app.stores.records import (
    AuditEntry,
    File,
    Grant,
    Hit,
    Job,
    JobStatus,
    Piece,
    Spending,
    Thread,
    Turn,
)

Row = Mapping[str, Any]


def moment(text: str) -> datetime:
    """Return a time in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def job(row: Row) -> Job:
    """Return a job; its result is None where the row has none."""
    result = row["result"]
    return Job(
        id=row["id"],
        principal=row["principal"],
        tool=row["tool"],
        project=row["project"],
        title=row["title"],
        digest=row["digest"],
        status=JobStatus(row["status"]),
        replica=row["replica"],
        created=moment(row["created"]),
        updated=moment(row["updated"]),
        no_store=bool(row["no_store"]),
        thread=row["thread"],
        number=row["number"],
        cancel_requested=bool(row["cancel_requested"]),
        result=None if result is None else orjson.loads(result),
        fault=row["fault"],
        cost=row["cost"],
        output_characters=row["output_characters"],
    )


def thread(row: Row) -> Thread:
    """Return a thread without its turns."""
    return Thread(
        id=row["id"],
        principal=row["principal"],
        project=row["project"],
        title=row["title"],
        created=moment(row["created"]),
        updated=moment(row["updated"]),
        exchanges=row["exchanges"],
        forked_from=row["forked_from"],
        summary=row["summary"],
        summary_through=row["summary_through"],
    )


def turn(row: Row) -> Turn:
    """Return one turn."""
    return Turn(
        number=row["number"],
        role=row["role"],
        text=row["text"],
        created=moment(row["created"]),
        reasoning=row["reasoning"],
        model=row["model"],
        tool=row["tool"],
        job=row["job"],
        files=tuple(orjson.loads(row["files"])),
        partial=bool(row["partial"]),
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cost=row["cost"],
    )


def hit(row: Row) -> Hit:
    """Return a turn together with the thread's own `thread`, `title` and `project`."""
    return Hit(row["thread"], row["title"], row["project"], turn(row))


def file(row: Row, content: bytes | None = None) -> File:
    """Return the facts of a file, with its content where that was asked for."""
    expires = row["expires"]
    return File(
        id=row["id"],
        principal=row["principal"],
        name=row["name"],
        media_type=row["media_type"],
        size=row["size"],
        created=moment(row["created"]),
        expires=None if expires is None else moment(expires),
        content=content,
    )


def piece(row: Row) -> Piece:
    """Return one piece of output."""
    return Piece(row["number"], row["text"])


def grant(row: Row) -> Grant:
    """Return what a reservation got."""
    return Grant(row["granted"], dict(row["left"]), refused=row["refused"])


def spending(row: Row) -> Spending:
    """Return one line of what was spent."""
    return Spending(**{name: row[name] for name in Spending.__struct_fields__})


def audit_entry(row: Row) -> AuditEntry:
    """Return one link of a chain."""
    return AuditEntry(row["principal"], row["number"], row["text"], row["previous"], row["hash"])
