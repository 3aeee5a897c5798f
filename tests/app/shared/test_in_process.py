"""What only the state of one process promises."""

import pytest

from app.shared import in_process
from app.shared.in_process import InProcess


async def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_process, "MOST_KEYS", 10)
    state = InProcess()
    for number in range(100):
        await state.add(str(number), 1, 60)

    assert len(state._counters) == 10
    assert (await state.read("99")).value == 1
    assert (await state.read("0")).value == 0
