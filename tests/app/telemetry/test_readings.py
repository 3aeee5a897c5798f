"""Readings: one that fails does not hide the others."""

import asyncio

import pytest
import structlog
from structlog.testing import capture_logs

from app.health import PING_SECONDS
from app.telemetry import metrics, readings
from app.telemetry.readings import Readings, Taken
from app.telemetry.tallies import Tallies


def steady() -> Taken:
    return {metrics.CONNECTIONS: 3, metrics.CERTIFICATE: None, metrics.READY: True}


async def test_values_are_taken_with_and_without_labels_and_none_is_left_out() -> None:
    async def labelled() -> Taken:
        return {metrics.BREAKER: {("moonshot_ai", "kimi-k2.6"): 1.0}}

    taken = await Readings({"steady": steady, "labelled": labelled}, Tallies()).take()

    assert dict(taken) == {
        metrics.CONNECTIONS: {(): 3},
        metrics.READY: {(): True},
        metrics.BREAKER: {("moonshot_ai", "kimi-k2.6"): 1.0},
    }


async def test_one_that_fails_is_left_out_counted_and_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "READ_SECONDS", 0.05)
    structlog.reset_defaults()
    ill = True

    def fails() -> Taken:
        if ill:
            raise RuntimeError("gone")
        return {metrics.WEBSOCKETS: 1}

    async def hangs() -> Taken:
        await asyncio.Event().wait()
        return {}

    tallies = Tallies()
    taking = Readings({"steady": steady, "fails": fails, "hangs": hangs}, tallies)
    with capture_logs() as lines:
        for _ in range(2):
            assert dict(await taking.take()).keys() == {metrics.CONNECTIONS, metrics.READY}
        ill = False
        assert metrics.WEBSOCKETS in dict(await taking.take())

    assert dict(tallies.counter(metrics.READING_ERRORS)) == {("fails",): 2, ("hangs",): 3}
    assert sorted(line["reading"] for line in lines) == ["fails", "hangs"]


def test_a_dependency_that_does_not_answer_is_told_as_down_and_not_left_out() -> None:
    assert readings.READ_SECONDS > PING_SECONDS
