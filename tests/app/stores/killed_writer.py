"""A process that works on a store until it is killed, and says of each thing that it is done once it is.

    python -m tests.app.stores.killed_writer SEED

prints `started JOB`, `piece JOB NUMBER` and `finished JOB`, each after the store has answered.
"""

import asyncio
import os
import random
import sys
from pathlib import Path

from app.bootstrap.adapters import store as store_of
from app.settings import Settings
from app.stores import Store
from app.stores.records import CallState, Piece
from tests.app.stores.made import finish, new_call, new_job, settled, start

WORKERS = 8


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def work(store: Store, chance: random.Random) -> None:
    while True:
        job, call = new_job(lease_seconds=0), new_call(100)
        job_key = new_job(id=job.id, lease_seconds=0, idempotency_key=job.id, key_seconds=3600)
        assert (await start(store, job_key, f"prompt of {job.id}", call)).fresh
        say("started", job.id)
        texts = [f"{number} of {job.id} " for number in range(1, chance.randint(2, 6))]
        for number, text in enumerate(texts, 1):
            assert (await store.append_output(job.id, "one", call.id, Piece(number, text))).ours
            say("piece", job.id, number)
        settlement = settled(call, 7, CallState.SETTLED)
        assert await store.finish_job(finish(job, "".join(texts), settlements=(settlement,)))
        say("finished", job.id)


async def main() -> None:
    store = store_of(Settings.from_env(os.environ, Path.cwd()))
    await store.open()
    chance = random.Random(int(sys.argv[1]))  # noqa: S311 - an order, no secret
    await asyncio.gather(*(work(store, chance) for _ in range(WORKERS)))


if __name__ == "__main__":
    asyncio.run(main())
