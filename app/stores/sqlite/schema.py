"""Runs the migrations of a SQLite file under its write lock."""

import sqlite3
from collections.abc import Iterator, Sequence

from app.stores import migrations
from app.stores.migrations import Migration
from app.stores.sqlite.connection import Connection
from app.version import VERSION


def migrate(connection: Connection, steps: Sequence[Migration]) -> None:
    """Run what is still to be run, all or nothing.

    Raises:
        SchemaTooNewError: when this release may not run on the schema.
    """
    # IMMEDIATE takes the write lock before looking, so of two processes only one sees work to do.
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = applied(connection)
        migrations.check(done, steps)
        for migration in migrations.pending(steps, (number for number, _ in done)):
            for statement in _statements(migration.sql):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO exai_schema_version (version, name, oldest_application, applied_by) "
                "VALUES (?, ?, ?, ?)",
                (migration.version, migration.name, migration.oldest_application, VERSION),
            )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def applied(connection: Connection) -> list[tuple[int, str]]:
    """Return (version, oldest application) of every migration the file has seen, in order."""
    table = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'exai_schema_version'").fetchone()
    if table is None:
        return []
    rows = connection.execute("SELECT version, oldest_application FROM exai_schema_version ORDER BY version")
    return [(row["version"], row["oldest_application"]) for row in rows]


def _statements(script: str) -> Iterator[str]:
    """Split a script into statements, because executescript() would commit our transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
