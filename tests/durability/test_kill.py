"""A server killed in the middle of paid calls: each is answered once, or collectable; none runs twice."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from app.budget.limits import today
from app.stores import Store
from app.stores.records import Job, JobStatus
from tests.durability.conftest import Caller, Kept, Vendors, callers, serving, vendors

CALLS = 100
CONNECTIONS = 4
SPEED = 200.0
"""Tokens a second; the prompts below ask for half a second to three seconds of them."""
ANSWERED_FIRST = 20
PATIENCE_SECONDS = 60


def prompt(number: int) -> str:
    return f"Call {number}. [fake:words {100 + number * 5}]"


async def ask_all(opened: Sequence[Caller], at: Vendors) -> list[asyncio.Task[object]]:
    """Begin every call; returns once all have reached the vendor and some were answered."""
    tasks: list[asyncio.Task[object]] = [
        asyncio.create_task(opened[n % CONNECTIONS].call("chat", prompt=prompt(n), model="glm"))
        for n in range(CALLS)
    ]
    await at.asked(CALLS)
    # The shortest ones answer first.
    await asyncio.wait_for(asyncio.gather(*tasks[:ANSWERED_FIRST]), PATIENCE_SECONDS)
    return tasks


async def all_jobs(store: Store) -> Sequence[Job]:
    return await store.jobs("default", status=None, project=None, most=1000)


async def test_a_kill_during_paid_calls_loses_none_and_runs_none_twice(kept: Kept, tmp_path: Path) -> None:
    async with vendors(SPEED) as at, serving(tmp_path, kept, at) as server:
        async with callers(server.url, CONNECTIONS) as opened:
            tasks = await ask_all(opened, at)
            await server.kill()
            results = await asyncio.gather(*tasks)
        billed_before = len(at.bill.rows)
        await server.start()
        store = kept.make()
        await store.open()
        try:
            await _until_nothing_runs(store)
            jobs = await all_jobs(store)
            await _check_answers(store, jobs, [result for result in results if result is not None])
            await _check_money(store, jobs, at)
        finally:
            await store.close()
        assert await server.stop() == 0, "".join(server.said)

    assert len(jobs) == CALLS
    assert sum(result is not None for result in results) >= ANSWERED_FIRST
    assert len(at.bill.rows) == billed_before, "after the restart a vendor was asked again"
    asked = Counter(row.client_id for row in at.bill.rows)
    assert max(asked.values()) == 1


async def _until_nothing_runs(store: Store) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while any(not job.status.over for job in await all_jobs(store)):  # noqa: ASYNC110 - another process sweeps
            await asyncio.sleep(0.1)


async def _check_answers(store: Store, jobs: Sequence[Job], results: list[object]) -> None:
    """Every answer that was given is kept as it was given; everything else is interrupted, with what came."""
    status = Counter(job.status for job in jobs)
    assert set(status) <= {JobStatus.COMPLETED, JobStatus.INTERRUPTED}
    assert status[JobStatus.COMPLETED] >= len(results)
    kept = {}
    for job in jobs:
        whole = await store.job("default", job.id)
        if whole.result is not None:
            kept[job.id] = whole.result["text"]
        else:
            assert job.thread is not None
            turns = await store.turns("default", job.thread, after=0, most=10)
            assert turns[0].text.startswith("Call ")
            pieces = await store.output("default", job.id, 0)
            text = "".join(piece.text for piece in pieces)
            assert [turn.text for turn in turns[1:]] == ([text] if text else [])
            assert all(turn.partial for turn in turns[1:])
    for result in results:
        assert isinstance(result, dict)
        assert kept[result["_meta"]["exai/job"]] == result["content"][0]["text"]


async def _check_money(store: Store, jobs: Sequence[Job], at: Vendors) -> None:
    """What is held is what the completed ones cost and the worst case of the others; the vendor agrees."""
    spending = await store.spending("default", since=today())
    settled = sum(row.cost for row in spending)
    assert settled == sum(job.cost for job in jobs)
    assert sum(row.calls for row in spending) == sum(job.status is JobStatus.COMPLETED for job in jobs)
    held = (await store.held(["client:default"], today()))["client:default"]
    interrupted = sum(job.status is JobStatus.INTERRUPTED for job in jobs)
    assert (held > settled) == (interrupted > 0)
    complete = [row for row in at.bill.rows if row.state == "complete"]
    # A vendor may have finished an answer whose end the killed server never read.
    assert sum(row.calls for row in spending) <= len(complete)
