"""Files by their content, on every store."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.stores import NotFoundError, Store
from tests.app.stores.made import ALICE, BOB, DAY, NOW, SCOPE, new_call, new_file, new_job, said, start, sweep


async def test_a_file_is_kept_with_its_content_and_its_facts(store: Store) -> None:
    content = bytes(range(256)) * 5000
    given = new_file(content, name="ünï \0.bin", media_type="image/png")

    kept = await store.put_file(given)
    read = await store.file(ALICE, given.id)

    assert kept.content is None
    assert read.content == content
    assert (read.name, read.media_type, read.size) == ("ünï \ufffd.bin", "image/png", len(content))
    assert (read.created, read.expires) == (NOW, given.expires)
    assert (kept.name, kept.expires) == (read.name, read.expires)
    with pytest.raises(NotFoundError):
        await store.file(BOB, given.id)


async def test_the_same_content_is_kept_once_and_its_expiry_only_extended(store: Store) -> None:
    late, early = new_file(seconds=1000), new_file(seconds=10, name="b.txt")

    await store.put_file(late)
    kept = await store.put_file(early)

    assert (kept.name, kept.expires) == ("a.txt", late.expires)
    assert (await store.put_file(new_file(seconds=5000))).expires > late.expires  # type: ignore[operator]  # it has one


async def test_two_principals_have_their_own(store: Store) -> None:
    await store.put_file(new_file())
    await store.put_file(new_file(principal=BOB, name="bobs.txt"))

    assert (await store.file(ALICE, new_file().id)).name == "a.txt"
    assert (await store.file(BOB, new_file().id)).name == "bobs.txt"


async def test_an_expired_file_is_not_found_and_is_swept(store: Store) -> None:
    await store.put_file(new_file(b"gone", seconds=-1))
    await store.put_file(new_file(b"here"))

    with pytest.raises(NotFoundError, match="no file"):
        await store.file(ALICE, new_file(b"gone").id)
    assert (await sweep(store)).removed_files == 1
    assert (await store.file(ALICE, new_file(b"here").id)).content == b"here"


async def test_a_file_that_a_turn_names_does_not_expire(store: Store) -> None:
    file = new_file(seconds=3600)
    await store.put_file(file)
    job = new_job()
    await start(store, job, said("look", files=(file.id,)))

    assert (await store.file(ALICE, file.id)).expires is None
    assert (await store.put_file(new_file(seconds=10))).expires is None
    assert (await store.turns(ALICE, str(job.thread), after=0, most=1))[0].files == (file.id,)


@pytest.mark.parametrize("whose", ["unknown", "foreign", "expired"])
async def test_a_prompt_with_a_file_that_is_not_there_starts_nothing(store: Store, whose: str) -> None:
    file = new_file(
        b"x", principal=BOB if whose == "foreign" else ALICE, seconds=-1 if whose == "expired" else 60
    )
    if whose != "unknown":
        await store.put_file(file)
    job = new_job()

    with pytest.raises(NotFoundError, match="no file"):
        await start(store, job, said("look", files=(file.id,)), new_call(5))

    assert await store.held([SCOPE], DAY) == {SCOPE: 0}
    assert await store.jobs(ALICE, status=None, project=None, most=10) == []
    assert await store.threads(ALICE, project=None, before=None, most=10) == []


async def test_the_same_content_sent_many_times_at_once_is_one_file(store: Store) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    kept = await asyncio.gather(*(store.put_file(new_file(b"same", expires=until)) for _ in range(20)))

    assert len({file.id for file in kept}) == 1
