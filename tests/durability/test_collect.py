"""A client that leaves in the middle of its answers finds all of them, whole, from another connection."""

import asyncio
from pathlib import Path
from typing import Any

from tests.durability.conftest import Caller, Kept, callers, serving, vendors

CALLS = 50
SPEED = 100.0
WORDS = 300


async def test_every_answer_is_collected_whole_after_its_client_left(kept: Kept, tmp_path: Path) -> None:
    async with vendors(SPEED) as at, serving(tmp_path, kept, at) as server:
        async with callers(server.url, 2) as opened:
            tasks = [
                asyncio.create_task(opened[number % 2].call("chat", prompt=f"{number} [fake:words {WORDS}]"))
                for number in range(CALLS)
            ]
            await at.asked(CALLS)
        assert await asyncio.gather(*tasks) == [None] * CALLS

        async with callers(server.url, 1) as (back,):
            collected = await _collect_all(back)
        assert await server.stop() == 0, "".join(server.said)

    assert len(collected) == CALLS
    assert all(len(text.partition("\n\n[")[0].split()) == WORDS for text in collected)
    assert len(at.bill.rows) == CALLS
    assert {row.state for row in at.bill.rows} == {"complete"}


async def _collect_all(back: Caller) -> list[str]:
    listed: dict[str, Any] | None = await back.call("jobs", action="list")
    assert listed is not None
    jobs = [job["id"] for job in listed["structuredContent"]["jobs"]]
    results = await asyncio.gather(*(back.call("jobs", action="collect", job=job, wait=45) for job in jobs))
    return [str(result["content"][0]["text"]) for result in results if result is not None]
