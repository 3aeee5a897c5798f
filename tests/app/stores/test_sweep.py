"""What a sweep does of itself, on every store: jobs whose replica is gone, and nothing twice."""

import asyncio
import json

from app.stores import Store
from app.stores.records import CallState, JobStatus, NewCall, NewJob, Piece
from tests.app.stores.made import (
    ALICE,
    DAY,
    SCOPE,
    exchange,
    finish,
    new_call,
    new_job,
    settled,
    start,
    stream,
    sweep,
)


async def test_a_job_whose_lease_ended_is_interrupted_with_what_it_had_streamed(store: Store) -> None:
    job, call = new_job(lease_seconds=0), new_call(100)
    alive = new_job()
    await start(store, job, "question", call)
    await start(store, alive)
    await stream(store, job, call, "a partial ", "answer")

    [interrupted] = (await sweep(store)).interrupted

    assert interrupted == await store.job(ALICE, job.id)
    assert (interrupted.status, interrupted.output_characters) == (JobStatus.INTERRUPTED, 16)
    assert interrupted.fault
    assert "stopped before it ended" in interrupted.fault
    assert interrupted.result is None
    _, answer = await store.turns(ALICE, str(job.thread), after=0, most=10)
    assert (answer.text, answer.partial, answer.role, answer.number) == (
        "a partial answer",
        True,
        "assistant",
        1,
    )
    assert (answer.model, answer.tool, answer.job) == ("kimi-k2", "chat", job.id)
    assert [p.text for p in await store.output(ALICE, job.id, 0)] == ["a partial ", "answer"]
    assert [hit.turn.text for hit in await store.search_turns(ALICE, ["partial"], project=None, most=9)] == [
        "a partial answer"
    ]
    last = json.loads((await store.audit_entries(ALICE, after=0, most=10))[-1].text)
    assert (last["event"], last["facts"]) == (
        "interrupted",
        {"job": job.id, "replica": "one", "tool": "chat"},
    )
    assert await store.held([SCOPE], DAY) == {SCOPE: 100}, "nobody knows yet what it cost"
    assert (await store.job(ALICE, alive.id)).status is JobStatus.RUNNING


async def test_an_interrupted_job_with_no_output_has_no_answer(store: Store) -> None:
    job = new_job(lease_seconds=0)
    await start(store, job, "question", new_call(100))

    assert len((await sweep(store)).interrupted) == 1
    assert len(await store.turns(ALICE, str(job.thread), after=0, most=10)) == 1


async def test_the_replica_that_comes_back_is_told_that_its_job_is_gone(store: Store) -> None:
    job, call = new_job(lease_seconds=0), new_call(100)
    await start(store, job, "question", call)
    await stream(store, job, call, "half")
    await sweep(store)

    assert not (await store.append_output(job.id, "one", call.id, Piece(2, "more"))).ours
    assert not await store.finish_job(finish(job))
    assert list(await store.renew_leases("one", 60)) == []
    await store.settle(settled(call, 30))
    assert await store.held([SCOPE], DAY) == {SCOPE: 30}, "what it read of the usage still counts"
    assert len(await store.output(ALICE, job.id, 0)) == 1


async def test_a_call_of_an_interrupted_job_is_estimated_after_its_time(store: Store) -> None:
    job, call = new_job(lease_seconds=0), new_call(100)
    await start(store, job, "question", call)
    await stream(store, job, call, "12345")
    await sweep(store)

    assert (await sweep(store, unknown_seconds=0)).estimated == 1

    assert await store.held([SCOPE], DAY) == {SCOPE: 20}
    [line] = await store.spending(ALICE, since=DAY)
    assert (line.calls, line.cost) == (1, 20)


async def test_sweeps_at_once_do_each_thing_once(store: Store) -> None:
    jobs = [(new_job(lease_seconds=0), new_call(10)) for _ in range(20)]
    for job, call in jobs:
        await start(store, job, "question", call)
        await stream(store, job, call, "half")

    swept = await asyncio.gather(*(sweep(store, unknown_seconds=0) for _ in range(5)))
    rest = await sweep(store, unknown_seconds=0)

    interrupted = [job.id for one in (*swept, rest) for job in one.interrupted]
    assert sorted(interrupted) == sorted(job.id for job, _ in jobs)
    assert sum(one.estimated for one in (*swept, rest)) == 20
    entries = await store.audit_entries(ALICE, after=0, most=1000)
    assert sum('"interrupted"' in entry.text for entry in entries) == 20
    assert await store.held([SCOPE], DAY) == {SCOPE: 20 * 10}


async def test_sweeps_beside_the_work_of_others_disturb_nothing(store: Store) -> None:
    async def work(number: int) -> None:
        for _ in range(5):
            job, call = new_job(lease_seconds=0 if number % 2 else 60), new_call(10, limit=10**9)
            await start(store, job, "question", call)
            standing = await store.append_output(job.id, "one", call.id, Piece(1, "half"))
            done = await store.finish_job(finish(job, settlements=(settled(call, 3),)))
            assert done or number % 2
            if not done:
                assert not standing.ours or number % 2
                await store.settle(settled(call, 3))

    async def sweeps() -> None:
        for _ in range(10):
            await sweep(store, unknown_seconds=3600)

    await asyncio.gather(sweeps(), sweeps(), *(work(number) for number in range(8)))

    assert await store.held([SCOPE], DAY) == {SCOPE: 8 * 5 * 3}
    assert [
        job.status for job in await store.jobs(ALICE, status=JobStatus.RUNNING, project=None, most=99)
    ] == []


async def test_a_finished_job_stays_while_its_key_or_its_money_needs_it(store: Store) -> None:
    keyed = await exchange(store, "a", "b", idempotency_key="k", key_seconds=60)
    owing, call = new_job(), new_call(10)
    await start(store, owing, call=call)
    await store.finish_job(finish(owing, settlements=(settled(call, 0, CallState.UNKNOWN),)))
    await exchange(store, "a", "b")

    assert (await sweep(store, retention_days=0)).removed_jobs == 1

    assert {j.id for j in await store.jobs(ALICE, status=None, project=None, most=9)} == {keyed.id, owing.id}
    swept = await sweep(store, retention_days=0, unknown_seconds=0)
    assert (swept.estimated, swept.removed_jobs) == (1, 1)


async def test_a_sweep_of_nothing_does_nothing(store: Store) -> None:
    swept = await sweep(store)

    assert (swept.interrupted, swept.estimated) == ((), 0)
    assert (swept.removed_threads, swept.removed_jobs, swept.removed_files) == (0, 0, 0)


async def test_a_piece_that_was_taken_is_in_the_partial_answer(store: Store) -> None:
    for _ in range(5):
        job, call = new_job(lease_seconds=0), new_call(10)
        await start(store, job, "question", call)
        taken = []

        async def write(job: NewJob = job, call: NewCall = call, taken: list[str] = taken) -> None:
            for number in range(1, 50):
                text = f"{number} "
                if not (await store.append_output(job.id, job.replica, call.id, Piece(number, text))).ours:
                    return
                taken.append(text)

        await asyncio.gather(write(), sweep(store))

        kept = "".join(piece.text for piece in await store.output(ALICE, job.id, 0))
        turns = await store.turns(ALICE, str(job.thread), after=0, most=10)
        assert kept == "".join(taken)
        assert [turn.text for turn in turns[1:]] == ([kept] if kept else [])
