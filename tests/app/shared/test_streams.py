"""Streams: bounded, ordered, waited on, the same over every implementation."""

import asyncio

import pytest

from app.shared import START, Shared
from app.shared.protocol import position_of

KEEPING = {"most": 5, "seconds": 60.0}


async def test_a_stream_is_read_in_order_from_any_position(shared: Shared, key: str) -> None:
    positions = [await shared.append(key, str(n).encode(), **KEEPING) for n in range(4)]

    assert [entry.data for entry in await shared.entries(key)] == [b"0", b"1", b"2", b"3"]
    assert [entry.data for entry in await shared.entries(key, positions[1])] == [b"2", b"3"]
    assert [entry.position for entry in await shared.entries(key, START)] == positions
    assert sorted(positions, key=position_of) == positions


async def test_the_end_is_the_newest_position(shared: Shared, key: str) -> None:
    assert await shared.end(key) == START
    await shared.append(key, b"x", **KEEPING)
    position = await shared.append(key, b"\x00\xff", **KEEPING)

    assert await shared.end(key) == position
    assert await shared.entries(key, position) == []


async def test_the_oldest_entries_give_way(shared: Shared, key: str) -> None:
    for n in range(20):
        await shared.append(key, str(n).encode(), **KEEPING)

    assert [entry.data for entry in await shared.entries(key)] == [b"15", b"16", b"17", b"18", b"19"]


async def test_a_reader_waits_for_the_next_entry(shared: Shared, key: str) -> None:
    first = await shared.append(key, b"first", **KEEPING)
    reading = asyncio.create_task(shared.entries(key, first, wait_seconds=5))
    await asyncio.sleep(0)
    await shared.append(key, b"second", **KEEPING)

    assert [entry.data for entry in await asyncio.wait_for(reading, 10)] == [b"second"]


async def test_many_readers_hear_of_one_entry(shared: Shared, key: str) -> None:
    readers = [asyncio.create_task(shared.entries(key, wait_seconds=5)) for _ in range(30)]
    await asyncio.sleep(0)
    await shared.append(key, b"news", **KEEPING)

    heard = await asyncio.wait_for(asyncio.gather(*readers), 10)
    assert [[entry.data for entry in entries] for entries in heard] == [[b"news"]] * 30


async def test_waiting_ends_without_an_entry(shared: Shared, key: str) -> None:
    assert await shared.entries(key, wait_seconds=0.02) == []


async def test_a_reader_that_gives_up_leaves_the_stream_usable(shared: Shared, key: str) -> None:
    reading = asyncio.create_task(shared.entries(key, wait_seconds=5))
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await shared.append(key, b"later", **KEEPING)

    assert [entry.data for entry in await shared.entries(key, wait_seconds=5)] == [b"later"]


async def test_a_stream_ends_when_nothing_is_added(shared: Shared, key: str) -> None:
    await shared.append(key, b"x", most=5, seconds=0.02)
    async with asyncio.timeout(10):
        while await shared.entries(key):  # noqa: ASYNC110 - Redis keeps its own clock and sends no event
            await asyncio.sleep(0.005)
    assert await shared.end(key) == START


@pytest.mark.parametrize("position", ["", "x", "1", "-1", "1-", "1-2-3", "$", "9" * 40 + "-1", "²-1"])
async def test_what_is_no_position_is_refused(shared: Shared, key: str, position: str) -> None:
    with pytest.raises(ValueError, match="not a position"):
        await shared.entries(key, position)
