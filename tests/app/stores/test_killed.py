"""A process killed with -9 in the middle of its work: what it was told is done, is; nothing twice."""

import asyncio
import random
import signal
import sys
from collections import defaultdict
from pathlib import Path

from app.stores import Store
from app.stores.records import JobStatus
from tests.app.stores.conftest import Database
from tests.app.stores.made import ALICE, DAY, SCOPE, new_job, start, sweep

LINES = 300
"""How much is acknowledged before the kill: dozens of jobs, each at another point of its life."""
RUN_SECONDS = 120


async def test_nothing_that_was_acknowledged_is_lost_and_the_money_adds_up(
    database: Database, environ: dict[str, str], tmp_path: Path
) -> None:
    seed = str(random.randrange(10**6))  # noqa: S311 - an order, no secret
    store = database.make()
    await store.open()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.app.stores.killed_writer", seed,
        env=environ, cwd=tmp_path, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    started, finished, pieces = set(), set(), defaultdict[str, set[int]](set)
    async with asyncio.timeout(RUN_SECONDS):
        for count in range(10**9):
            if count == LINES:
                process.send_signal(signal.SIGKILL)
            words = (await process.stdout.readline()).decode().split()
            if not words:
                break
            match words:
                case ["started", job]:
                    started.add(job)
                case ["piece", job, number]:
                    pieces[job].add(int(number))
                case ["finished", job]:
                    finished.add(job)
        assert await process.wait() == -signal.SIGKILL
    assert len(finished) > 10, f"seed {seed}"

    await until_quiet(store)
    interrupted = (await sweep(store, unknown_seconds=3600)).interrupted
    jobs = {job.id: job for job in await store.jobs(ALICE, status=None, project=None, most=1000)}
    assert started <= jobs.keys()
    assert {job.id for job in interrupted} == {
        j.id for j in jobs.values() if j.status is JobStatus.INTERRUPTED
    }
    for job in jobs.values():
        turns = await store.turns(ALICE, str(job.thread), after=0, most=10)
        assert turns[0].text == f"prompt of {job.id}"
        if job.status is JobStatus.COMPLETED:
            result = (await store.job(ALICE, job.id)).result
            assert result
            text = result["text"]
            assert job.cost == 7
        else:
            assert job.id not in finished
            text = "".join(piece.text for piece in await store.output(ALICE, job.id, 0))
        numbers = {number for number in range(1, 9) if f"{number} of {job.id} " in text}
        assert pieces[job.id] <= numbers == set(range(1, len(numbers) + 1))
        assert [turn.text for turn in turns[1:]] == ([text] if text else [])
        again = await start(store, new_job(idempotency_key=job.id, key_seconds=3600))
        assert not again.fresh
        assert again.job
        assert again.job.id == job.id, "the same key never runs it again"
    done = sum(job.status is JobStatus.COMPLETED for job in jobs.values())
    assert await store.held([SCOPE], DAY) == {SCOPE: 7 * done + 100 * len(interrupted)}
    assert (await sweep(store, unknown_seconds=0)).estimated == len(interrupted)
    spent = sum(line.cost for line in await store.spending(ALICE, since=DAY))
    costs = [job.cost for job in await store.jobs(ALICE, status=None, project=None, most=1000)]
    assert await store.held([SCOPE], DAY) == {SCOPE: spent} == {SCOPE: sum(costs)}
    await store.close()


async def until_quiet(store: Store) -> None:
    """Wait until the database has done what the dead process had still asked of it."""
    before = None
    while before != (now := (await store.audit_heads(), await store.held([SCOPE], DAY))):
        before = now
        await asyncio.sleep(0.3)  # the database sends no event when a client's last statement is done
