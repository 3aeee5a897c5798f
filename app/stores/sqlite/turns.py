"""The turns of threads, and the words under which they are found."""

import hashlib
import re
from collections.abc import Sequence

import orjson

from app.stores import reading
from app.stores.records import Hit, Turn
from app.stores.sqlite import clock, files
from app.stores.sqlite.connection import Connection
from app.threads.words import index_words

COLUMNS = (
    "thread, number, role, text, created, reasoning, model, tool, job, files, partial, input_tokens, "
    "output_tokens, cost"
)


MERGE = "merge words"
"""The chore that removing turns leaves: their words stay in older parts of the index until a merge."""
MERGED_PAGES = 500
"""Pages of the index that are merged at once: about 2 MB, about 10 ms."""

_WORD = re.compile(r"\w+")
"""What a word can be; nothing else is in the index, or is to be read by FTS5 as its query language."""


def insert(db: Connection, thread: str, turn: Turn) -> None:
    """Add a turn to a thread; its time is now, and its files stay.

    Raises:
        NotFoundError: one of its files is not the thread's principal's.
    """
    owner = db.execute("SELECT principal, project FROM threads WHERE id = ?", (thread,)).fetchone()
    files.refer(db, owner["principal"], turn.files)
    seq = db.execute(
        f"INSERT INTO turns ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
        (thread, turn.number, turn.role, turn.text, clock.now(), turn.reasoning, turn.model, turn.tool,
         turn.job, orjson.dumps(turn.files).decode(), turn.partial, turn.input_tokens, turn.output_tokens,
         turn.cost),
    ).lastrowid  # fmt: skip
    if turn.files:
        db.executemany(
            "INSERT INTO turn_files VALUES (?, ?, ?)",
            [(seq, owner["principal"], file) for file in set(turn.files)],
        )
    words = [*scopes(owner["principal"], owner["project"]), *index_words(turn.text)]
    db.execute("INSERT INTO turn_words (rowid, words) VALUES (?, ?)", (seq, " ".join(words)))


def of_thread(db: Connection, thread: str, after: int, most: int) -> list[Turn]:
    """Return turns by number, the prompt before its answer."""
    rows = db.execute(
        "SELECT * FROM turns WHERE thread = ? AND number > ? ORDER BY number, role DESC LIMIT ?",
        (thread, after, most),
    )
    return [reading.turn(row) for row in rows]


def search(db: Connection, principal: str, words: Sequence[str], project: str | None, most: int) -> list[Hit]:
    """Return the newest turns that hold all of the words.

    The index itself is asked whose a turn is and walked from its end, so that a word in every second turn
    costs no more than a rare one.
    """
    if not words or not all(map(_WORD.fullmatch, words)):
        return []
    scope = scopes(principal, project or "")[0 if project is None else 1]
    rows = db.execute(
        "WITH found AS MATERIALIZED (SELECT rowid AS seq FROM turn_words WHERE turn_words MATCH ?1 "
        "ORDER BY rowid DESC LIMIT ?2) "
        "SELECT turns.*, threads.title, threads.project FROM found JOIN turns USING (seq) "
        "JOIN threads ON threads.id = turns.thread WHERE threads.principal = ?3 ORDER BY seq DESC",
        (" AND ".join(f'"{word}"' for word in (scope, *words)), most, principal),
    )
    return [reading.hit(row) for row in rows]


def copy(db: Connection, thread: str, new: str, through: int) -> None:
    """Copy the exchanges of one thread, up to and including a number, into another."""
    rows = db.execute(
        "SELECT * FROM turns WHERE thread = ? AND number <= ? ORDER BY number, role DESC", (thread, through)
    ).fetchall()
    for row in rows:
        turn = reading.turn(row)
        insert(db, new, turn)
        db.execute(
            "UPDATE turns SET created = ? WHERE thread = ? AND number = ? AND role = ?",
            (row["created"], new, turn.number, turn.role),
        )


def remove(db: Connection, principal: str, thread: str) -> None:
    """Remove a thread's turns, their words, and the files that nothing else refers to."""
    of_it = "SELECT seq FROM turns WHERE thread = ?"
    named = db.execute(f"SELECT DISTINCT file FROM turn_files WHERE turn IN ({of_it})", (thread,)).fetchall()  # noqa: S608 - a constant
    db.execute(f"DELETE FROM turn_words WHERE rowid IN ({of_it})", (thread,))  # noqa: S608 - a constant
    db.execute("INSERT INTO chores VALUES (?) ON CONFLICT DO NOTHING", (MERGE,))
    db.execute("DELETE FROM turns WHERE thread = ?", (thread,))
    files.remove_unreferred(db, principal, [row["file"] for row in named])


def scopes(principal: str, project: str) -> tuple[str, str]:
    """Return the two words that say whose a turn is, and of which project; no text holds such a word."""
    return _scope(principal), _scope(f"{principal}\0{project}")


def _scope(name: str) -> str:
    return ":" + hashlib.sha256(name.encode()).hexdigest()[:16]


def merge_words(db: Connection) -> None:
    """Go on with merging the index into one part, if turns were removed from it."""
    if db.execute("SELECT 1 FROM chores WHERE name = ?", (MERGE,)).fetchone() is None:
        return
    before = db.total_changes
    # A negative number merges all parts, whatever their sizes, and goes on where it left off.
    db.execute("INSERT INTO turn_words (turn_words, rank) VALUES ('merge', ?)", (-MERGED_PAGES,))
    if db.total_changes - before < 2:  # how FTS5 says that there was nothing left to do
        db.execute("DELETE FROM chores WHERE name = ?", (MERGE,))
