"""What only the state of one process promises."""

import pytest

from app.shared import in_process, local_groups, local_streams
from app.shared.in_process import InProcess


async def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_process, "MOST_KEYS", 10)
    state = InProcess()
    for number in range(100):
        await state.add(str(number), 1, 60)

    assert len(state._counters) == 10
    assert (await state.read("99")).value == 1
    assert (await state.read("0")).value == 0


async def test_the_number_of_groups_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_groups, "MOST_GROUPS", 10)
    state = InProcess()
    for number in range(100):
        await state.keep(str(number), "m", b"", most=5, seconds=60)

    assert await state.kept("99", "m") is not None
    assert await state.kept("89", "m") is None


async def test_the_bytes_of_all_streams_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_streams, "MOST_BYTES", 1000)
    state = InProcess()
    for number in range(100):
        await state.append(str(number), bytes(100), most=5, seconds=60)

    kept = [number for number in range(100) if await state.entries(str(number))]
    assert kept == list(range(90, 100))
