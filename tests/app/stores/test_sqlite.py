"""What only SQLite promises."""

import stat
from pathlib import Path

from app.stores.sqlite import SqliteStore


async def test_the_file_is_the_owners_and_commits_survive_power_loss(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "x.sqlite3")
    await store.open()
    try:
        modes = await store._on_thread(
            lambda: [
                store._opened().execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("journal_mode", "synchronous")
            ]
        )
    finally:
        await store.close()

    assert modes == ["wal", 2]  # 2 is FULL
    assert stat.S_IMODE((tmp_path / "x.sqlite3").stat().st_mode) == 0o600
