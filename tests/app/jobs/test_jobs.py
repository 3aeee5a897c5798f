"""A job from its first vendor call to its end, as a client of `chat` sees it."""

import asyncio
from typing import Any

from app.budget.limits import today
from app.jobs.orders import IDEMPOTENCY_KEY
from app.providers.errors import Kind, ProviderError
from app.providers.events import Done, Reasoning, Text, Usage
from app.stores.records import JobStatus
from tests.app.jobs.conftest import Bench, MakeBench
from tests.app.jobs.scripted import whole
from tests.protocol.conversation import WITH_TASKS

KIMI_NANO = 950, 160, 4000
"""Prices of kimi-k2.6 in nano-USD per token: input, cached input, output."""


def chat(prompt: str = "hello", **arguments: Any) -> dict[str, Any]:
    return {"name": "chat", "arguments": {"prompt": prompt, **arguments}}


def text_of(result: dict[str, Any]) -> str:
    return str(result["content"][0]["text"])


async def test_an_answer_comes_whole_with_a_footer_and_the_facts(bench: Bench) -> None:
    bench.gateway.scripts.append(
        [Reasoning("hm"), Text("for"), Text("ty-two"), Done("stop", Usage(100, 60, 20, 8), request_id="r1")]
    )

    result = await bench.client().result("tools/call", chat("what is it?"))

    cost = 40 * KIMI_NANO[0] + 60 * KIMI_NANO[1] + 20 * KIMI_NANO[2]
    meta = result["_meta"]
    assert not result["isError"]
    assert text_of(result).startswith(
        "forty-two\n\n[kimi-k2.6 · 100 tokens in (60 cached), 20 out · 0.000128 USD"
    )
    assert f"· {meta['exai/thread']}]" in text_of(result)
    assert meta["exai/cost-nano-usd"] == cost
    assert meta["exai/models"] == ["kimi-k2.6"]
    job = await bench.store.job("me", meta["exai/job"])
    assert (job.status, job.cost, job.thread, job.title) == (
        JobStatus.COMPLETED,
        cost,
        meta["exai/thread"],
        "what is it?",
    )
    turns = await bench.store.turns("me", meta["exai/thread"], after=0, most=10)
    assert [(turn.number, turn.role, turn.text, turn.reasoning) for turn in turns] == [
        (1, "user", "what is it?", None),
        (1, "assistant", "forty-two", "hm"),
    ]


async def test_a_thread_goes_on_with_either_model_and_both_see_it_whole(bench: Bench) -> None:
    client = bench.client()
    bench.gateway.scripts += [whole("blue"), whole("still blue")]
    first = await client.result("tools/call", chat("what colour is it?"))
    thread = first["_meta"]["exai/thread"]

    second = await client.result("tools/call", chat("and now?", thread=thread, model="glm"))

    assert second["_meta"]["exai/thread"] == thread
    asked = bench.gateway.requests[1]
    assert asked.model.vendor.id == "glm"
    assert [(message.role, message.text) for message in asked.messages[1:]] == [
        ("user", "what colour is it?"),
        ("assistant", "blue"),
        ("user", "and now?"),
    ]


async def test_auto_goes_on_with_the_model_that_answered_last(bench: Bench) -> None:
    client = bench.client()
    first = await client.result("tools/call", chat(model="glm-fast"))

    await client.result("tools/call", chat("more", thread=first["_meta"]["exai/thread"]))

    assert [request.model.id for request in bench.gateway.requests] == ["glm-5.3-flash", "glm-5.3-flash"]


async def test_a_foreign_or_unknown_thread_is_the_same_sentence_and_no_vendor_is_asked(bench: Bench) -> None:
    mine = (await bench.client("me").result("tools/call", chat()))["_meta"]["exai/thread"]
    said = []
    for principal, thread in (("you", mine), ("me", "thread_0000")):
        result = await bench.client(principal).result("tools/call", chat(thread=thread))
        assert result["isError"]
        said.append(text_of(result).replace(thread, "X"))

    assert said[0] == said[1]
    assert len(bench.gateway.requests) == 1


async def test_a_client_in_a_hurry_gets_a_job_and_collects_the_whole_answer(make: MakeBench) -> None:
    bench, go = make(detach_seconds=0.05), asyncio.Event()
    bench.gateway.scripts.append([Text("begun"), go, Text(" and ended"), Done("stop", Usage(1, 0, 2))])
    client = bench.client()

    early = await client.result("tools/call", chat())

    job = early["_meta"]["exai/job"]
    assert not early["isError"]
    assert early["_meta"]["exai/status"] == "running"
    assert f'"job": "{job}"' in text_of(early)
    assert "begun" in text_of(early)
    go.set()
    ended = await _over(bench, job)
    assert ended.result is not None
    assert ended.result["text"].startswith("begun and ended\n\n[")


async def _over(bench: Bench, job: str, principal: str = "me") -> Any:
    """Return a job once everything that runs has come to its end by itself."""
    await bench.jobs.drain(5)
    return await bench.store.job(principal, job)


async def test_a_client_that_vanishes_loses_its_view_and_not_the_answer(bench: Bench) -> None:
    go = asyncio.Event()
    bench.gateway.scripts.append([Text("half"), go, Text(" whole"), Done("stop", Usage(1, 0, 2))])
    client = bench.client()
    mailbox = client.post("tools/call", chat())
    await _said(bench, "half")

    for call in list(client.session.calls.values()):
        call.cancel(by_client=False)
    assert await mailbox.reply is None
    go.set()

    jobs = await bench.store.jobs("me", status=None, project=None, most=10)
    ended = await _over(bench, jobs[0].id)
    assert ended.status is JobStatus.COMPLETED
    assert ended.result["text"].startswith("half whole")
    assert bench.gateway.closed == 1


async def _said(bench: Bench, text: str) -> None:
    """Wait until a running job has said this and the store has kept it."""
    async with asyncio.timeout(5):
        while True:
            for job in await bench.store.jobs("me", status=None, project=None, most=10):
                pieces = await bench.store.output("me", job.id, 0)
                if "".join(piece.text for piece in pieces) == text:
                    return


async def test_an_explicit_cancel_stops_the_vendor_and_keeps_what_had_come(bench: Bench) -> None:
    bench.gateway.scripts.append([Text("half"), asyncio.Event()])
    client = bench.client()
    client.post("tools/call", chat(), request_id="c")
    await _said(bench, "half")

    client.tell("notifications/cancelled", {"requestId": "c"})

    (job,) = await bench.store.jobs("me", status=None, project=None, most=10)
    ended = await _over(bench, job.id)
    assert ended.status is JobStatus.CANCELLED
    assert bench.gateway.closed == 1
    (_, answer) = await bench.store.turns("me", ended.thread, after=0, most=10)
    assert (answer.text, answer.partial) == ("half", True)


async def test_a_client_with_tasks_follows_the_job_as_a_task_of_the_same_id(make: MakeBench) -> None:
    bench, go = make(detach_seconds=0.05), asyncio.Event()
    bench.gateway.scripts.append([go, Text("there"), Done("stop", Usage(1, 0, 2))])
    client = bench.client(capabilities=WITH_TASKS)

    task = await client.result("tools/call", chat())

    assert task["resultType"] == "task"
    (job,) = await bench.store.jobs("me", status=None, project=None, most=10)
    assert task["taskId"] == job.id
    go.set()
    await _over(bench, job.id)
    found = await client.result("tasks/get", {"taskId": job.id})
    assert found["status"] == "completed"
    assert found["result"]["content"][0]["text"].startswith("there")


async def test_what_a_vendor_refuses_before_its_first_byte_the_other_answers_and_says_so(
    bench: Bench,
) -> None:
    busy = ProviderError(Kind.CAPACITY, "Kimi is overloaded: try again later.", vendor="kimi")
    bench.gateway.scripts += [[busy], whole("from the other")]

    result = await bench.client().result("tools/call", chat(model="kimi"))

    assert [request.model.vendor.id for request in bench.gateway.requests] == ["kimi", "glm"]
    assert text_of(result).startswith("from the other")
    assert "stands in for kimi-k2.6: Kimi is overloaded" in text_of(result)
    spending = await bench.store.spending("me", since="2000-01-01")
    assert [(row.vendor, row.cost > 0) for row in spending if row.cost] == [("glm", True)]


async def test_after_the_first_byte_nothing_is_asked_elsewhere(bench: Bench) -> None:
    cut = ProviderError(Kind.UNREACHABLE, "Kimi hung up: ask again.", vendor="kimi")
    bench.gateway.scripts.append([Text("half an ans"), cut])

    result = await bench.client().result("tools/call", chat(model="kimi"))

    assert result["isError"]
    assert len(bench.gateway.requests) == 1
    assert "Kimi hung up" in text_of(result)
    assert "half an ans" in text_of(result)
    assert (await bench.store.job("me", result["_meta"]["exai/job"])).status is JobStatus.FAILED


async def test_the_same_idempotency_key_is_paid_once(bench: Bench) -> None:
    client, call = bench.client(), chat() | {"_meta": {IDEMPOTENCY_KEY: "k1"}}

    first = await client.result("tools/call", call)
    again = await client.result("tools/call", call)
    other = await client.result("tools/call", chat("other") | {"_meta": {IDEMPOTENCY_KEY: "k1"}})

    assert again == first
    assert other["isError"]
    assert "idempotency key" in text_of(other)
    assert len(bench.gateway.requests) == 1


async def test_a_twin_in_flight_waits_for_the_first(bench: Bench) -> None:
    go = asyncio.Event()
    bench.gateway.scripts.append([go, *whole("once")])
    call = chat() | {"_meta": {IDEMPOTENCY_KEY: "k1"}}
    one = bench.client().post("tools/call", call)
    await bench.gateway.asked()
    two = bench.client().post("tools/call", call)

    go.set()
    replies = [await one.reply, await two.reply]

    assert replies[0] is not None
    assert replies[1] is not None
    assert text_of(replies[0]["result"]) == text_of(replies[1]["result"])
    assert len(bench.gateway.requests) == 1


async def test_a_budget_that_is_too_small_refuses_before_the_vendor_is_asked(make: MakeBench) -> None:
    bench = make(budget="0.001")

    result = await bench.client().result("tools/call", chat())

    assert result["isError"]
    assert "'me' has 0.0010 USD of its 0.0010 USD left today" in text_of(result)
    assert "clients.me.budget_usd_per_day" in text_of(result)
    assert bench.gateway.requests == []
    assert await bench.store.jobs("me", status=None, project=None, most=10) == []


async def test_a_budget_that_is_nearly_used_up_shortens_the_answer(make: MakeBench) -> None:
    bench = make(budget="0.01")

    await bench.client().result("tools/call", chat())

    (request,) = bench.gateway.requests
    assert 512 <= request.max_output < 2500
    assert request.max_output * KIMI_NANO[2] <= 10_000_000


async def test_no_store_keeps_money_and_nothing_of_the_content(bench: Bench) -> None:
    bench.gateway.scripts.append(whole("a secret answer"))

    result = await bench.client().result("tools/call", chat("a secret question", no_store=True))

    assert text_of(result).startswith("a secret answer")
    job = await bench.store.job("me", result["_meta"]["exai/job"])
    assert (job.title, job.result, job.thread) == ("", None, None)
    assert job.cost > 0
    assert await bench.store.threads("me", project=None, before=None, most=10) == []


async def test_a_leaving_replica_ends_its_jobs_as_interrupted_with_what_they_have(bench: Bench) -> None:
    bench.gateway.scripts.append([Text("half"), asyncio.Event()])
    client = bench.client()
    mailbox = client.post("tools/call", chat())
    await _said(bench, "half")

    await bench.jobs.drain(0)

    reply = await mailbox.reply
    assert reply is not None
    assert reply["result"]["isError"]
    assert "DRAIN_TIMEOUT" in text_of(reply["result"])
    assert "half" in text_of(reply["result"])
    (job,) = await bench.store.jobs("me", status=None, project=None, most=10)
    assert job.status is JobStatus.INTERRUPTED


async def test_a_thread_of_one_model_that_thinks_too_long_is_told_so(bench: Bench) -> None:
    bench.gateway.scripts.append([Reasoning("hm"), Done("length", Usage(5, 0, 900, 900))])

    result = await bench.client().result("tools/call", chat())

    assert result["isError"]
    assert "900 tokens on thinking" in text_of(result)


async def test_progress_carries_what_is_being_said(bench: Bench) -> None:
    go = asyncio.Event()
    bench.gateway.scripts.append([Text("first words"), go, Done("stop", Usage(1, 0, 2))])
    mailbox = bench.client().post("tools/call", chat() | {"_meta": {"progressToken": "p"}})

    sent = await mailbox.until(1)
    while "first words" not in [message["params"].get("message") for message in sent]:
        sent = await mailbox.until(len(sent) + 1)
    go.set()
    await mailbox.reply

    values = [message["params"]["progress"] for message in mailbox.sent]
    assert values == sorted(set(values))


async def test_a_cancel_on_one_replica_stops_the_job_on_another(make: MakeBench) -> None:
    one, two = make("one", detach_seconds=0.05), make("two")
    one.gateway.scripts.append([Text("here"), asyncio.Event()])
    early = await one.client("me").result("tools/call", chat())

    await two.jobs.cancel("me", early["_meta"]["exai/job"])

    ended = await _over(one, early["_meta"]["exai/job"])
    assert ended.status is JobStatus.CANCELLED
    assert one.gateway.closed == 1


class SlowStart:
    """A store whose first answer takes until it is told to come."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def start_job(self, *args: Any, **options: Any) -> Any:
        self.asked.set()
        await self.go.wait()
        return await self._store.start_job(*args, **options)


async def test_a_cancel_that_meets_the_store_at_work_leaves_no_job_running_and_no_money_held(
    make: MakeBench,
) -> None:
    bench = make()
    slow = bench.jobs._store = SlowStart(bench.store)
    client = bench.client()
    client.post("tools/call", chat(), request_id="c")
    await slow.asked.wait()

    client.tell("notifications/cancelled", {"requestId": "c"})
    slow.go.set()
    await bench.jobs.drain(5)

    (job,) = await bench.store.jobs("me", status=None, project=None, most=10)
    assert (job.status, job.cost) == (JobStatus.CANCELLED, 0)
    assert bench.gateway.requests == []
    assert await bench.store.held(["client:me"], today()) == {"client:me": 0}
