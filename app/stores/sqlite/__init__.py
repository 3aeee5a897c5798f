"""SQLite, the embedded default: one file in DATA_DIR, one connection that writes and one that reads."""

from app.stores.sqlite.store import FILE_NAME, SqliteStore

__all__ = ["FILE_NAME", "SqliteStore"]
