"""Slots: never more than there are, given back or outlived, the same over every implementation."""

import asyncio

import pytest

from app.shared import Shared, local_slots
from app.shared.in_process import InProcess

LEASE = {"most": 2, "seconds": 60.0}


async def test_a_place_is_taken_kept_and_given_back(shared: Shared, key: str) -> None:
    assert await shared.acquire(key, "a", **LEASE)
    assert await shared.acquire(key, "b", **LEASE)
    assert not await shared.acquire(key, "c", **LEASE)
    assert await shared.acquire(key, "a", **LEASE), "its own place is kept for longer"
    assert await shared.holders(key) == 2
    await shared.release(key, "a")
    await shared.release(key, "a")
    assert await shared.holders(key) == 1
    assert await shared.acquire(key, "c", **LEASE)
    assert not await shared.acquire(key, "a", **LEASE)


async def test_names_do_not_share_places(shared: Shared, key: str) -> None:
    assert await shared.acquire(key, "a", most=1, seconds=60)
    assert await shared.acquire(f"{key}-other", "a", most=1, seconds=60)


async def test_a_lease_that_nobody_keeps_ends(shared: Shared, key: str) -> None:
    assert await shared.acquire(key, "gone", most=1, seconds=0.02)
    async with asyncio.timeout(10):
        while not await shared.acquire(key, "next", most=1, seconds=60):  # noqa: ASYNC110 - Redis sends no event
            await asyncio.sleep(0.005)
    assert await shared.holders(key) == 1


async def test_a_long_lease_is_not_shortened_by_a_short_one_of_another(shared: Shared, key: str) -> None:
    assert await shared.acquire(key, "long", most=2, seconds=60)
    assert await shared.acquire(key, "short", most=2, seconds=0.02)
    async with asyncio.timeout(10):
        while await shared.holders(key) == 2:  # noqa: ASYNC110 - Redis sends no event
            await asyncio.sleep(0.005)
    assert not await shared.acquire(key, "next", most=1, seconds=60)


async def test_many_at_once_get_no_more_than_there_are(shared: Shared, key: str) -> None:
    taken = await asyncio.gather(*(shared.acquire(key, str(n), most=3, seconds=60) for n in range(50)))

    assert sum(taken) == 3
    assert await shared.holders(key) == 3


async def test_the_number_of_names_in_one_process_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_slots, "MOST_NAMES", 2)
    state = InProcess()

    assert [await state.acquire(str(n), "a", most=1, seconds=60) for n in range(3)] == [True, True, False]
    await state.release("0", "a")
    assert await state.acquire("2", "a", most=1, seconds=60)
