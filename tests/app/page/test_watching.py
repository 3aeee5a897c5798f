"""Replicas tell a page what they do while somebody looks, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from app.page import watching
from app.page.watching import Room, Watching
from app.shared.in_process import InProcess
from app.transports.bus import Bus

SECONDS = 10


class Replica:
    """One replica with its bus, and what it would tell."""

    def __init__(self, name: str, shared: InProcess) -> None:
        self.told: dict[str, Any] = {"replica": name, "jobs": []}
        self.asked = 0
        self.bus = Bus(shared)
        self.watching = Watching(shared, self.bus, self.tell)

    def tell(self, principal: str) -> dict[str, Any]:
        self.asked += 1
        return {**self.told, "for": principal}


@asynccontextmanager
async def running(*replicas: Replica) -> AsyncIterator[None]:
    works = []
    for replica in replicas:
        await replica.bus.begin()
        works += [replica.bus.run(), replica.watching.run()]
    tasks = [asyncio.create_task(work) for work in works]
    try:
        async with asyncio.timeout(SECONDS):
            yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(room: Room, *wanted: dict[str, Any]) -> None:
    """Wait until a room knows all that is wanted."""
    while not all(one in [orjson.loads(data) for data in room.since(0)] for one in wanted):
        await room.wait(SECONDS)


@pytest.fixture
def shared() -> InProcess:
    return InProcess()


async def test_a_page_sees_what_every_replica_does_for_its_client(shared: InProcess) -> None:
    a, b = Replica("a", shared), Replica("b", shared)
    async with running(a, b), a.watching.looking("alice") as room:
        await until(
            room, {"replica": "a", "jobs": [], "for": "alice"}, {"replica": "b", "jobs": [], "for": "alice"}
        )
        b.told["jobs"] = [{"job": "job_1"}]
        await until(room, {"replica": "b", "jobs": [{"job": "job_1"}], "for": "alice"})
        seen = room.version
        b.told["jobs"] = []
        while not room.since(seen):
            await room.wait(SECONDS)

        assert [orjson.loads(data)["replica"] for data in room.since(seen)][-1] == "b"


async def test_nothing_is_said_or_asked_while_nobody_looks(shared: InProcess) -> None:
    a = Replica("a", shared)
    async with running(a):
        for _ in range(20):
            await asyncio.sleep(0)
        assert a.asked == 0
        assert await shared.end("bus") == await shared.end("page:alice") == "0-0"


async def test_it_ends_some_time_after_the_last_page_was_closed(
    shared: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "SAY_SECONDS", 0.02)
    monkeypatch.setattr(watching, "WATCHED_SECONDS", 0.05)
    monkeypatch.setattr(watching, "TELL_SECONDS", 0.01)
    a = Replica("a", shared)
    async with running(a):
        async with a.watching.looking("alice") as room:
            await until(room, {"replica": "a", "jobs": [], "for": "alice"})
        while a.watching._watched or a.watching._rooms:  # noqa: ASYNC110 - nobody is told when nobody looks
            await asyncio.sleep(0.01)
        asked = a.asked
        await asyncio.sleep(0.05)
        assert a.asked == asked


async def test_a_page_that_asks_gets_its_own_replica_at_once(shared: InProcess) -> None:
    a = Replica("a", shared)
    async with running(a):
        assert [orjson.loads(data)["replica"] for data in a.watching.poll("alice")] == ["a"]


async def test_two_pages_of_a_client_are_one_listener(shared: InProcess) -> None:
    a = Replica("a", shared)
    async with running(a), a.watching.looking("alice") as first, a.watching.looking("alice") as second:
        assert first is second
        assert len(a.watching._following) == 1


def test_a_room_holds_a_bounded_number_of_replicas() -> None:
    room = Room()
    for number in range(watching.MOST_REPLICAS + 5):
        room.put(f"r{number}", b"{}")

    assert len(room.since(0)) == watching.MOST_REPLICAS
