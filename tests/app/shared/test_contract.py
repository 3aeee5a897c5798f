"""One contract over every shared state, Redis being a real one."""

import asyncio

from app.shared import Shared


async def test_it_answers(shared: Shared) -> None:
    await shared.ping()

    assert shared.name in ("in-process", "redis")


async def test_a_counter_adds_up_and_its_window_is_not_extended(shared: Shared, key: str) -> None:
    first = await shared.add(key, 1, 60)
    second = await shared.add(key, 2, 600)

    assert (first.value, second.value) == (1, 3)
    assert 0 < second.seconds_left <= first.seconds_left <= 60


async def test_reading_counts_nothing(shared: Shared, key: str) -> None:
    assert await shared.read(key) == (0, 0.0)
    await shared.add(key, 5, 60)

    assert (await shared.read(key)).value == 5
    assert (await shared.read(key)).value == 5


async def test_a_counter_can_be_forgotten(shared: Shared, key: str) -> None:
    await shared.add(key, 5, 60)
    await shared.forget(key)
    await shared.forget(key)

    assert await shared.read(key) == (0, 0.0)


async def test_a_window_ends(shared: Shared, key: str) -> None:
    await shared.add(key, 5, 0.02)
    async with asyncio.timeout(10):
        while (await shared.read(key)).value:  # noqa: ASYNC110 - Redis keeps its own clock and sends no event
            await asyncio.sleep(0.005)

    assert (await shared.add(key, 1, 60)).value == 1


async def test_concurrent_additions_are_all_counted(shared: Shared, key: str) -> None:
    counted = await asyncio.gather(*(shared.add(key, 1, 60) for _ in range(100)))

    assert sorted(window.value for window in counted) == list(range(1, 101))
