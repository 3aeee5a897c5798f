"""A job that another replica runs, seen from here: through the store, in words, and as a task."""

import asyncio

from app.jobs.task_view import JobShelf
from app.protocol.call import Call
from app.protocol.channel import SilentChannel
from app.protocol.revisions import LATEST_HANDSHAKE
from app.protocol.session import Session
from app.providers.events import Done, Text, Usage
from app.stores.records import JobStatus
from tests.app.jobs.conftest import Bench, MakeBench
from tests.app.jobs.test_jobs import chat, text_of

NOBODY = Call(Session("me"), "watching", LATEST_HANDSHAKE, SilentChannel())


async def begun(bench: Bench, go: asyncio.Event) -> str:
    """Have a client in a hurry start a job there; return its id."""
    bench.gateway.scripts.append([Text("half"), go, Text(" whole"), Done("stop", Usage(1, 0, 2))])
    early = await bench.client().result("tools/call", chat())
    return str(early["_meta"]["exai/job"])


async def test_the_other_replica_answers_when_the_job_ends(make: MakeBench) -> None:
    there, here, go = make("there", detach_seconds=0.05), make("here"), asyncio.Event()
    job = await here.store.job("me", await begun(there, go))
    watching = asyncio.create_task(here.jobs.attach(NOBODY, job))

    go.set()

    async with asyncio.timeout(5):
        answer = await watching
    assert str(answer.content[0]["text"]).startswith("half whole\n\n[")
    assert not answer.is_error


async def test_a_job_that_goes_on_is_told_with_what_there_is_of_it(make: MakeBench) -> None:
    there, here = make("there", detach_seconds=0.05), make("here")
    job = await here.store.job("me", await begun(there, asyncio.Event()))

    answer = await here.jobs.attach(NOBODY, job, 0)

    assert "goes on without this call" in answer.content[0]["text"]
    assert "half" in answer.content[0]["text"]


async def test_a_job_whose_replica_died_is_interrupted_with_its_partial_text(make: MakeBench) -> None:
    there, here = make("there", detach_seconds=0.05), make("here")
    job = await begun(there, asyncio.Event())
    await there.store.renew_leases("there", -1)

    swept = await here.store.sweep(unknown_seconds=3600, retention_days=90, audit_event="job interrupted")

    assert [one.id for one in swept.interrupted] == [job]
    found = await here.store.job("me", job)
    assert found.status is JobStatus.INTERRUPTED
    answer = await here.jobs.attach(NOBODY, found)
    assert answer.is_error
    assert "half" in answer.content[0]["text"]
    # The replica was not dead after all: it learns from the store that the job is not its own any more.
    there.jobs.stop(job)
    await there.jobs.drain(5)
    assert (await here.store.job("me", job)).status is JobStatus.INTERRUPTED


async def test_an_answer_that_comes_after_the_job_was_taken_for_dead_is_given_and_paid_at_its_cost(
    make: MakeBench,
) -> None:
    there, go = make("there"), asyncio.Event()
    there.gateway.scripts.append([go, Text("late"), Done("stop", Usage(10, 0, 5))])
    mailbox = there.client().post("tools/call", chat())
    await there.gateway.asked()
    await there.store.renew_leases("there", -1)
    await there.store.sweep(unknown_seconds=3600, retention_days=90, audit_event="job interrupted")

    go.set()

    reply = await mailbox.reply
    assert reply is not None
    assert "late" in text_of(reply["result"])
    assert "this answer is not kept" in text_of(reply["result"])
    (row,) = await there.store.spending("me", since="2000-01-01")
    assert (row.cost, row.calls) == (10 * 950 + 5 * 4000, 1)


class EmptyShelf:
    """Shows no task."""

    async def put(self, *_: object) -> None:
        raise AssertionError

    async def find(self, *_: object) -> None:
        return None

    def tell(self, *_: object) -> None:
        raise AssertionError


async def test_a_job_is_found_as_a_task_when_nobody_runs_it_any_more(bench: Bench) -> None:
    whole = await bench.client().result("tools/call", chat())
    shelf = JobShelf(EmptyShelf(), bench.store)

    task = await shelf.find("me", whole["_meta"]["exai/job"])

    assert task is not None
    assert (task["taskId"], task["status"]) == (whole["_meta"]["exai/job"], "completed")
    assert task["result"]["content"] == whole["content"]
    assert task["result"]["_meta"].items() <= whole["_meta"].items()
    assert await shelf.find("you", whole["_meta"]["exai/job"]) is None


async def test_an_interrupted_job_is_a_task_that_completed_with_an_error(make: MakeBench) -> None:
    bench = make(detach_seconds=0.05)
    job = await begun(bench, asyncio.Event())
    await bench.jobs.drain(0)

    task = await JobShelf(EmptyShelf(), bench.store).find("me", job)

    assert task is not None
    assert task["status"] == "completed"
    assert task["result"]["isError"]
    assert "half" in text_of(task["result"])
