"""Two hundred calls at once on a budget for fifty: fifty reach the vendor, and nothing is overspent."""

import asyncio
from collections.abc import Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.budget.limits import today
from app.budget.worst_case import LEAST_OUTPUT_TOKENS
from app.providers import catalog
from app.providers.records import NANO_USD_PER_USD
from app.stores import Store
from tests.durability.conftest import Kept, Vendors, callers, configure, serving, vendors

CALLS, FIT, CONNECTIONS = 200, 50, 4
SPEED = 2.0
PROMPT = "[fake:words 30] [fake:think 0]"
"""A quarter of a minute at that speed: no call gives money back before the last one has asked for some."""
SCOPE = "client:default"
MODEL = catalog.find("glm")
assert MODEL is not None


async def test_no_more_reach_the_vendor_than_the_budget_covers(kept: Kept, tmp_path: Path) -> None:
    async with vendors(SPEED) as at, serving(tmp_path, kept, at) as server:
        store = kept.make()
        await store.open()
        try:
            async with callers(server.url, 1) as (one,):
                most = await _held_by_one(store, one.call("chat", prompt=PROMPT, model="glm"), at)
            assert await server.stop() == 0, "".join(server.said)
            # Fifty worst cases, and a remainder that is too small for a shortened answer.
            least = most - (MODEL.default_output - LEAST_OUTPUT_TOKENS) * MODEL.price.output
            spent = await _taken(store)
            budget = spent + FIT * most + least - 1
            configure(tmp_path, Decimal(budget) / NANO_USD_PER_USD)
            await server.start()

            async with callers(server.url, CONNECTIONS) as opened:
                calls = [
                    asyncio.create_task(opened[n % CONNECTIONS].call("chat", prompt=PROMPT, model="glm"))
                    for n in range(CALLS)
                ]
                await at.asked(1 + FIT)
                assert await _taken(store) <= budget
                results = [result for result in await asyncio.gather(*calls) if result is not None]
            assert await server.stop() == 0, "".join(server.said)
            assert await _taken(store) <= budget
        finally:
            await store.close()

    refused = [result for result in results if result["isError"]]
    assert len(results) == CALLS
    assert len(refused) == CALLS - FIT
    assert all("USD left today" in result["content"][0]["text"] for result in refused)
    assert len(at.bill.rows) == 1 + FIT


async def _held_by_one(store: Store, call: Coroutine[Any, Any, object], at: Vendors) -> int:
    calling = asyncio.ensure_future(call)
    await at.asked(1)
    held = await _taken(store)
    await calling
    return held


async def _taken(store: Store) -> int:
    """What is spent and held today."""
    return (await store.held([SCOPE], today()))[SCOPE]
