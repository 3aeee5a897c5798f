"""Money on every store: never more than there is, never lost, never counted twice."""

import asyncio
import random
from typing import Any

import pytest

from app.stores import NotFoundError, Store
from app.stores.records import CallState, Limit, NewCall, Piece, Spending
from tests.app.stores.made import (
    ALICE,
    BOB,
    DAY,
    SCOPE,
    finish,
    new_call,
    new_id,
    new_job,
    settled,
    start,
    stream,
    sweep,
)


async def test_of_200_starts_at_once_on_a_budget_of_50_at_most_50_are_granted(store: Store) -> None:
    calls = [new_call(1, limit=50) for _ in range(200)]

    started = await asyncio.gather(*(start(store, new_job(), call=call) for call in calls))

    assert sum(one.fresh for one in started) == 50
    assert all(one.grant and one.grant.refused and one.job is None for one in started if not one.fresh)
    assert await store.held([SCOPE], DAY) == {SCOPE: 50}
    assert len(await store.jobs(ALICE, status=None, project=None, most=1000)) == 50


async def test_of_200_reservations_at_once_of_all_sizes_nothing_is_overshot(store: Store) -> None:
    seed = random.randrange(10**6)  # noqa: S311 - no secret
    chance = random.Random(seed)  # noqa: S311 - sizes, no secrets
    job = new_job()
    await start(store, job)
    calls = [new_call(chance.randint(1, 9), least=1, limit=50) for _ in range(200)]

    grants = await asyncio.gather(*(store.reserve(job.id, call) for call in calls))

    assert sum(grant.granted for grant in grants) == 50, f"seed {seed}"
    assert all(1 <= g.granted <= c.most for g, c in zip(grants, calls, strict=True) if not g.refused)
    assert await store.held([SCOPE], DAY) == {SCOPE: 50}


async def test_a_call_is_clamped_to_what_the_tightest_limit_leaves(store: Store) -> None:
    job = new_job()
    await start(store, job)
    limits = (Limit("client:alice", 100), Limit("project:alice/p", 30))

    first = await store.reserve(job.id, new_call(20, limits=limits))
    second = await store.reserve(job.id, new_call(20, least=10, limits=limits))
    third = await store.reserve(job.id, new_call(20, least=10, limits=limits))

    assert (first.granted, first.left) == (20, {"client:alice": 80, "project:alice/p": 10})
    assert (second.granted, second.left, second.refused) == (
        10,
        {"client:alice": 70, "project:alice/p": 0},
        False,
    )
    assert (third.granted, third.left, third.refused) == (0, {"client:alice": 70, "project:alice/p": 0}, True)
    assert await store.held(["client:alice", "project:alice/p"], DAY) == {
        "client:alice": 30,
        "project:alice/p": 30,
    }


async def test_a_refused_start_makes_nothing(store: Store) -> None:
    job = new_job(idempotency_key="k", key_seconds=60)

    started = await start(store, job, call=new_call(100, limit=99))

    assert not started.fresh
    assert started.job is None
    assert started.grant
    assert started.grant.refused
    assert started.grant.left == {SCOPE: 99}
    assert await store.jobs(ALICE, status=None, project=None, most=10) == []
    assert await store.threads(ALICE, project=None, before=None, most=10) == []
    assert await store.audit_entries(ALICE, after=0, most=10) == []
    assert (await start(store, job, call=new_call(1))).fresh, "the key was not used up"


async def test_a_call_that_costs_nothing_is_granted_when_nothing_is_left(store: Store) -> None:
    job = new_job()

    started = await start(store, job, call=new_call(0, limit=0))

    assert started.fresh
    assert started.grant
    assert (started.grant.granted, started.grant.refused) == (0, False)


async def test_days_have_budgets_of_their_own(store: Store) -> None:
    job = new_job()
    await start(store, job)

    assert not (await store.reserve(job.id, new_call(50, limit=50))).refused
    assert (await store.reserve(job.id, new_call(1, limit=50))).refused
    assert not (await store.reserve(job.id, new_call(50, limit=50, day="2026-11-29"))).refused
    assert await store.held([SCOPE], "2026-11-29") == {SCOPE: 50}


async def test_a_reservation_told_again_holds_nothing_more(store: Store) -> None:
    job, call = new_job(), new_call(20, limit=50)
    await start(store, job)

    first = await store.reserve(job.id, call)

    assert await store.reserve(job.id, call) == first
    assert await store.held([SCOPE], DAY) == {SCOPE: 20}


async def test_only_a_running_job_may_hold_more(store: Store) -> None:
    job = new_job()
    await start(store, job)
    await store.finish_job(finish(job))

    for one in (job.id, new_id()):
        with pytest.raises(NotFoundError, match="no running job"):
            await store.reserve(one, new_call())


@pytest.mark.parametrize(
    ("state", "cost", "left_held", "spent"),
    [
        (CallState.SETTLED, 30, 30, 30),
        (CallState.SETTLED, 130, 130, 130),
        (CallState.RELEASED, 30, 0, None),
        (CallState.UNKNOWN, 30, 100, None),
        (CallState.ESTIMATED, 60, 60, 60),
    ],
)
async def test_a_settled_call_holds_what_it_costs(
    store: Store, state: CallState, cost: int, left_held: int, spent: int | None
) -> None:
    job, call = new_job(), new_call(100)
    await start(store, job, call=call)
    settlement = settled(call, cost, state)

    await store.settle(settlement)
    await store.settle(settlement)

    assert await store.held([SCOPE], DAY) == {SCOPE: left_held}
    lines = await store.spending(ALICE, since=DAY)
    assert [line.cost for line in lines] == ([] if spent is None else [spent])
    assert (await store.job(ALICE, job.id)).cost == (spent or 0)


async def test_a_call_that_is_settled_stays_as_it_is(store: Store) -> None:
    job, call = new_job(), new_call(100)
    await start(store, job, call=call)
    await store.settle(settled(call, 30))

    for state in (CallState.SETTLED, CallState.RELEASED, CallState.UNKNOWN, CallState.ESTIMATED):
        await store.settle(settled(call, 77, state))

    assert await store.held([SCOPE], DAY) == {SCOPE: 30}
    assert (await sweep(store, unknown_seconds=0)).estimated == 0
    with pytest.raises(NotFoundError, match="no call"):
        await store.settle(settled(new_call(), 1))


async def test_a_call_of_unknown_cost_may_still_be_settled(store: Store) -> None:
    job, call = new_job(), new_call(100)
    await start(store, job, call=call)
    await store.settle(settled(call, 0, CallState.UNKNOWN))
    await store.settle(settled(call, 30))

    assert await store.held([SCOPE], DAY) == {SCOPE: 30}


async def test_what_stays_unknown_is_booked_at_its_estimate_from_what_was_streamed(store: Store) -> None:
    job, long, short = new_job(), new_call(100), new_call(100)
    await start(store, job, call=long)
    await store.reserve(job.id, short)
    await stream(store, job, short, "é", "ab")  # 4 bytes
    await store.append_output(job.id, job.replica, long.id, Piece(3, "x" * 200))
    unknown = tuple(settled(call, 0, CallState.UNKNOWN) for call in (long, short))
    await store.finish_job(finish(job, settlements=unknown))
    assert (await sweep(store, unknown_seconds=60)).estimated == 0
    assert await store.held([SCOPE], DAY) == {SCOPE: 200}

    swept = await sweep(store, unknown_seconds=0)

    assert swept.estimated == 2
    assert await store.held([SCOPE], DAY) == {SCOPE: 100 + 10 + 2 * 4}
    assert (await store.job(ALICE, job.id)).cost == 118
    assert (await sweep(store, unknown_seconds=0)).estimated == 0


async def test_spending_is_kept_by_day_principal_project_vendor_and_model(store: Store) -> None:
    async def spend(call: NewCall, cost: int, **changes: Any) -> None:
        job = new_job(**changes)
        await start(store, job, call=call)
        tokens = {"input_tokens": 5, "cached_tokens": 2, "output_tokens": 3, "reasoning_tokens": 1}
        await store.finish_job(finish(job, settlements=(settled(call, cost, **tokens),)))

    await spend(new_call(100), 10)
    await spend(new_call(100), 11)
    await spend(new_call(100, vendor="glm", model="glm-5"), 12)
    await spend(new_call(100, day="2026-11-29"), 13, project="q")
    await spend(new_call(100), 14, principal=BOB)

    lines = await store.spending(ALICE, since=DAY)
    assert list(lines) == [
        Spending(DAY, ALICE, "p", "glm", "glm-5", 1, 5, 2, 3, 12),
        Spending(DAY, ALICE, "p", "kimi", "kimi-k2", 2, 10, 4, 6, 21),
        Spending("2026-11-29", ALICE, "q", "kimi", "kimi-k2", 1, 5, 2, 3, 13),
    ]
    assert [line.cost for line in await store.spending(ALICE, since="2026-11-29")] == [13]
    assert {line.principal for line in await store.spending(None, since=DAY)} == {ALICE, BOB}


async def test_a_statement_says_at_once_what_is_held_spent_and_running(store: Store) -> None:
    over = new_job()
    call = new_call(100)
    await start(store, over, call=call)
    await store.finish_job(finish(over, settlements=(settled(call, 10),)))
    await start(store, new_job(), call=new_call(20))
    await start(store, new_job(principal=BOB))

    statement = await store.statement(ALICE, [SCOPE, "project:alice/p"], DAY)

    assert (
        statement.held
        == await store.held([SCOPE, "project:alice/p"], DAY)
        == {SCOPE: 30, "project:alice/p": 0}
    )
    assert list(statement.spending) == list(await store.spending(ALICE, since=DAY))
    assert statement.running == 1


async def test_money_adds_up_whatever_happens_at_once(store: Store) -> None:
    seed = random.randrange(10**6)  # noqa: S311 - no secret
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    limits = (Limit(SCOPE, 4000), Limit("project:alice/p", 3000))

    async def run() -> int:
        job, call = new_job(), new_call(chance.randint(1, 200), least=1, limits=limits)
        started = await start(store, job, call=call)
        if not started.fresh or started.grant is None:
            return 0
        state = chance.choice([CallState.SETTLED, CallState.RELEASED, CallState.UNKNOWN])
        cost = chance.randint(0, started.grant.granted)
        settlement = settled(call, cost, state)
        ends = [store.settle(settlement), store.finish_job(finish(job, settlements=(settlement,)))]
        chance.shuffle(ends)
        await asyncio.gather(*ends)
        return {CallState.SETTLED: cost, CallState.RELEASED: 0}.get(state, started.grant.granted)

    owed = sum(await asyncio.gather(*(run() for _ in range(60))))

    assert await store.held([SCOPE, "project:alice/p"], DAY) == {SCOPE: owed, "project:alice/p": owed}, (
        f"seed {seed}"
    )
