"""Threads on every store: listed, read, forked, summed up and truly deleted."""

import asyncio

import pytest
from msgspec import structs

from app.stores import NotFoundError, Store
from app.stores.records import Piece
from tests.app.stores.made import (
    ALICE,
    BOB,
    exchange,
    finish,
    new_call,
    new_file,
    new_id,
    new_job,
    said,
    start,
    stream,
    sweep,
)


async def go_on(store: Store, thread: str | None, prompt: str, answer: str) -> None:
    await exchange(store, prompt, answer, thread=thread, new_thread=False)


async def test_threads_are_listed_last_touched_first_by_project_and_by_page(store: Store) -> None:
    old = await exchange(store, "a", "b", project="x", title="Old")
    new = await exchange(store, "c", "d", project="y", title="New")
    await exchange(store, "e", "f", principal=BOB)
    await go_on(store, old.thread, "again", "yes")

    listed = await store.threads(ALICE, project=None, before=None, most=10)
    assert [thread.id for thread in listed] == [old.thread, new.thread]
    assert [thread.exchanges for thread in listed] == [2, 1]
    page = await store.threads(ALICE, project=None, before=listed[0].updated, most=10)
    assert [thread.id for thread in page] == [new.thread]
    assert [thread.title for thread in await store.threads(ALICE, project="x", before=None, most=10)] == [
        "Old"
    ]
    assert len(await store.threads(ALICE, project=None, before=None, most=1)) == 1


async def test_turns_are_read_by_number_the_prompt_before_its_answer(store: Store) -> None:
    job = await exchange(store, "q1", "a1")
    await go_on(store, job.thread, "q2", "a2")

    turns = await store.turns(ALICE, str(job.thread), after=0, most=10)

    assert [(turn.number, turn.role, turn.text) for turn in turns] == [
        (1, "user", "q1"), (1, "assistant", "a1"), (2, "user", "q2"), (2, "assistant", "a2"),
    ]  # fmt: skip
    assert [turn.text for turn in await store.turns(ALICE, str(job.thread), after=1, most=1)] == ["q2"]


async def test_a_foreign_thread_is_as_unknown_as_one_that_never_was(store: Store) -> None:
    thread = str((await exchange(store, "a", "b")).thread)
    messages = set()
    for one in (thread, new_id()):
        for attempt in (
            store.thread(BOB, one),
            store.turns(BOB, one, after=0, most=10),
            store.fork_thread(BOB, one, new_id(), through=1),
            store.delete_thread(BOB, one),
            store.keep_summary(BOB, one, "s", through=1),
        ):
            with pytest.raises(NotFoundError) as caught:
                await attempt
            messages.add(str(caught.value).replace(one, "ID"))
    assert len(messages) == 1
    assert (await store.thread(ALICE, thread)).exchanges == 1


async def test_a_fork_has_the_beginning_and_goes_its_own_way(store: Store) -> None:
    file = await store.put_file(new_file())
    job = new_job()
    await start(store, job, said("q1", files=(file.id,)))
    await store.finish_job(finish(job, "a1"))
    await go_on(store, job.thread, "q2", "a2")
    new = new_id()

    fork = await store.fork_thread(ALICE, str(job.thread), new, through=1)

    assert (fork.id, fork.forked_from, fork.exchanges, fork.title) == (new, job.thread, 1, job.title)
    assert fork == await store.fork_thread(ALICE, str(job.thread), new, through=1), (
        "told again, nothing happens"
    )
    first = await store.turns(ALICE, str(job.thread), after=0, most=2)
    assert list(await store.turns(ALICE, new, after=0, most=10)) == list(first)
    await go_on(store, new, "other", "way")
    assert [turn.text for turn in await store.turns(ALICE, new, after=1, most=10)] == ["other", "way"]
    assert (await store.thread(ALICE, str(job.thread))).exchanges == 2
    await store.delete_thread(ALICE, str(job.thread))
    assert (await store.file(ALICE, file.id)).content == b"content", "the fork still refers to it"
    assert len(await store.search_turns(ALICE, ["q1"], project=None, most=10)) == 1


async def test_a_fork_keeps_a_summary_only_of_what_it_has(store: Store) -> None:
    thread = str((await exchange(store, "q1", "a1")).thread)
    await go_on(store, thread, "q2", "a2")
    await store.keep_summary(ALICE, thread, "both", through=2)

    short = await store.fork_thread(ALICE, thread, new_id(), through=1)
    whole = await store.fork_thread(ALICE, thread, new_id(), through=99)

    assert (short.summary, short.summary_through, short.exchanges) == (None, 0, 1)
    assert (whole.summary, whole.summary_through, whole.exchanges) == ("both", 2, 2)


async def test_an_older_summary_does_not_replace_a_newer(store: Store) -> None:
    thread = str((await exchange(store, "q", "a")).thread)

    await store.keep_summary(ALICE, thread, "through five", through=5)
    await store.keep_summary(ALICE, thread, "through three", through=3)

    kept = await store.thread(ALICE, thread)
    assert (kept.summary, kept.summary_through) == ("through five", 5)


async def test_a_deleted_thread_takes_everything_of_it_along(store: Store) -> None:
    own, shared = await store.put_file(new_file(b"own")), await store.put_file(new_file(b"shared"))
    keeping, job, failed, call = new_job(), new_job(title="zebra"), new_job(title="zebra"), new_call()
    await start(store, keeping, said("stays", files=(shared.id,)))
    await start(store, job, said("zebra question", files=(own.id, shared.id)))
    await store.finish_job(finish(job, "zebra answer"))
    failed = structs.replace(failed, thread=job.thread, new_thread=False)
    await start(store, failed, "zebra again", call)
    await stream(store, failed, call, "zebra piece")
    await store.finish_job(finish(failed, None, fault="The zebra ran away.", status="failed"))

    await store.delete_thread(ALICE, str(job.thread))

    with pytest.raises(NotFoundError):
        await store.thread(ALICE, str(job.thread))
    with pytest.raises(NotFoundError):
        await store.delete_thread(ALICE, str(job.thread))
    assert await store.search_turns(ALICE, ["zebra"], project=None, most=10) == []
    for one in (job, failed):
        left = await store.job(ALICE, one.id)
        assert (left.title, left.result, left.fault, left.thread, left.output_characters) == (
            "",
            None,
            None,
            None,
            0,
        )
        assert await store.output(ALICE, one.id, 0) == []
    with pytest.raises(NotFoundError):
        await store.file(ALICE, own.id)
    assert (await store.file(ALICE, shared.id)).content == b"shared"
    assert (await store.turns(ALICE, str(keeping.thread), after=0, most=10))[0].files == (shared.id,)


async def test_a_job_that_outlives_its_thread_keeps_nothing_more(store: Store) -> None:
    job, call = new_job(), new_call()
    await start(store, job, "q", call)
    await stream(store, job, call, "before")

    await store.delete_thread(ALICE, str(job.thread))

    assert (await store.append_output(job.id, job.replica, call.id, Piece(2, "after"))).ours
    assert await store.output(ALICE, job.id, 0) == []
    assert await store.finish_job(finish(job, "the end"))
    assert (await store.job(ALICE, job.id)).result is None
    assert await store.search_turns(ALICE, ["end"], project=None, most=10) == []


async def test_deleting_while_a_job_ends_leaves_all_or_nothing(store: Store) -> None:
    for _ in range(10):
        job = new_job()
        await start(store, job, "q")
        done, _ = await asyncio.gather(
            store.finish_job(finish(job, "the end")), store.delete_thread(ALICE, str(job.thread))
        )

        assert done
        assert (await store.job(ALICE, job.id)).result is None
        with pytest.raises(NotFoundError):
            await store.thread(ALICE, str(job.thread))
    assert await store.search_turns(ALICE, ["end"], project=None, most=100) == []


async def test_what_was_not_touched_for_the_retention_is_removed(store: Store) -> None:
    file = await store.put_file(new_file())
    old, running = await exchange(store, "zebra", "a"), new_job()
    named = new_job()
    await start(store, named, said("zebra", files=(file.id,)))
    await store.finish_job(finish(named))
    await start(store, running, "zebra")
    assert await sweep(store, retention_days=1) == await sweep(store, retention_days=1)

    swept = await sweep(store, retention_days=0)

    assert (swept.removed_threads, swept.removed_jobs) == (2, 2)
    assert [t.id for t in await store.threads(ALICE, project=None, before=None, most=9)] == [running.thread]
    assert [j.id for j in await store.jobs(ALICE, status=None, project=None, most=9)] == [running.id]
    assert len(await store.search_turns(ALICE, ["zebra"], project=None, most=10)) == 1
    for gone in (old, named):
        with pytest.raises(NotFoundError):
            await store.job(ALICE, gone.id)
    with pytest.raises(NotFoundError):
        await store.file(ALICE, file.id)
