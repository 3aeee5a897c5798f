"""What a release does with a store; run with the previous release's code in the place of ours.

    python previous_release.py sqlite PATH
    python previous_release.py postgres URL

opens it, and says `open`; then, for each line on stdin, uses it once and says `ok`.
"""

import asyncio
import sys
from pathlib import Path


async def use(store) -> None:  # type: ignore[no-untyped-def]  # the class of whichever release this is
    await store.ping()
    await store.schema_version()
    if not hasattr(store, "start_job"):  # release 0.1.0 asks no more of a store
        return
    import uuid

    from app.stores import records

    job = records.NewJob(
        id=uuid.uuid4().hex, principal="previous", tool="chat", project="p", title="t", digest="d",
        replica="old", lease_seconds=60, thread=uuid.uuid4().hex, new_thread=True,
    )  # fmt: skip
    assert (await store.start_job(job, prompt=None, call=None, audit=records.AuditEvent("started"))).fresh
    assert await store.finish_job(records.Finish(job.id, "old", records.JobStatus.COMPLETED, {"text": "x"}))


async def main(kind: str, where: str) -> None:
    if kind == "sqlite":
        from app.stores.sqlite import SqliteStore

        store = SqliteStore(Path(where))
    else:
        from app.settings import Secret
        from app.stores.postgres import PostgresStore

        store = PostgresStore(Secret(where))
    await store.open()
    print("open", flush=True)  # noqa: T201 - it talks to the test
    while await asyncio.to_thread(sys.stdin.readline):
        await use(store)
        print("ok", flush=True)  # noqa: T201 - as above
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
