"""The audit chains, on every store."""

import asyncio
import json

import pytest

from app.stores import Store, audit_chain
from tests.app.stores.made import ALICE, BOB, event, exchange


async def test_events_become_links_that_follow_from_each_other(store: Store) -> None:
    await store.record(ALICE, event("one", job="j", tokens=[1, 2], text='quote " é'))
    await store.record(BOB, event("other"))
    await store.record(ALICE, event("two"))

    first, second = await store.audit_entries(ALICE, after=0, most=10)

    assert (first.principal, first.number, first.previous) == (ALICE, 1, audit_chain.NONE_BEFORE)
    assert (second.number, second.previous) == (2, first.hash)
    assert audit_chain.link_hash(first.previous, 1, first.text) == first.hash
    told = json.loads(first.text)
    assert (told["event"], told["facts"]) == ("one", {"job": "j", "tokens": [1, 2], "text": 'quote " é'})
    assert sorted(told) == ["event", "facts", "id", "time"]
    assert first.text == audit_chain.canonical(told)
    heads = await store.audit_heads()
    assert heads[ALICE] == (2, second.hash)
    assert heads[BOB][0] == 1
    assert [entry.number for entry in await store.audit_entries(ALICE, after=1, most=10)] == [2]
    assert len(await store.audit_entries(ALICE, after=0, most=1)) == 1


async def test_an_event_told_again_is_one_link(store: Store) -> None:
    told = event("one")
    await asyncio.gather(*(store.record(ALICE, told) for _ in range(5)))

    assert len(await store.audit_entries(ALICE, after=0, most=10)) == 1


async def test_a_chain_written_by_many_at_once_is_whole(store: Store) -> None:
    await asyncio.gather(*(store.record(ALICE, event("e", n=n)) for n in range(100)))

    head = (await store.audit_heads())[ALICE]
    walk = audit_chain.Walk(head)
    assert walk.take(await store.audit_entries(ALICE, after=0, most=1000)) is None
    assert walk.end(head) is None
    assert walk.number == 100


async def test_the_end_of_a_job_and_its_audit_event_are_in_one_chain(store: Store) -> None:
    await exchange(store, "a", "b")

    texts = [json.loads(entry.text)["event"] for entry in await store.audit_entries(ALICE, after=0, most=10)]
    assert texts == ["started", "finished"]


@pytest.mark.parametrize("principal", ["nobody", "a'; DROP TABLE x --"])
async def test_an_unknown_chain_is_empty(store: Store, principal: str) -> None:
    assert await store.audit_entries(principal, after=0, most=10) == []
    assert principal not in await store.audit_heads()
