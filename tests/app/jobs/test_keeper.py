"""What time makes due happens by itself, and a store that is away does not end it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from app.jobs import keeper as keeper_module
from app.jobs.keeper import Keeper
from app.stores import StoreUnavailableError
from app.stores.records import Swept


class Store:
    """Answers with what the test says, an error included, and counts."""

    def __init__(self) -> None:
        self.renewed: list[str] = []
        self.swept = 0
        self.away = 0
        self.to_stop: Sequence[str] = ()
        self.news = asyncio.Event()

    async def renew_leases(self, replica: str, _: float) -> Sequence[str]:
        self._answer()
        self.renewed.append(replica)
        return self.to_stop

    async def sweep(self, **_: Any) -> Swept:
        self._answer()
        self.swept += 1
        return Swept((), 0)

    def _answer(self) -> None:
        self.news.set()
        if self.away:
            self.away -= 1
            raise StoreUnavailableError("away")

    async def until(self, renewed: int, swept: int) -> None:
        async with asyncio.timeout(5):
            while len(self.renewed) < renewed or self.swept < swept:
                self.news.clear()
                await self.news.wait()


class Jobs:
    """Some jobs that run here."""

    def __init__(self, running: int) -> None:
        self.running = running
        self.stopped: list[str] = []

    def __len__(self) -> int:
        return self.running

    def stop(self, job: str) -> None:
        self.stopped.append(job)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "RENEW_SECONDS", 0)
    monkeypatch.setattr(keeper_module, "SWEEP_SECONDS", 0)


async def run(store: Store, jobs: Jobs, *, renewed: int, swept: int) -> None:
    keeper = Keeper(store, jobs, replica="one", retention_days=90)
    running = asyncio.create_task(keeper.run())
    await store.until(renewed, swept)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_leases_are_renewed_and_cancelled_jobs_stopped() -> None:
    store, jobs = Store(), Jobs(1)
    store.to_stop = ["job_1"]

    await run(store, jobs, renewed=2, swept=2)

    assert set(store.renewed) == {"one"}
    assert set(jobs.stopped) == {"job_1"}


async def test_a_replica_without_jobs_renews_nothing_and_sweeps_still() -> None:
    store = Store()

    await run(store, Jobs(0), renewed=0, swept=2)

    assert store.renewed == []


async def test_a_store_that_is_away_is_tried_again() -> None:
    store = Store()
    store.away = 4

    await run(store, Jobs(1), renewed=1, swept=1)
