"""Groups: bounded, the longest unused give way, the same over every implementation."""

import asyncio

import pytest

from app.shared import Shared

KEEPING = {"most": 3, "seconds": 60.0}


async def test_a_member_is_kept_until_it_is_dropped(shared: Shared, key: str) -> None:
    assert await shared.kept(key, "a") is None
    await shared.keep(key, "a", b"\x00\xff one", **KEEPING)
    found = await shared.kept(key, "a")

    assert found is not None
    assert found.value == b"\x00\xff one"
    assert 0 <= found.seconds_ago < 60
    await shared.drop(key, "a")
    await shared.drop(key, "a")
    assert await shared.kept(key, "a") is None


async def test_keeping_again_replaces_the_value(shared: Shared, key: str) -> None:
    await shared.keep(key, "a", b"one", **KEEPING)
    await shared.keep(key, "a", b"two", **KEEPING)
    found = await shared.kept(key, "a")

    assert found is not None
    assert found.value == b"two"


async def test_groups_do_not_share_members(shared: Shared, key: str) -> None:
    await shared.keep(key, "a", b"one", **KEEPING)

    assert await shared.kept(f"{key}-other", "a") is None


async def test_the_longest_unused_member_gives_way_and_is_named(shared: Shared, key: str) -> None:
    gone = [await shared.keep(key, member, b"", **KEEPING) for member in ("a", "b", "c", "a", "d")]

    assert gone == [[], [], [], [], ["b"]]
    assert await shared.kept(key, "b") is None
    assert await shared.kept(key, "a") is not None


async def test_a_group_ends_when_it_is_left_alone(shared: Shared, key: str) -> None:
    await shared.keep(key, "a", b"", most=3, seconds=0.02)
    async with asyncio.timeout(10):
        while await shared.kept(key, "a"):  # noqa: ASYNC110 - Redis keeps its own clock and sends no event
            await asyncio.sleep(0.005)


async def test_many_at_once_stay_within_the_bound(shared: Shared, key: str) -> None:
    gone = await asyncio.gather(*(shared.keep(key, str(n), b"", **KEEPING) for n in range(50)))

    assert sum(map(len, gone)) == 47
    present = [n for n in range(50) if await shared.kept(key, str(n))]
    assert len(present) == 3
    assert not {int(name) for names in gone for name in names} & set(present)


@pytest.mark.parametrize("member", ["", "a b", "ä{}\n", "x" * 1000])
async def test_any_text_can_name_a_member(shared: Shared, key: str, member: str) -> None:
    await shared.keep(key, member, b"1", **KEEPING)
    found = await shared.kept(key, member)

    assert found is not None
    assert found.value == b"1"
