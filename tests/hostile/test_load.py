"""Beside hostile connections no honest call is lost; how long they take is measured by hand, not asserted."""

from tests.hostile.load import compare


async def test_no_honest_call_is_lost_beside_hostile_connections() -> None:
    alone, beside = await compare(honest=5, hostile=30, seconds=3.0)

    assert (alone.lost, beside.lost) == (0, 0)
    assert alone.latencies
    assert beside.latencies
