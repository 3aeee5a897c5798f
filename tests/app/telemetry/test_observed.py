"""A stand-in does what the thing does, and its operations are measured."""

import asyncio
from typing import Protocol

import pytest

from app.telemetry.observed import observed, timed
from app.telemetry.tallies import Distribution


class Kept(Protocol):
    name: str

    async def get(self, key: str) -> str: ...

    async def wait(self) -> None: ...

    def size(self) -> int: ...


class Thing:
    name = "thing"

    async def get(self, key: str) -> str:
        if key == "none":
            raise KeyError(key)
        if key == "forever":
            await asyncio.Event().wait()
        return key.upper()

    async def wait(self) -> None:
        return None

    def size(self) -> int:
        return 3


def counts(durations: Distribution) -> dict[tuple[str, ...], int]:
    return {labels: int(sum(row[:-1])) for labels, row in durations.rows.items()}


async def test_operations_are_measured_by_name_and_error() -> None:
    durations = Distribution((1,))
    kept: Kept = observed(Thing(), Kept, timed(durations), leave={"wait"})

    assert await kept.get("a") == "A"
    assert (kept.name, kept.size()) == ("thing", 3)
    await kept.wait()
    with pytest.raises(KeyError):
        await kept.get("none")

    assert counts(durations) == {("get", ""): 1, ("get", "KeyError"): 1}


async def test_who_gives_up_makes_no_error() -> None:
    durations = Distribution((1,))
    task = asyncio.ensure_future(observed(Thing(), Kept, timed(durations)).get("forever"))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert counts(durations) == {("get", ""): 1}


def test_without_wraps_it_is_the_thing_itself() -> None:
    thing = Thing()

    assert observed(thing, Kept) is thing
