"""How the file is opened, and what SQLite's errors mean to people."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.stores.errors import StoreUnavailableError

Connection = sqlite3.Connection

BUSY_SECONDS = 5.0
"""How long a statement waits for another process's write lock."""
DEADLINE_SECONDS = 30.0
"""For one operation from its call to its end: its wait in the queue, the busy timeout and a slow disk."""


def connect(path: Path) -> Connection:
    """Open the file, made on first use.

    WAL lets readers read while the writer writes; `synchronous = FULL` makes a committed transaction survive
    power loss (https://www.sqlite.org/pragma.html#pragma_synchronous); `secure_delete` overwrites with zeros
    what is removed. Transactions begin and end where we say so: the driver begins none.
    """
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def errors(path: Path) -> Iterator[None]:
    """Translate what SQLite raises."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreUnavailableError(
            f"SQLite cannot use {path} ({error}): check the disk's space and the file's rights."
        ) from error


def not_open(path: Path) -> StoreUnavailableError:
    """Return the error of work on a store that is not open."""
    return StoreUnavailableError(f"SQLite in {path} is not open: it is opened at start, look above.")


def too_slow(path: Path) -> StoreUnavailableError:
    """Return the error of work that did not end in time."""
    return StoreUnavailableError(
        f"SQLite in {path} did not answer within {DEADLINE_SECONDS:g} s: look at the disk it is on."
    )


def too_busy(path: Path, waiting: int) -> StoreUnavailableError:
    """Return the error of work that found the queue full."""
    return StoreUnavailableError(
        f"SQLite in {path} has {waiting} operations waiting and takes no more now: try again in a moment, "
        "and look at the disk it is on if this goes on."
    )
