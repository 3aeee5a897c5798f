"""Beside hostile connections no honest call is lost; how long they take is measured by hand, not asserted."""

import argparse

import pytest

from tests.hostile.load import Found, compare, report


async def test_no_honest_call_is_lost_beside_hostile_connections() -> None:
    alone, beside, harm = await compare(honest=5, hostile=30, seconds=3.0)

    assert (alone.lost, beside.lost) == (0, 0)
    assert alone.latencies
    assert beside.latencies
    assert harm > 30


OPTIONS = argparse.Namespace(honest=20, hostile=200, seconds=60.0)


@pytest.mark.parametrize(
    ("beside", "lost", "verdict"), [(0.003, 0, "3.00 times"), (0.0031, 0, "not met"), (0.001, 1, "not met")]
)
def test_the_verdict_is_about_the_slowest_of_a_thousand_and_about_those_lost(
    beside: float, lost: int, verdict: str
) -> None:
    text, met = report(Found([0.001] * 999 + [0.001], 0), Found([beside] * 1000, lost), 9000, OPTIONS)

    assert verdict in text
    assert "9,000 connections" in text
    assert met is ("not" not in verdict)
