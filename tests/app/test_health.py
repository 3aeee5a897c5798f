"""Health: one loop over the pings, with deadlines, remembered for a moment."""

import asyncio

import pytest

from app import health as health_module
from app.health import FRESH_SECONDS, Dependency, Health, Readiness


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Part:
    """A dependency that can be broken."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def ping(self) -> None:
        self.asked += 1
        await self.gate.wait()
        if self.error:
            raise self.error


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> Part:
    return Part()


@pytest.fixture
def cache() -> Part:
    return Part()


@pytest.fixture
def health(store: Part, cache: Part, clock: Clock) -> Health:
    dependencies = [
        Dependency("store", "sqlite", required=True, ping=store.ping),
        Dependency("shared state", "redis", required=False, ping=cache.ping),
    ]
    health = Health(dependencies, clock)
    health.started = True
    return health


async def test_all_well_is_ready(health: Health) -> None:
    assert await health.readiness() is Readiness.READY
    assert [report.ok for report in await health.reports()] == [True, True]


async def test_without_an_optional_part_it_is_degraded_and_serves(health: Health, cache: Part) -> None:
    cache.error = RuntimeError("Redis is away: start it.")

    readiness = await health.readiness()
    assert readiness is Readiness.DEGRADED
    assert readiness.serving
    assert (await health.reports())[1].reason == "Redis is away: start it."


async def test_without_a_required_part_it_is_unavailable(health: Health, store: Part) -> None:
    store.error = RuntimeError()

    readiness = await health.readiness()
    assert readiness is Readiness.UNAVAILABLE
    assert not readiness.serving
    assert (await health.reports())[0].reason == "RuntimeError"


async def test_a_silent_part_is_given_up(
    health: Health, store: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_module, "PING_SECONDS", 0.01)
    store.gate.clear()

    assert await health.readiness() is Readiness.UNAVAILABLE
    assert "did not answer within" in str((await health.reports())[0].reason)


async def test_many_probes_cost_one_round_of_pings(health: Health, store: Part, clock: Clock) -> None:
    await asyncio.gather(*(health.readiness() for _ in range(20)))
    assert store.asked == 1

    clock.now += FRESH_SECONDS
    store.error = RuntimeError("gone")
    assert await health.readiness() is Readiness.UNAVAILABLE
    assert store.asked == 2


async def test_before_the_start_check_and_while_draining_nothing_is_asked(
    health: Health, store: Part
) -> None:
    health.started = False
    assert await health.readiness() is Readiness.STARTING
    health.draining = True
    assert await health.readiness() is Readiness.DRAINING

    assert store.asked == 0
