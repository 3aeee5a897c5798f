"""Jobs from their start to their end, on every store."""

import asyncio
from collections.abc import Sequence

import pytest

from app.stores import NotFoundError, Store
from app.stores.functions import store as function_store
from app.stores.records import CallState, JobStatus, Piece
from app.stores.sqlite import jobs as sqlite_jobs
from tests.app.stores.made import (
    ALICE,
    BOB,
    DAY,
    SCOPE,
    exchange,
    finish,
    new_call,
    new_id,
    new_job,
    said,
    settled,
    start,
    stream,
    sweep,
)


async def events(store: Store, principal: str = ALICE) -> list[str]:
    entries = await store.audit_entries(principal, after=0, most=1000)
    return [entry.text.split('"')[3] for entry in entries]


async def test_a_job_starts_with_its_thread_its_prompt_its_money_and_its_audit_event(store: Store) -> None:
    job, call = new_job(), new_call(40, limit=100)

    started = await start(store, job, "What is a monad?", call)

    assert started.fresh
    assert started.grant
    assert (started.grant.granted, started.grant.left) == (40, {SCOPE: 60})
    made = await store.job(ALICE, job.id)
    assert started.job == made
    assert (made.status, made.thread, made.number, made.title) == ("running", job.thread, 1, "A question")
    assert made.result is None
    assert made.fault is None
    assert not made.cancel_requested
    assert made.created.utcoffset() is not None
    thread = await store.thread(ALICE, str(job.thread))
    assert (thread.title, thread.project, thread.exchanges) == ("A question", "p", 1)
    [prompt] = await store.turns(ALICE, thread.id, after=0, most=10)
    assert (prompt.number, prompt.role, prompt.text, prompt.job) == (1, "user", "What is a monad?", job.id)
    assert await store.held([SCOPE, "client:bob"], DAY) == {SCOPE: 40, "client:bob": 0}
    assert await events(store) == ["started"]


async def test_a_thread_counts_its_exchanges_from_the_calls_that_run_at_once(store: Store) -> None:
    first = await exchange(store, "one", "two")
    jobs = [new_job(thread=first.thread, new_thread=False) for _ in range(5)]

    started = await asyncio.gather(*(start(store, job, f"prompt of {job.id}") for job in jobs))

    numbers = {one.job.id: one.job.number for one in started if one.job}
    assert sorted(numbers.values()) == [2, 3, 4, 5, 6]  # type: ignore[type-var]  # each has one, or this fails
    turns = await store.turns(ALICE, str(first.thread), after=1, most=100)
    assert {turn.job: turn.number for turn in turns} == numbers
    assert all(turn.text == f"prompt of {turn.job}" for turn in turns)


@pytest.mark.parametrize("whose", ["unknown", "foreign"])
async def test_a_job_in_a_thread_that_is_not_there_is_not_made(store: Store, whose: str) -> None:
    thread = new_id() if whose == "unknown" else (await exchange(store, "a", "b", principal=BOB)).thread
    job = new_job(thread=thread, new_thread=False)

    with pytest.raises(NotFoundError, match="no thread"):
        await start(store, job, "hello", new_call(40))

    with pytest.raises(NotFoundError, match="no job"):
        await store.job(ALICE, job.id)
    assert await store.held([SCOPE], DAY) == {SCOPE: 0}
    assert await events(store) == []


async def test_a_thread_cannot_be_made_over_somebody_elses(store: Store) -> None:
    thread = (await exchange(store, "a", "b", principal=BOB)).thread

    with pytest.raises(NotFoundError):
        await start(store, new_job(thread=thread))
    assert (await store.thread(BOB, str(thread))).exchanges == 1


async def test_a_job_without_a_thread_leaves_none(store: Store) -> None:
    job = new_job(thread=None, new_thread=False)

    started = await start(store, job, None)

    assert started.job
    assert started.job.thread is None
    assert started.job.number is None
    assert await store.finish_job(finish(job))
    assert (await store.job(ALICE, job.id)).result == {"text": "the answer", "meta": {}}
    assert await store.threads(ALICE, project=None, before=None, most=10) == []


async def test_output_is_kept_piece_by_piece_in_order_and_once(store: Store) -> None:
    job, call = new_job(), new_call()
    await start(store, job, call=call)
    await stream(store, job, call, "Hel", "lo, ", "wörld 世界")

    again = await store.append_output(job.id, job.replica, call.id, Piece(2, "other"))

    assert again.ours
    assert not again.cancel_requested
    pieces = await store.output(ALICE, job.id, 0)
    assert list(pieces) == [Piece(1, "Hel"), Piece(2, "lo, "), Piece(3, "wörld 世界")]
    assert list(await store.output(ALICE, job.id, 2)) == [Piece(3, "wörld 世界")]
    assert (await store.job(ALICE, job.id)).output_characters == 15
    with pytest.raises(NotFoundError):
        await store.output(BOB, job.id, 0)


async def test_output_of_many_pieces_is_read_in_portions(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (function_store, sqlite_jobs):
        monkeypatch.setattr(module, "MOST_PIECES", 10)
    job, call = new_job(), new_call()
    await start(store, job, call=call)
    append = (store.append_output(job.id, job.replica, call.id, Piece(n, str(n))) for n in range(1, 24))
    await asyncio.gather(*append)

    first = await store.output(ALICE, job.id, 0)
    rest = await store.output(ALICE, job.id, first[-1].number)

    assert (len(first), len(rest)) == (10, 10)
    assert [piece.text for piece in (*first, *rest)] == [str(n) for n in range(1, 21)]


async def test_only_the_replica_that_runs_a_job_may_write_to_it(store: Store) -> None:
    job, call = new_job(), new_call()
    await start(store, job, call=call)

    standing = await store.append_output(job.id, "two", call.id, Piece(1, "mine"))

    assert not standing.ours
    assert not (await store.append_output(new_id(), "one", call.id, Piece(1, "mine"))).ours
    assert await store.output(ALICE, job.id, 0) == []
    assert not await store.finish_job(finish(job, replica="two"))
    assert (await store.job(ALICE, job.id)).status is JobStatus.RUNNING


async def test_a_job_ends_with_its_answer_its_result_its_money_and_its_audit_event(store: Store) -> None:
    job, call = new_job(), new_call(100)
    await start(store, job, call=call)
    await stream(store, job, call, "the ", "answer")
    result = {
        "text": "the answer",
        "meta": {"model": "kimi-k2", "n": [1, 2.5, None]},
        "structured": {"é": [True]},
    }
    answer = said(
        "the answer", "assistant", reasoning="because", model="kimi-k2", tool="chat", input_tokens=7,
        output_tokens=3, cost=30,
    )  # fmt: skip
    bill = settled(
        call, 30, input_tokens=7, cached_tokens=2, output_tokens=3, request_id="r-1", outcome="stop"
    )

    assert await store.finish_job(finish(job, result=result, answer=answer, settlements=(bill,)))

    done = await store.job(ALICE, job.id)
    assert (done.status, done.result, done.cost, done.output_characters) == ("completed", result, 30, 10)
    assert done.updated > done.created
    _, kept = await store.turns(ALICE, str(job.thread), after=0, most=10)
    assert (kept.number, kept.role, kept.text, kept.job) == (1, "assistant", "the answer", job.id)
    assert (kept.reasoning, kept.model, kept.tool, kept.cost) == ("because", "kimi-k2", "chat", 30)
    assert (kept.input_tokens, kept.output_tokens, kept.partial) == (7, 3, False)
    assert await store.held([SCOPE], DAY) == {SCOPE: 30}
    assert await store.output(ALICE, job.id, 0) == [], "a result that holds everything replaces the pieces"
    assert await events(store) == ["started", "finished"]


async def test_a_job_that_fails_keeps_what_was_streamed(store: Store) -> None:
    job, call = new_job(), new_call()
    await start(store, job, call=call)
    await stream(store, job, call, "half an ans")
    end = finish(job, None, status=JobStatus.FAILED, fault="The vendor hung up: try again.",
                 answer=said("half an ans", "assistant", partial=True))  # fmt: skip

    assert await store.finish_job(end)

    done = await store.job(ALICE, job.id)
    assert (done.status, done.fault, done.output_characters) == (
        "failed",
        "The vendor hung up: try again.",
        11,
    )
    assert await store.output(ALICE, job.id, 0) == [Piece(1, "half an ans")]
    assert (await store.turns(ALICE, str(job.thread), after=0, most=10))[1].partial


async def test_a_job_ends_once_and_the_same_end_told_again_is_no_failure(store: Store) -> None:
    job, call = new_job(), new_call()
    await start(store, job, call=call)
    end = finish(job, settlements=(settled(call, 30),))

    assert await store.finish_job(end)
    assert await store.finish_job(end)
    assert not await store.finish_job(finish(job, "another", status=JobStatus.FAILED))

    done = await store.job(ALICE, job.id)
    assert (done.status, done.cost, done.result) == ("completed", 30, {"text": "the answer", "meta": {}})
    assert len(await store.turns(ALICE, str(job.thread), after=0, most=10)) == 2
    assert await store.held([SCOPE], DAY) == {SCOPE: 30}
    assert await events(store) == ["started", "finished"]


async def test_a_start_told_again_makes_nothing_twice(store: Store) -> None:
    job, call = new_job(), new_call(40, limit=100)
    first = await start(store, job, call=call)

    again = await start(store, job, call=call)

    assert again == first
    assert await store.held([SCOPE], DAY) == {SCOPE: 40}
    assert len(await store.turns(ALICE, str(job.thread), after=0, most=10)) == 1
    assert await events(store) == ["started"]
    await store.finish_job(finish(job, settlements=(settled(call, 1),)))
    late = await start(store, job, call=call)
    assert not late.fresh
    assert late.job
    assert late.job.status is JobStatus.COMPLETED


async def test_a_known_idempotency_key_returns_the_earlier_job(store: Store) -> None:
    first = new_job(idempotency_key="k", key_seconds=60)
    await start(store, first, call=new_call(5))
    second = new_job(idempotency_key="k", key_seconds=60, digest="e" * 64)

    started = await start(store, second, call=new_call(5))

    assert not started.fresh
    assert started.grant is None
    assert started.job
    assert (started.job.id, started.job.digest) == (first.id, "d" * 64)
    assert await store.held([SCOPE], DAY) == {SCOPE: 5}
    assert (await start(store, new_job(idempotency_key="k", key_seconds=60, principal=BOB))).fresh
    assert (await start(store, new_job(idempotency_key="other", key_seconds=60))).fresh


async def test_of_two_starts_at_once_with_one_key_one_is_fresh(store: Store) -> None:
    jobs = [new_job(idempotency_key="k", key_seconds=60) for _ in range(8)]

    started = await asyncio.gather(*(start(store, job, call=new_call(5)) for job in jobs))

    assert sum(one.fresh for one in started) == 1
    assert len({one.job.id for one in started if one.job}) == 1
    assert await store.held([SCOPE], DAY) == {SCOPE: 5}
    assert len(await store.threads(ALICE, project=None, before=None, most=10)) == 1


async def test_a_key_that_is_too_old_is_free_again(store: Store) -> None:
    first = new_job(idempotency_key="k", key_seconds=0)
    await start(store, first)
    second = new_job(idempotency_key="k", key_seconds=60)

    assert (await start(store, second)).fresh
    third = await start(store, new_job(idempotency_key="k", key_seconds=60))
    assert third.job
    assert third.job.id == second.id


async def test_a_wish_to_cancel_reaches_the_replica_with_its_next_piece_and_its_next_renewal(
    store: Store,
) -> None:
    job, other, call = new_job(), new_job(), new_call()
    await start(store, job, call=call)
    await start(store, other)

    asked = await store.request_cancel(ALICE, job.id)

    assert asked.cancel_requested
    assert asked.status is JobStatus.RUNNING
    assert (await store.append_output(job.id, job.replica, call.id, Piece(1, "x"))).cancel_requested
    assert list(await store.renew_leases("one", 60)) == [job.id]
    assert list(await store.renew_leases("two", 60)) == []
    with pytest.raises(NotFoundError):
        await store.request_cancel(BOB, job.id)


async def test_a_job_that_is_over_cannot_be_cancelled_any_more(store: Store) -> None:
    job = await exchange(store, "a", "b")

    assert not (await store.request_cancel(ALICE, job.id)).cancel_requested


async def test_a_renewed_lease_keeps_a_job_from_the_sweep(store: Store) -> None:
    job = new_job(lease_seconds=0)
    await start(store, job)
    await store.renew_leases("one", 60)

    assert (await sweep(store)).interrupted == ()
    assert (await store.job(ALICE, job.id)).status is JobStatus.RUNNING


async def test_jobs_are_listed_newest_first_without_results_and_only_ones_own(store: Store) -> None:
    done = await exchange(store, "a", "b", project="x")
    running = new_job(project="y")
    await start(store, running, call=new_call())
    await exchange(store, "a", "b", principal=BOB)

    async def listed(
        *, status: JobStatus | None = None, project: str | None = None, most: int = 10
    ) -> Sequence[str]:
        return [job.id for job in await store.jobs(ALICE, status=status, project=project, most=most)]

    assert await listed() == [running.id, done.id]
    assert await listed(most=1) == [running.id]
    assert await listed(status=JobStatus.COMPLETED) == [done.id]
    assert await listed(project="y") == [running.id]
    assert [job.result for job in await store.jobs(ALICE, status=None, project=None, most=10)] == [None, None]
    with pytest.raises(NotFoundError):
        await store.job(BOB, done.id)


async def test_a_job_with_no_store_leaves_its_row_its_money_and_its_audit_alone(store: Store) -> None:
    thread = str((await exchange(store, "before", "it")).thread)
    job, call = new_job(no_store=True, title="secret", thread=thread, new_thread=False), new_call(100)

    await start(store, job, "secret prompt", call)
    await stream(store, job, call, "secret ", "out")
    running = await store.job(ALICE, job.id)
    assert (running.title, running.thread, running.output_characters) == ("", None, 0)
    assert await store.output(ALICE, job.id, 0) == []
    bill = settled(call, 0, CallState.UNKNOWN)
    assert await store.finish_job(finish(job, "secret result", settlements=(bill,)))

    done = await store.job(ALICE, job.id)
    assert (done.status, done.result, done.title) == ("completed", None, "")
    assert len(await store.turns(ALICE, thread, after=0, most=10)) == 2
    assert await store.search_turns(ALICE, ["secret"], project=None, most=10) == []
    assert len(await store.threads(ALICE, project=None, before=None, most=10)) == 1
    assert (await sweep(store, unknown_seconds=0)).estimated == 1
    assert (await store.job(ALICE, job.id)).cost == 10 + 2 * len("secret out")


async def test_a_job_with_no_store_in_a_thread_that_is_not_there_is_not_made(store: Store) -> None:
    with pytest.raises(NotFoundError):
        await start(store, new_job(no_store=True, new_thread=False), None)
    assert (await start(store, new_job(no_store=True, new_thread=True), None)).fresh
    assert await store.threads(ALICE, project=None, before=None, most=10) == []


async def test_text_with_signs_that_databases_dislike_is_kept(store: Store) -> None:
    hard = 'quote \' " back\\slash \\u0000 {"json": null} \u2028 \U0001f600 % $1 \ufffe tab\t\r\n'
    job, call = new_job(title=hard), new_call()
    await start(store, job, hard, call)
    await stream(store, job, call, hard)

    assert await store.output(ALICE, job.id, 0) == [Piece(1, hard)]
    assert await store.finish_job(finish(job, hard))
    assert [turn.text for turn in await store.turns(ALICE, str(job.thread), after=0, most=2)] == [hard, hard]
    assert (await store.job(ALICE, job.id)).title == hard
    assert (await store.job(ALICE, job.id)).result == {"text": hard, "meta": {}}


async def test_what_no_database_can_hold_becomes_the_sign_for_it(store: Store) -> None:
    job, call = new_job(title="a\0b \ud800"), new_call()
    await start(store, job, "a\0\\u0000b", call)
    await stream(store, job, call, "x\0y")

    assert (await store.job(ALICE, job.id)).title == "a\ufffdb \ufffd"
    assert (await store.turns(ALICE, str(job.thread), after=0, most=1))[0].text == "a\ufffd\\u0000b"
    assert await store.output(ALICE, job.id, 0) == [Piece(1, "x\ufffdy")]
    assert await store.finish_job(finish(job, "z\0"))
    assert (await store.job(ALICE, job.id)).result == {"text": "z\ufffd", "meta": {}}
    with pytest.raises(NotFoundError):
        await store.job(ALICE, "\0")
