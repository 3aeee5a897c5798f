"""The store and the shared state, real ones, and clocks that do not agree."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.bootstrap import adapters
from app.doctor import stores
from app.doctor.findings import Level
from app.health import Report
from app.stores.sqlite import SqliteStore
from tests.app.doctor.conftest import MakeSettings

NOW = datetime(2026, 11, 28, tzinfo=UTC)


async def test_a_store_is_opened_and_written_to_and_nothing_of_it_is_found_afterwards(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "exai.sqlite")
    try:
        first, second = await stores.store(store), await stores.store(store)
        swept = await store.sweep(unknown_seconds=3600, retention_days=90, audit_event="x")
    finally:
        await store.close()

    assert first == second
    assert first[0].level is Level.OK
    assert "sqlite answers, its schema is at " in first[0].text
    assert swept.removed_files == 1


async def test_a_store_that_cannot_be_had_is_said_in_its_own_words(made: MakeSettings) -> None:
    settings = made(DATABASE_URL="postgresql://exai:secret-canary@127.0.0.1:1/exai")
    store = adapters.store(settings)

    (found,) = await stores.store(store)

    assert found.level is Level.FAIL
    assert "DATABASE_URL" in found.text
    assert "secret-canary" not in found.text


async def test_without_redis_the_state_is_this_processs(made: MakeSettings) -> None:
    settings = made()

    (found,) = await stores.shared_state(adapters.shared(settings), settings)

    assert found.level is Level.OK
    assert "kept in this process" in found.text


async def test_redis_answers_and_its_clock_agrees(made: MakeSettings, redis_url: str) -> None:
    settings = made(REDIS_URL=redis_url)
    shared = adapters.shared(settings)
    await shared.open()
    try:
        found = await stores.shared_state(shared, settings)
    finally:
        await shared.close()

    assert [finding.text for finding in found] == ["redis answers.", "agrees with Redis's."]


async def test_a_redis_that_is_away_fails_though_a_server_would_go_on(made: MakeSettings) -> None:
    settings = made(REDIS_URL="redis://:secret-canary@127.0.0.1:1/0")
    shared = adapters.shared(settings)
    try:
        (found,) = await stores.shared_state(shared, settings)
    finally:
        await shared.close()

    assert found.level is Level.FAIL
    assert "check REDIS_URL" in found.text
    assert "secret-canary" not in found.text


@pytest.mark.parametrize(
    ("seconds", "level", "words"),
    [
        (0.0, Level.OK, "agrees with X's"),
        (-1.9, Level.OK, "agrees"),
        (10.0, Level.WARN, "10.0 s behind X's: have both follow NTP"),
        (-10.0, Level.WARN, "10.0 s ahead of X's"),
        (31.0, Level.FAIL, "31.0 s behind X's, and leases and sessions go wrong"),
    ],
)
def test_clocks_are_compared(seconds: float, level: Level, words: str) -> None:
    found = stores.clock("X", NOW + timedelta(seconds=seconds), NOW)

    assert found.level is level
    assert words in found.text


def test_what_the_servers_health_says_is_passed_on() -> None:
    reports = [
        Report("models", "vendor keys", required=False, ok=False, milliseconds=1, reason="Set KIMI_API_KEY."),
        Report("store", "sqlite", required=True, ok=True, milliseconds=1),
    ]

    (found,) = stores.pinged(reports)

    assert (found.area, found.level, found.text) == ("models", Level.WARN, "Set KIMI_API_KEY.")
